"""wakuext: community history archives, in each dialect's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.archives import stringified
from clients.services.service import Service


class ArchiveMethods(Service):
    # all dialects

    def enable_community_history_archive_protocol(self) -> None:
        """Archives over torrents."""
        return self.rpc_request("enableCommunityHistoryArchiveProtocol")

    def disable_community_history_archive_protocol(self) -> None:
        return self.rpc_request("disableCommunityHistoryArchiveProtocol")

    def speedup_archives_import(self) -> None:
        return self.rpc_request("speedupArchivesImport")

    def slowdown_archives_import(self) -> None:
        return self.rpc_request("slowdownArchivesImport")

    # codex

    def enable_codex_community_history_archive_protocol(self, overrides: Mapping[str, Any] | None = None) -> None:
        """Keys are paths such as "CodexNodeConfig.DiscoveryPort"; values are sent as strings."""
        return self.rpc_request("enableCodexCommunityHistoryArchiveProtocol", [stringified(overrides or {})])

    def set_archive_distribution_preference(self, preference: str) -> str:
        """ "codex" or "torrent"."""
        return self.rpc_request("setArchiveDistributionPreference", [{"preference": preference}])

    def get_archive_distribution_preference(self) -> str:
        return self.rpc_request("getArchiveDistributionPreference")

    # logos_storage

    def enable_logos_storage_community_history_archive_protocol(
        self, overrides: Mapping[str, Any] | None = None
    ) -> None:
        """Keys are paths such as "NodeConfig.DiscoveryPort"; values are sent as strings."""
        return self.rpc_request("enableLogosStorageCommunityHistoryArchiveProtocol", [stringified(overrides or {})])

    # codex and logos_storage

    def update_message_archive_interval(self, interval: float) -> int:
        """`interval` is in seconds. Sources differ on whether the answer is in seconds or nanoseconds: ignore it."""
        whole = int(interval) if interval == int(interval) else interval
        return self.rpc_request("updateMessageArchiveInterval", [whole])

    def get_message_archive_interval(self) -> int:
        """In nanoseconds."""
        return self.rpc_request("getMessageArchiveInterval")

    def has_community_archive(self, community_id: str) -> bool:
        return self.rpc_request("hasCommunityArchive", [community_id])

    def get_downloaded_message_archive_ids(self, community_id: str) -> list[str]:
        return self.rpc_request("getDownloadedMessageArchiveIDs", [community_id])

    def get_message_archive_ids_to_import(self, community_id: str) -> list[str]:
        return self.rpc_request("getMessageArchiveIDsToImport", [community_id])

    def debug(self) -> dict[str, Any]:
        """The embedded storage node: {"id", "addrs", "spr", ...}."""
        return self.rpc_request("debug")

    def connect(self, peer_id: str, addrs: list[str]) -> Any:
        """Connects the embedded storage node to another."""
        return self.rpc_request("connect", [peer_id, addrs])
