"""What two people who chat agree on before one sends money to the other. Nothing here sends any.

One asks for an address, or for a transaction; the other answers. An answer stands in the chat in place of what it
answers. That a transaction was sent is told to whoever gets it but, as no chain is watched here, not shown there.
"""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace
from typing import Any

from ..protocol import ids
from ..protocol.application import Kind, Type
from ..protocol.chat_message_pb2 import ONE_TO_ONE, ChatMessage
from ..protocol.command_pb2 import (
    AcceptRequestAddressForTransaction,
    DeclineRequestAddressForTransaction,
    DeclineRequestTransaction,
    RequestAddressForTransaction,
    RequestTransaction,
    SendTransaction,
)
from ..rpc import ServiceError
from . import clock
from .chat_store import ONE_TO_ONE_CHAT, Chat, ChatStore, Message
from .chat_views import ChatViews
from .context import Context, Dropped
from .conversations import Arrival, Conversations
from .response import Response

log = logging.getLogger(__name__)

TRANSACTIONS: dict[int, Any] = {
    Type.REQUEST_ADDRESS_FOR_TRANSACTION: RequestAddressForTransaction,
    Type.ACCEPT_REQUEST_ADDRESS_FOR_TRANSACTION: AcceptRequestAddressForTransaction,
    Type.DECLINE_REQUEST_ADDRESS_FOR_TRANSACTION: DeclineRequestAddressForTransaction,
    Type.REQUEST_TRANSACTION: RequestTransaction,
    Type.DECLINE_REQUEST_TRANSACTION: DeclineRequestTransaction,
    Type.SEND_TRANSACTION: SendTransaction,
}
# States of a command.
ADDRESS_REQUESTED, ADDRESS_DECLINED, ADDRESS_ACCEPTED, REQUESTED, DECLINED, _PENDING, SENT = range(1, 8)
_TEXTS = {
    ADDRESS_REQUESTED: "Request address for transaction",
    ADDRESS_DECLINED: "Request address for transaction declined",
    ADDRESS_ACCEPTED: "Request address for transaction accepted",
    REQUESTED: "Request transaction",
    DECLINED: "Transaction request declined",
    SENT: "Transaction sent",
}
# What an answer makes of what it answers, by what came before.
_ANSWERS: dict[type, tuple[int, int]] = {
    AcceptRequestAddressForTransaction: (ADDRESS_REQUESTED, ADDRESS_ACCEPTED),
    DeclineRequestAddressForTransaction: (ADDRESS_REQUESTED, ADDRESS_DECLINED),
    DeclineRequestTransaction: (REQUESTED, DECLINED),
    SendTransaction: (REQUESTED, SENT),
}


