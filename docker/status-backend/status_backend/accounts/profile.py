"""One profile on disk: its key store, its databases and what a new one starts with.

Everything here is blocking work of some tenths of a second (key derivation): to be called off the event loop.
"""

from __future__ import annotations

import secrets
import shutil
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coincurve
from mnemonic import Mnemonic

from .. import node_config
from ..db import Database, DatabaseError
from ..protocol import ids
from ..settings import HIDDEN, Settings
from . import derivation, identity
from .derivation import ExtendedKey
from .keypairs import Keypairs
from .keystore import Keystore
from .store import Account

_STORED_PATHS = (
    derivation.PATH_MASTER,
    derivation.PATH_WALLET_ROOT,
    derivation.PATH_EIP1581_ROOT,
    derivation.PATH_CHAT,
    derivation.PATH_DEFAULT_WALLET,
)
# From the request that creates a profile; a login request without them means the same values again.
_KEPT_OPTIONS = ("importInitialDelay", "messageArchiveInterval")
_KEPT_OPTIONS_KEY = f"{HIDDEN}kept-options"


@dataclass(frozen=True)
class ProfilePaths:
    """Where a profile's files are: the original's names."""

    root: Path
    key_uid: str

    @property
    def keystore(self) -> Path:
        return self.root / "keystore" / self.key_uid

    @property
    def app_db(self) -> Path:
        return self.root / f"{self.key_uid}-v4.db"

    @property
    def wallet_db(self) -> Path:
        return self.root / f"{self.key_uid}-wallet.db"

    @property
    def rekeyed(self) -> Path:
        return self.root / f"{self.key_uid}.rekeyed"

    def remove(self) -> None:
        shutil.rmtree(self.keystore, ignore_errors=True)
        for db in (self.app_db, self.wallet_db):
            for suffix in ("", "-wal", "-shm", "-journal"):
                Path(f"{db}{suffix}").unlink(missing_ok=True)


@dataclass
class OpenProfile:
    """Unlocked: the databases are open and the chat key is in memory."""

    account: Account
    db: Database
    wallet_db: Database
    settings: Settings
    node_config: node_config.NodeConfig
    chat_key: coincurve.PrivateKey
    kept_options: dict[str, Any]

    def close(self) -> None:
        self.db.close()
        self.wallet_db.close()


def create(
    root: Path, master: ExtendedKey, request: Mapping[str, Any], kdf_iterations: int, mnemonic: str | None
) -> OpenProfile:
    """A new profile, all of it on disk. `mnemonic` is kept in its settings only where it was made here."""
    key_uid = derivation.key_uid(master.key)
    chat_key = master.derive(derivation.PATH_CHAT).key
    public_key = derivation.public_key_hex(chat_key)
    name = request.get("displayName") or identity.alias(public_key)
    color = request["customizationColor"]
    paths = ProfilePaths(root, key_uid)
    paths.remove()  # what a creation that was cut short may have left: the profile is not in the list of accounts

    with ThreadPoolExecutor(max_workers=1) as pool:
        keys = [master.derive(path) for path in _STORED_PATHS]
        stored = pool.submit(Keystore(paths.keystore).store, keys, request["password"])
        db, wallet_db = _open_databases(paths, request["password"], kdf_iterations)
        stored.result()
    installation_id = str(uuid.uuid4())
    with db.transaction():
        settings = Settings(db)
        settings.update(_initial_settings(key_uid, name, master, public_key, installation_id, mnemonic))
        kept = {key: request[key] for key in _KEPT_OPTIONS if key in request}
        settings.set(_KEPT_OPTIONS_KEY, kept)
        Keypairs(db).add_profile(key_uid, name, master, color)
        config = node_config.NodeConfig(db, node_config.initial(root, key_uid, installation_id, request))
    account = Account(
        key_uid=key_uid,
        name=name,
        timestamp=int(time.time()),
        customization_color=color,
        color_hash=identity.color_hash(public_key),
        color_id=identity.color_id(public_key),
        kdf_iterations=kdf_iterations,
    )
    return OpenProfile(account, db, wallet_db, settings, config, chat_key, kept)


def unlock(root: Path, account: Account, password: str) -> OpenProfile:
    """DatabaseError if the password is wrong, KeystoreError if the chat key is not to be had."""
    paths = ProfilePaths(root, account.key_uid)
    finish_password_change(paths)
    db, wallet_db = _open_databases(paths, password, account.kdf_iterations)
    settings = Settings(db)
    chat = next(entry for entry in Keypairs(db).accounts() if entry["chat"])
    chat_key = Keystore(paths.keystore).load(chat["address"], password)
    kept = settings.get(_KEPT_OPTIONS_KEY, {})
    return OpenProfile(account, db, wallet_db, settings, node_config.NodeConfig(db), chat_key, kept)


