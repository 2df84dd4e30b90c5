"""Makes the embedded Codex node of a profile. The codex package is imported when a node is wanted, not before."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path

from ..rpc import ServiceError
from ..session import Session
from .codex_client import CodexClient
from .codex_config import apply_log_level, codex_config
from .codex_distribution import CodexDistribution
from .dialect import Kind
from .timings import Timings


async def open_codex(session: Session, kind: Kind, timings: Timings) -> CodexDistribution:
    """Not started yet. ServiceError if the node's configuration makes no sense."""
    await asyncio.to_thread(import_module, "codex.node")
    codex = import_module("codex")
    section = session.node_config[kind.section]
    fields = section[kind.node_section]
    try:
        apply_log_level(fields["LogLevel"])
        node = codex.CodexNode(codex_config(fields, session.listen_host))
    except (ValueError, OSError) as error:
        raise ServiceError(f"the storage node's configuration: {error}") from error
    client = CodexClient(node, (codex.CodexError, OSError), timings)
    # Profiles of one data directory share the storage node's repository, but not their indexes.
    return CodexDistribution(client, Path(section["HistoryArchiveDataDir"]) / session.key_uid, timings)
