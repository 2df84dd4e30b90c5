"""The plugin as its users meet it: a pytest run with real nodes, seen from outside."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from fleet import NodeState, Run, catalog
from fleet.choose import make_runtime
from selftests.plugin.outside import Outside

TWO_TESTS = """
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_backend(backend_new_profiles, store_node, harness, number, record_property):
    alice, bob = backend_new_profiles("alice", "bob")
    assert alice.public_key != bob.public_key
    assert store_node.health() is not None
    record_property("boot", harness.fleet.boot.url())
"""

HANGING_TEST = """
import threading

def test_hangs(backend_new_profile):
    backend_new_profile("alice")
    print("READY", flush=True)
    threading.Event().wait()
"""


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


def test_workers_share_one_fleet_and_leave_evidence_and_nothing_else(outside: Outside) -> None:
    report = outside.folder / "junit.xml"
    run = outside.run(TWO_TESTS, "-n", "2", f"--junitxml={report}")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 passed" in run.stdout
    assert f"logs: {outside.run_dir()}" in run.stdout

    boots = {line.split('"')[3] for line in report.read_text().split("<") if line.startswith('property name="boot"')}
    assert len(boots) == 1, "both workers must have used the same boot node"

    run_dir = outside.run_dir()
    assert {log.stem for log in (run_dir / "fleet").glob("*.log")} == {"boot-1", "store", "codex-bootstrap"}
    folders = [folder for folder in run_dir.iterdir() if folder.name.startswith("test_sample")]
    assert len(folders) == 2
    for folder in folders:
        logs = {log.stem for log in folder.glob("*.log")}
        assert {name.split("-")[0] for name in logs} == {"alice", "bob"} and len(logs) == 2
        entries = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
        for node in logs:
            assert any(entry["node"] == node and entry["kind"] == "signal" for entry in entries)
            assert any(entry["node"] == node and entry["kind"] == "rpc" for entry in entries)

    assert json.loads((run_dir / "reaper.json").read_text())["removed"] == [], "the run must clean up behind itself"
    assert outside.processes() == []


def test_without_workers_it_is_the_same(outside: Outside) -> None:
    run = outside.run(TWO_TESTS, "-k", "1")
    assert run.returncode == 0, run.stdout + run.stderr
    assert json.loads((outside.run_dir() / "reaper.json").read_text())["removed"] == []
    assert outside.processes() == []


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["no workers", "two workers"])
def test_a_killed_controller_leaves_nothing(outside: Outside, arguments: tuple[str, ...]) -> None:
    with _started(outside, "-s", *arguments) as controller:
        _await(lambda: _journal_has(outside, "wallet_startWallet"), "a backend is in use")
        assert len(outside.processes()) == 4
        controller.kill()
        controller.wait()
        _await(lambda: not outside.processes(), "all nodes are gone", timeout=10)
        _await(lambda: (outside.run_dir() / "reaper.json").exists(), "the reaper has reported", timeout=10)


FAILING_TEST = """
def test_fails(backend_factory):
    assert backend_factory("alice").health()["version"] == "no such version"
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["no workers", "a worker"])
def test_a_failure_says_where_to_look_and_how_to_run_it_again(outside: Outside, arguments: tuple[str, ...]) -> None:
    run = outside.run(FAILING_TEST, "--timings", "upstream", "--seed", "7", *arguments)
    assert run.returncode == 1
    assert f"logs:  {outside.run_dir()}/test_sample.test_fails\n" in run.stdout
    again = (
        "-y --runtime process test_sample.py::test_fails -- --timings upstream --dialect codex --seed 7 --logs-dir=logs"
    )
    assert f"again: ./_assets/scripts/run_functional_tests_dev.sh {again}\n" in run.stdout


DYING_TEST = """
import os

def test_dies(backend_new_profile):
    backend_new_profile("alice")
    os.kill(os.getpid(), 9)

def test_lives(backend_new_profile):
    backend_new_profile("bob")
"""


