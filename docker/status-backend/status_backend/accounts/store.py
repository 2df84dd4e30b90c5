"""The profiles of a data directory: `accounts.sql`, the one database that is readable without a password.

It holds what a login screen shows and nothing secret, under the name and with the fields that status-go uses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..db import Database

FILE_NAME = "accounts.sql"

_STEPS = (
    """CREATE TABLE accounts (
        key_uid TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        login_timestamp INTEGER NOT NULL,
        customization_color TEXT NOT NULL,
        color_hash TEXT NOT NULL,
        color_id INTEGER NOT NULL,
        kdf_iterations INTEGER NOT NULL
    )""",
)


@dataclass(frozen=True)
class Account:
    """`timestamp`: seconds since 1970 of the last login."""

    key_uid: str
    name: str
    timestamp: int
    customization_color: str
    color_hash: list[list[int]] = field(default_factory=list)
    color_id: int = 0
    kdf_iterations: int = 256000

    def to_json(self) -> dict[str, Any]:
        """As InitializeApplication and node.login show it."""
        return {
            "name": self.name,
            "timestamp": self.timestamp,
            "identicon": "",
            "colorHash": self.color_hash,
            "colorId": self.color_id,
            "customizationColor": self.customization_color,
            "keycard-pairing": "",
            "key-uid": self.key_uid,
            "images": None,
            "kdfIterations": self.kdf_iterations,
            "hasAcceptedTerms": True,
        }


class AccountStore:
    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._db = Database.open(root / FILE_NAME)
        self._db.migrate("accounts", _STEPS)

    def all(self) -> list[Account]:
        """The one used last comes first."""
        return [
            _account(row) for row in self._db.query("SELECT * FROM accounts ORDER BY login_timestamp DESC, rowid DESC")
        ]

    def get(self, key_uid: str) -> Account | None:
        row = self._db.one("SELECT * FROM accounts WHERE key_uid = ?", (key_uid,))
        return _account(row) if row else None

    def save(self, account: Account) -> None:
        self._db.execute(
            "REPLACE INTO accounts"
            " (key_uid, name, login_timestamp, customization_color, color_hash, color_id, kdf_iterations)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                account.key_uid,
                account.name,
                account.timestamp,
                account.customization_color,
                json.dumps(account.color_hash),
                account.color_id,
                account.kdf_iterations,
            ),
        )

    def delete(self, key_uid: str) -> None:
        self._db.execute("DELETE FROM accounts WHERE key_uid = ?", (key_uid,))

    def close(self) -> None:
        self._db.close()


def _account(row: Any) -> Account:
    return Account(
        key_uid=row["key_uid"],
        name=row["name"],
        timestamp=row["login_timestamp"],
        customization_color=row["customization_color"],
        color_hash=json.loads(row["color_hash"]),
        color_id=row["color_id"],
        kdf_iterations=row["kdf_iterations"],
    )
