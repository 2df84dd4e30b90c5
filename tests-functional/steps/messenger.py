"""What people do with several nodes of the messenger: found a community, join it, talk, make contacts.

The functions are the steps; `MessengerSteps` gives the same steps to tests written as classes that inherit them.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import pytest

from clients.api import ApiResponseError
from clients.signals import SignalType
from clients.status_backend import StatusBackend
from resources.enums import MessageContentType
from steps import messages
from steps.eventually import eventually
from steps.network_conditions import NetworkConditionsSteps
from steps.step import step

logger = logging.getLogger(__name__)

MANUAL_ACCEPT = 3
REQUEST_ACCEPTED = 3
JOIN_DEADLINE = 120.0


@step("{node} founds a community")
def create_community(
    node: StatusBackend,
    name: str | None = None,
    archives: bool = False,
    membership: int = MANUAL_ACCEPT,
    history_archive_support_enabled: bool = False,
) -> str:
    """Found a community; returns its id. With `archives`, or by status-go's word for it, its control node will make
    history archives of it."""
    name = name or f"vac_{node.rng.getrandbits(48):012x}"
    response = node.wakuext_service.create_community(
        name, membership=membership, history_archive_support_enabled=archives or history_archive_support_enabled
    )
    return response["communities"][0]["id"]


def default_chat(node: StatusBackend, community_id: str) -> str:
    """The full id of the community's first channel, as this node knows it."""
    community = node.wakuext_service.fetch_community(community_id)
    channels = sorted(community["chats"].values(), key=lambda channel: channel["position"])
    return community_id + channels[0]["id"]


@step("{node} opens the channel {name}")
def create_channel(node: StatusBackend, community_id: str, name: str) -> str:
    """Open another channel of a community; returns its full id."""
    channel = {"identity": {"display_name": name, "color": "#887af9"}, "permissions": {"access": 1}}
    return node.wakuext_service.create_community_chat(community_id, channel)["chats"][0]["id"]


@step("{member} joins the community {community_id} of {admin}")
def join_community(member: StatusBackend, admin: StatusBackend, community_id: str, prejoin_warmup: bool = True) -> str:
    """Request, accept, and wait until the member is in; returns the full id of the community's first channel.

    The request reaches the control node over Waku: until it has, accepting fails and is tried again.
    """
    if prejoin_warmup:
        _find_community(member, community_id)
    request_id = _request_to_join(member, community_id)
    accept_when_it_arrives(admin, request_id)
    eventually(
        lambda: _is_joined(member, community_id),
        timeout=JOIN_DEADLINE,
        message=f"{member.name} has joined {community_id} after {admin.name} accepted its request {request_id}",
    )
    return default_chat(member, community_id)


@step("{admin} accepts the request to join {request_id}")
def accept_when_it_arrives(admin: StatusBackend, request_id: str) -> dict[str, Any]:
    """Accept a request to join as soon as the control node knows it; returns its MessengerResponse."""

    def accept() -> dict[str, Any] | None:
        try:
            return admin.wakuext_service.accept_request_to_join_community(request_id)
        except ApiResponseError as error:
            logger.info("%s can not accept %s yet: %s", admin.name, request_id, error)
            return None

    return eventually(
        accept, timeout=JOIN_DEADLINE, message=f"{admin.name} knows the request to join {request_id} and accepts it"
    )


@step("{sender} sends {text}")
def send_text(sender: StatusBackend, chat_id: str, text: str) -> dict[str, Any]:
    """Send a text to a community channel; returns the message as the sender stored it."""
    response = sender.wakuext_service.send_chat_message(chat_id, text)
    message = response["messages"][0]
    assert message["text"] == text, f"{sender.name} was to send {text!r} and sent {message['text']!r}"
    return message


def chat_texts(node: StatusBackend, chat_id: str) -> dict[str, str]:
    """Message id to text, of all that a node has in a chat."""
    return {message["id"]: message["text"] for message in chat_history(node, chat_id)}


def chat_history(node: StatusBackend, chat_id: str) -> list[dict[str, Any]]:
    """All messages that a node has in a chat, newest first."""
    messages, cursor = [], ""
    while True:
        page = node.wakuext_service.chat_messages(chat_id, cursor, limit=50)
        messages += page["messages"] or []
        cursor = page["cursor"]
        if not cursor:
            return messages


@step("{sender} and {receiver} become contacts")
def make_contacts(sender: StatusBackend, receiver: StatusBackend, text: str = "hello") -> str:
    """Contact request and its acceptance; returns the id of the request's message."""
    with receiver.expect(SignalType.MESSAGES_NEW, text) as arrived:
        response = sender.wakuext_service.send_contact_request(receiver.public_key, text)
    request_id = next(message["id"] for message in response["messages"] if message["contentType"] == 11)
    assert request_id in str(arrived.result)
    with sender.expect(SignalType.MESSAGES_NEW, "accepted your contact request"):
        receiver.wakuext_service.accept_contact_request(request_id)
    return request_id


def _find_community(node: StatusBackend, community_id: str) -> dict[str, Any]:
    return eventually(
        lambda: node.wakuext_service.fetch_community(community_id),
        timeout=JOIN_DEADLINE,
        message=f"{node.name} finds the description of community {community_id}",
    )


def _request_to_join(member: StatusBackend, community_id: str) -> str:
    response = member.wakuext_service.request_to_join_community(community_id)
    return response["requestsToJoinCommunity"][0]["id"]


def _is_joined(node: StatusBackend, community_id: str) -> bool:
    joined = node.wakuext_service.joined_communities() or []
    return any(community["id"] == community_id for community in joined)


