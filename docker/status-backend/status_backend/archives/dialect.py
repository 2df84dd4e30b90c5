"""The generations of status-go's archive API, and what differs between them.

Codex (autumn 2025) is the default; STATUS_BACKEND_ARCHIVE_DIALECT chooses another: `torrent` is the one of 2024, with
torrents only, `logos-storage` the one of 2026.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from .. import node_config

VARIABLE = "STATUS_BACKEND_ARCHIVE_DIALECT"


@dataclass(frozen=True)
class Kind:
    """One kind of distribution, as a dialect has it."""

    name: str  # as the preference and the store have it
    title: str  # as errors have it
    section: str  # of the node configuration
    node_section: str = ""  # within that: the storage node's own configuration, and so the prefix of overrides
    manifest_signal: bool = False  # whether a fetched manifest is signalled
    index_signal: bool = False  # whether a downloaded index is
    seeding_flags: Mapping[str, bool] = field(default_factory=dict)  # which kinds made something, in the seeding signal


@dataclass(frozen=True)
class Dialect:
    name: str
    kinds: tuple[Kind, ...]  # where nothing else decides, the first comes first
    exclusive: bool  # whether only one kind can be enabled
    preference: bool  # whether a user chooses between the kinds
    has_archive_at_index: bool  # whether a member has the community's archive once it holds the index, or all of it


_TORRENT = Kind(name="torrent", title="Torrent", section=node_config.TORRENT)

TORRENT = Dialect(name="torrent", kinds=(_TORRENT,), exclusive=True, preference=False, has_archive_at_index=False)
CODEX = Dialect(
    name="codex",
    kinds=(
        Kind(
            name="codex",
            title="Codex",
            section=node_config.CODEX,
            node_section="CodexNodeConfig",
            manifest_signal=True,
            index_signal=True,
            seeding_flags={"magnetLink": False, "indexCid": True},
        ),
        Kind(
            name="torrent",
            title="Torrent",
            section=node_config.TORRENT,
            seeding_flags={"magnetLink": True, "indexCid": False},
        ),
    ),
    exclusive=False,
    preference=True,
    has_archive_at_index=True,
)
LOGOS_STORAGE = Dialect(
    name="logos-storage",
    kinds=(
        Kind(
            name="codex",
            title="LogosStorage",
            section=node_config.LOGOS_STORAGE,
            node_section="NodeConfig",
            index_signal=True,
        ),
        _TORRENT,
    ),
    exclusive=True,
    preference=False,
    has_archive_at_index=False,
)
_SERVED = {dialect.name: dialect for dialect in (CODEX, LOGOS_STORAGE, TORRENT)}


def chosen() -> Dialect:
    """ValueError for a name that is not served."""
    name = os.environ.get(VARIABLE) or CODEX.name
    if name not in _SERVED:
        raise ValueError(f"{VARIABLE}={name!r}: served are {', '.join(_SERVED)}")
    return _SERVED[name]
