"""Chat messages: written, received, changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..protocol.application import Application, Type
from ..protocol.chat_message_pb2 import ChatMessage, DeleteMessage, EditMessage
from ..rpc import ServiceError
from . import clock
from .activity_center import MENTION, REPLY, ActivityCenter, Notification
from .chat_store import COMMUNITY_CHAT, ONE_TO_ONE_CHAT, Chat, ChatStore, Message
from .chat_views import ChatViews
from .communities import Communities
from .context import Context, Dropped
from .conversations import MESSAGE_TYPES, Arrival, Conversations
from .parsed_text import EVERYONE, mentions
from .response import Response


class Messages:
    def __init__(
        self,
        context: Context,
        conversations: Conversations,
        communities: Communities,
        chats: ChatStore,
        views: ChatViews,
        activity: ActivityCenter,
    ) -> None:
        self._context = context
        self._conversations = conversations
        self._communities = communities
        self._chats = chats
        self._views = views
        self._activity = activity

    # Writing

    def send(self, requests: list[Mapping[str, Any]]) -> Response:
        with self._context.work() as response:
            for request in requests:
                self._send(response, request)
        return response

    def send_again(self, message_id: str) -> None:
        """Under the id that it has: whoever has it already ignores it."""
        message = self._own(message_id)
        with self._context.work():
            self._conversations.publish_again(self._conversations.chat(message.chat_id), message.id)
            self._chats.save_message(replace(message, outgoing_status="sending"))

    def edit(self, request: Mapping[str, Any]) -> Response:
        original = self._own(request.get("id") or "")
        text = _text(request)
        chat = self._conversations.chat(original.chat_id)
        with self._context.work() as response:
            body = EditMessage(
                clock=clock.tick(max(chat.last_clock, original.edited_at)),
                text=text,
                chat_id=chat.id,
                message_id=original.id,
                message_type=original.message_type,
                content_type=original.content_type,
            )
            self._conversations.publish(chat, body, Type.EDIT_MESSAGE)
            self._apply_edit(response, chat, original, body)
        return response

    def delete(self, message_id: str) -> Response:
        """For everybody. What others wrote only where we manage the chat."""
        original = self._existing(message_id)
        chat = self._conversations.chat(original.chat_id)
        if not self._may_delete(self._context.public_key, original, chat):
            raise ServiceError("sender is not the author of the message")
        with self._context.work() as response:
            body = DeleteMessage(
                clock=clock.tick(chat.last_clock),
                chat_id=chat.id,
                message_id=original.id,
                message_type=MESSAGE_TYPES[chat.chat_type],
                deleted_by=self._context.public_key,
            )
            self._conversations.publish(chat, body, Type.DELETE_MESSAGE)
            self._apply_delete(response, chat, original, body.clock, self._context.public_key)
        return response

    def forget(self, message_id: str) -> None:
        """Deletes a message here only."""
        message = self._existing(message_id)
        with self._context.work():
            self._chats.save_message(replace(message, text="", deleted_at=clock.now_ms()))

    def compose(
        self,
        response: Response,
        chat: Chat,
        text: str,
        content_type: ChatMessage.ContentType,
        response_to: str = "",
        **state: Any,
    ) -> Message:
        """Writes, stores and publishes a message; `state` are further fields of Message."""
        now = clock.now_ms()
        body = ChatMessage(
            clock=clock.tick(chat.last_clock),
            timestamp=now,
            text=text,
            response_to=response_to,
            chat_id=chat.id,
            message_type=MESSAGE_TYPES[chat.chat_type],
            content_type=content_type,
            display_name=self._context.display_name,
            grant=self._conversations.grant(chat),
        )
        sent = self._conversations.publish(chat, body, Type.CHAT_MESSAGE)
        message = replace(_message(sent, body, chat, body.timestamp), seen=True, outgoing_status="sending", **state)
        self._chats.save_message(message)
        chat = self._communities.first_message(response, chat, now // 1000)
        chat = replace(chat, active=True, last_clock=body.clock, timestamp=now)
        self._chats.save(chat)
        self._views.show_message(response, message)
        self._views.show_chat(response, chat)
        return message

    def note(self, response: Response, chat: Chat, message: Message) -> None:
        """Something that the chat says of itself. It is unread only if it is not seen."""
        if self._chats.message(message.id) is not None:
            return
        self._chats.save_message(message)
        last_clock, unviewed = max(chat.last_clock, message.clock), chat.unviewed + (not message.seen)
        chat = replace(chat, last_clock=last_clock, unviewed=unviewed)
        self._chats.save(chat)
        self._views.show_message(response, message)
        self._views.show_chat(response, chat)

    def _send(self, response: Response, request: Mapping[str, Any]) -> None:
        chat = self._conversations.chat(request.get("chatId") or "")
        content_type = request.get("contentType") or ChatMessage.TEXT_PLAIN
        if content_type not in ChatMessage.ContentType.values():
            raise ServiceError("unknown content type")
        self._conversations.check_may_speak(chat, content_type)
        self.compose(response, chat, _text(request), content_type, request.get("responseTo") or "")

    # Receiving

    def receive_message(self, response: Response, arrival: Arrival, body: ChatMessage) -> None:
        message, chat, own = arrival.message, arrival.chat, arrival.own
        plain = body.content_type == ChatMessage.TEXT_PLAIN
        if body.message_type != MESSAGE_TYPES[chat.chat_type] or (plain and not body.text.strip()):
            raise Dropped("malformed", f"message type {body.message_type}, {len(body.text)} characters")
        if body.clock <= chat.cleared_at:
            raise Dropped("outdated", f"message {message.id} is older than the history of {chat.id}")
        if self._chats.message(message.id) is not None:
            if own:
                return  # the echo of our own
            raise Dropped("replayed", f"message {message.id} is known")
        named = mentions(body.text)
        everyone = EVERYONE in named and chat.chat_type == COMMUNITY_CHAT
        new = replace(
            _message(message, body, chat, arrival.envelope.seconds * 1000),
            seen=own,
            outgoing_status="sent" if own else "",
            mentioned=not own and (everyone or self._context.public_key in named),
        )
        self._chats.save_message(new)
        chat = self._communities.first_message(response, chat, arrival.envelope.seconds)
        chat = replace(
            chat,
            timestamp=clock.now_ms(),
            last_clock=max(chat.last_clock, body.clock),
            unviewed=chat.unviewed + (not own),
            unviewed_mentions=chat.unviewed_mentions + new.mentioned,
        )
        self._chats.save(chat)
        self._views.show_message(response, new, new=True)
        self._views.show_chat(response, chat)
        self._notify(response, chat, new)
        for type_, source, payload in self._chats.take_changes(new.id):
            if type_ == Type.EDIT_MESSAGE and source == new.source:
                self._apply_edit(response, chat, new, EditMessage.FromString(payload))
            elif type_ == Type.DELETE_MESSAGE and self._may_delete(source, new, chat):
                self._apply_delete(response, chat, new, DeleteMessage.FromString(payload).clock, source)

    def receive_edit(self, response: Response, arrival: Arrival, body: EditMessage) -> None:
        original = self._original(arrival, body.message_id)
        if original is None:
            return
        if original.source != arrival.source:
            raise Dropped("forged", f"{arrival.source} edits message {original.id} of {original.source}")
        if not body.text.strip():
            raise Dropped("malformed", f"edit of {original.id} without text")
        if body.clock <= original.edited_at or original.deleted_at:
            if arrival.own:
                return
            raise Dropped("outdated", f"edit of {original.id}")
        self._apply_edit(response, arrival.chat, original, body)

    def receive_delete(self, response: Response, arrival: Arrival, body: DeleteMessage) -> None:
        original = self._original(arrival, body.message_id)
        if original is None:
            return
        if not self._may_delete(arrival.source, original, arrival.chat):
            raise Dropped("forged", f"{arrival.source} deletes message {original.id} of {original.source}")
        if original.deleted_at:
            if arrival.own:
                return
            raise Dropped("replayed", f"deletion of {original.id}")
        self._apply_delete(response, arrival.chat, original, body.clock, arrival.source)

    def _original(self, change: Arrival, message_id: str) -> Message | None:
        """What is to be changed. A change that comes first is kept until the message does."""
        original = self._chats.message(message_id)
        if original is None:
            message = change.message
            self._chats.keep_change(message_id, message.from_, message.type, message.payload)
        elif original.chat_id != change.chat.id:
            raise Dropped("forged", f"{change.source} changes message {message_id} of another chat")
        return original

    def _may_delete(self, who: str, message: Message, chat: Chat) -> bool:
        return who == message.source or self._conversations.manages(chat, who)

    def _apply_edit(self, response: Response, chat: Chat, original: Message, body: EditMessage) -> None:
        edited = replace(original, text=body.text, edited_at=body.clock)
        self._chats.save_message(edited)
        chat = replace(chat, last_clock=max(chat.last_clock, body.clock))
        self._chats.save(chat)
        self._views.show_message(response, edited)
        self._views.show_chat(response, chat)

    def _apply_delete(self, response: Response, chat: Chat, original: Message, when: int, by: str) -> None:
        """The row stays, without its text, so that the message does not come back by store or archive."""
        gone = replace(original, text="", deleted_at=when, deleted_by=by)
        self._chats.save_message(gone)
        removed = {"chatId": chat.id, "messageId": gone.id, "deletedBy": gone.deleted_by}
        response.add("removedMessages", gone.id, removed)
        self._views.show_chat(response, chat)

    def _notify(self, response: Response, chat: Chat, message: Message) -> None:
        """Of a mention of us, or an answer to us. In a one-to-one chat everything is for us."""
        if message.outgoing_status or chat.chat_type == ONE_TO_ONE_CHAT:
            return
        answered = self._chats.message(message.response_to) if message.response_to else None
        if message.mentioned:
            kind = MENTION
        elif answered is not None and answered.source == self._context.public_key:
            kind = REPLY
        else:
            return
        notification = Notification(
            message.id,
            kind,
            message.clock,
            chat_id=chat.id,
            community_id=chat.community_id,
            name=chat.name,
            author=message.source,
            message_id=message.id,
            reply_message_id=answered.id if kind == REPLY and answered else "",
        )
        self._activity.notify(response, notification)

    # Small things

    def _existing(self, message_id: str) -> Message:
        message = self._chats.message(message_id)
        if message is None or message.deleted_at:
            raise ServiceError("record not found")
        return message

    def _own(self, message_id: str) -> Message:
        message = self._existing(message_id)
        if message.source != self._context.public_key:
            raise ServiceError("sender is not the author of the message")
        return message


def _text(request: Mapping[str, Any]) -> str:
    text = request.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ServiceError("message text can't be empty")
    return text


def _message(message: Application, body: ChatMessage, chat: Chat, whisper_timestamp: int) -> Message:
    return Message(
        id=message.id,
        chat_id=chat.id,
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
