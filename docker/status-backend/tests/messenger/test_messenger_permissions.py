"""Token permissions and encrypted communities from end to end, with a chain that the tests decide about."""

from __future__ import annotations

import asyncio

import pytest
from chain_process import CHAIN, COLLECTIBLE, TOKEN, Chain
from coincurve import PrivateKey

from status_backend.messenger.balances import Balances, BalancesUnavailable
from status_backend.protocol import application, ids, signing
from status_backend.protocol.application import Type
from status_backend.protocol.communities_pb2 import ENS, TokenCriteria
from status_backend.protocol.hash_ratchet_pb2 import HashRatchetKeys
from status_backend.rpc import ServiceError
from status_backend.transport.filters import Filter

pytestmark = pytest.mark.anyio

COMMUNITY = {"name": "a name", "description": "a description", "color": "#887af9", "membership": 1}
ADMIN, MEMBER, VIEW, POST, TOKEN_MASTER = 1, 2, 3, 4, 5
TEN = {"contract_addresses": {str(CHAIN): TOKEN}, "type": 1, "symbol": "TKN", "amountInWei": "10"}
ONE_COLLECTIBLE = {"contract_addresses": {str(CHAIN): COLLECTIBLE}, "type": 2, "symbol": "COL", "amount": "1"}


@pytest.fixture
def chain():
    chain = Chain()
    yield chain
    chain.stop()


@pytest.fixture
async def owner(new_node, chain):
    node = await new_node("owner")
    node.session.node_config.set("Networks", [chain.network])
    return node


@pytest.fixture
async def community(owner):
    """Its id and the id of its first chat."""
    created = await owner.rpc("createCommunity", COMMUNITY)
    await owner.in_step()
    return created["communities"][0]["id"], created["chats"][0]["id"]


async def permit(owner, community_id, type_, criteria, chats=()):
    request = {"communityId": community_id, "type": type_, "tokenCriteria": [criteria], "chatIds": list(chats)}
    answer = await owner.rpc("createCommunityTokenPermission", request)
    (added,) = answer["communityChanges"][0]["tokenPermissionsAdded"].values()
    await owner.in_step()
    return added["id"]


def wallet(chain, amount=0):
    key = PrivateKey()
    chain.give(TOKEN, ids.address(key.public_key), amount)
    return key


async def ask(member, community_id, key):
    """Requests to join with an account whose ownership is proven."""
    await member.rpc("fetchCommunity", {"communityKey": community_id, "tryDatabase": True, "waitForResponse": True})
    address = ids.address(key.public_key)
    signature = ids.hex0x(signing.sign_personal(key, ids.request_signing_hash(member.public_key, community_id)))
    params = {"communityId": community_id, "addressesToReveal": [address], "airdropAddress": address}
    answer = await member.rpc("requestToJoinCommunity", {**params, "signatures": [signature]})
    return answer["requestsToJoinCommunity"][0]["id"]


async def decided(member, state):
    await member.wait("messages.new", lambda e: any(r["state"] == state for r in e.get("requestsToJoinCommunity", [])))
    await member.in_step()


async def say(node, chat_id, text):
    await node.rpc("sendChatMessage", {"chatId": chat_id, "text": text, "contentType": 1})


async def test_who_owns_enough_is_let_in_and_reads(owner, community, new_node, chain):
    community_id, chat_id = community
    await permit(owner, community_id, MEMBER, TEN)
    (shown,) = await owner.rpc("communities")
    assert shown["encrypted"] and len(shown["tokenPermissions"]) == 1
    rich, poor = await new_node("rich"), await new_node("poor")
    await ask(poor, community_id, wallet(chain, 9))
    await decided(poor, 2)
    await ask(rich, community_id, wallet(chain, 10))
    await decided(rich, 3)
    await say(owner, chat_id, "for members")
    await rich.message("for members")
    await say(rich, chat_id, "from a member")
    await owner.message("from a member")
    kept = owner.raw()
    assert len(kept) == 2 and not any(b"member" in message.payload for message in kept)
    assert (await poor.rpc("communities"))[0]["isMember"] is False


async def test_who_is_kicked_does_not_read_on(owner, community, new_node, chain):
    community_id, chat_id = community
    await permit(owner, community_id, MEMBER, TEN)
    stays, goes = await new_node("stays"), await new_node("goes")
    for node in (stays, goes):
        await ask(node, community_id, wallet(chain, 10))
        await decided(node, 3)
    group = ids.from_hex(community_id)
    keys = {node.name: len(encryption_of(node).keys(group)) for node in (owner, stays, goes)}
    assert keys == {"owner": 1, "stays": 1, "goes": 1}
    await owner.rpc("removeUserFromCommunity", community_id, goes.public_key)
    await say(owner, chat_id, "without you")
    await stays.message("without you")
    await goes.in_step()
    assert [len(encryption_of(node).keys(group)) for node in (owner, stays, goes)] == [2, 2, 1]


