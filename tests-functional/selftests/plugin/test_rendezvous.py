"""Workers ask the controller: all at once, and whoever else knocks at its door."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import AuthenticationError

import pytest

from plugin.rendezvous import ControllerFailed, Rendezvous, ask

WORKERS = 40


@pytest.fixture
def rendezvous() -> Iterator[Rendezvous]:
    together = threading.Barrier(WORKERS)

    def answer() -> dict[str, str]:
        together.wait(timeout=60)  # nobody gets an answer before all have asked
        return {"network": "one"}

    rendezvous = Rendezvous(answer)
    yield rendezvous
    rendezvous.close()


def test_all_workers_may_ask_at_once(rendezvous: Rendezvous) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        answers = list(pool.map(ask, [rendezvous.invitation] * WORKERS, timeout=120))
    assert answers == [{"network": "one"}] * WORKERS


def test_strangers_get_nothing_and_keep_nobody_waiting() -> None:
    rendezvous = Rendezvous(lambda: {"network": "one"})
    address = rendezvous.invitation["host"], rendezvous.invitation["port"]
    with socket.create_connection(address) as silent:
        socket.create_connection(address).close()
        with pytest.raises((AuthenticationError, OSError, EOFError)):
            ask({**rendezvous.invitation, "key": "00" * 16})
        assert ask(rendezvous.invitation) == {"network": "one"}
        silent.close()
    rendezvous.close()


def test_what_goes_wrong_on_the_controller_reaches_the_worker() -> None:
    def answer() -> dict[str, str]:
        raise LookupError("no engine")

    rendezvous = Rendezvous(answer)
    with pytest.raises(ControllerFailed, match="LookupError on the controller: no engine"):
        ask(rendezvous.invitation)
    rendezvous.close()