def check_password(root: Path, account: Account, password: str, address: str | None = None) -> None:
    """WrongPassword if it does not open the profile's keys, or the one of `address`."""
    paths = ProfilePaths(root, account.key_uid)
    finish_password_change(paths)
    keystore = Keystore(paths.keystore)
    if address:
        keystore.load(address, password)
    else:
        keystore.check(password)


def change_password(root: Path, account: Account, old: str, new: str) -> None:
    """Encrypt keys and databases of a profile that is not open under another password.

    All is first made beside the old files, so a wrong password or a full disk changes nothing; the rename of that
    directory decides, and `finish_password_change` can be repeated after a crash.
    """
    paths = ProfilePaths(root, account.key_uid)
    staging = paths.rekeyed.with_suffix(".rekeying")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        Keystore(paths.keystore).copy_to(staging / paths.keystore.name, old, new)
        for db in (paths.app_db, paths.wallet_db):
            source = Database.open(db, old, account.kdf_iterations)
            source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            source.close()
            shutil.copyfile(db, staging / db.name)
            copied = Database.open(staging / db.name, old, account.kdf_iterations)
            copied.rekey(new)
            copied.close()
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    staging.rename(paths.rekeyed)
    finish_password_change(paths)


def finish_password_change(paths: ProfilePaths) -> None:
    """Put the files of a decided password change in place. Nothing to do where there is none."""
    if not paths.rekeyed.is_dir():
        return
    for db in (paths.app_db, paths.wallet_db):
        staged = paths.rekeyed / db.name
        if staged.exists():
            staged.replace(db)
    keys = paths.rekeyed / paths.keystore.name
    if keys.is_dir():
        shutil.rmtree(paths.keystore, ignore_errors=True)
        keys.rename(paths.keystore)
    shutil.rmtree(paths.rekeyed)


def _open_databases(paths: ProfilePaths, password: str, kdf_iterations: int) -> tuple[Database, Database]:
    """Both at once: each derives its key for a tenth of a second, and does so without holding the interpreter."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        wallet = pool.submit(Database.open, paths.wallet_db, password, kdf_iterations)
        try:
            db = Database.open(paths.app_db, password, kdf_iterations)
        except DatabaseError:
            if wallet.exception() is None:
                wallet.result().close()
            raise
    try:
        wallet_db = wallet.result()
    except DatabaseError:
        db.close()
        raise
    wallet_db.migrate("wallet", ())  # no tables yet: there is no chain to hold anything of
    return db, wallet_db


def _initial_settings(
    key_uid: str, name: str, master: ExtendedKey, public_key: str, installation_id: str, mnemonic: str | None
) -> dict[str, Any]:
    def address(path: str) -> str:
        return derivation.address(master.derive(path).key)

    return {
        "address": address(derivation.PATH_MASTER),
        "currency": "usd",
        "networks/current-network": "",
        "dapps-address": address(derivation.PATH_DEFAULT_WALLET),
        "device-name": "",
        "display-name": name,
        "eip1581-address": address(derivation.PATH_EIP1581_ROOT),
        "installation-id": installation_id,
        "key-uid": key_uid,
        "latest-derived-path": 0,
        "link-preview-request-enabled": True,
        "messages-from-contacts-only": False,
        **({"mnemonic": mnemonic} if mnemonic else {}),
        "mutual-contact-enabled?": False,
        "name": identity.alias(public_key),
        "networks/networks": [],
        "photo-path": "",
        "preview-privacy?": False,
        "public-key": public_key,
        "signing-phrase": _signing_phrase(),
        "default-sync-period": 777600,
        "send-push-notifications?": True,
        "appearance": 0,
        "profile-pictures-show-to": 2,
        "profile-pictures-visibility": 2,
        "use-mailservers?": True,
        "wallet-root-address": address(derivation.PATH_WALLET_ROOT),
        "send-status-updates?": True,
        "current-user-status": {"publicKey": public_key, "statusType": 1, "clock": 0, "text": ""},
        "gifs/recent-gifs": None,
        "gifs/favorite-gifs": None,
        "last-backup": int(time.time()),
        "backup-enabled?": True,
        "gifs/api-key": "",
        "show-community-asset-when-sending-tokens?": True,
        "display-assets-below-balance-threshold": 100000000,
        "url-unfurling-mode": 1,
        "compressedKey": ids.compressed_key(public_key),
        "emojiHash": identity.emoji_hash(public_key),
    }


def _signing_phrase() -> str:
    """Three different four-letter words."""
    words = [word for word in Mnemonic("english").wordlist if len(word) == 4]
    return " ".join(secrets.SystemRandom().sample(words, 3))