def encryption_of(node):
    return node.messenger._encrypted._encryption


async def test_accepting_by_hand_needs_what_is_asked_for(owner, community, new_node, chain):
    community_id, _ = community
    await owner.rpc("editCommunity", {**COMMUNITY, "communityId": community_id, "membership": 3})
    await permit(owner, community_id, MEMBER, TEN)
    member = await new_node("member")
    await member.rpc("fetchCommunity", {"communityKey": community_id, "tryDatabase": True, "waitForResponse": True})
    params = {"communityId": community_id, "addressesToReveal": ["fakeaddress"], "airdropAddress": "fakeaddress"}
    request = (await member.rpc("requestToJoinCommunity", params))["requestsToJoinCommunity"][0]["id"]
    await owner.wait("messages.new", lambda e: any(r["id"] == request for r in e.get("requestsToJoinCommunity", [])))
    answer = await owner.ask("acceptRequestToJoinCommunity", {"id": request})
    assert answer["error"]["message"] == "permission to join not satisfied"


async def test_archived_messages_under_token_permissions(owner, community, new_node, chain):
    """Who satisfies the permission of a channel sees its messages after an import, who does not, does not."""
    community_id, chat_id = community
    await permit(owner, community_id, VIEW, ONE_COLLECTIBLE, [chat_id])
    await say(owner, chat_id, "for collectors")
    archive = owner.raw()
    satisfied, other = await new_node("satisfied"), await new_node("other")
    key = PrivateKey()
    chain.give(COLLECTIBLE, ids.address(key.public_key), 1)
    await ask(satisfied, community_id, key)
    await ask(other, community_id, wallet(chain))
    for node in (satisfied, other):
        await decided(node, 3)
        node.session.db.execute("DELETE FROM user_messages")  # as if the store had forgotten them
        await node.messenger.handle_archived(community_id, archive)
    assert await satisfied.history(chat_id) == ["for collectors"]
    assert await other.history(chat_id) is None
    channel = (await other.rpc("communities"))[0]["chats"][chat_id.removeprefix(community_id)]
    assert channel["missingEncryptionKey"] and channel["tokenGated"]
    assert not channel["canView"] and not channel["canPost"]
    assert "error" in await satisfied.ask("sendChatMessage", {"chatId": chat_id, "text": "may only look"})
    # The channel opens, and what was kept is read at last.
    (id_,) = (await owner.rpc("communities"))[0]["tokenPermissions"]
    request = {"communityId": community_id, "permissionId": id_, "type": VIEW, "chatIds": [chat_id]}
    lenient = {**ONE_COLLECTIBLE, "contract_addresses": {str(CHAIN): TOKEN}, "type": 1, "amountInWei": "7"}
    chain.balances.update({key: 7 for key in list(chain.balances) if key[0] == TOKEN})
    await owner.rpc("editCommunityTokenPermission", {**request, "tokenCriteria": [lenient]})
    await other.message("for collectors")
    assert await other.history(chat_id) == ["for collectors"]
    channel = (await other.rpc("communities"))[0]["chats"][chat_id.removeprefix(community_id)]
    assert channel["canView"] and not channel["missingEncryptionKey"]


async def test_kept_messages_survive_until_their_key_comes(owner, community, new_node, chain):
    community_id, chat_id = community
    await permit(owner, community_id, MEMBER, TEN)
    member = await new_node("member")
    await ask(member, community_id, wallet(chain, 10))
    await decided(member, 3)
    encryption_of(owner).make_key(ids.from_hex(community_id))  # which nobody is given
    owner.messenger._encrypted._keys._asked[member.public_key] = 2**62  # and no request is answered
    await say(owner, chat_id, "locked")
    async with asyncio.timeout(20):
        while not member.messenger.dropped.get("undecryptable"):
            await asyncio.sleep(0.02)
    await member.stop()
    await member.start()
    assert await member.history(chat_id) is None
    stored = owner.messenger.communities.get(community_id)
    owner.messenger._encrypted._keys.give_all(stored, member.public_key)
    await member.message("locked")
    await member.archives.wait("keys", community_id)


async def test_a_lacking_key_is_asked_for(owner, community, new_node, chain):
    community_id, chat_id = community
    await permit(owner, community_id, MEMBER, TEN)
    member = await new_node("member")
    await ask(member, community_id, wallet(chain, 10))
    await decided(member, 3)
    encryption_of(member)._db.execute("DELETE FROM hash_ratchet_keys")
    await say(owner, chat_id, "asked for")
    await member.message("asked for")


