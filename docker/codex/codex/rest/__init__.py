"""The REST interface, `/api/codex/v1`. `serve` starts it."""

from .server import RestServer

__all__ = ["RestServer"]
