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

HANGING_TEST = """
import threading

def test_hangs(backend_factory):
    backend_factory("alice")
    threading.Event().wait()
"""
IN_USE = "started: status-backend"  # says its journal then


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


def test_a_killed_controller_leaves_nothing(outside: Outside) -> None:
    with _started(outside, "-n", "1") as controller:
        _await(lambda: _journal_has(outside, IN_USE), "a backend is in use")
        assert len(outside.processes()) == 4
        controller.kill()
        controller.wait()
        _await(lambda: not outside.processes(), "all nodes are gone", timeout=10)
        _await(lambda: (outside.run_dir() / "reaper.json").exists(), "the reaper has reported", timeout=10)


def test_ctrl_c_ends_in_order(outside: Outside) -> None:
    with _started(outside) as controller:
        _await(lambda: _journal_has(outside, IN_USE), "a backend is in use")
        controller.send_signal(signal.SIGINT)
        assert controller.wait(timeout=30) == pytest.ExitCode.INTERRUPTED
    assert outside.processes() == []


DYING_AND_FAILING = """
import os

def test_dies(backend_factory):
    backend_factory("alice")
    os.kill(os.getpid(), 9)

def test_dialect(backend_new_profile):
    assert backend_new_profile("bob").wakuext_service.detect_archive_dialect() == "logos_storage"

def test_fails(test_folder):
    assert not test_folder
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outside, str]:
    """A run in which the only worker dies and another takes its place, and what it printed."""
    outside = Outside(tmp_path_factory.mktemp("failed"))
    options = ["--timings", "upstream", "--dialect", "logos-storage", "--seed", "7"]
    run = outside.run(DYING_AND_FAILING, "-n", "1", *options)
    assert run.returncode == 1, run.stdout + run.stderr
    return outside, run.stdout


def test_the_nodes_of_a_dead_worker_are_removed_at_once(failed: tuple[Outside, str]) -> None:
    outside, _ = failed
    left = json.loads((outside.run_dir() / "reaper.json").read_text())["removed"]
    assert left == [], "they must be gone before the run ends, and not by the reaper"
    assert outside.processes() == []


def test_a_failure_says_where_to_look_and_how_to_run_it_again(failed: tuple[Outside, str]) -> None:
    outside, printed = failed
    assert f"logs:  {outside.run_dir()}/test_sample.test_fails\n" in printed
    options = "--timings upstream --dialect logos-storage --seed 7 --logs-dir=logs"
    again = f"-y --runtime process test_sample.py::test_fails -- {options}"
    assert f"again: ./_assets/scripts/run_functional_tests_dev.sh {again}\n" in printed


def test_backends_speak_the_dialect_that_is_asked_for(failed: tuple[Outside, str]) -> None:
    assert "2 failed, 1 passed" in failed[1], "all but the test of the dialect fail"


MESSAGE_TEST = """
import pytest
from steps.messenger import create_community, join_community, send_text

def test_message(backend_new_profiles, backend_factory, store_node, timings):
    owner, member = backend_new_profiles("owner", "member")
    chat_id = join_community(member, owner, create_community(owner))
    with member.expect("messages.new", "hello", timeout=timings.step_deadline):
        send_text(owner, chat_id, "hello")
    assert store_node.store_messages()
    with pytest.raises(pytest.fail.Exception, match="no status-backend is left for 'third'"):
        backend_factory("third")
"""


def test_backends_that_already_run_are_used_and_no_others(outside: Outside) -> None:
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