class MessengerSteps(NetworkConditionsSteps):
    """The steps as methods, for test classes that inherit them; remembers the community that was created last.

    Where a step has a sender and a receiver, they are `self.sender` and `self.receiver` unless others are given."""

    await_signals = [
        SignalType.MESSAGES_NEW.value,
        SignalType.MESSAGE_DELIVERED.value,
        SignalType.NODE_LOGIN.value,
        SignalType.NODE_LOGOUT.value,
    ]
    community_id: str = ""
    sender: StatusBackend
    receiver: StatusBackend

    # nodes

    @pytest.fixture
    def setup_two_privileged_nodes(self) -> None:
        self.sender, self.receiver = (self.initialize_backend(privileged=True) for _ in range(2))

    @pytest.fixture
    def setup_two_unprivileged_nodes(self) -> None:
        self.sender, self.receiver = (self.initialize_backend(privileged=False) for _ in range(2))

    def initialize_backend(
        self, await_signals: list[str] | None = None, privileged: bool = True, ipv6: bool = False, **options: Any
    ) -> StatusBackend:
        """A backend with a fresh account, its messenger started."""
        backend = StatusBackend(await_signals or self.await_signals, privileged=privileged, ipv6=ipv6)
        backend.init_status_backend()
        backend.create_account_and_login(**options)
        backend.wait_for_login()
        backend.wakuext_service.start_messenger()
        return backend

    # communities

    def create_community(self, node: StatusBackend, **options: Any) -> str:
        self.community_id = create_community(node, **options)
        return self.community_id

    def fetch_community(self, node: StatusBackend, community_key: str | None = None) -> dict[str, Any]:
        return _find_community(node, community_key or self.community_id)

    def join_community(self, member: StatusBackend, admin: StatusBackend, community_id: str | None = None) -> str:
        return join_community(member, admin, community_id or self.community_id)

    def leave_the_community(self, member: StatusBackend) -> dict[str, Any]:
        return member.wakuext_service.leave_community(self.community_id)

    def check_node_joined_community(self, node: StatusBackend, joined: bool = True) -> None:
        """That the community, as the node knows it, is joined; or is not."""
        assert self.fetch_community(node)["joined"] is joined

    # contacts

    def make_contacts(self, sender: StatusBackend | None = None, receiver: StatusBackend | None = None) -> str:
        return make_contacts(sender or self.sender, receiver or self.receiver)

    def send_contact_request_and_wait_for_signal_to_be_received(
        self, sender: StatusBackend | None = None, receiver: StatusBackend | None = None
    ) -> str:
        """The id of the request's message."""
        sender, receiver = sender or self.sender, receiver or self.receiver
        response = sender.wakuext_service.send_contact_request(receiver.public_key, "contact_request")
        message_id = messages.get_message_by_content_type(response, MessageContentType.CONTACT_REQUEST)[0]["id"]
        receiver.find_signal_containing_pattern(SignalType.MESSAGES_NEW, message_id)
        return message_id

    def accept_contact_request_and_wait_for_signal_to_be_received(
        self, message_id: str, sender: StatusBackend | None = None, receiver: StatusBackend | None = None
    ) -> None:
        sender, receiver = sender or self.sender, receiver or self.receiver
        receiver.wakuext_service.accept_contact_request(message_id)
        accepted = f"@{receiver.public_key} accepted your contact request"
        sender.find_signal_containing_pattern(SignalType.MESSAGES_NEW, accepted)

    # messages

    get_message_by_content_type = staticmethod(messages.get_message_by_content_type)
    validate_signal_event_against_response = staticmethod(messages.validate_signal_event_against_response)

    def join_private_group(self, admin: StatusBackend | None = None, member: StatusBackend | None = None) -> str:
        """The id of a group of both, who must be contacts."""
        admin, member = admin or self.sender, member or self.receiver
        name = f"private_group_{admin.rng.getrandbits(48):012x}"
        response = admin.wakuext_service.create_group_chat_with_members([member.public_key], name)
        member.find_signal_containing_pattern(SignalType.MESSAGES_NEW, name, messages.ARRIVAL_DEADLINE)
        return response["chats"][0]["id"]

    def one_to_one_message(
        self, message_count: int, sender: StatusBackend | None = None, receiver: StatusBackend | None = None
    ) -> list[dict[str, Any]]:
        sender, receiver = sender or self.sender, receiver or self.receiver
        send = partial(sender.wakuext_service.send_one_to_one_message, receiver.public_key)
        return messages.send_and_receive(send, receiver, message_count)

    def send_multiple_one_to_one_messages(
        self, message_count: int = 1, sender: StatusBackend | None = None, receiver: StatusBackend | None = None
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """The texts and the responses; nobody waits for their arrival."""
        sender, receiver = sender or self.sender, receiver or self.receiver
        texts = [f"test_message_{number}_{sender.rng.getrandbits(64):016x}" for number in range(message_count)]
        send = partial(sender.wakuext_service.send_one_to_one_message, receiver.public_key)
        return texts, [send(text) for text in texts]

    def private_group_message(
        self, message_count: int, private_group_id: str, sender: StatusBackend | None = None,
        receiver: StatusBackend | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        sender, receiver = sender or self.sender, receiver or self.receiver
        send = partial(sender.wakuext_service.send_group_chat_message, private_group_id)
        return messages.send_and_receive(send, receiver, message_count)

    def community_messages(
        self, message_chat_id: str, message_count: int, sender: StatusBackend | None = None,
        receiver: StatusBackend | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        sender, receiver = sender or self.sender, receiver or self.receiver
        send = partial(sender.wakuext_service.send_chat_message, message_chat_id)
        return messages.send_and_receive(send, receiver, message_count)
