"""One node as a process.

What must outlive the Python object (pid, ports) is on disk, so that any process of the run can handle the node.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from fleet import health, leftovers, logfile
from fleet.errors import FleetError, NodeGone, NotSupported, StartError
from fleet.limits import limit_memory
from fleet.marks import RUN_VARIABLE
from fleet.private_network import LOOPBACK, Place, PrivateNetwork
from fleet.sized_folder import SizedFolder
from fleet.spec import ExecResult, NodeSpec, NodeState, Usage, fill
from pace import Wait

LOG_TAIL = 20
READY_POLL = 0.02  # seconds between looks for NODE_READY_FILE; the end of the process is awaited meanwhile

SIGNAL_TIMEOUT = 5.0  # seconds for a signal to take effect


@dataclass
class Record:
    """state.json: the process of a node as whoever last started it left it."""

    identity: str  # a later node may have the name, and so the folder, of one that was removed
    pid: int | None = None
    created: float | None = None  # start time of the process, so that a reused pid is not taken for it
    ports: dict[str, int] = field(default_factory=dict)
    exit_code: int | None = None


class ProcessNode:
    """See fleet.node.Node. `marks` are the environment variables by which the reaper knows the process."""

    def __init__(
        self, spec: NodeSpec, directory: Path, log_path: Path, marks: Mapping[str, str], identity: str
    ) -> None:
        self.spec = spec
        self.name = spec.name
        self.log_path = log_path
        self._directory = directory
        self._data = directory / "data"
        self._marks = dict(marks)
        self._identity = identity
        self.place: Place | None = None
        self.room: SizedFolder | None = None
        self.no_room = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._spawning = threading.Lock()  # so that `remove` in another thread sees the process or prevents it

    @classmethod
    def create(
        cls,
        spec: NodeSpec,
        directory: Path,
        log_dir: Path,
        marks: Mapping[str, str],
        network: PrivateNetwork | None,
    ) -> ProcessNode:
        try:
            directory.mkdir()
        except FileExistsError:
            raise FleetError(f"this run has a node {spec.name!r} already") from None
        node = cls(spec, directory, log_dir / f"{spec.name}.log", marks, secrets.token_hex(8))
        node._data.mkdir()
        if network is not None:
            node.place = network.node(spec.name, spec.ports, marks)
        if spec.data_size is not None:
            try:
                node.room = SizedFolder.create(node._data, spec.data_size, marks, node.place)
            except NotSupported as error:
                node.no_room = str(error)
        node._write(Record(node._identity, ports=dict(spec.ports) if network else {}))
        return node

    @classmethod
    def from_handle(cls, handle: Mapping[str, Any]) -> ProcessNode:
        paths = Path(handle["directory"]), Path(handle["log_path"])
        node = cls(NodeSpec.from_json(handle["spec"]), *paths, handle["marks"], handle["identity"])
        node.place = Place(**handle["place"]) if handle["place"] else None
        return node

    @property
    def handle(self) -> dict[str, Any]:
        paths = {"directory": str(self._directory), "log_path": str(self.log_path)}
        place = self.place.handle if self.place else None
        return {"spec": self.spec.to_json(), "marks": self._marks, "identity": self._identity, "place": place, **paths}

    image_id = ""

    @property
    def data_path(self) -> str:
        return str(self._data)

    # Where it is

    def url(self, port: str | None = None) -> str:
        host, number = self.address(port)
        if self.place is not None:
            host, number = LOOPBACK, self.place.published[port or self.spec.health.port]
        return f"http://{host}:{number}"

    def address(self, port: str | None = None) -> tuple[str, int]:
        port = port or self.spec.health.port
        try:
            return self._host, self._read().ports[port]
        except KeyError:
            raise NodeGone(f"node {self.name!r} has no port {port!r}, or was never started") from None

    def state(self) -> NodeState:
        try:
            record, process = self._read(), self._process()
            if process is not None:
                return NodeState.PAUSED if process.status() == psutil.STATUS_STOPPED else NodeState.RUNNING
        except NodeGone:
            return NodeState.REMOVED
        except psutil.NoSuchProcess:  # it has just ended
            pass
        return NodeState.CREATED if record.pid is None else NodeState.EXITED

    def exit_code(self) -> int | None:
        return self._read().exit_code if self.state() is NodeState.EXITED else None

    def logs(self, tail: int | None = None) -> list[str]:
        return logfile.read(self.log_path, tail)

    def usage(self) -> Usage:
        """Of the process and its living children. Those that ended are counted in the parent that awaited them."""
        cpu, rss = 0.0, 0
        for member in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):  # a child that just ended
                times = member.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                rss += member.memory_info().rss
        return Usage(cpu, rss)

    # Life

    def start(self) -> None:
        ready_file = self._directory / "ready.json"
        with self._spawning:
            if (state := self.state()) not in (NodeState.CREATED, NodeState.EXITED):
                raise FleetError(f"node {self.name!r} cannot be started: it is {state.value}")
            self._spawn(ready_file)
        with health.waiting(self.spec.health, self.name) as wait:
            try:
                self._await_ready(ready_file, wait)
                self._await_healthy(wait)
            except BaseException:
                self._end_all()
                raise

    def stop(self) -> int | None:
        process = self._process()
        if process is not None:
            self._signal_family(signal.SIGCONT)
            process.send_signal(signal.Signals[self.spec.stop_signal])
            self._wait(process, self.spec.stop_timeout)
            self._end_all()
        return self.exit_code()

    def kill(self) -> None:
        self._running()
        self._end_all()

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        self._running()
        self._signal_family(signal.SIGSTOP)
        self._await_paused(True)

    def resume(self) -> None:
        self._running()
        self._signal_family(signal.SIGCONT)
        self._await_paused(False)

    def send_signal(self, name: str) -> None:
        self._running().send_signal(signal.Signals[name])

    def disconnect(self) -> None:
        raise NotSupported("no process can be taken off its network, be that this machine's loopback or its own")

    def reconnect(self) -> None:
        self.disconnect()

    def remove(self) -> None:
        with self._spawning:
            if self.state() is not NodeState.REMOVED:
                self._end_all()
                for space in (self.room, self.place):
                    if space is not None:
                        space.close()
                shutil.rmtree(self._directory)

    # Beside it

    def exec(self, argv: Sequence[str]) -> ExecResult:
        self._running()
        values = self._values(self._read().ports)
        done = subprocess.run(
            self._inside([fill(argument, values) for argument in argv]),
            cwd=self._data,
            env=self._environment(values),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return ExecResult(done.returncode, done.stdout.decode(errors="replace"))

    def copy_in(self, source: Path, target: str) -> None:
        _copy(source, self._reach_data() / target)

    def copy_out(self, source: str, target: Path) -> None:
        _copy(self._reach_data() / source, target)

    # Own matters

    def _inside(self, command: list[str]) -> list[str]:
        """How to run it where network and data directory are what the node sees."""
        space = self.room or self.place
        return command if space is None else [*space.inside, *command]

    @property
    def _host(self) -> str:
        return self.place.address if self.place else LOOPBACK

    def _reach_data(self) -> Path:
        return self._data if self.room is None else self.room.path

    def _values(self, ports: Mapping[str, int]) -> dict[str, str]:
        values = {"data": self.data_path, "host": self._host, "python": sys.executable}
        return values | {f"port:{name}": str(ports.get(name, 0)) for name in self.spec.ports}

    def _environment(self, values: Mapping[str, str]) -> dict[str, str]:
        """This process's own less what would reach into the node, then what the spec says."""
        foreign = ("PYTEST", "PYTHON", "COV_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), environment.get("PATH", os.defpath)))
        environment["PYTHONUNBUFFERED"] = "1"
        if self.spec.python_path:
            environment["PYTHONPATH"] = os.pathsep.join(map(str, self.spec.python_path))
        given = {**self.spec.env, **self.spec.process_env}
        return {**environment, **{name: fill(value, values) for name, value in given.items()}, **self._marks}

    def _spawn(self, ready_file: Path) -> None:
        record = self._read()
        values = self._values(record.ports)
        command = self._inside([fill(argument, values) for argument in self.spec.process])
        ready_file.unlink(missing_ok=True)
        with self.log_path.open("ab") as log:
            try:
                self._child = subprocess.Popen(
                    command,
                    cwd=self._data,
                    env={**self._environment(values), "NODE_READY_FILE": str(ready_file)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise StartError(self.name, f"{command[0]} to run", str(error), log_path=self.log_path) from error
        process = psutil.Process(self._child.pid)
        self._write(replace(record, pid=process.pid, created=process.create_time(), exit_code=None))
        if self.spec.limits.memory and process.is_running():
            limit_memory(process, self.spec.limits.memory)

    def _await_ready(self, ready_file: Path, wait: Wait) -> None:
        while not ready_file.exists():
            if self._exited(READY_POLL):
                raise self._failure("its ports (NODE_READY_FILE)", self._ending())
            if wait.left() <= 0:
                raise self._failure(f"its ports (NODE_READY_FILE) within {wait}", "it wrote none and still runs")
        ports = json.loads(ready_file.read_text())["ports"]
        if missing := set(self.spec.ports) - set(ports):
            raise self._failure(f"ports {sorted(self.spec.ports)}", f"NODE_READY_FILE lacks {sorted(missing)}")
        record = self._read()
        record.ports = ports
        self._write(record)

    def _await_healthy(self, wait: Wait) -> None:
        def ensure_alive() -> None:
            if self._exited(0):
                raise health.Ended(self._ending())

        try:
            health.await_healthy(self.spec.health, self.url, ensure_alive, wait)
        except (health.Unhealthy, health.Ended) as error:
            raise self._failure(health.describe(self.spec.health, self.url(), wait), str(error)) from error

    def _failure(self, awaited: str, instead: str) -> StartError:
        code = self._child.poll() if self._child else None
        tail = self.logs(LOG_TAIL)
        return StartError(self.name, awaited, instead, log_path=self.log_path, log_tail=tail, exit_code=_code(code))

    def _ending(self) -> str:
        return f"the process ended with exit code {_code(self._child.returncode)}"

    def _exited(self, timeout: float) -> bool:
        """Of the child just started: waits up to `timeout` seconds for its end."""
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _process(self) -> psutil.Process | None:
        """The node's process while it lives; a zombie does not."""
        record = self._read()
        if record.pid is None:
            return None
        if self._child is not None and self._child.pid == record.pid and self._child.poll() is not None:
            if record.exit_code is None:
                record.exit_code = _code(self._child.returncode)
                self._write(record)
            return None
        try:
            process = psutil.Process(record.pid)
            if process.create_time() == record.created and process.status() != psutil.STATUS_ZOMBIE:
                return process
        except psutil.NoSuchProcess:
            pass
        return None

    def _running(self) -> psutil.Process:
        process = self._process()
        if process is None:
            raise NodeGone(f"node {self.name!r} is not running: it is {self.state().value}")
        return process

    def _family(self) -> list[psutil.Process]:
        process = self._running()
        return [process, *process.children(recursive=True)]

    def _signal_family(self, number: signal.Signals) -> None:
        for member in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):  # a child that just ended
                member.send_signal(number)

    def _await_paused(self, paused: bool) -> None:
        """A signal is sent before it takes effect."""
        deadline = time.monotonic() + SIGNAL_TIMEOUT
        while (self.state() is NodeState.PAUSED) is not paused:
            if time.monotonic() > deadline:
                raise FleetError(f"node {self.name!r} is {self.state().value} after {SIGNAL_TIMEOUT:g} s")
            time.sleep(0.001)

    def _end_all(self) -> None:
        """SIGKILL to the whole session of the node, whether or not its first process still lives."""
        process, session = self._process(), self._read().pid
        for member in leftovers.find_processes(self._marks[RUN_VARIABLE]):
            try:
                if os.getsid(member.pid) == session:
                    member.kill()
            except (ProcessLookupError, psutil.NoSuchProcess):
                pass
        if process is not None:
            self._wait(process, None)

    def _wait(self, process: psutil.Process, timeout: float | None) -> None:
        try:
            if self._child is not None and self._child.pid == process.pid:
                self._child.wait(timeout)
            else:
                process.wait(timeout)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            pass

    def _read(self) -> Record:
        try:
            record = Record(**json.loads((self._directory / "state.json").read_text()))
        except FileNotFoundError:
            record = None
        if record is None or record.identity != self._identity:
            raise NodeGone(f"node {self.name!r} was removed")
        return record

    def _write(self, record: Record) -> None:
        temporary = self._directory / "state.json.tmp"
        temporary.write_text(json.dumps(asdict(record)))
        temporary.rename(self._directory / "state.json")


def _code(returncode: int | None) -> int | None:
    return 128 - returncode if returncode is not None and returncode < 0 else returncode


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)
