"""Private keys on disk: Web3 secret storage version 3 as go-ethereum writes it, one file a key.

status-go adds `extendedkey`, the BIP-32 key encrypted the same way. Here both share a scrypt run, with an own IV each.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import coincurve

from ..keccak import keccak
from .derivation import ExtendedKey, address

# go-ethereum's "light" parameters, which status-go uses.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 4096, 8, 6


class KeystoreError(Exception):
    """No such key, a damaged file, or a wrong password."""


class WrongPassword(KeystoreError):
    def __init__(self) -> None:
        super().__init__("could not decrypt key with given password")


@dataclass(frozen=True)
class StoredKey:
    private_key: bytes
    extended_key: bytes  # the xprv text, empty if there is none

    @property
    def address(self) -> str:
        return address(coincurve.PrivateKey(self.private_key))


class Keystore:
    """The key files of one directory. Its methods take tens of milliseconds a key: call them off the event loop."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def store(self, keys: Iterable[ExtendedKey], password: str) -> None:
        self._write([StoredKey(key.key.secret, key.serialize().encode()) for key in keys], password, self.directory)

    def load(self, key_address: str, password: str) -> coincurve.PrivateKey:
        """KeystoreError if there is no such key, WrongPassword if it cannot be decrypted."""
        return coincurve.PrivateKey(_read(self._file(key_address), password).private_key)

    def load_extended(self, key_address: str, password: str) -> ExtendedKey:
        """As `load`, with what is needed to derive from it; KeystoreError if the key was imported without."""
        stored = _read(self._file(key_address), password)
        if not stored.extended_key:
            raise KeystoreError(f"nothing can be derived from {key_address}")
        return ExtendedKey.parse(stored.extended_key.decode())

    def store_private(self, key: coincurve.PrivateKey, password: str) -> None:
        """A key that nothing can be derived from."""
        self._write([StoredKey(key.secret, b"")], password, self.directory)

    def has(self, key_address: str) -> bool:
        return self._find(key_address) is not None

    def delete(self, key_address: str) -> None:
        """Nothing where there is none."""
        path = self._find(key_address)
        if path is not None:
            path.unlink()

    def check(self, password: str) -> None:
        """WrongPassword if `password` does not open these keys, KeystoreError if there are none."""
        files = self._files()
        if not files:
            raise KeystoreError(f"no keys in {self.directory.name}")
        _read(files[0], password)

    def copy_to(self, directory: Path, old_password: str, new_password: str) -> None:
        """All keys again under another password; this directory stays as it is."""
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            keys = list(pool.map(lambda path: _read(path, old_password), self._files()))
        self._write(keys, new_password, directory)

    def _file(self, key_address: str) -> Path:
        path = self._find(key_address)
        if path is None:
            raise KeystoreError(f"no key for given address {key_address}")
        return path

    def _find(self, key_address: str) -> Path | None:
        suffix = "--" + key_address.lower().removeprefix("0x")
        return next((file for file in self._files() if file.name.endswith(suffix)), None)

    def _files(self) -> list[Path]:
        return sorted(self.directory.glob("UTC--*")) if self.directory.is_dir() else []

    @staticmethod
    def _write(keys: list[StoredKey], password: str, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            documents = list(pool.map(lambda key: _encrypt_key(key, password), keys))
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f000Z")
        for document in documents:
            path = directory / f"UTC--{stamp}--{document['address']}"
            temporary = path.with_name("." + path.name)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(document, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)


def _encrypt_key(key: StoredKey, password: str) -> dict[str, Any]:
    salt = secrets.token_bytes(32)
    derived = _scrypt(password, salt, SCRYPT_N, SCRYPT_R, SCRYPT_P)
    return {
        "address": key.address.removeprefix("0x"),
        "crypto": _encrypt(key.private_key, derived, salt),
        "id": str(uuid.uuid4()),
        "version": 3,
        "extendedkey": _encrypt(key.extended_key, derived, salt),
        "subaccountindex": 0,
    }


def _encrypt(secret: bytes, derived: bytes, salt: bytes) -> dict[str, Any]:
    iv = secrets.token_bytes(16)
    ciphertext = _aes_ctr(derived[:16], iv, secret)
    return {
        "cipher": "aes-128-ctr",
        "ciphertext": ciphertext.hex(),
        "cipherparams": {"iv": iv.hex()},
        "kdf": "scrypt",
        "kdfparams": {"dklen": 32, "n": SCRYPT_N, "p": SCRYPT_P, "r": SCRYPT_R, "salt": salt.hex()},
        "mac": keccak(derived[16:32] + ciphertext).hex(),
    }


def _read(path: Path, password: str) -> StoredKey:
    try:
        document = json.loads(path.read_text())
        if document["version"] != 3:
            raise KeystoreError(f"key file {path.name}: version {document['version']} is not supported")
        crypto, extended = document["crypto"], document.get("extendedkey")
        derived = _derive(crypto, password)
        private_key = _decrypt(crypto, derived)
        if not extended or not extended["ciphertext"]:
            return StoredKey(private_key, b"")
        if extended["kdfparams"] != crypto["kdfparams"]:
            derived = _derive(extended, password)
        return StoredKey(private_key, _decrypt(extended, derived))
    except (KeyError, TypeError, ValueError) as error:
        raise KeystoreError(f"key file {path.name} is damaged: {error}") from error


def _decrypt(crypto: dict[str, Any], derived: bytes) -> bytes:
    if crypto["cipher"] != "aes-128-ctr":
        raise KeystoreError(f"cipher {crypto['cipher']!r} is not supported")
    ciphertext = bytes.fromhex(crypto["ciphertext"])
    if not hmac.compare_digest(keccak(derived[16:32] + ciphertext).hex(), crypto["mac"]):
        raise WrongPassword
    return _aes_ctr(derived[:16], bytes.fromhex(crypto["cipherparams"]["iv"]), ciphertext)


def _derive(crypto: dict[str, Any], password: str) -> bytes:
    parameters = crypto["kdfparams"]
    salt = bytes.fromhex(parameters["salt"])
    if crypto["kdf"] == "scrypt":
        return _scrypt(password, salt, parameters["n"], parameters["r"], parameters["p"])
    if crypto["kdf"] == "pbkdf2" and parameters["prf"] == "hmac-sha256":
        return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, parameters["c"], parameters["dklen"])
    raise KeystoreError(f"key derivation {crypto['kdf']!r} is not supported")


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    memory = 128 * r * (n + p + 2) + 2**20
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, dklen=32, maxmem=memory)


def _aes_ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    # Not before the process answers.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    encryptor = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()
