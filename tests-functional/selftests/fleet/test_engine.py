"""Engines elsewhere: by tcp, by a docker context, by ssh. There is one engine here; it is reached by a way round.

A TCP proxy on 127.0.0.2 stands for a remote host. What is a real ssh connection in the field is a program in its place.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from fleet import FleetError, HealthCheck, NodeSpec, Run, leftovers
from fleet.docker_runtime import DockerRuntime
from fleet.engine import connect, engine_host, publish_address
from selftests.fleet.outside import CONTROLLER, HARNESS, WITHIN, await_report

REMOTE = "127.0.0.2"
SOCKET = "/var/run/docker.sock"
BLOCK = 65536


class Proxy:
    """Passes what comes to a TCP port on to the engine's socket, and back; while it is `down` it hangs up on all."""

    def __init__(self):
        self.server = socket.create_server((REMOTE, 0))
        self.port = self.server.getsockname()[1]
        self.connections = self.refused = 0
        self.down = False
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return  # closed
            if self.down:
                near.close()
                self.refused += 1
                continue
            self.connections += 1
            far = socket.socket(socket.AF_UNIX)
            far.connect(SOCKET)
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=(source, target), daemon=True).start()

    def copy(self, source, target):
        try:
            while block := source.recv(BLOCK):
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side is closed

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


@pytest.fixture
def proxy(engine):
    if not Path(SOCKET).exists():
        pytest.skip(f"the engine has no {SOCKET}")
    proxy = Proxy()
    yield proxy
    proxy.close()


@pytest.fixture
def context(proxy, tmp_path, monkeypatch):
    """A docker configuration whose current context is the proxy's."""
    folder = tmp_path / "contexts/meta" / hashlib.sha256(b"builder").hexdigest()
    folder.mkdir(parents=True)
    endpoint = {"Host": f"tcp://{REMOTE}:{proxy.port}", "SkipTLSVerify": False}
    (folder / "meta.json").write_text(
        json.dumps({"Name": "builder", "Metadata": {}, "Endpoints": {"docker": endpoint}})
    )
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "builder"}))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def assert_a_node_works(runtime, image, tmp_path):
    """All that goes another way than to a local engine: addresses, streams, files, commands, logs."""
    arguments = ("--host", "{host}", "--port", "{port:http}", "--data", "{data}")
    specs = [
        NodeSpec(name, "tiny", image, arguments, (), {"http": 8000}, HealthCheck("http")) for name in ("alice", "bob")
    ]
    alice, bob = runtime.start(specs, tmp_path / "nodes")
    assert alice.url().startswith(f"http://{REMOTE}:")
    assert requests.get(f"{alice.url()}/health", timeout=10).text == "tiny"
    host, port = bob.address()
    answer = requests.get(f"{alice.url()}/fetch", params={"url": f"http://{host}:{port}/health"}, timeout=10)
    assert answer.text == "tiny"

    here = tmp_path / "here"
    here.write_text("from here")
    alice.copy_in(here, "there")
    assert alice.exec(["cat", "there"]).output == "from here"
    container = runtime.engine.client.containers.get(alice.handle["container"]).attrs
    assert [each["HostIp"] for each in container["NetworkSettings"]["Ports"]["8000/tcp"]] == ["0.0.0.0"]
    assert (container["Mounts"], container["HostConfig"]["Binds"]) == ([], None), "nothing of this machine is there"
    assert alice.stop() == 0
    assert alice.logs(tail=1) == ["tiny node ends"]


def test_nodes_of_a_remote_engine_are_reached_on_its_host(proxy, tiny_image, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"tcp://{REMOTE}:{proxy.port}")
    run = Run.create(tmp_path, docker=True)
    runtime = DockerRuntime(run)
    try:
        assert_a_node_works(runtime, tiny_image, tmp_path)
        before = proxy.connections
    finally:
        runtime.close()
        assert run.close() == []
    assert proxy.connections > before, "the reapers have come the same way"


