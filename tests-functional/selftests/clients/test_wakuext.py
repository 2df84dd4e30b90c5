"""Methods of wakuext send what recorded clients sent to the real program, and what its sources want."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clients import services
from clients.api import ApiResponseError
from clients.services.service import rpc_name

COMMUNITY = "0x02b3db4c143d34ce427f6075183900a700246fee6b1575da9ea343728ecaeb95e7"
CHAT = COMMUNITY + "e324a6f9-d9b7-4240-aec6-1dd24397b703"
MEMBER = "0x04" + "a9" * 64

RECORDED = {
    "startMessenger": (lambda w: w.start_messenger(), []),
    "listenAddresses": (lambda w: w.listen_addresses(), []),
    "peers": (lambda w: w.peers(), []),
    "chats": (lambda w: w.chats(), []),
    "communities": (lambda w: w.communities(), []),
    "joinedCommunities": (lambda w: w.joined_communities(), []),
    "getCommunitiesSettings": (lambda w: w.get_communities_settings(), []),
    "enableCommunityHistoryArchiveProtocol": (lambda w: w.enable_community_history_archive_protocol(), []),
    "disableCommunityHistoryArchiveProtocol": (lambda w: w.disable_community_history_archive_protocol(), []),
    "createCommunity": (
        lambda w: w.create_community("two nodes", "#887af9", 1, "measuring", history_archive_support_enabled=True),
        [
            {
                "name": "two nodes", "description": "measuring", "color": "#887af9", "membership": 1,
                "historyArchiveSupportEnabled": True,
            }
        ],
    ),
    "editCommunity": (
        lambda w: w.edit_community(COMMUNITY, "other", description="edited", color="#887af9", membership=1),
        [{"communityId": COMMUNITY, "name": "other", "description": "edited", "color": "#887af9", "membership": 1}],
    ),
    "createCommunityChat": (
        lambda w: w.create_community_chat(COMMUNITY, {"identity": {"display_name": "second"}}),
        [COMMUNITY, {"identity": {"display_name": "second"}}],
    ),
    "fetchCommunity": (
        lambda w: w.fetch_community(COMMUNITY),
        [{"communityKey": COMMUNITY, "waitForResponse": True, "tryDatabase": True}],
    ),
    "spectateCommunity": (lambda w: w.spectate_community(COMMUNITY), [COMMUNITY]),
    "pendingRequestsToJoinForCommunity": (lambda w: w.pending_requests_to_join_for_community(COMMUNITY), [COMMUNITY]),
    "requestToJoinCommunity": (
        lambda w: w.request_to_join_community(COMMUNITY, "0xfb", signatures=["0x9e"]),
        [{"communityId": COMMUNITY, "addressesToReveal": ["0xfb"], "signatures": ["0x9e"], "airdropAddress": "0xfb"}],
    ),
    "generateJoiningCommunityRequestsForSigning": (
        lambda w: w.generate_joining_community_requests_for_signing(MEMBER, COMMUNITY, ["0xfb"]),
        [MEMBER, COMMUNITY, ["0xfb"]],
    ),
    "signData": (
        lambda w: w.sign_data([{"data": "0x51", "account": "0xfb", "password": "p"}]),
        [[{"data": "0x51", "account": "0xfb", "password": "p"}]],
    ),
    "sendChatMessage": (
        lambda w: w.send_chat_message(CHAT, "hello"),
        [{"chatId": CHAT, "text": "hello", "contentType": 1}],
    ),
    "chatMessages": (lambda w: w.chat_messages(CHAT, limit=20), [CHAT, "", 20]),
}  # fmt: skip

FROM_SOURCES = {
    "sendContactRequest": (lambda w: w.send_contact_request(MEMBER, "hi"), [{"id": MEMBER, "message": "hi"}]),
    "acceptContactRequest": (lambda w: w.accept_contact_request("0x1"), [{"id": "0x1"}]),
    "acceptRequestToJoinCommunity": (lambda w: w.accept_request_to_join_community("0xe1"), [{"id": "0xe1"}]),
    "latestRequestToJoinForCommunity": (lambda w: w.latest_request_to_join_for_community(COMMUNITY), [COMMUNITY]),
    "allNonApprovedCommunitiesRequestsToJoin": (lambda w: w.all_non_approved_communities_requests_to_join(), []),
    "leaveCommunity": (lambda w: w.leave_community(COMMUNITY), [COMMUNITY]),
    "createGroupChatWithMembers": (lambda w: w.create_group_chat_with_members([MEMBER], "g"), [None, "g", [MEMBER]]),
    "setArchiveDistributionPreference": (
        lambda w: w.set_archive_distribution_preference("codex"),
        [{"preference": "codex"}],
    ),
    "updateMessageArchiveInterval": (lambda w: w.update_message_archive_interval(80), [80]),
    "hasCommunityArchive": (lambda w: w.has_community_archive(COMMUNITY), [COMMUNITY]),
    "getDownloadedMessageArchiveIDs": (lambda w: w.get_downloaded_message_archive_ids(COMMUNITY), [COMMUNITY]),
    "getMessageArchiveIDsToImport": (lambda w: w.get_message_archive_ids_to_import(COMMUNITY), [COMMUNITY]),
    "debug": (lambda w: w.debug(), []),
    "connect": (lambda w: w.connect("16Uiu2", ["/ip4/1.2.3.4/tcp/1"]), ["16Uiu2", ["/ip4/1.2.3.4/tcp/1"]]),
}


@pytest.mark.parametrize(
    ("method", "call", "params"), [(name, *row) for name, row in (RECORDED | FROM_SOURCES).items()]
)
def test_a_method_sends_what_was_recorded(backend, server, method, call, params):
    server.methods[f"wakuext_{method}"] = lambda *given: {"result": {"given": list(given)}}
    assert call(backend.wakuext_service) == {"given": params}


def test_members_of_a_group_are_a_list(backend):
    with pytest.raises(TypeError, match="list"):
        backend.wakuext_service.create_group_chat_with_members(MEMBER, "g")


def test_a_method_without_a_definition_is_called_by_its_name(backend, server):
    for name in ("getContactByID", "emojiReactionsByChatIDMessageID", "getAccountsByKeyUID"):
        server.methods[f"wakuext_{name}"] = lambda *params: {"result": list(params)}
    assert backend.wakuext_service.get_contact_by_id("0x04") == ["0x04"]
    assert backend.wakuext_service.emoji_reactions_by_chat_id_message_id("a", message_id="b") == ["a", "b"]
    assert backend.wakuext_service.get_accounts_by_key_uid("0x") == ["0x"]
    with pytest.raises(ApiResponseError, match="the method accounts_blockContact does not exist"):
        backend.accounts_service.block_contact("0x04")
    with pytest.raises(AttributeError):
        backend.wakuext_service._private


def test_each_method_that_the_reference_backend_serves_can_be_called_by_its_name():
    table = (Path(__file__).parents[3] / "docker/status-backend/README.md").read_text()
    served = set(re.findall(r"^\| `[a-z]+_(\w+)` \|", table, re.MULTILINE))
    assert len(served) > 150
    sources = "".join(path.read_text() for path in Path(services.__file__).parent.glob("*.py"))
    undefined = {name for name in served if f'"{name}"' not in sources}
    assert {name for name in undefined if rpc_name(snake_case(name)) != name} == set()


def snake_case(name: str) -> str:
    """As a person would write it: "messageByMessageID" is "message_by_message_id"."""
    return re.sub(r"(?<!^)([A-Z]+s?(?=[A-Z]|$)|[A-Z])", r"_\1", name).lower()
