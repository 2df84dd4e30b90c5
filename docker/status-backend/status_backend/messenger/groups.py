"""Private group chats: made, changed and left; every change is an event signed by whoever made it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..protocol import application
from ..protocol.application import Application, MalformedMessage, Type
from ..protocol.chat_message_pb2 import SYSTEM_MESSAGE_PRIVATE_GROUP, ChatMessage
from ..protocol.membership_update_message_pb2 import MembershipUpdateEvent, MembershipUpdateMessage
from ..protocol.waku_message import Envelope
from ..rpc import ServiceError
from . import clock, group
from .activity_center import NEW_PRIVATE_GROUP_CHAT, ActivityCenter, Notification
from .chat_store import CHAT_COLORS, GROUP_CHAT, Chat, ChatStore, Message
from .chat_views import ChatViews
from .contacts import Contacts
from .context import Context, Dropped
from .conversations import Conversations, check_clock
from .group import Event, Group, GroupStore
from .messages import Messages
from .response import Response

_MOST_EVENTS = 1000


class Groups:
    def __init__(
        self,
        context: Context,
        conversations: Conversations,
        messages: Messages,
        store: GroupStore,
        chats: ChatStore,
        views: ChatViews,
        activity: ActivityCenter,
        contacts: Contacts,
    ) -> None:
        self._context = context
        self._conversations = conversations
        self._messages = messages
        self._store = store
        self._chats = chats
        self._views = views
        self._activity = activity
        self._contacts = contacts

    # Changing

    def create(self, name: str, members: Sequence[str]) -> Response:
        if not name.strip():
            raise ServiceError("group-chat: invalid name")
        self._check_contacts(members)
        chat_id, now = group.new_id(self._context.public_key), clock.now_ms()
        with self._context.work() as response:
            self._chats.save(Chat(chat_id, GROUP_CHAT, name=name, timestamp=now, joined=now))
            color = random.choice(CHAT_COLORS)
            events = [MembershipUpdateEvent(type=MembershipUpdateEvent.CHAT_CREATED, name=name, color=color)]
            if members:
                events.append(MembershipUpdateEvent(type=MembershipUpdateEvent.MEMBERS_ADDED, members=members))
            self._change(response, chat_id, *events)
        return response

    def add_members(self, chat_id: str, members: Sequence[str]) -> Response:
        self._check_contacts(members)
        return self._one_change(chat_id, type=MembershipUpdateEvent.MEMBERS_ADDED, members=members)

    def remove_members(self, chat_id: str, members: Sequence[str]) -> Response:
        with self._context.work() as response:
            events = [MembershipUpdateEvent(type=MembershipUpdateEvent.MEMBER_REMOVED, members=[m]) for m in members]
            self._change(response, self._group_chat(chat_id).id, *events)
        return response

    def add_admins(self, chat_id: str, members: Sequence[str]) -> Response:
        return self._one_change(chat_id, type=MembershipUpdateEvent.ADMINS_ADDED, members=members)

    def rename(self, chat_id: str, name: str) -> Response:
        if not name.strip():
            raise ServiceError("group-chat: invalid name")
        return self._one_change(chat_id, type=MembershipUpdateEvent.NAME_CHANGED, name=name)

    def confirm_joining(self, chat_id: str) -> Response:
        chat = self._group_chat(chat_id)
        with self._context.work() as response:
            self._chats.save(replace(chat, active=True, joined=clock.now_ms()))
            self._change(response, chat_id, MembershipUpdateEvent(type=MembershipUpdateEvent.MEMBER_JOINED))
            self._activity.update(response, chat_id, accepted=True, read=True)
        return response

    def leave(self, chat_id: str, remove: bool) -> Response:
        """With `remove` the chat is closed as well."""
        chat, me = self._group_chat(chat_id), self._context.public_key
        with self._context.work() as response:
            if me in self._store.get(chat_id).members:
                left = MembershipUpdateEvent(type=MembershipUpdateEvent.MEMBER_REMOVED, members=[me])
                self._change(response, chat_id, left)
            if remove:
                chat = replace(self._group_chat(chat_id), active=False)
                self._chats.save(chat)
                self._views.show_chat(response, chat)
        return response

    def send_message(self, chat_id: str, text: str) -> Response:
        return self._messages.send([{"chatId": self._group_chat(chat_id).id, "text": text}])

    def _one_change(self, chat_id: str, **event: Any) -> Response:
        with self._context.work() as response:
            self._change(response, self._group_chat(chat_id).id, MembershipUpdateEvent(**event))
        return response

    def _change(self, response: Response, chat_id: str, *bodies: MembershipUpdateEvent) -> None:
        """Signs these events and tells all members of them, also those who are none any more."""
        before = self._store.get(chat_id)
        when = max(before.clock, self._group_chat(chat_id).last_clock)
        events = []
        for body in bodies:
            when = body.clock = clock.tick(when)
            events.append(group.read(chat_id, group.sign(chat_id, body, self._context.key)))
        after = Group.of(chat_id, [*before.events, *events])
        if any(event not in after.events for event in events):
            raise ServiceError("not allowed to change the group in this way")
        self._store.add(chat_id, events)
        body = MembershipUpdateMessage(chat_id=chat_id, events=[event.raw for event in after.events])
        wrapped = application.wrap(body.SerializeToString(), Type.MEMBERSHIP_UPDATE_MESSAGE, self._context.key)
        for member in dict.fromkeys([*before.members, *after.members]):
            if member != self._context.public_key:
                self._conversations.send_to(member, wrapped)
        self._changed(response, chat_id, events)

    def _check_contacts(self, members: Sequence[str]) -> None:
        if not all(self._contacts.is_mutual(member) for member in members):
            raise ServiceError("group-chat: can't add members who are not mutual contacts")

    # Receiving

    def receive(
        self, response: Response, message: Application, envelope: Envelope, blocked: bool
    ) -> MembershipUpdateMessage:
        """Takes what is new in it about the group; the answer may hold something that was said.

        Of who is blocked only what concerns a group that we are in already: it is the same group for all.
        """
        body = MembershipUpdateMessage.FromString(message.payload)
        if len(body.events) > _MOST_EVENTS:
            raise Dropped("malformed", f"{len(body.events)} events of a group")
        events = [group.read(body.chat_id, raw) for raw in dict.fromkeys(body.events)]
        before = self._store.get(body.chat_id)
        known = {event.raw for event in before.events}
        after = Group.of(body.chat_id, [*before.events, *events])
        members = {*before.members, *after.members}
        if not after.events:
            raise MalformedMessage(f"no group was ever created as {body.chat_id}")
        if message.from_ not in members or self._context.public_key not in members:
            raise Dropped("not a member", f"{message.from_} of the group {body.chat_id}")
        fresh = [event for event in after.events if event.raw not in known]
        if not fresh and not body.HasField("message"):
            raise Dropped("replayed", f"nothing new of the group {body.chat_id}")
        for event in fresh:
            check_clock(event.body.clock, envelope)
        self._store.add(body.chat_id, fresh)
        if self._chats.get(body.chat_id) is None:
            if blocked:
                raise Dropped("blocked", f"{message.from_} invites us to {body.chat_id}")
            self._invited(response, after, message.from_)
        self._changed(response, body.chat_id, fresh)
        return body

    def _invited(self, response: Response, after: Group, by: str) -> None:
        """Active at once where the one who invites is a contact of ours, else once we confirm."""
        now, trusted = clock.now_ms(), self._contacts.is_added(by)
        self._chats.save(Chat(after.chat_id, GROUP_CHAT, after.name, timestamp=now, joined=now, active=trusted))
        if not trusted:
            notification = Notification(
                after.chat_id, NEW_PRIVATE_GROUP_CHAT, now, chat_id=after.chat_id, name=after.name, author=by
            )
            self._activity.notify(response, notification)

    def _changed(self, response: Response, chat_id: str, events: Sequence[Event]) -> None:
        for event in events:
            if event.text:
                self._messages.note(response, self._group_chat(chat_id), self._system_message(event))
        self._views.show_chat(response, self._group_chat(chat_id))

    def _system_message(self, event: Event) -> Message:
        return Message(
            id=event.id,
            chat_id=event.chat_id,
            source=event.author,
            clock=event.body.clock,
            timestamp=event.body.clock,
            whisper_timestamp=event.body.clock,
            text=event.text,
            content_type=ChatMessage.SYSTEM_MESSAGE_CONTENT_PRIVATE_GROUP,
            message_type=SYSTEM_MESSAGE_PRIVATE_GROUP,
            seen=event.author == self._context.public_key,
        )

    def _group_chat(self, chat_id: str) -> Chat:
        chat = self._conversations.chat(chat_id)
        if chat.chat_type != GROUP_CHAT:
            raise ServiceError("chat is not a private group chat")
        return chat
