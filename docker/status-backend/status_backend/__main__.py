"""Command line: `status-backend --address HOST:PORT`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from . import __version__, logs

log = logging.getLogger("status_backend")

_ENDING = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    arguments = parser().parse_args()
    gc.disable()  # until it serves: hardly anything of what is imported becomes garbage
    logs.to_stderr(arguments.log_level)
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # to see where it stands: the stacks, on stderr
    host, port = arguments.address
    try:
        asyncio.run(_serve(host, port))
    except OSError as error:
        sys.exit(f"status-backend: cannot serve on {host}:{port}: {error}")


async def _serve(host: str, port: int) -> None:
    from .backend import Backend
    from .server import Server

    stop = asyncio.Event()
    _await_end(stop)
    backend = Backend(host)
    server = Server(backend)
    try:
        await server.start(host, port)
        gc.freeze()
        gc.enable()
        log.info("status-backend %s serves on http://%s:%d", __version__, host, server.port)
        _tell_ready({"http": server.port})
        await stop.wait()
        log.info("stopping")
    finally:
        await backend.close()
        await server.close()


def _await_end(stop: asyncio.Event) -> None:
    """Set `stop` at the first SIGINT or SIGTERM.

    They are blocked and waited for, not handled: so none of those that follow, until the very end, is in the way.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # threads that are made from here on inherit it
    loop = asyncio.get_running_loop()

    def wait() -> None:
        signal.sigwait(_ENDING)
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended by itself
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="signals", daemon=True).start()


def _tell_ready(ports: dict[str, int]) -> None:
    """Write the file that NODE_READY_FILE names: whole or not at all."""
    target = os.environ.get("NODE_READY_FILE")
    if not target:
        return
    temporary = Path(f"{target}.tmp")
    temporary.write_text(json.dumps({"pid": os.getpid(), "ports": ports}))
    temporary.replace(target)


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("status-backend", description=__doc__, allow_abbrev=False)
    # One dash as well, as Go programs take them.
    options.add_argument("--address", "-address", type=_address, default=("127.0.0.1", 0), metavar="HOST:PORT")
    options.add_argument(
        "--pprof",
        "-pprof",
        nargs="?",
        const="true",
        choices=("true", "false"),
        default="false",
        help="accepted, not served",
    )
    options.add_argument("--log-level", default="INFO", type=_log_level, metavar="LEVEL")
    options.add_argument("--version", action="version", version=__version__)
    return options


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"HOST:PORT was expected, not {text!r}")
    return host.strip("[]") or "0.0.0.0", int(port)


def _log_level(text: str) -> str:
    try:
        logs.level_of(text)
    except KeyError:
        raise argparse.ArgumentTypeError(f"unknown level {text!r}") from None
    return text


if __name__ == "__main__":
    main()
