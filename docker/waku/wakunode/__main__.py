"""Run a node until SIGINT or SIGTERM. Exit status: 0 stopped, 1 could not start, 2 wrong command line."""

from __future__ import annotations

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
import time
from pathlib import Path

from wakunode.enr import EnrError
from wakunode.options import Options, parse_options
from wakunode.store import StoreError

_LEVELS = {"TRACE": "DEBUG", "NOTICE": "INFO", "WARN": "WARNING", "FATAL": "CRITICAL"}

_ENDING = (signal.SIGINT, signal.SIGTERM)

log = logging.getLogger("wakunode")


def main() -> None:
    options = parse_options()
    gc.disable()  # until the node serves: hardly anything of what it imports becomes garbage
    # aiohttp reads the system's certificates as it is imported, and this node calls nobody over TLS.
    os.environ.update(SSL_CERT_FILE=os.devnull, SSL_CERT_DIR=os.devnull)
    _log_to_stderr(options.log_level)
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # to see where it stands: the stacks, on stderr
    for name in options.without_effect:
        log.warning("--%s has no effect in this node", name)
    sys.exit(asyncio.run(run(options)))


async def run(options: Options) -> int:
    from wakunode.node import Node
    from wakunode.serving import CannotListen

    stop = asyncio.Event()
    _await_end(stop)
    try:
        node = Node(options)
    except StoreError as error:
        log.critical("%s", error)
        return 1
    try:
        await node.start()
        gc.freeze()
        gc.enable()
        _tell_ready(node.ports)
        await stop.wait()
    except (CannotListen, EnrError) as error:
        log.critical("%s", error)
        return 1
    finally:
        await node.stop()
    log.info("stopped")
    return 0


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
    """Write pid and bound ports to the file that NODE_READY_FILE names, all at once."""
    if not (name := os.environ.get("NODE_READY_FILE")):
        return
    path = Path(name)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.write_text(json.dumps({"pid": os.getpid(), "ports": ports}))
    draft.replace(path)


def _log_to_stderr(level: str) -> None:
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=_LEVELS.get(level, level), handlers=[handler])


if __name__ == "__main__":
    main()
