"""The profile's settings: a JSON value a key, under the keys that `settings_getSettings` shows (`public-key`, ...)."""

from __future__ import annotations

import json
from typing import Any

from .db import Database

_STEPS = ("CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL)",)
# Keeps a key's place: settings are shown in the order in which they were first set.
_SET = "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


# What clients may change beyond the settings that every profile starts with. null clears a list or an object.
FURTHER: dict[str, type] = {
    "auto-message-enabled?": bool,
    "auto-refresh-tokens-enabled?": bool,
    "backup-fetched?": bool,
    "bio": str,
    "collectible-group-by-collection?": bool,
    "collectible-group-by-community?": bool,
    "custom-bootnodes": dict,
    "custom-bootnodes-enabled?": dict,
    "fleet": str,
    "hide-home-tooltip?": bool,
    "include-watch-only-account?": bool,
    "keycard-instance-uid": str,
    "keycard-paired-on": int,
    "keycard-pairing": str,
    "last-updated": int,
    "log-level": str,
    "mnemonic-removed?": bool,
    "news-feed-enabled?": bool,
    "news-notifications-enabled?": bool,
    "news-rss-enabled?": bool,
    "opensea-enabled?": bool,
    "peer-syncing-enabled?": bool,
    "pinned-mailservers": dict,
    "preferred-name": str,
    "push-notifications-block-mentions?": bool,
    "push-notifications-from-contacts-only?": bool,
    "push-notifications-server-enabled?": bool,
    "remember-syncing-choice?": bool,
    "remote-push-notifications-enabled?": bool,
    "show-name?": bool,
    "stickers/packs-installed": dict,
    "stickers/packs-pending": dict,
    "stickers/recent-stickers": list,
    "syncing-on-mobile-network?": bool,
    "telemetry-server-url": str,
    "test-networks-enabled?": bool,
    "token-group-by-community?": bool,
    "usernames": list,
    "wakuv2-config": dict,
    "wallet-set-up-passed?": bool,
    "wallet/visible-tokens": dict,
    "waku-bloom-filter-mode": bool,
    "webview-allow-permission-requests?": bool,
}

# Prefix of what is kept beside the settings that clients see.
HIDDEN = "reference/"


class Settings:
    """Values are what JSON can hold; each change is on disk when the call returns."""

    def __init__(self, db: Database) -> None:
        self._db = db
        db.migrate("settings", _STEPS)
        rows = db.query("SELECT key, value FROM settings ORDER BY rowid")
        self._values = {row["key"]: json.loads(row["value"]) for row in rows}

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self.update({key: value})

    def update(self, values: dict[str, Any]) -> None:
        with self._db.transaction():
            for key, value in values.items():
                self._db.execute(_SET, (key, json.dumps(value)))
        self._values.update(values)

    def remove(self, key: str) -> None:
        self._db.execute("DELETE FROM settings WHERE key = ?", (key,))
        self._values.pop(key, None)

    def shown(self) -> dict[str, Any]:
        """As settings_getSettings and node.login show them."""
        return {key: value for key, value in self._values.items() if not key.startswith(HIDDEN)}

    def all(self) -> dict[str, Any]:
        return dict(self._values)
