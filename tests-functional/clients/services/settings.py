"""The settings namespace."""

from __future__ import annotations

from typing import Any

from clients.services.service import Service


class SettingsService(Service):
    namespace = "settings"

    def get_settings(self) -> dict[str, Any]:
        return self.rpc_request("getSettings")

    def save_setting(self, setting: str, value: Any) -> None:
        return self.rpc_request("saveSetting", [setting, value])

    def node_config(self) -> dict[str, Any]:
        return self.rpc_request("nodeConfig")
