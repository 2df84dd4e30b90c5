"""`settings_*`: the profile's settings and the node configuration."""

from __future__ import annotations

from typing import Any

from ..accounts import requests
from ..node_config import NodeConfig
from ..rpc import Service, ServiceError, rpc
from ..settings import FURTHER, HIDDEN, Settings

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
_MNEMONIC = "mnemonic"

# Notification settings, which are not among those that getSettings shows: name in the methods' names → default.
_NOTIFICATIONS: dict[str, bool | int | str] = {
    "AllowNotifications": True,
    "OneToOneChats": "SendAlerts",
    "GroupChats": "SendAlerts",
    "PersonalMentions": "SendAlerts",
    "GlobalMentions": "SendAlerts",
    "AllMessages": "TurnOff",
    "ContactRequests": "SendAlerts",
    "IdentityVerificationRequests": "SendAlerts",
    "SoundEnabled": True,
    "Volume": 50,
    "MessagePreview": 2,
}
_ALERTS = ("SendAlerts", "DeliverQuietly", "TurnOff")


class SettingsService(Service):
    namespace = "settings"

    def __init__(self, settings: Settings, node_config: NodeConfig) -> None:
        self._settings = settings
        self._node_config = node_config

    @rpc()
    async def get_settings(self) -> dict[str, Any]:
        return self._settings.shown()

    @rpc()
    async def save_setting(self, key: str, value: Any) -> None:
        """The type of a known setting stays: a bool cannot become a text. A mnemonic can only be forgotten."""
        if key == _MNEMONIC:
            if value:
                raise ServiceError("a mnemonic cannot be changed, only removed")
            self._settings.remove(_MNEMONIC)
            return
        known = self._settings.shown()
        if key in _READ_ONLY or key not in known | FURTHER:
            raise ServiceError(f"invalid setting column {key}")
        kind = FURTHER.get(key) or type(known[key])
        if not (kind is type(None) or type(value) is kind or (value is None and kind in (list, dict))):
            raise ServiceError(f"invalid value for setting {key}: {kind.__name__} was expected")
        if key == "display-name":
            _check_name(value)
        self._settings.set(key, value)

    @rpc()
    async def node_config(self) -> dict[str, Any]:
        return dict(self._node_config)

    def notification(self, name: str) -> bool | int | str:
        return self._settings.get(f"{HIDDEN}notifications/{name}", _NOTIFICATIONS[name])

    def set_notification(self, name: str, value: bool | int | str) -> None:
        if isinstance(value, str) and value not in _ALERTS:
            raise ServiceError(f"invalid value for notifications {name}: one of {', '.join(_ALERTS)} was expected")
        if name == "Volume" and not (isinstance(value, int) and 0 <= value <= 100):
            raise ServiceError("invalid value for notifications Volume: 0 to 100 was expected")
        self._settings.set(f"{HIDDEN}notifications/{name}", value)


def _check_name(name: str) -> None:
    try:
        requests.display_name(name)
    except ValueError as error:
        raise ServiceError(str(error)) from None


def _offer_notification(name: str, kind: type) -> None:
    """`settings_notificationsGet<Name>` and `settings_notificationsSet<Name>`."""

    async def get(self: SettingsService) -> Any:
        return self.notification(name)

    async def set_(self: SettingsService, value: Any) -> None:
        self.set_notification(name, value)

    set_.__annotations__["value"] = kind
    setattr(SettingsService, f"get_{name}", rpc(f"notificationsGet{name}")(get))
    setattr(SettingsService, f"set_{name}", rpc(f"notificationsSet{name}")(set_))


for _name, _default in _NOTIFICATIONS.items():
    _offer_notification(_name, type(_default))
