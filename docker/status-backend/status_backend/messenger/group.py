"""A private group chat: what its signed events make of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from coincurve import PrivateKey
from eth_hash.auto import keccak
from google.protobuf.message import DecodeError

from ..db import Database
from ..protocol import ids, signing
from ..protocol.application import MalformedMessage
from ..protocol.membership_update_message_pb2 import MembershipUpdateEvent


@dataclass(frozen=True)
class Event:
    """`raw` is the signature (over the chat id and what follows) and the event."""

    chat_id: str
    author: str
    body: MembershipUpdateEvent
    raw: bytes

    @cached_property
    def id(self) -> str:
        """The same for all members, so that all name the message about it alike."""
        return ids.hex0x(keccak(self.chat_id.encode() + self.raw))

    @property
    def text(self) -> str:
        """What the chat says of it; nothing where the original says nothing."""
        author, members = f"@{self.author}", ", ".join(f"@{member}" for member in self.body.members)
        return {
            MembershipUpdateEvent.CHAT_CREATED: f"{author} created the group {self.body.name}",
            MembershipUpdateEvent.NAME_CHANGED: f"{author} changed the group's name to {self.body.name}",
            MembershipUpdateEvent.MEMBERS_ADDED: f"{author} has added {members}",
            MembershipUpdateEvent.ADMINS_ADDED: f"{author} has made {members} admin",
            MembershipUpdateEvent.MEMBER_REMOVED: f"{members} left the group",
            MembershipUpdateEvent.ADMIN_REMOVED: f"{members} is not admin anymore",
            MembershipUpdateEvent.COLOR_CHANGED: f"{author} changed the group's color",
        }.get(self.body.type, "")

    def to_json(self) -> dict[str, Any]:
        body = {
            "id": self.id,
            "from": self.author,
            "signature": ids.hex0x(self.raw[: signing.SIGNATURE_SIZE]),
            "chatId": self.chat_id,
            "clockValue": self.body.clock,
            "type": self.body.type,
            "name": self.body.name,
            "color": self.body.color,
            "members": list(self.body.members),
        }
        return {key: value for key, value in body.items() if value}


def new_id(creator: str) -> str:
    return f"{uuid.uuid4()}-{creator}"


def sign(chat_id: str, body: MembershipUpdateEvent, key: PrivateKey) -> bytes:
    encoded = body.SerializeToString(deterministic=True)
    return signing.sign(key, chat_id.encode() + encoded) + encoded


@lru_cache(maxsize=4096)
def read(chat_id: str, raw: bytes) -> Event:
    """MalformedMessage where it is not signed or no event."""
    signature, encoded = raw[: signing.SIGNATURE_SIZE], raw[signing.SIGNATURE_SIZE :]
    try:
        author = signing.recover(signature, chat_id.encode() + encoded)
        return Event(chat_id, ids.public_key_id(author), MembershipUpdateEvent.FromString(encoded), raw)
    except (signing.BadSignature, DecodeError) as error:
        raise MalformedMessage(f"not a signed event of a group: {error}") from error


@dataclass
class Group:
    """Replays the events in the order of their clocks; those that their author was not entitled to have no effect."""

    chat_id: str
    name: str = ""
    color: str = ""
    members: list[str] = field(default_factory=list)
    admins: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)

    @classmethod
    def of(cls, chat_id: str, events: Iterable[Event]) -> Group:
        group = cls(chat_id)
        for event in sorted(events, key=lambda event: (event.body.clock, event.raw)):
            if group.permits(event):
                group._apply(event)
        return group

    @property
    def clock(self) -> int:
        return self.events[-1].body.clock if self.events else 0

    def permits(self, event: Event) -> bool:
        kind, author, whom = event.body.type, event.author, list(event.body.members)
        if kind == MembershipUpdateEvent.CHAT_CREATED:
            return not self.events and self.chat_id.endswith(f"-{author}")
        if author not in self.members:
            return False
        if kind == MembershipUpdateEvent.NAME_CHANGED:
            return bool(event.body.name)
        if kind == MembershipUpdateEvent.MEMBERS_ADDED:
            return all(_is_public_key(member) for member in whom)
        if kind == MembershipUpdateEvent.MEMBER_REMOVED:
            return len(whom) == 1 and (whom[0] == author or author in self.admins and whom[0] not in self.admins)
        if kind == MembershipUpdateEvent.ADMINS_ADDED:
            return author in self.admins and set(whom) <= set(self.members)
        if kind == MembershipUpdateEvent.ADMIN_REMOVED:
            return author in self.admins and whom == [author]
        return kind in (MembershipUpdateEvent.MEMBER_JOINED, MembershipUpdateEvent.COLOR_CHANGED)

    def members_json(self) -> list[dict[str, Any]]:
        return [{"id": member, "admin": member in self.admins} for member in self.members]

    def _apply(self, event: Event) -> None:
        kind, whom = event.body.type, event.body.members
        self.events.append(event)
        self.name = event.body.name or self.name
        self.color = event.body.color or self.color
        if kind == MembershipUpdateEvent.CHAT_CREATED:
            self.members, self.admins = [event.author], {event.author}
        elif kind == MembershipUpdateEvent.MEMBERS_ADDED:
            self.members += [member for member in dict.fromkeys(whom) if member not in self.members]
        elif kind == MembershipUpdateEvent.MEMBER_REMOVED:
            self.members = [member for member in self.members if member != whom[0]]
            self.admins.discard(whom[0])
        elif kind == MembershipUpdateEvent.ADMINS_ADDED:
            self.admins |= set(whom)
        elif kind == MembershipUpdateEvent.ADMIN_REMOVED:
            self.admins.discard(event.author)


class GroupStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, chat_id: str) -> Group:
        """Without events, and so without members, where no such group is known."""
        rows = self._db.query("SELECT event FROM group_events WHERE chat_id = ?", (chat_id,))
        return Group.of(chat_id, [read(chat_id, row["event"]) for row in rows])

    def add(self, chat_id: str, events: Iterable[Event]) -> None:
        for event in events:
            self._db.execute("INSERT OR IGNORE INTO group_events VALUES (?, ?)", (chat_id, event.raw))


def _is_public_key(text: str) -> bool:
    try:
        return ids.public_key_id(ids.parse_public_key(text)) == text
    except ids.InvalidKey:
        return False
