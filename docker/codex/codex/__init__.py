"""A Codex storage node, as a program (`python -m codex`) and as a library (`CodexNode`)."""

from __future__ import annotations

from typing import Any

_HOME = {"CodexConfig": "config", "CodexNode": "node", "Manifest": "manifest"} | dict.fromkeys(
    (
        "CodexError",
        "NotStarted",
        "IncorrectCid",
        "NotFound",
        "NotAManifest",
        "RetriesExhausted",
        "EmptyUpload",
        "QuotaExceeded",
        "StorageFailed",
        "BlockInUse",
        "InvalidPeerId",
        "PeerNotFound",
        "DialFailed",
        "InvalidRecord",
        "InvalidMessage",
        "ConfigError",
    ),
    "errors",
)
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    """Import on first use: `import codex` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
