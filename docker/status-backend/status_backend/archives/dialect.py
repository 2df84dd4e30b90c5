"""The generations of status-go's archive API that are served, and what differs between them.

Codex (autumn 2025) is the default; STATUS_BACKEND_ARCHIVE_DIALECT=logos-storage chooses the one of 2026. The older,
torrent only, comes with torrent distribution.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from .. import node_config

VARIABLE = "STATUS_BACKEND_ARCHIVE_DIALECT"


@dataclass(frozen=True)
class Dialect:
    name: str
    section: str  # of the node configuration
    node_section: str  # within that: the storage node's own configuration, and so the prefix of overrides
    manifest_signal: bool  # whether a fetched manifest is signalled
    seeding_flags: bool  # whether the seeding signal tells which kinds of distribution made something
    has_archive_at_index: bool  # whether a member has the community's archive once it holds the index, or all of it


CODEX = Dialect(
    name="codex",
    section=node_config.CODEX,
    node_section="CodexNodeConfig",
    manifest_signal=True,
    seeding_flags=True,
    has_archive_at_index=True,
)
LOGOS_STORAGE = Dialect(
    name="logos-storage",
    section=node_config.LOGOS_STORAGE,
    node_section="NodeConfig",
    manifest_signal=False,
    seeding_flags=False,
    has_archive_at_index=False,
)
_SERVED = {dialect.name: dialect for dialect in (CODEX, LOGOS_STORAGE)}


def chosen() -> Dialect:
    """ValueError for a name that is not served."""
    name = os.environ.get(VARIABLE) or CODEX.name
    if name not in _SERVED:
        raise ValueError(f"{VARIABLE}={name!r}: served are {', '.join(_SERVED)}")
    return _SERVED[name]
