"""The Codex node of a profile: embedded, or the one beside the backend that STATUS_BACKEND_CODEX_URL names.

What either needs is imported when a node is wanted, not before.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ..rpc import ServiceError
from ..session import Session
from .codex_client import CodexClient
from .codex_config import apply_log_level, codex_config
from .codex_distribution import CodexDistribution
from .dialect import Kind
from .timings import Timings

VARIABLE = "STATUS_BACKEND_CODEX_URL"

log = logging.getLogger(__name__)


async def open_codex(session: Session, kind: Kind, timings: Timings) -> CodexDistribution:
    """Not started yet. ServiceError if the node's configuration makes no sense."""
    section = session.node_config[kind.section]
    url = os.environ.get(VARIABLE)
    try:
        if url:
            client = await _beside(url, timings)
        else:
            client = await _embedded(section[kind.node_section], session.listen_host, timings)
    except (ValueError, OSError) as error:
        raise ServiceError(f"the storage node's configuration: {error}") from error
    # Profiles of one data directory share the storage node's repository, but not their indexes.
    return CodexDistribution(client, Path(section["HistoryArchiveDataDir"]) / session.key_uid, timings)


async def _embedded(fields: Mapping[str, Any], listen_host: str, timings: Timings) -> CodexClient:
    await asyncio.to_thread(import_module, "codex.node")
    codex = import_module("codex")
    apply_log_level(fields["LogLevel"])
    return CodexClient(codex.CodexNode(codex_config(fields, listen_host)), (codex.CodexError, OSError), timings)


async def _beside(url: str, timings: Timings) -> CodexClient:
    """Its configuration is its own affair: that of the profile is not used."""
    rest = await asyncio.to_thread(import_module, f"{__package__}.codex_rest")
    log.info("the storage node is the one at %s", url)
    try:
        return CodexClient(rest.CodexRestNode(url), (rest.CodexRestError,), timings)
    except ValueError as error:
        raise ValueError(f"{VARIABLE}: {error}") from error
