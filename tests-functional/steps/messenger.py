"""What people do with several nodes of the messenger: found a community, join it, talk, make contacts.

The functions are the steps; `MessengerSteps` gives the same steps to tests written as classes that inherit them.
"""

from __future__ import annotations

import logging
from typing import Any

from clients.api import ApiResponseError
from clients.signals import SignalType
from clients.status_backend import StatusBackend
from steps.eventually import eventually
from steps.step import step

logger = logging.getLogger(__name__)

MANUAL_ACCEPT = 3
REQUEST_ACCEPTED = 3
JOIN_DEADLINE = 120.0


@step("{node} founds a community")
def create_community(
    node: StatusBackend, name: str | None = None, archives: bool = False, membership: int = MANUAL_ACCEPT
) -> str:
    """Found a community; returns its id. With `archives` its control node will make history archives of it."""
    name = name or f"vac_{node.rng.getrandbits(48):012x}"
    response = node.wakuext_service.create_community(
        name, membership=membership, history_archive_support_enabled=archives
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


class MessengerSteps:
    """The steps as methods, for test classes that inherit them; remembers the community that was created last."""

    community_id: str = ""

    def create_community(self, node: StatusBackend, **kwargs) -> str:
        self.community_id = create_community(node, **kwargs)
        return self.community_id

    def fetch_community(self, node: StatusBackend, community_key: str | None = None) -> dict[str, Any]:
        return _find_community(node, community_key or self.community_id)

    def join_community(self, member: StatusBackend, admin: StatusBackend, community_id: str | None = None) -> str:
        return join_community(member, admin, community_id or self.community_id)

    def leave_the_community(self, member: StatusBackend) -> dict[str, Any]:
        return member.wakuext_service.leave_community(self.community_id)

    def make_contacts(self, sender: StatusBackend, receiver: StatusBackend) -> str:
        return make_contacts(sender, receiver)
