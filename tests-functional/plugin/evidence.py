"""Evidence of each test and of the run, written while it goes: what nodes use, log audit, verdict, timeline, run.json.

A process that runs tests writes the evidence of a test into its folder when it ends. The controller gathers it, and
completes it for a worker that died.
"""

from __future__ import annotations

import datetime
import json
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import docker.errors
import psutil
import pytest

from clients.waku import WakuClient
from fleet.errors import FleetError
from fleet.spec import NodeState
from journal.journal import Journal
from plugin import groups, hang, history, pace, reproduce, watchdog
from plugin.controller import RUN, is_worker, open_run, worker_of
from plugin.failure import FOLDER, GATHERER, RECORD, has_failed
from plugin.faults import ENDED
from plugin.fixtures import new_folder
from plugin.observer import OBSERVER
from plugin.open_run import OpenRun
from plugin.options import Settings
from plugin.repeat import round_of, without_round
from plugin.seed import SEED, seed_of
from report import audit, files, timeline, unfinished, verdict
from report.audit import Allowance, Finding
from report.host import HostState
from report.run_page import RunPage
from report.sampling import Sampler
from report.verdict import Verdict

HOST = pytest.StashKey[HostState]()
JOURNAL = pytest.StashKey[Journal]()

PROPERTY = "evidence"
NOT_MEASURABLE = (FleetError, docker.errors.DockerException, psutil.Error)
DEATH_TIMEOUT = 5.0  # seconds in which a worker whose connection broke must have ended


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(groups.EVIDENCE)
    group.addoption("--log-audit", choices=["auto", "fail", "report"], default="auto",
                    help="what a panic, traceback or error in a node's log does to its test; auto: it fails the test "
                    "on the reference nodes and is only reported on other images (default: %(default)s)")  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "allow_log(pattern, reason=..., node=''): lines of node logs that the audit lets pass, and why"
    )
    if not is_worker(config):
        config.pluginmanager.register(Gatherer(config), GATHERER)


# In the process that runs the test


@pytest.fixture(autouse=True)
def evidence(request: pytest.FixtureRequest) -> Iterator[None]:
    """Evidence of a test that has a folder; others have none."""
    if "test_folder" not in request.fixturenames:
        yield
        return
    item, folder = request.node, request.getfixturevalue("test_folder")
    record = {
        "id": item.nodeid,
        "test": without_round(item),
        "round": round_of(item),
        "seed": seed_of(item),
        "worker": worker_of(request.config),
        "outcome": files.RUNNING,
        "began": time.time(),
        "limit": watchdog.limit_of(item),
        "phases": [],
        "nodes": {},
        "findings": [],
    }
    item.stash[RECORD], item.stash[HOST] = record, HostState.now(folder)
    item.user_properties.append((PROPERTY, str(folder)))
    files.write_json(folder / files.RECORD, record)
    if "journal" not in request.fixturenames:
        yield
        return
    item.stash[JOURNAL] = request.getfixturevalue("journal")
    nodes = request.getfixturevalue("nodes") if "nodes" in request.fixturenames else None
    with Sampler(folder / files.RESOURCES, lambda: nodes.started if nodes else [], NOT_MEASURABLE):
        yield
    started = nodes.started if nodes else []
    versions = _versions(item.stash[JOURNAL])
    record["nodes"] = {
        node.name: {
            "kind": node.spec.kind,
            "image": node.spec.image,
            "image_id": node.image_id,
            "version": versions.pop(node.name, ""),
        }
        for node in started
    } | {name: {"kind": "", "image": "", "version": version} for name, version in versions.items()}
    unasked = [node for node in started if node.name not in item.stash.get(ENDED, ())]
    record["findings"] = [finding.to_json() for node in unasked if (finding := _ended_by_itself(node))]
    said = ", ".join(f"{name}={node['image']} {node['version']}".strip() for name, node in record["nodes"].items())
    item.user_properties.append(("node_versions", said))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """The audit comes last: by then the nodes have ended and their logs are complete. What it finds adds to the verdict
    of a test that has failed, and fails one that has not."""
    try:
        result = yield
    finally:
        left = _audit(item) if RECORD in item.stash else []
    if left and _audit_fails(item.config) and not has_failed(item):
        lines = "\n".join(f"  {_without_secrets(item, str(finding))}" for finding in left)
        allow = "@pytest.mark.allow_log(pattern, reason=...) on a test allows what must be there"
        pytest.fail(
            f"the logs of the nodes in {item.stash[FOLDER]} have what a healthy node never prints:\n{lines}\n{allow}",
            pytrace=False,
        )
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    record = item.stash.get(RECORD, None)
    if record is None:
        return report
    phase = {"name": call.when, "begin": call.start, "end": call.stop, "outcome": report.outcome}
    if report.failed and call.excinfo is not None:
        crash = call.excinfo._getreprcrash()
        phase |= {"where": _place(crash, item), "error": _without_secrets(item, call.excinfo.exconly(tryshort=True))}
        record.setdefault("verdict", _verdict(item, call, phase).to_json())
    record["phases"].append(phase)
    if call.when == "teardown":
        if record["findings"] and "verdict" in record:
            said = (str(Finding(**finding)) for finding in record["findings"])
            record["verdict"]["evidence"] += [text for text in said if text not in record["verdict"]["evidence"]]
        record["outcome"] = _outcome(record["phases"])
        record["pace"] = pace.of_test(item)
        timeline.write(item.stash[FOLDER], record)
    files.write_json(item.stash[FOLDER] / files.RECORD, record)
    return report


