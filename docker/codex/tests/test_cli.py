"""The node as a process: options, environment, signals, exit status."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support import PATIENCE, Process, http

from codex import ConfigError
from codex.cli import parse
from codex.config import parse_duration, parse_size
from codex.network.addresses import announced, interface_addresses

HERE = Path(__file__).parents[1]


def run(*options, env=None):
    """Exit status and output of a node that does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "codex", *options],
        cwd=HERE,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout + done.stderr


def test_defaults_are_the_originals():
    options = parse([], {})
    assert (options.api_bindaddr, options.api_port, options.disc_port, options.nat) == ("127.0.0.1", 8080, 8090, "any")
    assert (options.max_peers, options.storage_quota, options.block_ttl) == (160, 20 << 30, 30 * 86400)
    assert (options.block_mi, options.block_mn, options.block_retries) == (600, 1000, 3000)
    assert (options.repo_kind, options.log_level, options.metrics, options.metrics_port) == ("fs", "info", False, 8008)


def test_every_option_is_also_an_environment_variable_and_the_command_line_wins():
    env = {
        "CODEX_API_PORT": "1",
        "CODEX_STORAGE_QUOTA": "5kb",
        "CODEX_LISTEN_ADDRS": "/ip4/1.2.3.4/tcp/5,/ip4/1.2.3.4/tcp/6",
        "CODEX_BOOTSTRAP_NODE": "spr:x",
        "CODEX_METRICS": "true",
        "CODEX_NAT": "none",
    }
    options = parse(["--api-port=2"], env)
    assert (options.api_port, options.storage_quota, options.metrics, options.nat) == (2, 5000, True, "none")
    assert options.listen_addrs == ["/ip4/1.2.3.4/tcp/5", "/ip4/1.2.3.4/tcp/6"] and options.bootstrap_node == ["spr:x"]


def test_spellings_of_the_original():
    options = parse(["-d", "x", "--api-port:3", "-q", "1GiB", "-b", "spr:a", "-b", "spr:b"], {})
    assert (str(options.data_dir), options.api_port, options.storage_quota) == ("x", 3, 1 << 30)
    assert options.bootstrap_node == ["spr:a", "spr:b"]


def test_version_names_the_release_that_it_stands_in_for(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--version"], {"CODEX_VERSION": "1", "CODEX_HELP": "1"})
    assert ended.value.code == 0 and "v0.2.5" in capsys.readouterr().out


@pytest.mark.parametrize(
    "option, named",
    [
        ("--eth-provider=x", "eth-provider"),
        ("--nonsense", "nonsense"),
        ("persistence", "persistence"),
        ("--repo-kind=sqlite", "sqlite"),
        ("--api-port=70000", "70000"),
        ("--api-port=-1", "-1"),
        ("--storage-quota=much", "much"),
        ("--block-ttl=soon", "soon"),
        ("--log-level=loud", "fatal"),
        ("--metrics=maybe", "maybe"),
        ("--config-file=x", "config-file"),
        ("--api", "--api"),
    ],
)
def test_bad_options_are_refused_by_name(option, named, capsys):
    with pytest.raises(SystemExit) as ended:
        parse([option], {})
    assert ended.value.code == 2 and named in capsys.readouterr().err


def test_a_bad_environment_variable_is_refused_too(capsys):
    with pytest.raises(SystemExit):
        parse([], {"CODEX_API_PORT": "http"})
    assert "http" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option, named",
    [
        ("--listen-addrs=/ip4/127.0.0.1/udp/1", "/ip4/127.0.0.1/udp/1"),
        ("--bootstrap-node=spr:AAAA", "bootstrap-node"),
        ("--nat=somehow", "somehow"),
        ("--nat=extip:1.2.3", "extip:1.2.3"),
        ("--listen-addrs=/ip4/300.0.0.1/tcp/1", "300"),
    ],
)
def test_what_cannot_start_says_why(tmp_path, option, named):
    status, output = run(f"--data-dir={tmp_path}", "--api-port=0", "--listen-addrs=/ip4/127.0.0.1/tcp/0", option)
    assert status == 1 and named in output and "Traceback" not in output


