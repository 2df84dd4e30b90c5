"""Keypairs and their accounts in a profile's database: what `accounts_*` shows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..db import Database, Row
from ..rpc import ServiceError
from . import derivation
from .derivation import ExtendedKey

_PROD_CHAINS = "1:10:42161"
_TEST_CHAINS = "11155111:11155420:421614"
_DEFAULT_EMOJI = "🐰"

PROFILE, SEED, KEY = "profile", "seed", "key"  # types of keypairs
WATCH = "watch"  # type of accounts; the others are generated, seed and key
MAX_ACCOUNTS, MAX_WATCHED, MAX_KEYPAIRS = 20, 3, 5
NO_ACCOUNT = "accounts: account is not found"
NO_KEYPAIR = "accounts: keypair is not found"

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
    # An account that is only watched has no keypair.
    """CREATE TABLE accounts_anew (
        address TEXT PRIMARY KEY,
        key_uid TEXT REFERENCES keypairs (key_uid) ON DELETE CASCADE,
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
    );
    INSERT INTO accounts_anew SELECT * FROM keypairs_accounts;
    DROP TABLE keypairs_accounts;
    ALTER TABLE accounts_anew RENAME TO keypairs_accounts""",
)


class KeypairsError(ServiceError):
    """A change that would leave the keypairs in disorder. Nothing was changed."""


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
                self._insert("keypairs_accounts", row)

    def transaction(self) -> AbstractContextManager[Database]:
        return self._db.transaction()

    def add(self, key_uid: str, name: str, type_: str, derived_from: str) -> None:
        """A further keypair, of type seed or key, without accounts as yet."""
        if self.keypair(key_uid):
            raise KeypairsError("accounts: keypair already added")
        if self.keypairs_left() == 0:
            raise KeypairsError("accounts: no more keypairs can be added")
        if any(keypair["name"] == name for keypair in self.keypairs()):
            raise KeypairsError(f"accounts: there is a keypair of the name {name!r}")
        self._insert("keypairs", {"key_uid": key_uid, "name": name, "type": type_, "derived_from": derived_from})

    def add_account(self, account: dict[str, Any]) -> None:
        """A further wallet account, in the shape of `accounts`; one without a keypair is only watched."""
        watched = account["type"] == WATCH
        if self.account(account["address"]):
            raise KeypairsError("accounts: account already added")
        if (self.watched_left() if watched else self.accounts_left()) == 0:
            raise KeypairsError("accounts: no more accounts can be added")
        last = self._db.one("SELECT max(position) AS position FROM keypairs_accounts")
        row = {
            "address": account["address"],
            "key_uid": None if watched else account["key-uid"],
            "wallet": False,
            "chat": False,
            "type": account["type"],
            "path": account.get("path") or "",
            "public_key": account.get("public-key") or "",
            "name": account.get("name") or "",
            "emoji": account.get("emoji") or "",
            "color": account.get("colorId") or "",
            "hidden": bool(account.get("hidden")),
            "operable": "no" if watched else "fully",
            "created_at": int(time.time()) * 1000,
            "position": last["position"] + 1 if last else 0,
        }
        with self._db.transaction():
            self._insert("keypairs_accounts", row)
            last_index = row["path"].rpartition("/")[2]
            if last_index.isdecimal():
                self._db.execute(
                    "UPDATE keypairs SET last_used_derivation_index = max(last_used_derivation_index, ?)"
                    " WHERE key_uid = ?",
                    (int(last_index), row["key_uid"]),
                )

    def update_account(self, address: str, name: str, emoji: str, color: str, hidden: bool) -> None:
        """What of an account is for show."""
        self._db.execute(
            "UPDATE keypairs_accounts SET name = ?, emoji = ?, color = ?, hidden = ?, clock = ? WHERE address = ?",
            (name, emoji, color, hidden, int(time.time() * 1000), address.lower()),
        )

    def rename(self, key_uid: str, name: str) -> None:
        self._db.execute(
            "UPDATE keypairs SET name = ?, clock = ? WHERE key_uid = ?", (name, int(time.time() * 1000), key_uid)
        )

    def move(self, start: int, end: int) -> None:
        """The wallet account at position `start` comes to `end`; those between make room."""
        wallets = [account for account in self.accounts() if not account["chat"]]
        positions = [account["position"] for account in wallets]
        if start not in positions or end not in positions or start == end:
            raise KeypairsError("accounts: trying to move account to a wrong position")
        wallets.insert(positions.index(end), wallets.pop(positions.index(start)))
        with self._db.transaction():
            for position, account in zip(positions, wallets, strict=True):
                self._db.execute(
                    "UPDATE keypairs_accounts SET position = ? WHERE address = ?", (position, account["address"])
                )

    def remove_account(self, address: str) -> None:
        """And its keypair, if that was its last account."""
        account = self.account(address)
        if account is None:
            raise KeypairsError(NO_ACCOUNT)
        if account["chat"] or account["wallet"]:
            raise KeypairsError("accounts: the chat account and the default wallet account cannot be removed")
        with self._db.transaction():
            self._db.execute("DELETE FROM keypairs_accounts WHERE address = ?", (address.lower(),))
            if not self._accounts("key_uid = ?", (account["key-uid"],)):
                self._db.execute("DELETE FROM keypairs WHERE key_uid = ?", (account["key-uid"],))

    def remove(self, key_uid: str) -> None:
        keypair = self.keypair(key_uid)
        if keypair is None:
            raise KeypairsError(NO_KEYPAIR)
        if keypair["type"] == PROFILE:
            raise KeypairsError("accounts: the profile's keypair cannot be removed")
        self._db.execute("DELETE FROM keypairs WHERE key_uid = ?", (key_uid,))

    def accounts_left(self) -> int:
        return MAX_ACCOUNTS - sum(account["type"] != WATCH and not account["chat"] for account in self.accounts())

    def watched_left(self) -> int:
        return MAX_WATCHED - len(self.watched())

    def keypairs_left(self) -> int:
        return MAX_KEYPAIRS - len(self.keypairs())

    def watched(self) -> list[dict[str, Any]]:
        return self._accounts("type = ?", (WATCH,))

    def accounts_of(self, key_uid: str) -> list[dict[str, Any]]:
        return self._accounts("key_uid = ?", (key_uid,))

    def accounts(self) -> list[dict[str, Any]]:
        return self._accounts("removed = 0")

    def account(self, address: str) -> dict[str, Any] | None:
        return next(iter(self._accounts("address = ?", (address.lower(),))), None)

    def keypairs(self) -> list[dict[str, Any]]:
        return [self._keypair(row) for row in self._db.query("SELECT * FROM keypairs WHERE removed = 0 ORDER BY rowid")]

    def keypair(self, key_uid: str) -> dict[str, Any] | None:
        row = self._db.one("SELECT * FROM keypairs WHERE key_uid = ?", (key_uid,))
        return self._keypair(row) if row else None

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", row)

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
        "key-uid": row["key_uid"] or "",
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
