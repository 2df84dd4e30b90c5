"""The command line: the original's options that mean something here, each also as an environment variable
`CODEX_<OPTION>`.

An option of the original that is not served is refused by name (exit status 2).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .config import CodexConfig, parse_duration, parse_size
from .errors import CodexError, ConfigError
from .logs import configure, parse_level
from .ready import announce_ready
from .version import REVISION, SERVER, VERSION

_ENDING = (signal.SIGINT, signal.SIGTERM)

log = logging.getLogger("codex")

ENV_PREFIX = "CODEX_"
DEFAULT_DATA_DIR = Path.home() / ".cache" / "codex"
# They tune the original and change nothing that a client could see.
WITHOUT_EFFECT = ("cache-size", "num-threads")
# Known to the original, without a meaning here: a node that took them silently would not do what was asked.
NOT_SERVED = (
    "config-file",
    "log-format",
    "agent-string",
    "circuit-dir",
    "eth-provider",
    "eth-account",
    "eth-private-key",
    "marketplace-address",
    "validator",
    "simulate-proof-failures",
)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="codex", description="A Codex storage node.", allow_abbrev=False)
    add = parser.add_argument
    add(
        "-d",
        "--data-dir",
        type=Path,
        default=DEFAULT_DATA_DIR,
        metavar="DIR",
        help="where configuration and data live [%(default)s]",
    )
    add(
        "-i",
        "--listen-addrs",
        action="append",
        metavar="MULTIADDR",
        help="listen here; repeatable [/ip4/0.0.0.0/tcp/0]",
    )
    add(
        "--nat",
        default="any",
        help="any, none, upnp, pmp or extip:IP; only extip changes what is announced [%(default)s]",
    )
    add(
        "-u",
        "--disc-port",
        type=_port,
        default=8090,
        metavar="PORT",
        help="UDP port named in the node's record; not bound [%(default)s]",
    )
    add(
        "--net-privkey",
        type=Path,
        default=Path("key"),
        metavar="FILE",
        help="network key, relative to the data dir [%(default)s]",
    )
    add(
        "-b",
        "--bootstrap-node",
        action="append",
        metavar="SPR",
        help="signed peer record of a node to join; repeatable",
    )
    add("--max-peers", type=_count, default=160, metavar="N", help="connections kept at most [%(default)s]")
    add("--api-bindaddr", default="127.0.0.1", metavar="IP", help="address of the REST interface [%(default)s]")
    add(
        "-p",
        "--api-port",
        type=_port,
        default=8080,
        metavar="PORT",
        help="port of the REST interface; 0: any free one [%(default)s]",
    )
    add("--api-cors-origin", metavar="ORIGIN", help="origin that browsers may call from; * for all")
    add("--repo-kind", default="fs", choices=["fs"], help="how blocks are stored; only files are served [%(default)s]")
    add(
        "-q",
        "--storage-quota",
        type=_wrapped(parse_size),
        default="20GiB",
        metavar="SIZE",
        help="bytes at most [%(default)s]",
    )
    add(
        "-t",
        "--block-ttl",
        type=_wrapped(parse_duration),
        default="30d",
        metavar="TIME",
        help="how long data is kept [%(default)s]",
    )
    add(
        "--block-mi",
        type=_wrapped(parse_duration),
        default="10m",
        metavar="TIME",
        help="pause between rounds of expiry [%(default)s]",
    )
    add("--block-mn", type=_count, default=1000, metavar="N", help="blocks removed per round [%(default)s]")
    add(
        "--block-retries",
        type=_count,
        default=3000,
        metavar="N",
        help="tries, 3 s apart, to find a block [%(default)s]",
    )
    add(
        "--log-level",
        type=_wrapped(_level),
        default="info",
        metavar="LEVEL",
        help="trace, debug, info, notice, warn, error, fatal [%(default)s]",
    )
    add("--log-file", type=Path, metavar="FILE", help="log here instead of stderr")
    add(
        "--metrics",
        nargs="?",
        const=True,
        type=_flag,
        default=False,
        metavar="BOOL",
        help="serve Prometheus metrics [off]",
    )
    add("--metrics-address", default="127.0.0.1", metavar="IP", help="[%(default)s]")
    add("--metrics-port", type=_port, default=8008, metavar="PORT", help="0: any free one [%(default)s]")
    add("--version", action="version", version=f"{SERVER}, as Codex {VERSION} ({REVISION})")
    for name in WITHOUT_EFFECT:
        add(f"--{name}", metavar="N", help="accepted without effect")
    for name in NOT_SERVED:
        add(f"--{name}", action=_Refused, nargs="?", help=argparse.SUPPRESS)
    return parser


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> argparse.Namespace:
    """The options; the environment counts where the command line is silent.

    Ends the process with status 2 on bad ones.
    """
    parser = build_parser()
    from_env: list[str] = []
    for action in parser._actions:
        option = next((name for name in action.option_strings if name.startswith("--")), "")
        value = environ.get(ENV_PREFIX + option.strip("-").replace("-", "_").upper())
        if option and action.nargs != 0 and value is not None and not _given(argv, action.option_strings):
            values = re.split(r"[,\s]+", value) if isinstance(action, argparse._AppendAction) else [value]
            from_env += [f"{option}={item}" for item in values if item]
    # The original also takes --option:value.
    given = [re.sub(r"^(--[a-z-]+):", r"\1=", argument) for argument in argv]
    return parser.parse_args([*from_env, *given])


def main(argv: Sequence[str] | None = None) -> None:
    """Run a node until SIGINT or SIGTERM; ends the process: 0 after a signal, 1 if it cannot start, 2 for bad
    options.
    """
    options = parse(sys.argv[1:] if argv is None else argv, os.environ)
    gc.disable()  # until the node serves: hardly anything of what it imports becomes garbage
    # aiohttp reads the system's certificates as it is imported, and this node calls nobody over TLS.
    os.environ.update(SSL_CERT_FILE=os.devnull, SSL_CERT_DIR=os.devnull)
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # to see where it stands: the stacks, on stderr
    try:
        configure(options.log_level, options.log_file)
        for name in WITHOUT_EFFECT:
            if getattr(options, name.replace("-", "_")) is not None:
                log.warning("--%s has no effect in this node", name)
        sys.exit(asyncio.run(_run(options)))
    except (ConfigError, OSError) as error:
        print(f"codex: cannot start: {error}", file=sys.stderr)
        sys.exit(1)


async def _run(options: argparse.Namespace) -> int:
    from .node import CodexNode
    from .rest import RestServer

    stop = asyncio.Event()
    _await_end(stop)
    options.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    node = CodexNode(
        CodexConfig(
            data_dir=options.data_dir,
            listen_addrs=options.listen_addrs or ["/ip4/0.0.0.0/tcp/0"],
            nat=options.nat,
            disc_port=options.disc_port,
            bootstrap_nodes=options.bootstrap_node or [],
            net_privkey=options.net_privkey,
            block_retries=options.block_retries,
            storage_quota=options.storage_quota,
            block_ttl=options.block_ttl,
            block_maintenance_interval=options.block_mi,
            block_maintenance_number=options.block_mn,
            max_peers=options.max_peers,
        )
    )
    rest = RestServer(node, options.api_bindaddr, options.api_port, options.api_cors_origin)
    parts: list[Any] = [node, rest]
    if options.metrics:
        from .metrics import MetricsServer

        parts.append(MetricsServer(node, options.metrics_address, options.metrics_port))
    started: list[Any] = []
    try:
        for part in parts:
            await part.start()
            started.append(part)
        ports = {"api": rest.port, "p2p": int(node.listening[0].split("/")[4])}
        if options.metrics:
            ports["metrics"] = parts[-1].port
        gc.freeze()
        gc.enable()
        announce_ready(ports)
        log.info("REST interface on http://%s:%s/api/codex/v1", options.api_bindaddr, rest.port)
        await stop.wait()
    finally:
        for part in reversed(started):
            await part.stop()
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


class _Refused(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        parser.error(f"{option_string} is not served by this node")


def _given(argv: Sequence[str], names: Sequence[str]) -> bool:
    return any(re.split("[=:]", argument)[0] in names for argument in argv)


def _wrapped(parser: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse_one(text: str) -> Any:
        try:
            return parser(text)
        except (CodexError, ValueError) as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse_one


def _level(text: str) -> str:
    parse_level(text)
    return text


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (0 to 65535)")
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no count")
    return int(text)


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "yes", "no", "on", "off", "1", "0"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() in ("true", "yes", "on", "1")
