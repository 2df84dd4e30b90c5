"""From the profile's node configuration to the embedded Codex node's."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .listen import bind_address

if TYPE_CHECKING:
    from codex import CodexConfig

# Codex knows more levels than Python.
_LOG_LEVELS = {"TRACE": "DEBUG", "NOTICE": "INFO", "WARN": "WARNING", "FATAL": "CRITICAL"}


def codex_config(fields: Mapping[str, Any], listen_host: str) -> CodexConfig:
    """`fields` is the `CodexNodeConfig` of the node configuration (Go's field names).

    Without `ListenAddrs` the node listens where the backend does, on a port that the kernel chooses.
    ValueError names the field that makes no sense.
    """
    from codex import CodexConfig
    from codex.config import parse_duration

    if not fields["DataDir"]:
        raise ValueError("DataDir: the storage node needs a folder")
    return CodexConfig(
        data_dir=Path(fields["DataDir"]),
        listen_addrs=fields["ListenAddrs"] or [listen_address(listen_host)],
        nat=fields["Nat"] or "any",
        disc_port=fields["DiscoveryPort"],
        bootstrap_nodes=fields["BootstrapNodes"] or [],
        net_privkey=Path(fields["NetPrivKeyFile"]) if fields["NetPrivKeyFile"] else None,
        block_retries=fields["BlockRetries"],
        storage_quota=fields["StorageQuota"],
        block_ttl=parse_duration(fields["BlockTtl"]),
        max_peers=fields["MaxPeers"],
    )


def apply_log_level(level: str) -> None:
    """Set the embedded node's log level (`LogLevel`, Codex's names, any case). ValueError for an unknown one."""
    name = level.upper()
    try:
        logging.getLogger("codex").setLevel(_LOG_LEVELS.get(name, name or "INFO"))
    except ValueError:
        known = "trace, debug, info, notice, warn, error, fatal"
        raise ValueError(f"LogLevel: {level!r} is none of {known}") from None


def listen_address(host: str) -> str:
    """A TCP multiaddress of any free port on `host`; on all interfaces where there is none."""
    address = bind_address(host)
    return f"/ip{address.version}/{address}/tcp/0"
