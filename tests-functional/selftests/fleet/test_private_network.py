"""Processes in network namespaces of their own: reached by tests and by each other, and disturbed one by one."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from fleet import Capability, Node, NodeState, Run, leftovers
from fleet.choose import make_runtime
from fleet.faults import FaultNotVerified, Faults, FaultUnavailable
from fleet.faults.networks import network_of
from fleet.process_runtime import ProcessRuntime
from selftests.fleet.outside import await_report


@pytest.fixture(scope="module")
def runtime_name() -> str:
    return "process"


@pytest.fixture(scope="module")
def runtime(run) -> Iterator[ProcessRuntime]:
    runtime = make_runtime("process", run, own_network=True)
    if runtime.network is None:
        pytest.skip(runtime.no_network_faults)
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def pair(runtime, tiny, tmp_path_factory) -> Iterator[list[Node]]:
    specs = [tiny("a", "--udp"), tiny("b", "--udp", data_size=1 << 20)]
    nodes = runtime.start(specs, tmp_path_factory.mktemp("logs"))
    yield nodes
    for node in nodes:
        node.remove()


def reached(node: Node, other: Node) -> set[bool]:
    """By TCP and by UDP."""
    host, port = other.address()
    by_tcp = requests.get(f"{node.url()}/fetch", params={"url": f"http://{host}:{port}/count"}, timeout=30)
    by_udp = requests.get(f"{node.url()}/udp", params={"host": host, "port": port}, timeout=30)
    return {by_tcp.status_code == 200, by_udp.status_code == 200}


def test_nodes_reach_each_other_and_a_worker_finds_them_also_after_a_kill(runtime, pair):
    a, b = pair
    assert Capability.NETWORK_FAULTS in runtime.capabilities
    assert reached(a, b) == reached(b, a) == {True}
    assert a.address()[0] != b.address()[0]
    before = b.url(), b.address()
    worker = make_runtime("process", Run.join(json.loads(json.dumps(runtime.run.share())), "gw0"), own_network=True)
    attached = worker.attach(json.loads(json.dumps(a.handle)))
    assert attached.exec(["hostname", "-I"]).output.split() == [a.address()[0]]
    attached.kill()
    b.kill()
    assert (a.state(), b.state()) == (NodeState.EXITED, NodeState.EXITED)
    a.start()
    b.start()
    assert (b.url(), b.address()) == before == (b.url(), b.address())
    assert reached(a, b) == reached(b, a) == {True}
    assert b.exec(["cat", "count"]).output == "0", "its data directory of limited size is there too"


def test_one_in_the_place_of_another_is_found_by_those_that_knew_it(runtime, pair, tiny, tmp_path):
    (first,) = runtime.start([tiny("again", "--udp")], tmp_path)
    assert reached(pair[0], first) == {True}
    known = first.address()
    first.remove()
    (second,) = runtime.start([tiny("again", "--udp")], tmp_path)
    assert second.address() == known and reached(pair[0], second) == {True}
    second.remove()


def test_network_faults_take_effect_and_heal_also_where_the_node_is_killed_meanwhile(runtime, pair):
    a, b = pair
    told: list[tuple[str, str]] = []
    network = network_of(runtime)
    faults = Faults(lambda node, name, phase, text: told.append((name, phase)), network=lambda: network)
    with faults.partition(a, b):
        assert reached(a, b) == reached(b, a) == {False}
        assert requests.get(a.url() + "/health", timeout=10).text == "tiny", "the harness keeps its access"
        with faults.kill(a), faults.disk_full(b):
            pass
        assert reached(a, b) == {False}, "its namespace is the same, so is what becomes of its packets"
    with faults.delay(a, 30), faults.loss(a, 0.2), faults.rate(b, 200_000):
        pass
    assert reached(a, b) == reached(b, a) == {True}
    assert len(told) == 4 * len({name for name, _ in told}) + 4, "each of six has four phases, one of them on two nodes"
    sham = faults.delay(a, 100)
    sham.filter = lambda node: {"kind": "nothing"}
    with pytest.raises(FaultNotVerified, match="delay.* a"), sham:
        pytest.fail("the block must not run")
    faults.close()
    network.close()


def test_ends_and_breaks_of_connections_are_passed_on(pair):
    """Both ways, each for itself; and no connection outlives both its ends."""
    a, _ = pair
    relay = a.place.holder
    idle = connections(relay)

    with connect(a) as half_closed:
        half_closed.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        half_closed.shutdown(socket.SHUT_WR)
        assert half_closed.makefile("rb").read().endswith(b"tiny")

    with connect(a) as silent, connect(a) as asking:
        asking.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert asking.recv(100)
        a.kill()
        assert silent.recv(100) == b"", "the kernel has closed what the node had open"
        while asking.recv(100):
            pass
        with pytest.raises(ConnectionResetError), connect(a) as refused:
            refused.recv(100)
        with pytest.raises(OSError):  # the first send is answered by a reset
            while True:
                silent.sendall(b"?")
    while connections(relay) > idle:
        pass
    a.start()


def connect(node: Node) -> socket.socket:
    host, port = node.url().removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def connections(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/fd"))


def test_nothing_outlives_a_controller_that_is_killed(runtime, controller):
    process, run = controller(own_network=True)
    ours = leftovers.find(run["run_id"], None).processes
    assert len(ours) == 5, "two nodes, what holds their namespaces, and the bridge between them"
    namespaces = {namespace_of(each.pid) for each in ours}
    assert len(namespaces) == 3
    process.send_signal(signal.SIGKILL)
    report = await_report(run["run_dir"])
    assert (len(report["removed"]), report["failed"]) == (5, [])
    alive = {namespace_of(int(folder.name)) for folder in Path("/proc").glob("[0-9]*")}
    assert not namespaces & alive, "and a namespace that nobody is in is none"


def namespace_of(process: int) -> str:
    try:
        return os.readlink(f"/proc/{process}/ns/net")
    except OSError:  # it has ended, or it is another user's
        return ""


def test_where_a_user_may_not_the_reason_is_told_to_each_process(tmp_path, monkeypatch):
    monkeypatch.setattr("fleet.private_network.BRIDGE_SCRIPT", "echo ip: operation not permitted; exit 1")
    run = Run.create(tmp_path)
    for each in (run, Run.join(json.loads(json.dumps(run.share())), "gw0")):
        runtime = make_runtime("process", each, own_network=True)
        assert Capability.NETWORK_FAULTS not in runtime.capabilities
        with pytest.raises(FaultUnavailable, match="no network of its own.*operation not permitted"):
            network_of(runtime)
        runtime.close()
    assert run.close() == []


def test_on_loopback_it_is_told_how_to_have_them(tmp_path):
    run = Run.create(tmp_path)
    with pytest.raises(FaultUnavailable, match="--process-network own"):
        network_of(make_runtime("process", run))
    assert run.close() == []