class Transactions:
    def __init__(self, context: Context, conversations: Conversations, chats: ChatStore, views: ChatViews) -> None:
        self._context = context
        self._conversations = conversations
        self._chats = chats
        self._views = views

    # Asking

    def request_address(self, chat_id: str, from_: str, value: str, contract: str) -> Response:
        body = RequestAddressForTransaction(value=value, contract=contract)
        command = _command(ADDRESS_REQUESTED, value=value, contract=contract) | {"from": from_}
        return self._send(self._chat(chat_id), body, Type.REQUEST_ADDRESS_FOR_TRANSACTION, command)

    def request(self, chat_id: str, value: str, contract: str, address: str) -> Response:
        body = RequestTransaction(value=value, contract=contract, address=address)
        command = _command(REQUESTED, value=value, contract=contract, address=address)
        return self._send(self._chat(chat_id), body, Type.REQUEST_TRANSACTION, command)

    def send(self, chat_id: str, value: str, contract: str, transaction_hash: str, signature: str) -> Response:
        """To say that it was sent, without having been asked."""
        proof = _bytes(signature)
        command = _command(SENT, value=value, contract=contract) | _sent(transaction_hash, proof)
        body = SendTransaction(transaction_hash=transaction_hash, signature=proof)
        return self._send(self._chat(chat_id), body, Type.SEND_TRANSACTION, command)

    # Answering

    def accept_address(self, message_id: str, address: str) -> Response:
        body = AcceptRequestAddressForTransaction(id=message_id, address=address)
        return self._answer(body, Type.ACCEPT_REQUEST_ADDRESS_FOR_TRANSACTION, {"address": address})

    def decline_address(self, message_id: str) -> Response:
        body = DeclineRequestAddressForTransaction(id=message_id)
        return self._answer(body, Type.DECLINE_REQUEST_ADDRESS_FOR_TRANSACTION, {})

    def decline(self, message_id: str) -> Response:
        return self._answer(DeclineRequestTransaction(id=message_id), Type.DECLINE_REQUEST_TRANSACTION, {})

    def accept(self, transaction_hash: str, message_id: str, signature: str) -> Response:
        """The transaction was sent."""
        proof = _bytes(signature)
        body = SendTransaction(id=message_id, transaction_hash=transaction_hash, signature=proof)
        return self._answer(body, Type.SEND_TRANSACTION, _sent(transaction_hash, proof))

    # Receiving

    def receive(self, response: Response, arrival: Arrival, body: Any) -> None:
        if self._chats.message(arrival.message.id) is not None:
            raise Dropped("replayed", f"message {arrival.message.id} is known")
        if isinstance(body, SendTransaction):
            log.info("%s says that it sent the transaction %.80r", arrival.source, body.transaction_hash)
        elif type(body) in _ANSWERS:
            asked, answered = _ANSWERS[type(body)]
            request = self._request(body.id, asked)
            if request is None or request.source != self._context.public_key or request.chat_id != arrival.chat.id:
                raise Dropped("forged", f"{arrival.source} answers {body.id}, which asks nothing of it")
            changes = {"address": body.address} if answered == ADDRESS_ACCEPTED else {}
            command = {**json.loads(request.command), **changes, "commandState": answered}
            self._hide(request)
            self._keep(response, arrival, body, command, request.id)
        else:
            state = REQUESTED if isinstance(body, RequestTransaction) else ADDRESS_REQUESTED
            address = body.address if isinstance(body, RequestTransaction) else ""
            self._keep(response, arrival, body, _command(state, body.value, body.contract, address))

    # Small things

    def _chat(self, chat_id: str) -> Chat:
        chat = self._conversations.chat(chat_id)
        if chat.chat_type != ONE_TO_ONE_CHAT:
            raise ServiceError("Need to be a one-to-one chat")
        return chat

    def _request(self, message_id: str, state: int) -> Message | None:
        message = self._chats.message(message_id)
        if message is None or message.deleted_at or not message.command:
            return None
        return message if json.loads(message.command)["commandState"] == state else None

    def _answer(self, body: Any, type_: Kind, changes: dict[str, Any]) -> Response:
        asked, answered = _ANSWERS[type(body)]
        request = self._request(body.id, asked)
        if request is None or request.source == self._context.public_key:
            raise ServiceError("record not found")
        command = {**json.loads(request.command), **changes, "commandState": answered}
        return self._send(self._chat(request.chat_id), body, type_, command, request)

    def _send(
        self, chat: Chat, body: Any, type_: Kind, command: dict[str, Any], answered: Message | None = None
    ) -> Response:
        body.clock, body.chat_id = clock.tick(chat.last_clock), chat.id
        with self._context.work() as response:
            if answered is not None:
                self._hide(answered)
            sent = self._conversations.publish(chat, body, type_)
            message = _message(sent.id, chat, self._context.public_key, body.clock, command, body.clock)
            replaces = answered.id if answered is not None else ""
            message = replace(message, seen=True, outgoing_status="sending", replaces=replaces)
            self._store(response, chat, message)
        return response

    def _keep(
        self, response: Response, arrival: Arrival, body: Any, command: dict[str, Any], replaces: str = ""
    ) -> None:
        when = arrival.envelope.seconds * 1000
        message = _message(arrival.message.id, arrival.chat, arrival.source, body.clock, command, when)
        self._store(response, arrival.chat, replace(message, replaces=replaces))

    def _hide(self, message: Message) -> None:
        self._chats.save_message(replace(message, deleted_at=clock.now_ms()))

    def _store(self, response: Response, chat: Chat, message: Message) -> None:
        self._chats.save_message(message)
        last, unviewed = max(chat.last_clock, message.clock), chat.unviewed + (not message.seen)
        chat = replace(chat, active=True, last_clock=last, timestamp=clock.now_ms(), unviewed=unviewed)
        self._chats.save(chat)
        self._views.show_message(response, message, new=not message.seen)
        self._views.show_chat(response, chat)


def _command(state: int, value: str, contract: str, address: str = "") -> dict[str, Any]:
    """As clients see it. The id is that of the message that began it."""
    return {
        "id": "",
        "from": "",
        "address": address,
        "contract": contract,
        "value": value,
        "transactionHash": "",
        "commandState": state,
        "signature": None,
    }


def _sent(transaction_hash: str, signature: bytes) -> dict[str, Any]:
    return {"transactionHash": transaction_hash, "signature": base64.b64encode(signature).decode() or None}


def _message(id_: str, chat: Chat, source: str, when: int, command: dict[str, Any], envelope_ms: int) -> Message:
    return Message(
        id=id_,
        chat_id=chat.id,
        source=source,
        clock=when,
        timestamp=when,
        whisper_timestamp=envelope_ms,
        text=_TEXTS[command["commandState"]],
        content_type=ChatMessage.TRANSACTION_COMMAND,
        message_type=ONE_TO_ONE,
        command=json.dumps({**command, "id": command["id"] or id_}),
    )


def _bytes(text: str) -> bytes:
    try:
        return ids.from_hex(text)
    except ValueError as error:
        raise ServiceError(f"invalid signature: {error}") from error
