"""MessengerResponse: what one call, or what arrived together, changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .community import Community

# In the order in which the original writes them. Empty ones are left out.
_KEYS = (
    "chats",
    "removedChats",
    "messages",
    "removedMessages",
    "deletedMessages",
    "contacts",
    "pinMessages",
    "emojiReactions",
    "requestsToJoinCommunity",
    "communityChanges",
    "mailservers",
    "communities",
    "communitiesSettings",
    "activityCenterNotifications",
    "statusUpdates",
    "clearedHistories",
    "seenAndUnseenMessages",
)


class Response:
    """Collects changed objects, the last state of each. `then` adds what has to wait until all is on disk.

    An object that is a function is called when the answer is written: of a chat in which much is said, only the last
    state is worth the work.
    """

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, Any]] = {}
        self.activity_center_state: dict[str, Any] | None = None
        self.follow_ups: list[Callable[[], None]] = []
        self.described: list[Community] = []  # communities of which a newer description was accepted
        self.unlocked: list[bytes] = []  # ids of encryption keys that arrived

    def add(self, key: str, id_: str, item: Any) -> None:
        """`key` is one of the names of MessengerResponse, `id_` tells the objects of that list apart."""
        assert key in _KEYS, key
        self._lists.setdefault(key, {})[id_] = item

    def notify(self, notification: dict[str, Any]) -> None:
        self.add("activityCenterNotifications", notification["id"], notification)
        self.activity_center_state = {"hasSeen": notification["read"], "updatedAt": notification["updatedAt"]}

    def then(self, follow_up: Callable[[], None]) -> None:
        self.follow_ups.append(follow_up)

    def merge(self, other: Response) -> None:
        for key, items in other._lists.items():
            self._lists.setdefault(key, {}).update(items)
        self.activity_center_state = other.activity_center_state or self.activity_center_state
        self.follow_ups += other.follow_ups

    def __bool__(self) -> bool:
        """Whether anything changed that a client would want to know."""
        return bool(self._lists)

    def to_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            key: [item() if callable(item) else item for item in self._lists[key].values()]
            for key in _KEYS
            if key in self._lists
        }
        self._mark_new(body.get("chats", []))
        body["notifications"] = None
        if self.activity_center_state is not None:
            body["activityCenterState"] = self.activity_center_state
        body["discordOldestMessageTimestamp"] = 0
        return body

    def _mark_new(self, chats: list[dict[str, Any]]) -> None:
        """Also where a chat shows a message that has just arrived as its last one."""
        messages = self._lists.get("messages", {})
        for last in (chat["lastMessage"] for chat in chats):
            if last is not None and messages.get(last["id"], {}).get("new"):
                last["new"] = True
