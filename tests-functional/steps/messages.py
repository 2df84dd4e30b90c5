"""Messages of a response or a signal, and sending them from one node to another, as status-go's own tests do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clients.signals import SignalType
from clients.status_backend import StatusBackend
from resources.enums import MessageContentType

Response = dict[str, Any]
Message = dict[str, Any]

ARRIVAL_DEADLINE = 60.0


def get_message_by_content_type(response: Response, content_type: int, message_pattern: str = "") -> list[Message]:
    """The messages of a response with this content type, whose text form contains the pattern.

    :raises ValueError: there is none"""
    found = [
        message
        for message in response.get("messages") or []
        if message.get("contentType") == content_type and message_pattern in str(message)
    ]
    if not found:
        raise ValueError(f"no message with contentType {content_type} and {message_pattern!r} in {response}")
    return found


def validate_signal_event_against_response(
    signal_event: dict[str, Any], fields_to_validate: Mapping[str, str], expected_message: Message
) -> None:
    """The expected message is in a `messages.new` signal. `fields_to_validate` has the names of fields in the expected
    message and the names that they have in the signal."""
    messages = (signal_event.get("event") or {}).get("messages") or []
    arrived = next((message for message in messages if message["id"] == expected_message["id"]), None)
    assert arrived, f"message {expected_message['id']} is not in the signal, which has {messages}"
    sent = {name: expected_message[name] for name in fields_to_validate}
    assert {name: arrived[other] for name, other in fields_to_validate.items()} == sent


def send_and_receive(send: Callable[[str], Response], receiver: StatusBackend, message_count: int) -> list[Message]:
    """Sends texts, each by `send`, until the receiver has them all."""
    sent = []
    for number in range(message_count):
        response = send(f"test_message_{number + 1}_{receiver.rng.getrandbits(64):016x}")
        sent += get_message_by_content_type(response, MessageContentType.TEXT_PLAIN)
    for message in sent:
        signal = receiver.find_signal_containing_pattern(SignalType.MESSAGES_NEW, message["id"], ARRIVAL_DEADLINE)
        validate_signal_event_against_response(signal, {"text": "text"}, message)
    return sent