def test_a_port_in_use_says_so(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in (f"--api-port={port}", f"--listen-addrs=/ip4/127.0.0.1/tcp/{port}"):
            base = ["--api-port=0", "--listen-addrs=/ip4/127.0.0.1/tcp/0"]
            kept = [other for other in base if other.split("=")[0] != option.split("=")[0]]
            status, output = run(f"--data-dir={tmp_path}", *kept, option)
            assert status == 1 and str(port) in output and "Traceback" not in output, output


def test_a_readable_private_key_is_refused(tmp_path):
    (tmp_path / "key").write_bytes(b"x")
    (tmp_path / "key").chmod(0o644)
    status, output = run(f"--data-dir={tmp_path}", "--api-port=0", "--listen-addrs=/ip4/127.0.0.1/tcp/0")
    assert status == 1 and "mode 600" in output


async def test_signals_end_it_identity_stays_and_logs_hold_no_secret(tmp_path):
    with Process(tmp_path / "a", ("--log-level=trace",)) as a:
        ready = json.loads(a.data_dir.with_suffix(".ready").read_text())
        assert ready["pid"] == a.popen.pid and set(ready["ports"]) == {"api", "p2p"}
        first = (await a("GET", "/peerid")).json()
        missing = "/data/zDvZRwzm9nCsVNwv7R6yrjcombSP3DKYHDGQ8suQnGd63jroR47D/network/manifest"
        waiting = asyncio.create_task(a("GET", missing))
        await a("GET", "/space")
        assert await asyncio.to_thread(a.stop, signal.SIGINT) == 0
        await asyncio.gather(waiting, return_exceptions=True)
        a.start()
        assert (await a("GET", "/peerid")).json() == first
        while a.popen.poll() is None:  # however many of them, to its very end
            a.popen.send_signal(signal.SIGTERM)
        assert a.popen.returncode == 0
        key = (a.data_dir / "key").read_bytes()
        log = a.log.read_text()
    assert (a.data_dir / "key").stat().st_mode & 0o777 == 0o600 and key[4:].hex() not in log
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ codex", line) for line in log.splitlines())


async def test_metrics_and_log_file(tmp_path):
    options = ("--metrics", "--metrics-port=0", f"--log-file={tmp_path / 'codex.log'}", "--num-threads=4")
    with Process(tmp_path / "a", options) as a:
        await a("POST", "/data", {}, b"counted")
        answer = await http(a.ports["metrics"], "GET", "/metrics")
        assert "codex_repostore_bytes_used 65592.0" in answer.text
        log = (tmp_path / "codex.log").read_text()
        assert "stored zDv" in log and "--num-threads has no effect" in log and not a.log.read_text()


def test_sizes_and_times():
    assert [parse_size(text) for text in ("7", "2kb", "2KiB", "20GiB", "1 tb")] == [7, 2000, 2048, 20 << 30, 10**12]
    assert [parse_duration(text) for text in ("5", "90s", "1h30m", "30d", "2w")] == [
        5,
        90,
        5400,
        30 * 86400,
        14 * 86400,
    ]
    for text in ("", "x", "1.5gb", "-1", "5 parsecs"):
        with pytest.raises(ConfigError):
            parse_size(text)
        with pytest.raises(ConfigError):
            parse_duration(text)


def test_announced_addresses_are_the_machines_own():
    own = interface_addresses("ip4")
    assert own and "0.0.0.0" not in own
    assert announced(["/ip4/0.0.0.0/tcp/5"], "any") == [f"/ip4/{ip}/tcp/5" for ip in own]
    assert announced(["/ip4/127.0.0.1/tcp/5"], "any") == ["/ip4/127.0.0.1/tcp/5"]
    assert announced(["/ip4/0.0.0.0/tcp/5"], "extip:9.8.7.6") == ["/ip4/9.8.7.6/tcp/5"]
