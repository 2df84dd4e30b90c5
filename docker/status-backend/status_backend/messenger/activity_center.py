"""The activity centre: what somebody should see to, kept until it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ..rpc import ServiceError
from . import clock
from .chat_store import ChatStore
from .chat_views import ChatViews
from .community_store import upsert
from .context import Context
from .response import Response

# Types of notifications.
NEW_PRIVATE_GROUP_CHAT = 2
MENTION = 3
REPLY = 4
CONTACT_REQUEST = 5
COMMUNITY_MEMBERSHIP_OF_OTHER = 8  # somebody else's request to a community of ours
COMMUNITY_MEMBERSHIP_REQUEST = 7  # our own request
COMMUNITY_KICKED = 9
CONTACT_REMOVED = 11
COMMUNITY_BANNED = 23

_READ, _UNREAD, _ALL = 1, 2, 3
_CURSOR_DIGITS = 20
_MOST = 1000  # in one answer


@dataclass(frozen=True)
class Notification:
    id: str
    type: int
    timestamp: int
    chat_id: str = ""
    community_id: str = ""
    membership_status: int = 0
    name: str = ""
    author: str = ""
    message_id: str = ""
    reply_message_id: str = ""
    read: bool = False
    dismissed: bool = False
    deleted: bool = False
    accepted: bool = False
    updated_at: int = 0

    @property
    def cursor(self) -> str:
        return f"{self.timestamp:0{_CURSOR_DIGITS}d}{self.id}"


class ActivityCenter:
    def __init__(self, context: Context, chats: ChatStore, views: ChatViews) -> None:
        self._context = context
        self._chats = chats
        self._views = views

    # Telling

    def notify(self, response: Response, notification: Notification) -> None:
        """New, or in a new state."""
        notification = replace(notification, updated_at=clock.now_ms())
        self._save(notification)
        response.notify(self._to_json(notification))

    def update(self, response: Response, id_: str, **state: Any) -> None:
        """If there is such a notification."""
        row = self._context.db.one("SELECT * FROM activity_center_notifications WHERE id = ?", (id_,))
        if row is not None:
            self.notify(response, replace(_read(row), **state))

    def read_in_chat(self, response: Response, chat_id: str, message_ids: Sequence[str] | None = None) -> None:
        """Its messages were seen: all, or these."""
        for notification in self._find("chat_id = ? AND type IN (?, ?) AND NOT read", (chat_id, MENTION, REPLY)):
            if message_ids is None or notification.message_id in message_ids:
                self.notify(response, replace(notification, read=True))

    def dismiss_of(self, response: Response, author: str) -> None:
        for notification in self._find("author = ? AND NOT dismissed", (author,)):
            self.notify(response, replace(notification, read=True, dismissed=True))

    # Reading

    def page(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Newest first, from after `cursor` on."""
        where, params = _filter(request)
        limit = min(request.get("limit") or _MOST, _MOST)
        cursor = request.get("cursor") or ""
        found = [item for item in self._find(where, params) if not cursor or item.cursor < cursor]
        page = found[:limit]
        return {
            "cursor": page[-1].cursor if len(found) > limit else "",
            "notifications": [self._to_json(item) for item in page] or None,
        }

    def count(self, request: Mapping[str, Any]) -> dict[str, int]:
        """By type."""
        where, params = _filter(request)
        rows = self._context.db.query(
            f"SELECT type, count(*) FROM activity_center_notifications WHERE NOT deleted AND {where} GROUP BY type",
            params,
        )
        return {str(type_): count for type_, count in rows}

    def state(self) -> dict[str, Any]:
        ((newest,),) = self._context.db.query("SELECT coalesce(max(updated_at), 0) FROM activity_center_notifications")
        return {"hasSeen": not self.has_unseen(), "updatedAt": newest}

    def has_unseen(self) -> bool:
        seen_at = self._context.db.one("SELECT seen_at FROM activity_center_state") or (0,)
        return bool(self._find("NOT read AND updated_at > ?", seen_at[:1]))

    # Seeing to it

    def mark_seen(self) -> Response:
        with self._context.work() as response:
            self._context.db.execute("REPLACE INTO activity_center_state VALUES (1, ?)", (clock.now_ms(),))
            response.activity_center_state = self.state()
        return response

    def mark(self, ids: Sequence[str] | None, **state: Any) -> Response:
        """Sets the state of these notifications, or of all."""
        with self._context.work() as response:
            known = {item.id: item for item in self._find("1", ())}
            for id_ in known if ids is None else ids:
                if id_ not in known:
                    raise ServiceError("record not found")
                self.notify(response, replace(known[id_], **state))
            response.activity_center_state = self.state()
        return response

    # Small things

    def _find(self, where: str, params: Sequence[Any]) -> list[Notification]:
        rows = self._context.db.query(
            f"""SELECT * FROM activity_center_notifications WHERE NOT deleted AND {where}
                ORDER BY timestamp DESC, id DESC""",
            params,
        )
        return [_read(row) for row in rows]

    def _save(self, notification: Notification) -> None:
        values = {field.name: getattr(notification, field.name) for field in fields(notification)}
        upsert(self._context.db, "activity_center_notifications", values)

    def _to_json(self, notification: Notification) -> dict[str, Any]:
        chat = self._chats.get(notification.chat_id) if notification.chat_id else None
        last = self._chats.last_message(chat.id) if chat else None
        return {
            "id": notification.id,
            "chatId": notification.chat_id,
            "communityId": notification.community_id,
            "membershipStatus": notification.membership_status,
            "name": notification.name,
            "author": notification.author,
            "installationId": "",
            "type": notification.type,
            "lastMessage": self._views.message(last) if last else None,
            "message": self._message(notification.message_id),
            "replyMessage": self._message(notification.reply_message_id),
            "timestamp": notification.timestamp,
            "read": notification.read,
            "dismissed": notification.dismissed,
            "deleted": notification.deleted,
            "accepted": notification.accepted,
            "contactVerificationStatus": 0,
            "tokenData": None,
            "updatedAt": notification.updated_at,
            "albumMessages": None,
        }

    def _message(self, message_id: str) -> dict[str, Any] | None:
        message = self._chats.message(message_id) if message_id else None
        return self._views.message(message) if message else None


def _filter(request: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """As SQL. Without types all are meant; those that were accepted are only there for who asks for them."""
    where = "NOT dismissed"
    params: list[Any] = []
    if types := request.get("activityTypes") or []:
        where += f" AND type IN ({', '.join('?' * len(types))})"
        params += types
    read_type = request.get("readType") or _ALL
    if read_type not in (_READ, _UNREAD, _ALL):
        raise ServiceError("invalid read type")
    if read_type != _ALL:
        where += " AND read" if read_type == _READ else " AND NOT read"
    if not request.get("accepted"):
        where += " AND NOT accepted"
    return where, params


def _read(row: Any) -> Notification:
    values = {field.name: row[field.name] for field in fields(Notification)}
    flags = {name: bool(values[name]) for name in ("read", "dismissed", "deleted", "accepted")}
    return Notification(**{**values, **flags})
