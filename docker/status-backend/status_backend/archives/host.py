"""What the archives need from the messenger."""

from __future__ import annotations

from typing import Protocol

from ..protocol.waku_archive_pb2 import WakuMessage


class ArchiveHost(Protocol):
    """Community ids are `0x` + 66 hex, topics 4 bytes, clocks epoch milliseconds."""

    def controlled_communities(self) -> list[str]: ...

    def is_control_node(self, community_id: str) -> bool: ...

    def is_joined(self, community_id: str) -> bool: ...

    def archive_support_enabled(self, community_id: str) -> bool: ...

    def seal_archive(self, community_id: str, data: bytes) -> bytes:
        """An archive or an index as it is to be stored: encrypted, if the community is."""
        ...

    def open_archive(self, community_id: str, data: bytes) -> bytes:
        """The archive or index in what was stored. KeyMissing until its key is here, NotReadable if it is forged."""
        ...

    def archive_topics(self, community_id: str) -> list[bytes]:
        """The content topics of all the community's chats and of its universal channel."""
        ...

    async def publish_index_cid(self, community_id: str, cid: str, clock_ms: int) -> None:
        """Announce the index on the universal channel, signed by the community, and publish the description again."""
        ...

    async def publish_magnet_link(self, community_id: str, magnet_link: str, clock_ms: int) -> None:
        """The same for the link to a torrent."""
        ...

    async def republish(self, community_id: str) -> None:
        """Publish the description again."""
        ...

    async def handle_archived(self, community_id: str, messages: list[WakuMessage]) -> None:
        """Take messages of this community, and of no other, as if received; they are not stored for archives again.

        Repeats are harmless.
        """
        ...
