"""`wakuext_*`: the activity centre."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import ACTIVITY, checked

if TYPE_CHECKING:
    from ..messenger.messenger import Messenger

Notifications = Annotated[dict, "protocol.ActivityCenterNotificationsRequest"]
Counts = Annotated[dict, "protocol.ActivityCenterCountRequest"]


class ActivityService(Service):
    namespace = "wakuext"

    def __init__(self, messenger: Messenger) -> None:
        self._center = messenger.activity_center

    @rpc()
    async def activity_center_notifications(self, request: Notifications) -> dict[str, Any]:
        return self._center.page(checked(request, "ActivityCenterNotificationsRequest", ACTIVITY))

    @rpc()
    async def activity_center_notifications_count(self, request: Counts) -> dict[str, int]:
        return self._center.count(checked(request, "ActivityCenterCountRequest", ACTIVITY))

    @rpc()
    async def has_unseen_activity_center_notifications(self) -> bool:
        return self._center.has_unseen()

    @rpc()
    async def get_activity_center_state(self) -> dict[str, Any]:
        return self._center.state()

    @rpc()
    async def mark_as_seen_activity_center_notifications(self) -> dict[str, Any]:
        return self._center.mark_seen().to_json()

    @rpc()
    async def mark_all_activity_center_notifications_read(self) -> dict[str, Any]:
        return self._center.mark(None, read=True).to_json()

    @rpc()
    async def mark_activity_center_notifications_read(self, ids: list[str]) -> dict[str, Any]:
        return self._center.mark(ids, read=True).to_json()

    @rpc()
    async def mark_activity_center_notifications_unread(self, ids: list[str]) -> dict[str, Any]:
        return self._center.mark(ids, read=False).to_json()

    @rpc()
    async def accept_activity_center_notifications(self, ids: list[str]) -> dict[str, Any]:
        return self._center.mark(ids, accepted=True, read=True).to_json()

    @rpc()
    async def dismiss_activity_center_notifications(self, ids: list[str]) -> dict[str, Any]:
        return self._center.mark(ids, dismissed=True, read=True).to_json()

    @rpc()
    async def mark_activity_center_notifications_deleted(self, ids: list[str]) -> dict[str, Any]:
        return self._center.mark(ids, deleted=True).to_json()
