"""Keypairs and their accounts in a profile's database: what `accounts_*` shows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..db import Database, Row
from . import derivation
from .derivation import ExtendedKey

_PROD_CHAINS = "1:10:42161"
_TEST_CHAINS = "11155111:11155420:421614"
_DEFAULT_EMOJI = "🐰"

_STEPS = (
    """CREATE TABLE keypairs (
        key_uid TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        derived_from TEXT NOT NULL,
        last_used_derivation_index INTEGER NOT NULL DEFAULT 0,
        synced_from TEXT NOT NULL DEFAULT '',
        clock INTEGER NOT NULL DEFAULT 0,
        removed INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE keypairs_accounts (
        address TEXT PRIMARY KEY,
        key_uid TEXT NOT NULL REFERENCES keypairs (key_uid) ON DELETE CASCADE,
        wallet INTEGER NOT NULL,
        chat INTEGER NOT NULL,
        type TEXT NOT NULL,
        path TEXT NOT NULL,
        public_key TEXT NOT NULL,
        name TEXT NOT NULL,
        emoji TEXT NOT NULL DEFAULT '',
        color TEXT NOT NULL DEFAULT '',
        hidden INTEGER NOT NULL DEFAULT 0,
        clock INTEGER NOT NULL DEFAULT 0,
        removed INTEGER NOT NULL DEFAULT 0,
        operable TEXT NOT NULL DEFAULT 'fully',
        created_at INTEGER NOT NULL,
        position INTEGER NOT NULL
    )""",
)


class Keypairs:
    def __init__(self, db: Database) -> None:
        self._db = db
        db.migrate("keypairs", _STEPS)

    def add_profile(self, key_uid: str, name: str, master: ExtendedKey, color: str) -> None:
        """The keypair of a new profile with its chat account and its first wallet account."""
        created_at = int(time.time()) * 1000
        with self._db.transaction():
            self._db.execute(
                "INSERT INTO keypairs (key_uid, name, type, derived_from) VALUES (?, ?, 'profile', ?)",
                (key_uid, name, derivation.checksum_address(derivation.address(master.key))),
            )
            for path, wallet, account, emoji, position in (
                (derivation.PATH_CHAT, False, name, "", -1),
                (derivation.PATH_DEFAULT_WALLET, True, "Account 1", _DEFAULT_EMOJI, 0),
            ):
                key = master.derive(path).key
                row = {
                    "address": derivation.address(key),
                    "key_uid": key_uid,
                    "wallet": wallet,
                    "chat": not wallet,
                    "type": "generated",
                    "path": path,
                    "public_key": derivation.public_key_hex(key),
                    "name": account,
                    "emoji": emoji,
                    "color": color if wallet else "",
                    "created_at": created_at,
                    "position": position,
                }
                names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
                self._db.execute(f"INSERT INTO keypairs_accounts ({names}) VALUES ({places})", row)

    def accounts(self) -> list[dict[str, Any]]:
        return self._accounts("removed = 0")

    def account(self, address: str) -> dict[str, Any] | None:
        return next(iter(self._accounts("address = ?", (address.lower(),))), None)

    def keypairs(self) -> list[dict[str, Any]]:
        return [self._keypair(row) for row in self._db.query("SELECT * FROM keypairs WHERE removed = 0 ORDER BY rowid")]

    def keypair(self, key_uid: str) -> dict[str, Any] | None:
        row = self._db.one("SELECT * FROM keypairs WHERE key_uid = ?", (key_uid,))
        return self._keypair(row) if row else None

    def _keypair(self, row: Row) -> dict[str, Any]:
        return {
            "key-uid": row["key_uid"],
            "name": row["name"],
            "type": row["type"],
            "derived-from": row["derived_from"],
            "last-used-derivation-index": row["last_used_derivation_index"],
            "synced-from": row["synced_from"],
            "clock": row["clock"],
            "accounts": self._accounts("key_uid = ?", (row["key_uid"],)),
            "keycards": [],
            "removed": bool(row["removed"]),
        }

    def _accounts(self, where: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        rows = self._db.query(f"SELECT * FROM keypairs_accounts WHERE {where} ORDER BY position", params)
        return [_account(row) for row in rows]


def _account(row: Row) -> dict[str, Any]:
    return {
        "address": row["address"],
        "mixedcase-address": derivation.checksum_address(row["address"]),
        "key-uid": row["key_uid"],
        "wallet": bool(row["wallet"]),
        "chat": bool(row["chat"]),
        "type": row["type"],
        "path": row["path"],
        "public-key": row["public_key"],
        "name": row["name"],
        "emoji": row["emoji"],
        "colorId": row["color"],
        "hidden": bool(row["hidden"]),
        "clock": row["clock"],
        "removed": bool(row["removed"]),
        "operable": row["operable"],
        "createdAt": row["created_at"],
        "position": row["position"],
        "prodPreferredChainIds": _PROD_CHAINS,
        "testPreferredChainIds": _TEST_CHAINS,
    }
