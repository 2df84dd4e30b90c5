"""Acknowledgements: that a one-to-one or group message has arrived, told to its author.

The original's data sync layer acknowledges, and repeats what is not. Here the store node keeps what a recipient has
missed, so nothing is repeated; only the acknowledgement is needed for `message.delivered`.
"""

from __future__ import annotations

from functools import partial

from .. import signal_types
from ..protocol import application
from ..protocol.acknowledgement_pb2 import MessageAcknowledgement
from ..protocol.application import Application, Type
from .chat_store import ChatStore
from .context import Context, Dropped
from .conversations import Arrival, Conversations
from .response import Response


class Delivery:
    def __init__(self, context: Context, conversations: Conversations, chats: ChatStore) -> None:
        self._context = context
        self._conversations = conversations
        self._chats = chats
        self._arrived: dict[str, list[str]] = {}

    def note(self, arrival: Arrival) -> None:
        if not arrival.chat.community_id and not arrival.own:
            self._arrived.setdefault(arrival.source, []).append(arrival.message.id)

    def acknowledge(self) -> None:
        """What was noted, one message an author."""
        arrived, self._arrived = self._arrived, {}
        for author, message_ids in arrived.items():
            body = MessageAcknowledgement(message_ids=message_ids).SerializeToString()
            wrapped = application.wrap(body, Type.MESSAGE_ACKNOWLEDGEMENT, self._context.key)
            self._conversations.send_to(author, wrapped)

    def receive(self, response: Response, message: Application) -> None:
        for message_id in MessageAcknowledgement.FromString(message.payload).message_ids:
            sent = self._chats.message(message_id)
            if sent is None:
                continue  # deleted since
            chat = self._conversations.chat(sent.chat_id)
            if sent.source != self._context.public_key or not self._conversations.is_participant(chat, message.from_):
                raise Dropped("forged", f"{message.from_} acknowledges {message_id}, which is not for it")
            if sent.outgoing_status != "delivered":
                self._chats.mark_delivered(message_id)
                response.then(partial(self._emit, {"chatID": chat.id, "messageID": message_id}))

    def _emit(self, event: dict[str, str]) -> None:
        self._context.session.signals.emit(signal_types.MESSAGE_DELIVERED, event)
