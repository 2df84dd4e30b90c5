"""One node as a container. What is true of it now is asked of the engine each time: others may have changed it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import EndpointConfig
from requests.exceptions import JSONDecodeError

from fleet import health, logfile, sized_volume
from fleet.container_log import ContainerLog
from fleet.engine import API_VERSION, Engine
from fleet.errors import FleetError, NodeGone, StartError
from fleet.spec import ExecResult, NodeSpec, NodeState, Usage, fill
from pace import Wait

LISTEN_HOST = "0.0.0.0"  # inside the container's own network
LOG_TAIL = 20
KILLED = 137
KEEP_MONOTONIC = {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}  # heeded by libfaketime alone, which a clock skew brings in
STATES = {
    "created": NodeState.CREATED,
    "running": NodeState.RUNNING,
    "restarting": NodeState.RUNNING,
    "paused": NodeState.PAUSED,
    "exited": NodeState.EXITED,
    "dead": NodeState.EXITED,
    "removing": NodeState.REMOVED,
}


class DockerNode:
    """See fleet.node.Node. Its data lives in the container's own layer, so it stays until `remove`."""

    def __init__(self, spec: NodeSpec, container: Any, network: Any, engine: Engine, log_path: Path) -> None:
        self.spec = spec
        self.name = spec.name
        self.log_path = log_path
        self._container = container
        self._network = network
        self._engine = engine
        self._log = ContainerLog(container, log_path)

    @classmethod
    def create(
        cls,
        spec: NodeSpec,
        image: str,
        container_name: str,
        labels: Mapping[str, str],
        network: Any,
        engine: Engine,
        log_path: Path,
    ) -> DockerNode:
        values = _values(spec)
        try:
            volumes = sized_volume.create(engine.client, spec, container_name, labels)
            container = engine.client.containers.create(
                image,
                [fill(argument, values) for argument in spec.command],
                name=container_name,
                hostname=spec.name,
                labels=dict(labels),
                environment={**KEEP_MONOTONIC, **{name: fill(value, values) for name, value in spec.env.items()}},
                ports={f"{number}/tcp": (engine.publish_on, None) for number in spec.ports.values()},
                network=network.name,
                networking_config={network.name: _endpoint(spec)},
                volumes=volumes,
                stop_signal=spec.stop_signal,
                cap_drop=["ALL"] if spec.drop_capabilities else None,
                security_opt=["no-new-privileges"],
                mem_limit=spec.limits.memory,
                memswap_limit=spec.limits.memory,  # no swap beyond it
                nano_cpus=round(spec.limits.cpus * 1e9) if spec.limits.cpus else None,
                log_config={"type": "json-file"},
                init=False,
            )
        except APIError as error:
            if error.status_code == 409:
                raise FleetError(f"this run has a node {spec.name!r} already") from None
            if spec.data_size is not None:
                sized_volume.remove(engine.client, container_name)
            raise FleetError(f"the engine made no container for node {spec.name!r}: {error.explanation}") from error
        return cls(spec, container, network, engine, log_path)

    @property
    def image_id(self) -> str:
        return self._container.attrs["Image"]

    @property
    def handle(self) -> dict[str, Any]:
        return {"spec": self.spec.to_json(), "container": self._container.id, "log_path": str(self.log_path)}

    @property
    def data_path(self) -> str:
        return self.spec.data_path

    # Where it is

    def url(self, port: str | None = None) -> str:
        port = port or self.spec.health.port
        inside = f"{self.spec.ports[port]}/tcp"
        published = self._inspect()["NetworkSettings"]["Ports"].get(inside)
        if not published:
            raise NodeGone(f"port {port!r} of node {self.name!r} is not published: it is {self._condition()}")
        return f"http://{self._engine.host}:{published[0]['HostPort']}"

    def address(self, port: str | None = None) -> tuple[str, int]:
        return self.name, self.spec.ports[port or self.spec.health.port]

    def state(self) -> NodeState:
        try:
            return STATES[self._inspect()["State"]["Status"]]
        except NodeGone:
            return NodeState.REMOVED

    def exit_code(self) -> int | None:
        return self._container.attrs["State"]["ExitCode"] if self.state() is NodeState.EXITED else None

    def logs(self, tail: int | None = None) -> list[str]:
        return logfile.read(self.log_path, tail)

    def usage(self) -> Usage:
        self._require(NodeState.RUNNING, NodeState.PAUSED)
        try:
            stats = self._container.stats(stream=False, one_shot=True)
        except JSONDecodeError:  # of a container that is just ending the engine says nothing at all, or not all
            stats = {"memory_stats": {}}
        if "stats" not in (memory := stats["memory_stats"]):
            raise NodeGone(f"node {self.name!r} has just ended")
        memory = memory["stats"]
        rss = memory["rss"] if "rss" in memory else memory["anon"]  # cgroup 1, 2
        return Usage(stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, rss)

    # Life

    def start(self) -> None:
        self._require(NodeState.CREATED, NodeState.EXITED)
        ended = self._container.attrs["State"]["FinishedAt"]
        wait = health.waiting(self.spec.health, self.name)
        try:
            self._container.start()
        except APIError as error:
            raise self._failure("its container to start", str(error.explanation)) from error
        self._log.follow(ended)
        try:
            with wait:
                self._await_healthy(wait)
        except BaseException:
            self._end(0)
            raise

    def stop(self) -> int | None:
        if self.state() in (NodeState.RUNNING, NodeState.PAUSED):
            self._end(self.spec.stop_timeout)
        return self.exit_code()

    def kill(self) -> None:
        self._require(NodeState.RUNNING, NodeState.PAUSED)
        self._end(0)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        self._require(NodeState.RUNNING)
        self._container.pause()

    def resume(self) -> None:
        self._require(NodeState.PAUSED)
        self._container.unpause()

    def send_signal(self, name: str) -> None:
        self._require(NodeState.RUNNING)
        self._container.kill(signal=name)

    def disconnect(self) -> None:
        self._network.disconnect(self._container)

    def reconnect(self) -> None:
        self._network.connect(self._container, aliases=[self.spec.name, *self.spec.aliases])

    def remove(self) -> None:
        try:
            self._container.remove(force=True, v=True)
        except NotFound:
            pass
        if self.spec.data_size is not None:
            sized_volume.remove(self._engine.client, self._container.name)
        self._log.finish()

    # Beside it

    def volume_keeper(self) -> Any:
        """The container that keeps a data directory of limited size."""
        return sized_volume.keeper(self._engine.client, self._container.name)

    def exec(self, argv: Sequence[str]) -> ExecResult:
        self._require(NodeState.RUNNING)
        values = _values(self.spec)
        command = [fill(argument, values) for argument in argv]
        done = self._container.exec_run(command, workdir=self.spec.data_path)
        return ExecResult(done.exit_code, done.output.decode(errors="replace"))

    def copy_in(self, source: Path, target: str) -> None:
        path = PurePosixPath(self.spec.data_path, target)
        uid, gid = self._owner()

        def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
            entry.uid, entry.gid, entry.uname, entry.gname = uid, gid, "", ""
            return entry

        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.add(source, arcname=path.name, filter=owned)
        self._container.put_archive(str(path.parent), buffer.getvalue())

    def copy_out(self, source: str, target: Path) -> None:
        path = PurePosixPath(self.spec.data_path, source)
        try:
            stream, _ = self._container.get_archive(str(path))
        except NotFound:
            raise FileNotFoundError(f"node {self.name!r} has no {path}") from None
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            for member in tar:
                inner = target / PurePosixPath(member.name).relative_to(path.name)
                if member.isdir():
                    inner.mkdir(exist_ok=True)
                elif member.isfile():
                    inner.write_bytes(tar.extractfile(member).read())

    # Own matters

    def _await_healthy(self, wait: Wait) -> None:
        def ensure_alive() -> None:
            state = self.state()
            if state is NodeState.REMOVED:
                raise health.Ended("the container was removed")
            if state is NodeState.EXITED:
                self._log.finish()
                raise health.Ended(f"the container ended with exit code {self.exit_code()}")

        check = self.spec.health
        inside = f"http://{self.name}:{self.spec.ports[check.port]}"
        try:
            health.await_healthy(check, self._url_or_unhealthy, ensure_alive, wait)
        except (health.Unhealthy, health.Ended) as error:
            raise self._failure(health.describe(check, inside, wait), str(error)) from error

    def _url_or_unhealthy(self) -> str:
        try:
            return self.url()
        except NodeGone as error:  # it is just ending
            raise health.Unhealthy(str(error)) from error

    def _failure(self, awaited: str, instead: str) -> StartError:
        tail = self.logs(LOG_TAIL)
        code = self.exit_code()
        return StartError(self.name, awaited, instead, log_path=self.log_path, log_tail=tail, exit_code=code)

    def _end(self, timeout: float) -> None:
        if self.state() is NodeState.PAUSED:
            self._container.unpause()
        if timeout:
            self._container.stop(timeout=round(timeout))
        else:
            self._kill()
        self._log.finish()

    def _kill(self) -> None:
        try:
            self._container.kill()
        except APIError as error:
            if error.status_code != 409:  # it ended by itself
                raise
        self._container.wait()

    def _require(self, *states: NodeState) -> None:
        state = self.state()
        if state not in states:
            raise NodeGone(f"node {self.name!r} is {state.value}, not {' or '.join(each.value for each in states)}")

    def _inspect(self) -> dict[str, Any]:
        try:
            self._container.reload()
        except NotFound:
            raise NodeGone(f"node {self.name!r} was removed") from None
        return self._container.attrs

    def _condition(self) -> str:
        connected = self._network.name in self._container.attrs["NetworkSettings"]["Networks"]
        return self._container.status + ("" if connected else " and disconnected from the network")

    def _owner(self) -> tuple[int, int]:
        """uid and gid of the user that the image runs as."""
        user = self._container.attrs["Config"]["User"] or "0"
        name, _, group = user.partition(":")
        for line in self._read_file("/etc/passwd").decode().splitlines():
            fields = line.split(":")
            if name in (fields[0], fields[2]):
                return int(fields[2]), int(group if group.isdigit() else fields[3])
        return int(name), int(group or 0)

    def _read_file(self, path: str) -> bytes:
        stream, _ = self._container.get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            return tar.extractfile(tar.next()).read()


def _values(spec: NodeSpec) -> dict[str, str]:
    values = {"data": spec.data_path, "host": LISTEN_HOST, "python": "python3"}
    return values | {f"port:{name}": str(number) for name, number in spec.ports.items()}


def _endpoint(spec: NodeSpec) -> EndpointConfig:
    return EndpointConfig(API_VERSION, aliases=[spec.name, *spec.aliases])