def _audit(item: pytest.Item) -> list[Finding]:
    """What nothing allows; it is recorded also where the teardown has failed already."""
    record, folder = item.stash[RECORD], item.stash[FOLDER]
    allowed = [Allowance(*mark.args, **mark.kwargs) for mark in item.iter_markers("allow_log")]
    found = [Finding(**finding) for finding in record["findings"]] + audit.scan_folder(folder)
    left = audit.judge(found, allowed)
    record["findings"] = [json.loads(_without_secrets(item, json.dumps(finding.to_json()))) for finding in left]
    return left


def _audit_fails(config: pytest.Config) -> bool:
    how = config.option.log_audit
    return how == "fail" or (how == "auto" and not Settings.of(config).backends_are_foreign)


def _verdict(item: pytest.Item, call: pytest.CallInfo[None], phase: dict[str, Any]) -> Verdict:
    host = HostState.now(item.stash[FOLDER]).since(item.stash[HOST])
    findings = item.stash[RECORD]["findings"]
    if call.when == "teardown" and findings and isinstance(call.excinfo.value, pytest.fail.Exception):
        return Verdict(verdict.PRODUCT, tuple(str(Finding(**finding)) for finding in findings) + tuple(host))
    judged = verdict.of_exception(call.excinfo.value, host, phase["where"], in_test=call.when == "call")
    return Verdict(judged.of, tuple(_without_secrets(item, line) for line in judged.evidence))


def _outcome(phases: list[dict[str, Any]]) -> str:
    """As pytest counts it: what fails before or after the test itself is an error."""
    outcomes = {phase["name"]: phase["outcome"] for phase in phases}
    if outcomes.get("call") == "failed":
        return "failed"
    if "failed" in outcomes.values():
        return "error"
    return "skipped" if "skipped" in outcomes.values() else "passed"


def _place(crash: Any, item: pytest.Item) -> str:
    if crash is None:
        return ""
    path = Path(crash.path)
    shown = path.relative_to(item.config.rootpath) if path.is_relative_to(item.config.rootpath) else path
    return f"{shown}:{crash.lineno}"


def _without_secrets(item: pytest.Item, text: str) -> str:
    journal = item.stash.get(JOURNAL, None)
    return journal.redactor.text(text) if journal is not None else text


def _versions(journal: Journal) -> dict[str, str]:
    """What backends said of themselves when asked for their health."""
    answers = [entry for entry in journal.entries(kind="http") if str(entry.data["url"]).endswith("/health")]
    said = {entry.node: entry.data.get("response") for entry in answers}
    return {
        node: str(answer["version"])
        for node, answer in said.items()
        if isinstance(answer, dict) and "version" in answer
    }


def _ended_by_itself(node: Any) -> Finding | None:
    """A node that is down with an error when the test ends; none is ever restarted but by the test."""
    code = node.exit_code() if node.state() is NodeState.EXITED else 0
    return (
        Finding(node.name, audit.EXIT, 0, f"had ended with exit code {code} before the test was over") if code else None
    )


# On the controller


