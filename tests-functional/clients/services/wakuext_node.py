"""wakuext: the messenger itself and its Waku node."""

from __future__ import annotations

from typing import Any

from clients.services.service import Service


class NodeMethods(Service):
    namespace = "wakuext"

    def start_messenger(self) -> dict[str, Any]:
        """A second call raises `ApiResponseError` "messenger already started"."""
        return self.rpc_request("startMessenger")

    def peers(self) -> dict[str, Any]:
        """Waku peers by peer id."""
        return self.rpc_request("peers")

    get_peers = peers

    def peer_id(self) -> str:
        return self.rpc_request("peerID")

    def listen_addresses(self) -> list[str]:
        return self.rpc_request("listenAddresses")

    def enr(self) -> str:
        return self.rpc_request("enr")

    def set_light_client(self, enabled: bool) -> None:
        return self.rpc_request("setLightClient", [enabled])

    def set_user_status(self, new_status: int, custom_text: str = "") -> None:
        return self.rpc_request("setUserStatus", [new_status, custom_text])

    def status_updates(self) -> dict[str, Any]:
        return self.rpc_request("statusUpdates")

    def set_display_name(self, display_name: str) -> None:
        return self.rpc_request("setDisplayName", [display_name])

    def activity_center_notifications(
        self, cursor: str = "", limit: int = 10, activity_types: list[int] | None = None, read_type: int = 2,
        accepted: bool = True,
    ) -> dict[str, Any]:  # fmt: skip
        """`read_type` is 1 read, 2 unread, 3 all."""
        request = {
            "cursor": cursor,
            "limit": limit,
            "activityTypes": activity_types or [],
            "readType": read_type,
            "accepted": accepted,
        }
        return self.rpc_request("activityCenterNotifications", [request])

    get_activity_center_notifications = activity_center_notifications

    def activity_center_notifications_count(
        self, activity_types: list[int] | None = None, read_type: int = 2
    ) -> dict[str, int]:
        """How many there are of each type."""
        request = {"activityTypes": activity_types or [], "readType": read_type}
        return self.rpc_request("activityCenterNotificationsCount", [request])

    get_activity_center_notifications_count = activity_center_notifications_count

    def sign_data(self, requests: list[dict[str, str]]) -> list[str]:
        """Signs {"data", "account", "password"} objects; signatures of 65 bytes as hex."""
        return self.rpc_request("signData", [requests])
