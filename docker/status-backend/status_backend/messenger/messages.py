"""Chat messages: written, received, changed, listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..protocol import application, ids
from ..protocol.application import Application, Type
from ..protocol.chat_message_pb2 import COMMUNITY_CHAT, ONE_TO_ONE, ChatMessage, DeleteMessage, EditMessage
from ..protocol.waku_message import Envelope
from ..rpc import ServiceError
from ..transport.filters import Filter
from . import clock, raw_messages
from .chat_store import ONE_TO_ONE_CHAT, Chat, ChatStore, Message, mentions
from .communities import Communities
from .community_store import CommunityStore
from .context import Context, Dropped
from .held_messages import HeldMessages
from .response import Response

_FUTURE = 120_000  # milliseconds that an author's clock may be ahead of its envelope
_DEFAULT_LIMIT = 10


class Messages:
    def __init__(
        self,
        context: Context,
        communities: Communities,
        store: CommunityStore,
        chats: ChatStore,
        held: HeldMessages,
    ) -> None:
        self._context = context
        self._communities = communities
        self._community_store = store
        self._chats = chats
        self._held = held

    # Writing

    def send(self, requests: list[Mapping[str, Any]]) -> Response:
        with self._context.work() as response:
            for request in requests:
                self._send(response, request)
        return response

    def edit(self, request: Mapping[str, Any]) -> Response:
        original = self._own(request.get("id") or "")
        text = _text(request)
        chat = self._chat(original.chat_id)
        with self._context.work() as response:
            body = EditMessage(
                clock=clock.tick(max(chat.last_clock, original.edited_at)),
                text=text,
                chat_id=chat.id,
                message_id=original.id,
                message_type=original.message_type,
                content_type=original.content_type,
            )
            self._publish(chat, body.SerializeToString(), Type.EDIT_MESSAGE)
            self._apply_edit(response, chat, original, body)
        return response

    def delete(self, message_id: str) -> Response:
        original = self._own(message_id)
        chat = self._chat(original.chat_id)
        with self._context.work() as response:
            body = DeleteMessage(
                clock=clock.tick(chat.last_clock),
                chat_id=chat.id,
                message_id=original.id,
                message_type=original.message_type,
                deleted_by=self._context.public_key,
            )
            self._publish(chat, body.SerializeToString(), Type.DELETE_MESSAGE)
            self._apply_delete(response, chat, original, body)
        return response

    def forget(self, message_id: str) -> None:
        """Deletes a message here only."""
        message = self._chats.message(message_id)
        if message is None:
            raise ServiceError("record not found")
        with self._context.work():
            self._chats.save_message(replace(message, text="", deleted_at=clock.now_ms()))

    def compose(
        self, response: Response, chat: Chat, text: str, content_type: int, response_to: str = "", **state: Any
    ) -> Message:
        """Writes, stores and publishes a message; `state` are further fields of Message."""
        now = clock.now_ms()
        body = ChatMessage(
            clock=clock.tick(chat.last_clock),
            timestamp=now,
            text=text,
            response_to=response_to,
            chat_id=chat.id,
            message_type=ONE_TO_ONE if chat.chat_type == ONE_TO_ONE_CHAT else COMMUNITY_CHAT,
            content_type=content_type,
            display_name=self._context.display_name,
        )
        sent = application.unwrap(self._publish(chat, body.SerializeToString(), Type.CHAT_MESSAGE))
        message = replace(
            _message(sent, body, chat.id, body.timestamp), seen=True, outgoing_status="sending", **state
        )
        self._chats.save_message(message)
        chat = self._communities.first_message(response, chat, now // 1000)
        chat = replace(chat, active=True, last_clock=body.clock, timestamp=now)
        self._chats.save(chat)
        response.add("messages", message.id, message.to_json())
        self._communities.show_chat(response, chat)
        return message

    def _send(self, response: Response, request: Mapping[str, Any]) -> None:
        chat = self._chat(request.get("chatId") or "")
        content_type = request.get("contentType") or ChatMessage.TEXT_PLAIN
        if content_type not in ChatMessage.ContentType.values():
            raise ServiceError("unknown content type")
        if chat.chat_type != ONE_TO_ONE_CHAT:
            community = self._communities.get(chat.community_id)
            if not chat.active or not community.has_member(self._context.public_key):
                raise ServiceError(f"can't post message type '{content_type}' on chat '{chat.id}'")
        self.compose(response, chat, _text(request), content_type, request.get("responseTo") or "")

    def _publish(self, chat: Chat, body: bytes, type_: int) -> bytes:
        wrapped = application.wrap(body, type_, self._context.key)
        message = application.unwrap(wrapped)
        transport = self._context.transport
        if chat.chat_type == ONE_TO_ONE_CHAT:
            mailbox, recipient = Filter(ids.contact_chat_id(chat.id)), ids.parse_public_key(chat.id)
            transport.send_private(mailbox, recipient, wrapped, self._context.key, message.id)
        else:
            envelope = transport.send_public(chat.id, wrapped, self._context.key, message.id)
            self._keep_raw(chat.community_id, envelope, message)
        return wrapped

    # Receiving

    def receive(
        self, response: Response, message: Application, chat_id: str, envelope: Envelope, archived: bool
    ) -> None:
        """A message, an edit or a deletion in a chat. Those from an archive were checked by the control node.

        An author who has left since is no reason to drop what an archive holds; all others must be members now.
        """
        chat = self._chats.get(chat_id)
        if chat is None or not chat.active:
            raise Dropped("unknown", f"a message in {chat_id}, which is no chat of ours")
        own = message.from_ == self._context.public_key
        if chat.community_id and not archived and not own:
            community = self._community_store.get(chat.community_id)
            if community is None or not community.has_member(message.from_):
                self._held.hold(chat.community_id, chat_id, message, envelope)
                self._context.drop(message, Dropped("not a member", f"{message.from_} of {chat.community_id}"))
                return
        handle = {
            Type.CHAT_MESSAGE: self._receive_message,
            Type.EDIT_MESSAGE: self._receive_edit,
            Type.DELETE_MESSAGE: self._receive_delete,
        }[message.type]
        handle(response, message, chat, envelope)
        if chat.community_id and not archived and not own:
            self._keep_raw(chat.community_id, envelope, message)

    def _receive_message(self, response: Response, message: Application, chat: Chat, envelope: Envelope) -> None:
        body = ChatMessage.FromString(message.payload)
        self._check(message, body.clock, body.chat_id, chat, envelope)
        expected = ONE_TO_ONE if chat.chat_type == ONE_TO_ONE_CHAT else COMMUNITY_CHAT
        if body.message_type != expected or (body.content_type == ChatMessage.TEXT_PLAIN and not body.text.strip()):
            raise Dropped("malformed", f"message type {body.message_type}, {len(body.text)} characters")
        if self._chats.message(message.id) is not None:
            if message.from_ == self._context.public_key:
                return  # the echo of our own
            raise Dropped("replayed", f"message {message.id} is known")
        own = message.from_ == self._context.public_key
        new = replace(
            _message(message, body, chat.id, envelope.seconds * 1000),
            seen=own,
            outgoing_status="sent" if own else "",
            mentioned=self._context.public_key in mentions(body.text),
        )
        self._chats.save_message(new)
        chat = self._communities.first_message(response, chat, envelope.seconds)
        chat = replace(
            chat,
            timestamp=clock.now_ms(),
            last_clock=max(chat.last_clock, body.clock),
            unviewed=chat.unviewed + (not own),
            unviewed_mentions=chat.unviewed_mentions + (new.mentioned and not own),
        )
        self._chats.save(chat)
        response.add("messages", new.id, new.to_json(new=True))
        self._communities.show_chat(response, chat, new=True)
        for type_, payload in self._chats.take_changes(new.id, new.source):
            if type_ == Type.EDIT_MESSAGE:
                self._apply_edit(response, chat, new, EditMessage.FromString(payload))
            else:
                self._apply_delete(response, chat, new, DeleteMessage.FromString(payload))

    def _receive_edit(self, response: Response, message: Application, chat: Chat, envelope: Envelope) -> None:
        body = EditMessage.FromString(message.payload)
        self._check(message, body.clock, body.chat_id, chat, envelope)
        original = self._original(message, body.message_id, chat)
        if original is not None:
            if body.clock <= original.edited_at or original.deleted_at:
                if message.from_ == self._context.public_key:
                    return
                raise Dropped("outdated", f"edit of {original.id}")
            self._apply_edit(response, chat, original, body)

    def _receive_delete(self, response: Response, message: Application, chat: Chat, envelope: Envelope) -> None:
        body = DeleteMessage.FromString(message.payload)
        self._check(message, body.clock, body.chat_id, chat, envelope)
        original = self._original(message, body.message_id, chat)
        if original is not None:
            if original.deleted_at:
                if message.from_ == self._context.public_key:
                    return
                raise Dropped("replayed", f"deletion of {original.id}")
            self._apply_delete(response, chat, original, body)

    def _original(self, change: Application, message_id: str, chat: Chat) -> Message | None:
        """What is to be changed. A change that comes first is kept until the message does."""
        original = self._chats.message(message_id)
        if original is None:
            self._chats.keep_change(message_id, change.from_, change.type, change.payload)
        elif original.source != change.from_ or original.chat_id != chat.id:
            raise Dropped("forged", f"{change.from_} changes message {message_id} of {original.source}")
        return original

    def _check(self, message: Application, when: int, named_chat: str, chat: Chat, envelope: Envelope) -> None:
        """That it was written for this chat (in a one-to-one chat each side names the other), and not in the future."""
        expected = chat.id
        if chat.chat_type == ONE_TO_ONE_CHAT and message.from_ != self._context.public_key:
            expected = self._context.public_key
        if named_chat != expected:
            raise Dropped("forged", f"a message for {named_chat} in {chat.id}")
        if not 0 < when <= envelope.timestamp // 1_000_000 + _FUTURE:
            raise Dropped("malformed", f"clock {when} in an envelope of {envelope.timestamp} ns")

    def _apply_edit(self, response: Response, chat: Chat, original: Message, body: EditMessage) -> None:
        edited = replace(original, text=body.text, edited_at=body.clock)
        self._chats.save_message(edited)
        self._chats.save(replace(chat, last_clock=max(chat.last_clock, body.clock)))
        response.add("messages", edited.id, edited.to_json())
        self._communities.show_chat(response, chat)

    def _apply_delete(self, response: Response, chat: Chat, original: Message, body: DeleteMessage) -> None:
        """The row stays, without its text, so that the message does not come back by store or archive."""
        gone = replace(original, text="", deleted_at=body.clock, deleted_by=body.deleted_by or original.source)
        self._chats.save_message(gone)
        removed = {"id": gone.id, "chatId": chat.id, "deletedBy": gone.deleted_by}
        response.add("removedMessages", gone.id, removed)
        self._communities.show_chat(response, chat)

    def _keep_raw(self, community_id: str, envelope: Envelope, message: Application) -> None:
        community = self._community_store.get(community_id)
        if community is not None and community.is_control_node and message.type in raw_messages.CONTENT:
            raw_messages.keep(self._context.db, envelope, message)

    # Reading

    def page(self, chat_id: str, cursor: str, limit: int) -> dict[str, Any]:
        self._chat(chat_id)
        try:
            messages, following = self._chats.page(chat_id, cursor, limit if limit > 0 else _DEFAULT_LIMIT)
        except ValueError as error:
            raise ServiceError(str(error)) from error
        return {"messages": [message.to_json() for message in messages] or None, "cursor": following}

    def get(self, message_id: str) -> dict[str, Any]:
        message = self._chats.message(message_id)
        if message is None or message.deleted_at:
            raise ServiceError("record not found")
        return message.to_json()

    def chats(self, active: bool = False) -> list[dict[str, Any]] | None:
        response = Response()
        for chat in self._chats.all():
            if chat.active or not active:
                self._communities.show_chat(response, chat)
        return response.to_json().get("chats")

    def chat(self, chat_id: str) -> dict[str, Any]:
        response = Response()
        self._communities.show_chat(response, self._chat(chat_id))
        return response.to_json()["chats"][0]

    def mark_seen(self, chat_id: str, message_ids: list[str] | None = None) -> int:
        self._chat(chat_id)
        with self._context.work():
            return self._chats.mark_seen(chat_id, message_ids)

    def _chat(self, chat_id: str) -> Chat:
        chat = self._chats.get(chat_id)
        if chat is None:
            raise ServiceError("Chat not found")
        return chat

    def _own(self, message_id: str) -> Message:
        message = self._chats.message(message_id)
        if message is None or message.deleted_at:
            raise ServiceError("record not found")
        if message.source != self._context.public_key:
            raise ServiceError("sender is not the author of the message")
        return message


def _text(request: Mapping[str, Any]) -> str:
    text = request.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ServiceError("message text can't be empty")
    return text


def _message(message: Application, body: ChatMessage, chat_id: str, whisper_timestamp: int) -> Message:
    return Message(
        id=message.id,
        chat_id=chat_id,
        source=message.from_,
        clock=body.clock,
        timestamp=body.timestamp,
        whisper_timestamp=whisper_timestamp,
        text=body.text,
        content_type=body.content_type,
        message_type=body.message_type,
        response_to=body.response_to,
        ens_name=body.ens_name,
        display_name=body.display_name,
    )
