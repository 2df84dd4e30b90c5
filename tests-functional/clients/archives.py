"""The three dialects in which status-go has spoken about community history archives, behind one interface.

`torrent` knows torrents only, `codex` adds Codex and a preference between the two, `logos_storage` replaces Codex."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clients.api import ApiResponseError
from clients.rpc import METHOD_NOT_FOUND

if TYPE_CHECKING:
    from clients.services.wakuext import WakuextService

NANOSECONDS = 1_000_000_000


_PREFERENCE = frozenset({"setArchiveDistributionPreference", "getArchiveDistributionPreference"})
_ENABLE_CODEX = "enableCodexCommunityHistoryArchiveProtocol"
_ENABLE_LOGOS_STORAGE = "enableLogosStorageCommunityHistoryArchiveProtocol"
_WITH_STORAGE_NODE = frozenset(
    {
        "updateMessageArchiveInterval",
        "getMessageArchiveInterval",
        "hasCommunityArchive",
        "getDownloadedMessageArchiveIDs",
        "getMessageArchiveIDsToImport",
        "debug",
        "connect",
    }
)


@dataclass(frozen=True)
class ArchiveDialect:
    """`overrides_prefix` is the configuration struct that overrides of the storage node reach into; `lacks` are the
    archive methods that only other dialects have."""

    name: str
    enable_method: str
    overrides_prefix: str | None
    lacks: frozenset[str]
    has_preference: bool = False


TORRENT = ArchiveDialect(
    "torrent",
    "enableCommunityHistoryArchiveProtocol",
    None,
    lacks=_WITH_STORAGE_NODE | _PREFERENCE | {_ENABLE_CODEX, _ENABLE_LOGOS_STORAGE},
)
CODEX = ArchiveDialect(
    "codex", _ENABLE_CODEX, "CodexNodeConfig", lacks=frozenset({_ENABLE_LOGOS_STORAGE}), has_preference=True
)
LOGOS_STORAGE = ArchiveDialect(
    "logos_storage", _ENABLE_LOGOS_STORAGE, "NodeConfig", lacks=_PREFERENCE | {_ENABLE_CODEX}
)
BY_NAME = {dialect.name: dialect for dialect in (TORRENT, CODEX, LOGOS_STORAGE)}


class DialectError(Exception):
    """The backend speaks `dialect`, which has no such thing."""

    def __init__(self, dialect: ArchiveDialect, thing: str) -> None:
        super().__init__(f"the {dialect.name} dialect has no {thing}")
        self.dialect = dialect


def missing_method(error: ApiResponseError, dialect: ArchiveDialect) -> str:
    """What to say of a call that failed because this dialect never had the method; empty for any other failure."""
    missing = (method for method in dialect.lacks if f" wakuext_{method} " in f" {error.error} ")
    method = next(missing, "") if error.code == METHOD_NOT_FOUND else ""
    return f"the {dialect.name} dialect has no wakuext_{method}" if method else ""


class Archives:
    """Archives of one backend, whichever dialect it speaks. Community ids are `0x` and 66 hex digits."""

    def __init__(self, wakuext: WakuextService) -> None:
        self._wakuext = wakuext
        self._dialect: ArchiveDialect | None = None

    @property
    def dialect(self) -> ArchiveDialect:
        """Found out once, by calls that only read. The account must be logged in."""
        if self._dialect is None:
            self._dialect = self._detect()
        return self._dialect

    def _detect(self) -> ArchiveDialect:
        self._wakuext.communities()  # known to all: from here on a missing method is not just one that is late
        if self._has("getArchiveDistributionPreference"):
            return CODEX
        return LOGOS_STORAGE if self._has("getMessageArchiveInterval") else TORRENT

    def _has(self, method: str) -> bool:
        try:
            self._wakuext.rpc_request(method)
        except ApiResponseError as error:
            if error.code == METHOD_NOT_FOUND:
                return False
            raise
        return True

    def enable(self, overrides: Mapping[str, Any] | None = None) -> None:
        """Enables archives over the dialect's storage, preferred over torrents where there is a choice.

        `overrides` change the storage node's configuration, for instance `{"DiscoveryPort": 8091}`; a key with a dot is
        a full path and stays as it is."""
        dialect = self.dialect
        if dialect.overrides_prefix is None:
            if overrides:
                raise DialectError(dialect, f"storage node to configure ({', '.join(overrides)})")
            self._wakuext.enable_community_history_archive_protocol()
            return
        if dialect.has_preference:
            self._wakuext.set_archive_distribution_preference(dialect.name)
        paths = {
            key if "." in key else f"{dialect.overrides_prefix}.{key}": value
            for key, value in (overrides or {}).items()
        }
        self._wakuext.rpc_request(dialect.enable_method, [stringified(paths)])

    def disable(self) -> None:
        self._wakuext.disable_community_history_archive_protocol()

    def set_interval(self, seconds: float) -> None:
        """How long a span one archive covers. Set it before the community is created."""
        self._require("interval that can be set")
        self._wakuext.update_message_archive_interval(seconds)

    def interval(self) -> float:
        """In seconds."""
        self._require("interval that can be read")
        return self._wakuext.get_message_archive_interval() / NANOSECONDS

    def exists(self, community_id: str) -> bool:
        self._require("way to ask for an archive")
        return self._wakuext.has_community_archive(community_id)

    def downloaded_ids(self, community_id: str) -> list[str]:
        self._require("list of downloaded archives")
        return self._wakuext.get_downloaded_message_archive_ids(community_id) or []

    def ids_to_import(self, community_id: str) -> list[str]:
        self._require("list of archives to import")
        return self._wakuext.get_message_archive_ids_to_import(community_id) or []

    def storage_debug(self) -> dict[str, Any]:
        """The storage node: {"id": peer id, "addrs": [multiaddr], "spr": str, ...}."""
        self._require("storage node")
        return self._wakuext.debug()

    def storage_connect(self, peer_id: str, addrs: list[str]) -> None:
        """Connects the storage node to another one. Its addresses are what that one's `storage_debug` says."""
        self._require("storage node")
        self._wakuext.connect(peer_id, addrs)

    def _require(self, thing: str) -> None:
        if self.dialect is TORRENT:
            raise DialectError(self.dialect, thing)


def stringified(overrides: Mapping[str, Any]) -> dict[str, str]:
    """Overrides as the RPC takes them: the values are strings, lists are JSON, booleans are "true" and "false"."""
    return {key: _stringify(value) for key, value in overrides.items()}


def _stringify(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(value)
