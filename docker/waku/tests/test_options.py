"""The command line and the end of the process."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PACKAGE, Process

from wakunode.identity import Identity
from wakunode.options import parse_options
from wakunode.retention import Retention

NWAKU_COMMAND_LINE = (
    "--relay=true --filter=true --lightpush=true --rest=true --rest-address=0.0.0.0 --rest-admin=true --rest-port=8645 "
    "--tcp-port=60002 --nodekey=" + "33" * 32 + " --cluster-id=16 --shard=32 --shard=64 --store=true "
    "--store-message-db-url=sqlite:///data/store.sqlite3 --store-message-retention-policy=time:60 --peer-exchange=true "
    "--discv5-discovery=true --discv5-udp-port=9000 --dns-addrs-name-server=127.0.0.11 --max-connections=100 "
    "--nat=none --log-level=DEBUG --metrics-server=true --metrics-server-port=8003 --rln-relay=false"
)


def test_a_command_line_of_nwaku_is_understood() -> None:
    options = parse_options(NWAKU_COMMAND_LINE.split())
    assert options.identity.peer_id == Identity.from_hex("33" * 32).peer_id
    assert (options.rest_address, options.rest_port, options.tcp_port) == ("0.0.0.0", 8645, 60002)
    assert (options.cluster_id, options.shards, options.max_connections) == (16, (32, 64), 100)
    assert (options.store, options.database, options.retention) == (True, "/data/store.sqlite3", Retention(seconds=60))
    assert "discv5-discovery" in options.without_effect and "filter" in options.without_effect


def test_defaults() -> None:
    options = parse_options([])
    assert (options.rest_address, options.rest_port, options.listen_address, options.tcp_port) == (
        "127.0.0.1",
        8645,
        "127.0.0.1",
        60000,
    )
    assert (
        options.relay and options.rest and not options.store and not options.rest_admin and options.without_effect == ()
    )
    assert options.retention == Retention(seconds=172800) and options.max_message_size == 153600
    assert parse_options(["--cluster-id=1"]).shard_count == 8 and options.shard_count == 1024


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("--sing", "unrecognized arguments: --sing"),
        ("--rest-por=1", "unrecognized arguments: --rest-por"),
        ("--rest-port=x", "--rest-port"),
        ("--rest-port=65536", "--rest-port"),
        ("--shard=1024", "--shard"),
        ("--relay=perhaps", "--relay"),
        ("--nodekey=55", "--nodekey"),
        ("--staticnode=/ip4/127.0.0.1/tcp/1", "--staticnode.*peer id"),
        ("--staticnode=enr:-abc", "--staticnode.*invalid multiaddr"),
        ("--store-message-retention-policy=size:1GB", "--store-message-retention-policy.*not served"),
        ("--store-message-db-url=postgres://x", "--store-message-db-url.*only sqlite"),
        ("--rln-relay=true", "--rln-relay.*not served"),
        ("--nat=magic", "--nat"),
        ("--max-msg-size=0KiB", "--max-msg-size"),
        ("--log-level=LOUD", "--log-level"),
    ],
)
def test_what_is_wrong_or_not_served_is_refused_by_name(
    argument: str, complaint: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_options([argument])
    assert caught.value.code == 2
    assert re.search(complaint, capsys.readouterr().err)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "wakunode", "--rest-port=0", "--tcp-port=0", *arguments]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=15)


def test_a_node_that_cannot_start_says_why(tmp_path: Path) -> None:
    assert run(tmp_path, "--sing").returncode == 2
    ended = run(tmp_path, "--store", "--store-message-db-url=sqlite://missing/db")
    assert ended.returncode == 1 and "cannot open the message database missing/db" in ended.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in ("--rest-port", "--tcp-port"):
            ended = run(tmp_path, f"{option}={port}")
            assert ended.returncode == 1 and f"cannot listen on 127.0.0.1:{port}" in ended.stderr
            assert "Traceback" not in ended.stderr
    ended = run(tmp_path, f"--dns4-domain-name={'x' * 250}")
    assert ended.returncode == 1 and "at most 300" in ended.stderr


def test_the_ready_file_tells_pid_and_ports_and_the_log_no_key(start_node) -> None:
    node: Process = start_node("--nodekey=" + "44" * 32, "--filter=true", "--log-level=TRACE")
    ready = json.loads((node.folder / "ready.json").read_text())
    assert ready == {"pid": node.process.pid, "ports": node.ports} and set(node.ports) == {"rest", "p2p"}
    assert node.stop() == 0
    log = node.log.read_text()
    assert "44" * 32 not in log and "--filter has no effect" in log and log.rstrip().endswith("stopped")
