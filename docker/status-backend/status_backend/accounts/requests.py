"""The requests of the account functions: parsed as Go parses JSON, then validated with the original's texts.

Texts other than those for a missing display name and a missing data directory are unconfirmed.
"""

from __future__ import annotations

import re
from typing import Any

from ..go_json import UnmarshalError, loads, unmarshal

Request = dict[str, Any]

# Go matches keys without regard to case; they are brought to the spelling here. Other keys pass as they are.
_FIELDS: dict[str, Any] = {
    "dataDir": str,
    "rootDataDir": str,
    "displayName": str,
    "password": str,
    "keyUid": str,
    "mnemonic": str,
    "customizationColor": str,
    "kdfIterations": int,
    "logDir": str,
    "logEnabled": bool,
    "logToStderr": bool,
    "logLevel": str,
    "wakuV2LightClient": bool,
    "wakuV2Fleet": str,
    "wakuV2Nameserver": str,
    "wakuFleetsConfigFilePath": str,
    "mediaServerAddress": str,
    "networkId": int,
    "networksOverride": list[dict],
    "apiConfig": dict,
    "torrentConfigEnabled": bool,
    "torrentConfigPort": int,
    "codexConfigEnabled": bool,
    "codexConfigBootstrapNode": str,
    "logosStorageConfigEnabled": bool,
    "logosStorageConfigBootstrapNode": str,
    "importInitialDelay": int,
    "messageArchiveInterval": int,
    "address": str,
    "oldPassword": str,
    "newPassword": str,
}
_SPELLING = {name.lower(): name for name in _FIELDS}
# Nullable in the original: a null means "not given" and not the zero value.
_NULLABLE = {"importInitialDelay", "messageArchiveInterval"}

_SECRET = re.compile(r"password|mnemonic|token|secret|private|sentrydsn", re.IGNORECASE)

MAX_KDF_ITERATIONS = 10_000_000
# What the original uses where the request names no number.
DEFAULT_KDF_ITERATIONS = 3200

_DISPLAY_NAME = re.compile(r"[\w\s-]{5,24}", re.ASCII)
_LOG_LEVELS = {"", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "CRIT", "DPANIC", "PANIC", "FATAL"}


class InvalidRequest(Exception):
    """Becomes `{"error": text}`."""


def parse(body: str, go_struct: str) -> Request:
    """The request with known keys in their usual spelling. `go_struct` is what a type error names."""
    try:
        raw: Any = loads(body)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
    if not isinstance(raw, dict | None):
        raise InvalidRequest(str(UnmarshalError(raw, f"requests.{go_struct}")))
    given: Request = raw or {}
    request: Request = {}
    for key, value in given.items():
        name = _SPELLING.get(key.lower(), key)
        if value is None and (name in _NULLABLE or name not in _FIELDS):
            continue
        try:
            request[name] = unmarshal(value, _FIELDS[name]) if name in _FIELDS else value
        except UnmarshalError as error:
            text = str(error).replace("into Go value", f"into Go struct field {go_struct}.{name}")
            raise InvalidRequest(text) from None
    return request


def without_secrets(request: Request) -> Request:
    return {key: value for key, value in request.items() if not _SECRET.search(key)}


def validate_initialize(request: Request) -> None:
    if not request.get("dataDir"):
        raise InvalidRequest("initialize-centralized-metric: no dataDir")
    _validate_log_level(request)


def validate_create(request: Request) -> None:
    if not request.get("displayName", "").strip():
        raise InvalidRequest("create-account: invalid display name")
    _validate_new_account(request)


def validate_restore(request: Request) -> None:
    if not request.get("mnemonic"):
        raise InvalidRequest("restore-account: invalid mnemonic")
    _validate_new_account(request)


def validate_login(request: Request) -> None:
    if not request.get("keyUid"):
        raise InvalidRequest("login: invalid key uid")
    if not request.get("password"):
        raise InvalidRequest("login: invalid password")


def validate_change_password(request: Request) -> None:
    require(request, "change-database-password", "keyUid", "oldPassword", "newPassword")


def require(request: Request, prefix: str, *names: str) -> None:
    """None of these may be missing or empty."""
    for name in names:
        if not request.get(name):
            raise InvalidRequest(f"{prefix}: invalid {name}")


def display_name(name: str) -> str:
    """Without spaces around it. ValueError unless that is empty, or 5 to 24 letters, digits, underscores, hyphens."""
    name = name.strip()
    if name and not _DISPLAY_NAME.fullmatch(name):
        raise ValueError("only letters, numbers, underscores and hyphens allowed")
    if name.endswith(("_eth", "-eth", ".eth")):
        raise ValueError('usernames ending with "eth" are not allowed')
    return name


def _validate_new_account(request: Request) -> None:
    """The original's request to restore an account is one to create it, with a mnemonic."""
    prefix = "create-account"
    if request.get("displayName"):
        try:
            request["displayName"] = display_name(request["displayName"])
        except ValueError as error:
            raise InvalidRequest(f"{prefix}: invalid display name: {error}") from None
    if not request.get("password"):
        raise InvalidRequest(f"{prefix}: invalid password")
    if not request.get("customizationColor"):
        raise InvalidRequest(f"{prefix}: invalid customization color")
    if not request.get("rootDataDir"):
        raise InvalidRequest(f"{prefix}: invalid root data directory")
    if not 0 <= request.get("kdfIterations", 0) <= MAX_KDF_ITERATIONS:
        raise InvalidRequest(f"{prefix}: invalid kdf iterations")
    for name in ("importInitialDelay", "messageArchiveInterval"):
        if request.get(name, 0) < 0:
            raise InvalidRequest(f"{prefix}: invalid {name}")
    _validate_log_level(request)


def _validate_log_level(request: Request) -> None:
    if request.get("logLevel", "").upper() not in _LOG_LEVELS:
        raise InvalidRequest(f"invalid log level: {request['logLevel']}")
