"""The settings namespace."""

from __future__ import annotations

from typing import Any

from clients.services.service import Service, call


class SettingsService(Service):
    namespace = "settings"

    def get_settings(self) -> dict[str, Any]:
        return self.rpc_request("getSettings")

    def save_setting(self, setting: str, value: Any) -> None:
        return self.rpc_request("saveSetting", [setting, value])

    def node_config(self) -> dict[str, Any]:
        return self.rpc_request("nodeConfig")


# notifications_get_volume(), notifications_set_volume(value), and so on
for _name, _snake in {
    "AllMessages": "all_messages",
    "AllowNotifications": "allow_notifications",
    "ContactRequests": "contact_requests",
    "GlobalMentions": "global_mentions",
    "GroupChats": "group_chats",
    "IdentityVerificationRequests": "identity_verification_requests",
    "MessagePreview": "message_preview",
    "OneToOneChats": "one_to_one_chats",
    "PersonalMentions": "personal_mentions",
    "SoundEnabled": "sound_enabled",
    "Volume": "volume",
}.items():
    for _verb in ("Get", "Set"):
        setattr(SettingsService, f"notifications_{_verb.lower()}_{_snake}", call(f"notifications{_verb}{_name}"))
