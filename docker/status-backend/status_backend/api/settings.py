"""`settings_*`: the profile's settings and the node configuration."""

from __future__ import annotations

from typing import Any

from ..accounts.profile import shown_settings
from ..node_config import NodeConfig
from ..rpc import Service, ServiceError, rpc
from ..settings import Settings

# What belongs to the account itself: changing it here would part it from its keys.
_READ_ONLY = {
    "address",
    "compressedKey",
    "dapps-address",
    "eip1581-address",
    "emojiHash",
    "installation-id",
    "key-uid",
    "public-key",
    "wallet-root-address",
}


class SettingsService(Service):
    namespace = "settings"

    def __init__(self, settings: Settings, node_config: NodeConfig) -> None:
        self._settings = settings
        self._node_config = node_config

    @rpc()
    async def get_settings(self) -> dict[str, Any]:
        return shown_settings(self._settings)

    @rpc()
    async def save_setting(self, key: str, value: Any) -> None:
        """The type of a known setting stays: a bool cannot become a text."""
        known = shown_settings(self._settings)
        if key not in known or key in _READ_ONLY:
            raise ServiceError(f"invalid setting column {key}")
        if known[key] is not None and type(value) is not type(known[key]):
            raise ServiceError(f"invalid value for setting {key}: {type(known[key]).__name__} was expected")
        self._settings.set(key, value)

    @rpc()
    async def node_config(self) -> dict[str, Any]:
        return dict(self._node_config)