def test_run_goes_when_an_engine_that_was_down_is_back(proxy, tiny_image, tmp_path, monkeypatch):
    """The controller dies while the engine is being restarted."""
    monkeypatch.setenv("DOCKER_HOST", f"tcp://{REMOTE}:{proxy.port}")
    arguments = ("--host", "{host}", "--port", "{port:http}", "--data", "{data}")
    spec = NodeSpec("alice", "tiny", tiny_image, arguments, (), {"http": 8000}, HealthCheck("http"))
    task = {"logs": str(tmp_path), "runtime": "docker", "specs": [spec.to_json()]}
    task |= {"max_lifetime": 600, "own_network": False}
    command = [sys.executable, "-c", CONTROLLER, json.dumps(task)]
    with subprocess.Popen(command, cwd=HARNESS, stdout=subprocess.PIPE, text=True) as controller:
        run = json.loads(controller.stdout.readline())
        proxy.down = True
        controller.kill()
    deadline = time.monotonic() + WITHIN
    while proxy.refused < 2:
        assert time.monotonic() < deadline, "the reaper has not asked twice"
        time.sleep(0.05)
    assert not (Path(run["run_dir"]) / "reaper.json").exists()
    proxy.down = False
    report = await_report(run["run_dir"])
    assert (len(report["removed"]), report["failed"]) == (2, [])
    assert not leftovers.find(run["run_id"], connect().client)


def test_current_context_says_which_engine(context, proxy):
    engine = connect()
    assert (engine.host, engine.publish_on) == (REMOTE, "0.0.0.0")
    assert engine.place == f"tcp://{REMOTE}:{proxy.port} (context builder)"
    assert proxy.connections > 0


def test_context_can_be_named_for_one_run(context, monkeypatch):
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert connect().is_local


def test_docker_host_comes_before_the_context(context, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{SOCKET}")
    assert connect().is_local


def test_context_that_is_not_there_is_named(context, monkeypatch):
    monkeypatch.setenv("DOCKER_CONTEXT", "buidler")
    with pytest.raises(FleetError, match=r"no docker context 'buidler' \(`docker context ls` lists them\)"):
        connect()


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    """In place of the program ssh: `builder` is an alias of 127.0.0.2, and a command runs on this machine."""
    program = tmp_path / "ssh"
    program.write_text(
        '#!/bin/sh\n[ "$1" = -G ] && echo "user me\nhostname 127.0.0.2" && exit\n'
        f'echo "$*" >> "{tmp_path}/commands"\n'
        '[ "$5" = nobody ] && echo "Permission denied (publickey)." >&2 && exit 255\n'
        'while [ "$1" != -- ]; do shift; done; shift 2\n'
        "unset DOCKER_HOST DOCKER_CONTEXT\nexec $*\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "commands"


def test_alias_of_the_ssh_configuration_is_resolved(ssh):
    assert engine_host("ssh://builder") == engine_host("ssh://me@builder:22") == REMOTE


def test_engine_by_ssh_is_reached_by_the_ssh_program(engine, ssh, tiny_image, monkeypatch, tmp_path):
    if shutil.which("docker") is None:
        pytest.skip("the docker command is not installed, as it must be on the engine's host")
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@builder:2222")
    remote = connect()
    assert (remote.host, remote.place) == (REMOTE, "ssh://me@builder:2222")
    command = "-T -o BatchMode=yes -l me -p 2222 -- builder docker system dial-stdio"
    assert set(ssh.read_text().splitlines()) == {command}
    run = Run.create(tmp_path / "logs", docker=True)
    runtime = DockerRuntime(run, remote)
    try:
        assert_a_node_works(runtime, tiny_image, tmp_path)
    finally:
        runtime.close()
        assert run.close() == []


def test_what_ssh_complains_of_is_said(ssh, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "ssh://nobody@builder")
    with pytest.raises(FleetError, match=r"no docker engine answers: Permission denied \(publickey\)."):
        connect()


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("builder.example", "0.0.0.0"), ("[fd00::5]", "::")]
)
def test_ports_are_published_where_they_can_be_reached(host, address):
    assert publish_address(host) == address
