"""The profile's settings: a JSON value a key, under the keys that `settings_getSettings` shows (`public-key`, ...)."""

from __future__ import annotations

import json
from typing import Any

from .db import Database

_STEPS = ("CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL)",)
# Keeps a key's place: settings are shown in the order in which they were first set.
_SET = "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


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

    def all(self) -> dict[str, Any]:
        return dict(self._values)
