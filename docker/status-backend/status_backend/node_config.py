"""The node's configuration: the original's struct as JSON with Go's field names, kept in the profile's database.

A document looks like `{"TorrentConfig": {"Enabled": false, ...}, "CodexConfig": {"Enabled": false,
"HistoryArchiveDataDir": "...", "CodexNodeConfig": {"DiscoveryPort": 8090, ...}}, "LogosStorageConfig": {...,
"NodeConfig": {...}}, ...}`; resources/node_config.json holds every field with its zero value, and by that its type.
The fields of the storage nodes' configuration are libcodex's. An empty `ListenAddrs` means: the host that the backend
itself serves on.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from .db import Database
from .rpc import ServiceError

CODEX = "CodexConfig"
LOGOS_STORAGE = "LogosStorageConfig"
TORRENT = "TorrentConfig"

_STEPS = ("CREATE TABLE node_config (synthetic_id TEXT PRIMARY KEY, document TEXT NOT NULL)",)
_ID = "id"


class OverrideError(ServiceError):
    """An override names a field that is not there, or its text is no value of the field's type. Nothing was changed."""


@cache
def _template() -> str:
    return resources.files(__package__).joinpath("resources/node_config.json").read_text()


def defaults() -> dict[str, Any]:
    """Every field with its zero value."""
    return json.loads(_template())


class NodeConfig(Mapping[str, Any]):
    """Read like a dict; changed by `set` and `apply_overrides`, each of which is on disk when it returns."""

    def __init__(self, db: Database, document: dict[str, Any] | None = None) -> None:
        """`document` creates it; without one it is read. Fields that an older document lacks get their zero value."""
        self._db = db
        db.migrate("node_config", _STEPS)
        if document is None:
            row = db.one("SELECT document FROM node_config WHERE synthetic_id = ?", (_ID,))
            document = json.loads(row["document"]) if row else {}
        self._document = _merge(defaults(), document)
        self._save()

    def __getitem__(self, section: str) -> Any:
        """A copy: changing it changes nothing here."""
        return copy.deepcopy(self._document[section])

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)

    def set(self, path: str, value: Any) -> None:
        """Set one field, named by its dotted path: `set("TorrentConfig.Enabled", True)`. KeyError if there is none."""
        holder, field = _locate(self._document, path)
        holder[field] = value
        self._save()

    def apply_overrides(self, overrides: Mapping[str, str], section: str = CODEX) -> None:
        """Set fields of `section` from text: `{"CodexNodeConfig.DiscoveryPort": "8091"}`. All of them or none.

        A list is a JSON array or comma separated; an empty text clears it. Raises OverrideError.
        """
        changed = copy.deepcopy(self._document[section])
        for path, text in overrides.items():
            try:
                holder, field = _locate(changed, path)
                holder[field] = _parse(text, holder[field])
            except KeyError as error:
                raise OverrideError(f"failed to apply {section} override {path!r}: unknown field {error}") from None
            except ValueError as error:
                raise OverrideError(f"failed to apply {section} override {path!r}: {error}") from None
        self._document[section] = changed
        self._save()

    def _save(self) -> None:
        self._db.execute("REPLACE INTO node_config VALUES (?, ?)", (_ID, json.dumps(self._document)))


def initial(root_data_dir: Path, key_uid: str, installation_id: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """A new profile's configuration from the request that makes it. Paths are the original's, below `root_data_dir`."""
    document = defaults()
    network_id = options.get("networkId") or 1
    document.update(
        NetworkId=network_id,
        DataDir="/ethereum/mainnet_rpc",
        KeyStoreDir=f"keystore/{key_uid}",
        LogEnabled=bool(options.get("logEnabled")),
        LogToStderr=bool(options.get("logToStderr")),
        LogLevel=options.get("logLevel") or "",
        LogDir=str(root_data_dir),
        Networks=options.get("networksOverride") or [],
    )
    document["ShhextConfig"]["InstallationID"] = installation_id
    document["WakuV2Config"]["LightClient"] = bool(options.get("wakuV2LightClient"))
    document["ClusterConfig"]["Fleet"] = options.get("wakuV2Fleet") or ""
    document[TORRENT] = {
        "Enabled": bool(_option(options, "torrentConfigEnabled")),
        "Port": _option(options, "torrentConfigPort") or 0,
        "DataDir": str(root_data_dir / "data" / "archivedata"),
        "TorrentDir": str(root_data_dir / "data" / "torrents"),
    }
    _storage(document[CODEX], "CodexNodeConfig", root_data_dir / "data" / "codex", "codex", options)
    _storage(document[LOGOS_STORAGE], "NodeConfig", root_data_dir / "data" / "logos-storage", "logosStorage", options)
    return document


def _storage(section: dict[str, Any], node_key: str, directory: Path, prefix: str, options: Mapping[str, Any]) -> None:
    section["Enabled"] = bool(_option(options, f"{prefix}ConfigEnabled"))
    section["HistoryArchiveDataDir"] = str(directory / "archivedata")
    bootstrap = _option(options, f"{prefix}ConfigBootstrapNode")
    section[node_key].update(
        DataDir=str(directory / "node"),
        Nat="any",
        DiscoveryPort=8090,
        BootstrapNodes=[bootstrap] if bootstrap else [],
        MaxPeers=160,
        BlockRetries=3000,
        StorageQuota=20 * 2**30,
        BlockTtl="30d",
        RepoKind="fs",
        LogLevel="INFO",
    )


def _option(options: Mapping[str, Any], name: str) -> Any:
    """Go matches JSON keys without regard to case, and clients rely on it (`TorrentConfigEnabled`)."""
    if name in options:
        return options[name]
    return next((value for key, value in options.items() if key.lower() == name.lower()), None)


def _locate(document: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *parents, field = path.split(".")
    for name in parents:
        document = document[name] if isinstance(document, dict) else _missing(name)
    return (document, field) if isinstance(document, dict) and field in document else _missing(field)


def _missing(name: str) -> Any:
    raise KeyError(name)


def _parse(text: str, current: Any) -> Any:
    """`text` as a value of the type that the field has now."""
    if isinstance(current, bool):
        if text.lower() not in ("true", "false", "1", "0"):
            raise ValueError(f"{text!r} is no bool")
        return text.lower() in ("true", "1")
    if isinstance(current, int):
        return int(text)
    if isinstance(current, list):
        return _parse_list(text)
    if isinstance(current, dict):
        raise ValueError("it is a struct, not a field")
    return text


def _parse_list(text: str) -> list[str]:
    if not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",") if item.strip()]
    items = json.loads(text)
    if not all(isinstance(item, str) for item in items):
        raise ValueError("a list of strings was expected")
    return items


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        base[key] = _merge(base[key], value) if both else value
    return base