async def test_forged_and_replayed_keys(owner, community, new_node, chain):
    community_id, _ = community
    await permit(owner, community_id, MEMBER, TEN)
    member, forger = await new_node("member"), PrivateKey()
    await ask(member, community_id, wallet(chain, 10))
    await decided(member, 3)
    keys = encryption_of(owner).keys(ids.from_hex(community_id))
    body = HashRatchetKeys(community_id=ids.from_hex(community_id), keys=[key.to_message() for key in keys])
    community_key = owner.messenger.communities.get(community_id).private_key
    mailbox = Filter(ids.contact_chat_id(member.public_key))
    for key in (forger, community_key):
        wrapped = application.wrap(body.SerializeToString(), Type.HASH_RATCHET_KEYS, key)
        owner.messenger.transport.send_private(mailbox, ids.parse_public_key(member.public_key), wrapped, key)
    before = member.messenger.dropped.get("replayed", 0)
    async with asyncio.timeout(20):
        while not (member.messenger.dropped.get("forged") and member.messenger.dropped.get("replayed", 0) > before):
            await asyncio.sleep(0.02)
    assert len(encryption_of(member).keys(ids.from_hex(community_id))) == 1


async def judged(owner, accept):
    """Restarted so that members are judged every few milliseconds, until the community is as wanted."""
    owner.options["memberPermissionsCheckInterval"] = 0.02
    await owner.stop()
    owner.signals.clear()
    await owner.start()
    await owner.wait("messages.new", lambda e: any(accept(c) for c in e.get("communities", [])))


async def test_who_sells_loses_and_who_keeps_reads_on(owner, community, new_node, chain):
    community_id, chat_id = community
    await permit(owner, community_id, MEMBER, TEN)
    stays, sells = await new_node("stays"), await new_node("sells")
    wallets = {node: wallet(chain, 10) for node in (stays, sells)}
    for node, key in wallets.items():
        await ask(node, community_id, key)
        await decided(node, 3)
    chain.give(TOKEN, ids.address(wallets[sells].public_key), 9)
    await judged(owner, lambda shown: sells.public_key not in shown["members"])
    await say(owner, chat_id, "for owners of ten")
    await stays.message("for owners of ten")
    await sells.wait("messages.new", lambda e: any(not c["joined"] for c in e.get("communities", [])))
    group = ids.from_hex(community_id)
    assert [len(encryption_of(node).keys(group)) for node in (owner, stays, sells)] == [2, 2, 1]
    assert await sells.rpc("joinedCommunities") == []


async def test_a_channel_is_lost_and_won_back(owner, community, new_node, chain):
    community_id, chat_id = community
    await permit(owner, community_id, POST, TEN, [chat_id])
    member, key = await new_node("member"), wallet(chain, 10)
    await ask(member, community_id, key)
    await decided(member, 3)
    uuid = chat_id.removeprefix(community_id)

    def can_post(community):
        return community["chats"][uuid]["canPost"]

    chain.give(TOKEN, ids.address(key.public_key), 0)
    owner.options["memberPermissionsCheckInterval"] = 0.02
    await owner.stop()
    await owner.start()
    member.signals.clear()
    await member.wait("messages.new", lambda e: any(not can_post(c) for c in e.get("communities", [])))
    assert "error" in await member.ask("sendChatMessage", {"chatId": chat_id, "text": "no more"})
    assert len(encryption_of(owner).keys(chat_id.encode())) == 2
    member.signals.clear()
    chain.give(TOKEN, ids.address(key.public_key), 10)
    await member.wait("messages.new", lambda e: any(can_post(c) for c in e.get("communities", [])))
    await say(owner, chat_id, "welcome back")
    await member.message("welcome back")


async def test_nobody_loses_anything_because_the_chain_is_silent(owner, community, new_node, chain, caplog):
    community_id, _ = community
    await permit(owner, community_id, MEMBER, TEN)
    member = await new_node("member")
    await ask(member, community_id, wallet(chain, 10))
    await decided(member, 3)
    owner.session.node_config.set("Networks", [{"chainId": CHAIN, "rpcProviders": [{"url": "http://127.0.0.1:1"}]}])
    owner.options["memberPermissionsCheckInterval"] = 0.02
    await owner.stop()
    await owner.start()
    async with asyncio.timeout(20):
        while caplog.text.count("are not judged") < 2:
            await asyncio.sleep(0.01)
    assert (await owner.rpc("communities"))[0]["members"].keys() == {owner.public_key, member.public_key}


@pytest.mark.parametrize("interval", ["soon", 0, -1, True])
async def test_an_interval_that_is_none(owner, interval):
    owner.options["memberPermissionsCheckInterval"] = interval
    await owner.stop()
    with pytest.raises(ServiceError, match="memberPermissionsCheckInterval"):
        await owner.start()


