"""The archives' methods of the `wakuext` namespace. Which ones a backend has depends on the dialect it speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, ServiceError, rpc

if TYPE_CHECKING:
    from .manager import Archives

PREFERENCE = "archive-distribution-preference"
TORRENT = "torrent"


def services_of(archives: Archives) -> list[Service]:
    kinds = {"codex": [StorageApi, CodexApi], "logos-storage": [StorageApi, LogosStorageApi], TORRENT: []}
    return [service(archives) for service in (TorrentApi, *kinds[archives.dialect.name])]


class TorrentApi(Service):
    """What all dialects have in common, because it was there before there was a choice."""

    namespace = "wakuext"

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    @rpc()
    async def enable_community_history_archive_protocol(self) -> None:
        """Over torrents."""
        await self._archives.enable(kind_name=TORRENT)

    @rpc()
    async def disable_community_history_archive_protocol(self) -> None:
        """All ways of distribution."""
        await self._archives.disable()

    @rpc()
    async def speedup_archives_import(self) -> None:
        self._archives.import_fast(True)

    @rpc()
    async def slowdown_archives_import(self) -> None:
        self._archives.import_fast(False)


class StorageApi(Service):
    """What came with storage nodes."""

    namespace = "wakuext"

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    @rpc()
    async def get_message_archive_interval(self) -> int:
        """In nanoseconds."""
        return self._archives.interval.nanoseconds

    @rpc()
    async def update_message_archive_interval(self, seconds: int) -> int:
        """The new interval in nanoseconds."""
        self._archives.change_interval(seconds)
        return self._archives.interval.nanoseconds

    @rpc()
    async def has_community_archive(self, community_id: str) -> bool:
        return await self._archives.has_archive(community_id)

    @rpc("getDownloadedMessageArchiveIDs")
    async def get_downloaded_message_archive_ids(self, community_id: str) -> list[str]:
        return self._archives.downloaded_ids(community_id)

    @rpc("getMessageArchiveIDsToImport")
    async def get_message_archive_ids_to_import(self, community_id: str) -> list[str]:
        return self._archives.ids_to_import(community_id)

    @rpc()
    async def debug(self) -> dict[str, Any]:
        """`{"id", "addrs": [multiaddress], "spr", ...}` of the storage node."""
        return await self._archives.debug()

    @rpc()
    async def connect(self, peer_id: str, addrs: list[str]) -> None:
        """Connect the storage node to another one."""
        await self._archives.connect(peer_id, addrs)


class CodexApi(Service):
    """What only the Codex dialect has."""

    namespace = "wakuext"

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    @rpc()
    async def enable_codex_community_history_archive_protocol(self, overrides: dict[str, str] | None = None) -> None:
        """Keys: `CodexNodeConfig.<field>`."""
        await self._archives.enable(overrides or {})

    @rpc()
    async def disable_codex_community_history_archive_protocol(self) -> None:
        await self._archives.disable("codex")

    @rpc()
    async def get_archive_distribution_preference(self) -> str:
        return self._archives.preference

    @rpc()
    async def set_archive_distribution_preference(
        self, request: Annotated[dict[str, Any], "requests.SetArchiveDistributionPreference"]
    ) -> str:
        """`{"preference": "codex"}`."""
        preference = request.get("preference")
        if preference not in (TORRENT, "codex"):
            raise ServiceError("invalid preference, must be one of: torrent, codex")
        await self._archives.prefer(preference)
        return preference


class LogosStorageApi(Service):
    """What only the Logos Storage dialect has."""

    namespace = "wakuext"

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    @rpc()
    async def enable_logos_storage_community_history_archive_protocol(
        self, overrides: dict[str, str] | None = None
    ) -> None:
        """Keys: `NodeConfig.<field>`."""
        await self._archives.enable(overrides or {})

    @rpc()
    async def disable_logos_storage_community_history_archive_protocol(self) -> None:
        await self._archives.disable("codex")
