"""The wakuext namespace: contacts, chats, messages, communities and their history archives.

Methods have the names and parameters of status-go's own functional tests, and return what the node returns: mostly a
MessengerResponse, an object of lists ("chats", "messages", "communities", ...) that leaves out those that are empty."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from clients.archives import Archives
from clients.services.wakuext_archives import ArchiveMethods
from clients.services.wakuext_chats import ChatMethods
from clients.services.wakuext_communities import CommunityMethods
from clients.services.wakuext_contacts import ContactMethods
from clients.services.wakuext_node import NodeMethods


class WakuextService(NodeMethods, ContactMethods, ChatMethods, CommunityMethods, ArchiveMethods):
    """All of the namespace; each base class is one field of it. `archives` speaks any of the archive dialects."""

    @cached_property
    def archives(self) -> Archives:
        return Archives(self)

    def detect_archive_dialect(self) -> str:
        """ "codex", "logos_storage" or "torrent"; asked once per backend, after login."""
        return self.archives.dialect.name

    def enable_archives(self, overrides: Mapping[str, Any] | None = None) -> None:
        """See `Archives.enable`."""
        self.archives.enable(overrides)

    def disable_archives(self) -> None:
        self.archives.disable()

    def storage_debug(self) -> dict[str, Any]:
        """See `Archives.storage_debug`."""
        return self.archives.storage_debug()

    def storage_connect(self, peer_id: str, addrs: list[str]) -> None:
        """See `Archives.storage_connect`."""
        self.archives.storage_connect(peer_id, addrs)
