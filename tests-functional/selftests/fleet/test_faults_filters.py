"""What the helper's filters make of packets, packet by packet."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from pathlib import Path

import pytest

import fleet.faults

HELPER = Path(fleet.faults.__file__).parent / "helper"


@pytest.fixture(scope="module")
def filters():
    sys.path.insert(0, str(HELPER))
    try:
        from fault_helper import filters

        yield filters
    finally:
        sys.path.remove(str(HELPER))


@pytest.fixture
def packet(filters):
    def make(peer: str = "172.19.0.3", sent: bool = True, size: int = 1000):
        return filters.Packet(1, sent, ip_address(peer), size)

    return make


def test_cut_drops_both_directions_of_its_peers_only(filters, packet):
    cut = filters.make({"kind": "cut", "peers": ["172.19.0.3", "fd00::3"]})
    assert cut(packet(sent=True), 5.0) is cut(packet(sent=False), 5.0) is cut(packet("fd00::3"), 5.0) is None
    assert cut(packet("172.19.0.33"), 5.0) == 5.0
    assert cut.counts == {"seen": 4, "dropped": 3, "held": 0}


def test_delay_keeps_the_order_and_holds_only_what_is_sent(filters, packet):
    delay = filters.make({"kind": "delay", "seconds": 0.1, "jitter": 0.05, "seed": 1})
    goes = [delay(packet(), number / 1000) for number in range(200)]
    assert goes == sorted(goes)
    held = [moment - number / 1000 for number, moment in enumerate(goes)]
    assert 0.05 <= min(held) and max(held) <= 0.15 + 1e-9
    assert delay(packet(sent=False), 1.0) == 1.0


def test_loss_is_that_of_its_seed(filters, packet):
    def lost(seed: int) -> list[int]:
        loss = filters.make({"kind": "loss", "fraction": 0.2, "seed": seed})
        return [number for number in range(2000) if loss(packet(), 0.0) is None]

    assert lost(1) == lost(1) != lost(2)
    assert 300 < len(lost(1)) < 500


def test_all_can_be_lost(filters, packet):
    loss = filters.make({"kind": "loss", "fraction": 1, "seed": 1})
    assert all(loss(packet(), 0.0) is None for _ in range(1000))


def test_rate_spaces_packets_each_way_and_drops_what_would_wait_too_long(filters, packet):
    rate = filters.make({"kind": "rate", "bytes_per_second": 100_000})
    goes = [rate(packet(), 0.0) for _ in range(100)]
    passed = [moment for moment in goes if moment is not None]
    assert passed[:4] == pytest.approx([0.0, 0.0, 0.0, 0.01]), "a burst at first, then one each 10 ms"
    assert 0.48 < max(passed) <= filters.LONGEST_QUEUE
    assert goes[-1] is None
    assert rate(packet(sent=False), 0.0) == 0.0, "the other direction has a rate of its own"
    assert rate(packet(), 10.0) == 10.0, "and an idle link is free again"


def test_a_kind_that_is_not_there_is_an_error(filters):
    with pytest.raises(KeyError):
        filters.make({"kind": "gremlins"})