class Gatherer:
    """Keeps run.json and report.html up to date, and completes the evidence of workers that died."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._page: RunPage | None = None
        self._deaths: dict[str, Verdict] = {}
        self._host = HostState.now(Path.cwd())
        self._findings: list[Finding] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._opened is None:
            return
        if report.when == "teardown" and (folder := dict(report.user_properties).get(PROPERTY)):
            self._add(files.read_json(Path(folder) / files.RECORD), Path(folder))
        elif report.when not in ("setup", "call", "teardown"):  # xdist's word on a test whose worker died
            self._complete(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        if error is not None:
            self._deaths[node.gateway.id] = self._cause(node)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """After the shared nodes have ended: their logs are audited as a whole, for they are no single test's."""
        if self._opened is None:
            return
        for path, record in files.running(self._opened.run.run_dir):  # when the run was interrupted
            record["outcome"] = "interrupted"
            files.write_json(path, record)
            timeline.write(path.parent, record)
            self.page().add(record, path.parent)
        self._findings = audit.scan_folder(self._opened.run.run_dir / "fleet")
        self.page().close([finding.to_json() for finding in self._findings])
        if self._findings and _audit_fails(self._config) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._opened is None:
            return
        for finding in self._findings:
            terminalreporter.write_line(f"error in the log of a shared node: {finding}", red=True)
        terminalreporter.write_line(f"report: {self._opened.run.run_dir / files.REPORT}")

    @property
    def _opened(self) -> OpenRun | None:
        return self._config.stash[RUN].opened

    def _add(self, record: dict[str, Any], folder: Path) -> None:
        self.page().add(history.kept(open_run(self._config), record, folder), folder)

    def page(self) -> RunPage:
        """Of this run."""
        if self._page is None:
            self._page = RunPage(open_run(self._config).run.run_dir, self._about())
        return self._page

    def _about(self) -> dict[str, Any]:
        opened = open_run(self._config)
        shared = (opened.fleet.boot, opened.fleet.store, opened.fleet.codex)
        versions = {node.name: node.spec.image for node in shared}
        try:
            versions[opened.fleet.store.name] += f" {WakuClient(opened.fleet.store.url, node='store').version()}"
        except Exception as error:  # it may be dead: that is worth a word, and no reason to lose the report
            versions[opened.fleet.store.name] += f" (does not answer: {type(error).__name__})"
        return {
            "run": opened.run.run_id,
            "began": datetime.datetime.fromisoformat(opened.run.created).timestamp(),
            "runtime": opened.runtime.name,
            "reason": self._config.stash[RUN].choice.reason,
            "timings": opened.settings.timings.name,
            "limits": opened.run.limits.to_json(),
            "image": opened.settings.backend,
            "waku_fleet": opened.settings.waku_fleet,
            "versions": versions,
            "seed": self._config.stash[SEED],
            "reproduction": reproduce.about(self._config, opened),
            "pace": pace.calibration(),
        }

    def _cause(self, node: Any) -> Verdict:
        """Why a worker died. xdist only knows that the connection broke; execnet has the process."""
        observer = self._config.stash[OBSERVER]
        if hung := observer.hang_of(node.gateway.id):
            return hung
        process = getattr(getattr(node.gateway, "_io", None), "popen", None)
        code = process.wait(DEATH_TIMEOUT) if process is not None else None
        host = HostState.now(Path.cwd()).since(self._host)
        starved = any(line.startswith("out of memory") for line in host)
        if code is None:
            text = f"worker {node.gateway.id} is gone; how it ended cannot be known"
        elif code < 0:
            text = f"worker {node.gateway.id} was ended by signal {-code} ({signal.Signals(-code).name})"
        else:
            text = f"worker {node.gateway.id} ended by itself with exit code {code}"
            if code == 1 and self._config.getini("faulthandler_exit_on_timeout"):
                limit = self._config.getini("faulthandler_timeout")
                text += (
                    f", as it does when a test takes longer than its time-out of {limit} s (stacks are in the output)"
                )
        last_word = [f"it was in {said}"] if (said := observer.last_word_of(node.gateway.id)) else []
        blamed = verdict.HOST if starved and code == -signal.SIGKILL else verdict.HARNESS
        return Verdict(blamed, (text, *last_word, *host))

    def _complete(self, report: pytest.TestReport) -> None:
        worker = getattr(getattr(report, "node", None), "gateway", None)
        cause = self._deaths.get(worker.id) if worker is not None else None
        begun = files.running(self._opened.run.run_dir, report.nodeid)
        if not begun:  # it died before the test had a folder
            path = new_folder(self._opened.run.run_dir, report.nodeid) / files.RECORD
            begun = [(path, {"id": report.nodeid, "began": time.time(), "phases": [], "nodes": {}})]
            if bundle := self._config.stash[OBSERVER].bundle_of(worker.id) if worker is not None else "":
                files.write(path.with_name(hang.FILE), bundle)
        for path, record in begun:
            self._crashed(path, record, cause or Verdict(verdict.HARNESS, (str(report.longrepr),)))
            report.user_properties.append((PROPERTY, str(path.parent)))

    def hung(self, folder: Path | None, evidence: tuple[str, ...]) -> None:
        """The last word of a process that ends itself in the middle of a test."""
        if folder is not None:
            record = files.read_json(folder / files.RECORD)
            self._crashed(folder / files.RECORD, record, Verdict(verdict.HANG, evidence))
        elif self._opened is not None:
            self.page().add_to_run("hang", list(evidence))

    def _crashed(self, path: Path, record: dict[str, Any], cause: Verdict) -> None:
        unfinished.crashed(path, record, cause)
        self._add(record, path.parent)