async def test_roles_by_token(owner, community, new_node, chain):
    community_id, _ = community
    await permit(owner, community_id, MEMBER, ONE_COLLECTIBLE)
    hundred, thousand = ({**TEN, "amountInWei": amount} for amount in ("100", "1000"))
    await permit(owner, community_id, ADMIN, hundred)
    master_permission = await permit(owner, community_id, TOKEN_MASTER, thousand)
    admin, master = await new_node("admin"), await new_node("master")
    keys = {node: wallet(chain, amount) for node, amount in ((admin, 100), (master, 1000))}
    for node, key in keys.items():
        await ask(node, community_id, key)
        await decided(node, 3)

    def roles(shown):
        return [shown["members"].get(node.public_key, {}).get("roles", []) for node in (admin, master)]

    (shown,) = await owner.rpc("communities")
    assert roles(shown) == [[4], [5]]
    assert (await master.rpc("communities"))[0]["memberRole"] == 5
    question = {"communityId": community_id, "addresses": [ids.address(keys[master].public_key)]}
    assert (await owner.rpc("checkPermissionsToJoinCommunity", question))["satisfied"] is True
    # Without the permission a token master stays what else it is by its tokens, and no more.
    gone = {"communityId": community_id, "permissionId": master_permission}
    await owner.rpc("deleteCommunityTokenPermission", gone)
    assert roles((await owner.rpc("communities"))[0]) == [[4], [4]]
    chain.give(TOKEN, ids.address(keys[admin].public_key), 0)
    chain.give(COLLECTIBLE, ids.address(keys[admin].public_key), 1)
    await judged(owner, lambda shown: roles(shown) == [[], [4]])
    # What was given by hand is no token's affair.
    await owner.rpc("addRoleToMember", {"communityId": community_id, "user": admin.public_key, "role": 5})
    await permit(owner, community_id, VIEW, TEN, [community[1]])
    assert roles((await owner.rpc("communities"))[0]) == [[5], [4]]


async def test_questions_and_bad_permissions(owner, community, chain):
    community_id, chat_id = community
    await permit(owner, community_id, MEMBER, TEN)
    rich, poor = (ids.address(wallet(chain, amount).public_key) for amount in (10, 9))
    question = {"communityId": community_id, "addresses": [rich]}
    assert (await owner.rpc("checkPermissionsToJoinCommunity", question))["satisfied"] is True
    answer = await owner.rpc("checkPermissionsToJoinCommunity", {**question, "addresses": [poor]})
    assert answer["satisfied"] is False and [p["criteria"] for p in answer["permissions"].values()] == [[False]]
    channel = await owner.rpc("checkCommunityChannelPermissions", {**question, "chatId": chat_id})
    assert channel["viewAndPostPermissions"]["satisfied"] is True
    request = {"communityId": community_id, "type": MEMBER, "tokenCriteria": [TEN]}
    for change in ({"type": 77}, {"type": 6}, {"tokenCriteria": []}, {"type": VIEW}, {"tokenCriteria": [{"type": 1}]}):
        answer = await owner.ask("createCommunityTokenPermission", {**request, **change})
        assert answer["error"]["message"].startswith("create-community-token-permission: invalid")
    (id_,) = (await owner.rpc("communities"))[0]["tokenPermissions"]
    await owner.rpc("deleteCommunityTokenPermission", {"communityId": community_id, "permissionId": id_})
    (shown,) = await owner.rpc("communities")
    assert shown["tokenPermissions"] == {} and shown["encrypted"] is False
    answer = await owner.ask("deleteCommunityTokenPermission", {"communityId": community_id, "permissionId": id_})
    assert answer["error"]["message"] == "token permission not found"


async def test_balances(chain):
    balances = Balances([chain.network])
    mine, other = "0x" + "aa" * 20, "0x" + "bb" * 20
    chain.give(TOKEN, mine, 6)
    chain.give(TOKEN, other, 5)
    chain.owners[COLLECTIBLE, 7] = mine
    coins = TokenCriteria(type=1, contract_addresses={CHAIN: TOKEN}, amount="0.00000000000000001", decimals=18)
    assert await balances.meets(coins, [mine, other]) and not await balances.meets(coins, [mine])
    seventh = TokenCriteria(type=2, contract_addresses={CHAIN: COLLECTIBLE}, token_ids=[7])
    assert await balances.meets(seventh, [mine]) and not await balances.meets(seventh, [other])
    assert not await balances.meets(TokenCriteria(type=ENS, ens_pattern="*.stateofus.eth"), [mine], "a.eth")
    for chain_id, contract in ((1, TOKEN), (CHAIN, "0x" + "99" * 20)):
        with pytest.raises(BalancesUnavailable):
            await balances.meets(TokenCriteria(type=1, contract_addresses={chain_id: contract}, amount="1"), [mine])
