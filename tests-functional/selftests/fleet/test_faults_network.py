"""Network faults in docker: what they do to UDP, TCP and QUIC between real containers, and what is said of a sham."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from fleet import Node, NodeState, leftovers
from fleet.faults import FaultNotHealed, FaultNotVerified, Faults, FaultUnavailable
from fleet.faults.docker_network import DockerNetwork
from fleet.faults.networks import network_of
from fleet.faults.shaper import Shaper

pytestmark = pytest.mark.parametrize("runtime_name", ["docker"], indirect=True, scope="module")

BY_QUIC = ["python3", "-m", "quic_echo"]


@pytest.fixture(scope="module")
def trio(runtime, tiny, tmp_path_factory) -> Iterator[list[Node]]:
    nodes = runtime.start([tiny(name, "--udp") for name in "abc"], tmp_path_factory.mktemp("logs"))
    yield nodes
    for node in nodes:
        node.remove()


@pytest.fixture(scope="module")
def network(runtime) -> Iterator[DockerNetwork]:
    network = network_of(runtime)
    yield network
    network.close()


@pytest.fixture
def told() -> list[tuple[str, str, str]]:
    return []


@pytest.fixture
def faults(network, told) -> Iterator[Faults]:
    faults = Faults(lambda node, name, phase, text: told.append((node.name, phase, text)), network=lambda: network)
    yield faults
    faults.close()


def by_tcp(node: Node, other: Node) -> bool:
    url = f"http://{other.name}:{other.spec.ports['http']}/count"
    return requests.get(f"{node.url()}/fetch", params={"url": url}, timeout=30).status_code == 200


def by_udp(node: Node, other: Node) -> bool:
    place = {"host": other.name, "port": other.spec.ports["http"]}
    return requests.get(f"{node.url()}/udp", params=place, timeout=30).status_code == 200


def by_quic(node: Node, other: Node) -> bool:
    return node.exec([*BY_QUIC, "ask", other.name]).output.strip() == "by QUIC"


def reach(*pairs: tuple[Node, Node]) -> set[bool]:
    """What comes of asking the second of each pair by the first, and the other way round, by UDP and by TCP."""
    both_ways = [*pairs, *((second, first) for first, second in pairs)]
    with ThreadPoolExecutor(max_workers=4 * len(pairs)) as pool:
        asked = [pool.submit(by, *pair) for by in (by_tcp, by_udp) for pair in both_ways]
        return {each.result() for each in asked}


def test_a_partition_cuts_udp_tcp_and_quic_both_ways_and_nothing_else(faults, told, trio):
    a, b, c = trio
    a.exec(["sh", "-c", "exec python3 -m quic_echo serve >/tmp/quic 2>&1 & until grep serves /tmp/quic; do :; done"])
    assert by_quic(b, a)
    with faults.partition([a], [b, c]):
        assert reach((a, b), (a, c)) == {False}
        assert not by_quic(b, a)
        assert reach((b, c)) == {True}, "within a group all is well"
        assert requests.get(a.url() + "/health", timeout=5).text == "tiny", "the harness keeps its access"
    assert reach((a, b), (a, c)) == {True}
    assert by_quic(b, a)
    assert [phase for node, phase, _ in told if node == "a"] == ["inject", "verified", "heal", "healed"]
    assert {node for node, _, _ in told} == {"a", "b", "c"}, "the timeline has it on each lane"


def test_the_other_group_can_do_the_dropping(network, trio):
    a, b, c = trio
    faults = Faults(network=lambda: network, is_shared=lambda node: node is a)
    with faults.partition(a, [b, c]):
        assert not by_udp(c, a)
    faults.close()
    assert by_udp(c, a)
    with pytest.raises(ValueError, match="both groups"):
        Faults(network=lambda: network, is_shared=lambda node: True).partition(a, b)


def test_a_delay_holds_what_the_node_sends(faults, trio):
    a, b, _ = trio
    with faults.delay(a, 150, jitter=50):
        for exchange in (by_udp, by_tcp):
            for asking, answering in ((a, b), (b, a)):
                began = time.monotonic()
                assert exchange(asking, answering)
                assert time.monotonic() - began >= 0.1


def test_loss_and_delay_go_together(faults, told, trio):
    a, b, _ = trio
    with faults.delay(a, 5), faults.loss(a, 0.3):
        assert any(by_tcp(b, a) for _ in range(20)), "TCP sends again what is lost, if not always within two seconds"
    proofs = [text for _, phase, text in told if phase == "verified"]
    lost = float(proofs[1].partition("%")[0])
    assert 30 < lost < 70, "51 % is what 30 % each way make"
    assert "0.00% of 400" in told[-3][2], told[-3]


def test_a_rate_is_not_exceeded_either_way(faults, told, trio):
    with faults.rate(trio[0], 200_000):
        pass
    assert [phase for _, phase, _ in told] == ["inject", "verified", "heal", "healed"]
    assert "103000 bytes take" in told[1][2]


@pytest.mark.parametrize("kind", ["partition", "delay", "loss", "rate"])
def test_one_that_does_nothing_is_not_verified(faults, told, trio, kind):
    a, b, _ = trio
    arguments = {"partition": (a, b), "delay": (a, 100), "loss": (a, 0.2), "rate": (a, 200_000)}
    fault = getattr(faults, kind)(*arguments[kind])
    fault.filter = lambda node: {"kind": "nothing"}
    with pytest.raises(FaultNotVerified, match=f"{kind}.* a"):
        with fault:
            pytest.fail("the block must not run")
    assert [phase for _, phase, _ in told if phase != "inject"][0] == "heal"


def test_it_is_healed_when_the_block_fails(faults, told, trio):
    a, b, _ = trio
    with pytest.raises(ZeroDivisionError):
        with faults.partition(a, b):
            raise ZeroDivisionError
    assert told[-1][1] == "healed"
    assert by_udp(a, b)


def test_one_that_stays_is_not_healed(faults, network, trio, monkeypatch):
    a, b, _ = trio
    monkeypatch.setattr(Shaper, "remove", lambda shaper, number: {})
    monkeypatch.setattr("fleet.faults.network.PATIENCE", 0.5)
    with pytest.raises(FaultNotHealed, match=r"a still does not reach b \(udp\), b \(tcp\)"):
        with faults.partition(a, b):
            pass
    network.release(a)
    assert by_tcp(a, b), "without its helper nothing is left of it"


def test_a_helper_that_dies_is_told_and_leaves_no_rule(faults, trio, engine, run):
    a, b, _ = trio
    with pytest.raises(FaultNotVerified, match="its helper at a ended meanwhile"):
        with faults.partition(a, b):
            engine.client.containers.get(f"{run.resource_name}-{run.worker}-a-helper").kill()
            assert by_udp(a, b)
    assert reach((a, b)) == {True}


def test_a_node_that_is_started_anew_has_lost_the_fault(faults, trio):
    a, b, _ = trio
    with pytest.raises(FaultNotVerified, match="a was started anew meanwhile"):
        with faults.delay(a, 50):
            a.restart()
    assert reach((a, b)) == {True}


def test_peers_that_were_cut_off_before_prove_nothing(faults, trio, monkeypatch):
    a, b, _ = trio
    monkeypatch.setattr("fleet.faults.network.PATIENCE", 0.5)
    with faults.partition(a, b):
        with pytest.raises(FaultNotVerified, match="before it was injected"):
            with faults.partition(b, a):
                pytest.fail("the block must not run")


def test_the_node_has_no_privilege_and_its_helper_one(faults, trio, engine, run):
    a, _, _ = trio
    with faults.delay(a, 20):
        containers = leftovers.find(run.run_id, engine.client).containers
        rights = {each.name.rpartition("-")[2]: each.attrs["HostConfig"] for each in containers}
        assert rights["a"]["CapDrop"] == rights["helper"]["CapDrop"] == rights["beacon"]["CapDrop"] == ["ALL"]
        assert (rights["a"]["CapAdd"], rights["helper"]["CapAdd"]) == (None, ["NET_ADMIN"])


def test_where_the_kernel_refuses_it_is_unavailable(network, trio, monkeypatch):
    """As on a kernel without netfilter queues: here the helper may not use them."""
    create = network._create
    monkeypatch.setattr(network, "_create", lambda *args, **more: create(*args, **{**more, "cap_add": None}))
    with pytest.raises(FaultUnavailable, match="diverts no packets"):
        network.shaper(trio[2])
    assert trio[2].state() is NodeState.RUNNING


@pytest.mark.parametrize(("kind", "arguments"), [("delay", (5, 5)), ("loss", (0,)), ("loss", (1.5,)), ("rate", (10,))])
def test_what_cannot_be_is_refused(faults, trio, kind, arguments):
    with pytest.raises(ValueError, match=kind):
        getattr(faults, kind)(trio[0], *arguments)


def test_the_helpers_go_when_the_faults_close(network, trio, engine, run):
    faults = Faults(network=lambda: network, rng=lambda name: random.Random(1))
    with faults.delay(trio[1], 20):
        pass
    faults.close()
    names = [each.name for each in leftovers.find(run.run_id, engine.client).containers]
    assert not any(name.endswith("-b-helper") for name in names)