def test_the_nodes_of_a_dead_worker_are_removed_at_once(outside: Outside) -> None:
    run = outside.run(DYING_TEST, "-n", "1")
    assert run.returncode == 1
    assert "1 failed, 1 passed" in run.stdout
    left = json.loads((outside.run_dir() / "reaper.json").read_text())["removed"]
    assert left == [], "they must be gone before the run ends, and not by the reaper"
    assert outside.processes() == []


def test_ctrl_c_ends_in_order(outside: Outside) -> None:
    with _started(outside, "-s") as controller:
        _await(lambda: _journal_has(outside, "wallet_startWallet"), "a backend is in use")
        controller.send_signal(signal.SIGINT)
        assert controller.wait(timeout=30) == pytest.ExitCode.INTERRUPTED
    assert outside.processes() == []


MESSAGE_TEST = """
from steps.messenger import create_community, join_community, send_text

def test_message(backend_new_profiles, store_node, timings):
    owner, member = backend_new_profiles("owner", "member")
    chat_id = join_community(member, owner, create_community(owner))
    with member.expect("messages.new", "hello", timeout=timings.step_deadline):
        send_text(owner, chat_id, "hello")
    assert store_node.store_messages()
"""


def test_backends_that_already_run_are_used(outside: Outside) -> None:
    run = Run.create(outside.folder / "given")
    runtime = make_runtime("process", run)
    try:
        (store,) = runtime.start([catalog.waku_store(retention_seconds=60)], run.run_dir)
        address = requests.get(f"{store.url()}/debug/v1/info", timeout=10).json()["listenAddresses"][0]
        (boot,) = runtime.start([catalog.waku_boot(static_nodes=[address])], run.run_dir)
        specs = [catalog.status_backend(name, bootstrap_nodes=[boot], store_nodes=[store]) for name in ("one", "two")]
        backends = runtime.start(specs, run.run_dir)
        urls = [part for backend in backends for part in ("--status_backend_url", backend.url())]
        config = f"{backends[0].data_path}/{catalog.FLEETS_CONFIG}"
        result = outside.run(MESSAGE_TEST, *urls, "--waku-store-url", store.url(), "--waku-fleets-config", config)
        assert result.returncode == 0, result.stdout
        assert [backend.state() for backend in backends] == [NodeState.RUNNING] * 2, "they are not ours to stop"
        assert not list(outside.run_dir().glob("test_sample*/owner*.log")), "no backend of our own was started"
    finally:
        runtime.close()
        run.close()


DIALECT_TEST = """
def test_dialect(backend_new_profile):
    assert backend_new_profile("alice").wakuext_service.detect_archive_dialect() == "logos_storage"
"""


def test_backends_speak_the_dialect_that_is_asked_for(outside: Outside) -> None:
    run = outside.run(DIALECT_TEST, "--dialect", "logos-storage")
    assert run.returncode == 0, run.stdout


def test_docker_image_on_processes_is_refused(outside: Outside) -> None:
    run = outside.run(HANGING_TEST, "--docker-image", "statusgo:1")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--docker-image statusgo:1 needs Docker, but --runtime is process" in run.stderr


def test_more_backends_than_urls_is_a_clear_failure(outside: Outside) -> None:
    run = outside.run("def test(backend_factory):\n    backend_factory('bob')\n    backend_factory('eve')\n",
                      "--status_backend_url", "http://127.0.0.1:1")  # fmt: skip
    assert run.returncode == 1
    assert "Connection refused" in run.stdout


class _started:
    """A pytest run in the background; killed at the end whatever happens."""

    def __init__(self, outside: Outside, *arguments: str) -> None:
        self.process = subprocess.Popen(
            outside.command(HANGING_TEST, *arguments), cwd=outside.folder, env=outside.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> subprocess.Popen[bytes]:
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def _journal_has(outside: Outside, text: str) -> bool:
    journals: Iterator[Path] = outside.logs.glob("2*/test_sample*/journal.jsonl")  # not the link `latest`
    return any(text in journal.read_text() for journal in journals)


def _await(condition, what: str, timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"after {timeout:g} s it is still not so: {what}"
        time.sleep(0.1)
