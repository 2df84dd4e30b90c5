"""Login and logout as a state machine: order of the parts, and what happens where one of them fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from status_backend.accounts.requests import InvalidRequest
from status_backend.backend import Backend
from status_backend.rpc import Service, rpc
from status_backend.session import Session

Scenario = Callable[[Backend], Awaitable[None]]


class Probe(Service):
    namespace = "wakuext"

    @rpc()
    async def probe(self) -> str:
        return "here"


class RecordingPart:
    """Writes down what is done to it, and fails where it is told to."""

    def __init__(self, name: str, events: list[str], fails: str = "") -> None:
        self.name = name
        self.services = [Probe()] if name == "first" else []
        self._events = events
        self._fails = fails

    async def start(self) -> None:
        await self._note("start")

    async def stop(self) -> None:
        await self._note("stop")

    async def _note(self, what: str) -> None:
        self._events.append(f"{what} {self.name}")
        if self._fails == what:
            raise RuntimeError(f"{self.name} cannot {what}")


def run(tmp_path, scenario: Scenario, second_fails: str = "") -> tuple[list[str], list[dict[str, Any]]]:
    """The parts' events and the signals of a scenario with two parts, the second of which may fail."""
    events: list[str] = []
    signals: list[dict[str, Any]] = []

    def build(session: Session) -> list[RecordingPart]:
        return [RecordingPart("first", events), RecordingPart("second", events, second_fails)]

    async def main() -> None:
        backend = Backend("127.0.0.1", build)
        subscription = backend.signals.subscribe()
        await backend.initialize({"dataDir": str(tmp_path)})
        await scenario(backend)
        await backend.close()
        subscription.close()
        signals.extend([json.loads(frame) async for frame in subscription])

    asyncio.run(main())
    return events, [signal for signal in signals if signal["type"] != "mediaserver.started"]


async def create(backend: Backend, root, **fields: Any) -> None:
    """Create an account and wait for node.login."""
    request = {"displayName": "alice_node", "password": "p", "customizationColor": "blue", "rootDataDir": str(root)}
    subscription = backend.signals.subscribe()
    backend.create_account_and_login({**request, **fields})
    async for frame in subscription:
        if json.loads(frame)["type"] == "node.login":
            subscription.close()


async def ask(backend: Backend) -> dict[str, Any]:
    return json.loads(await backend.dispatcher.handle('{"jsonrpc": "2.0", "id": 1, "method": "wakuext_probe"}'))


def test_parts_start_in_order_and_stop_in_reverse(tmp_path):
    async def scenario(backend: Backend) -> None:
        await create(backend, tmp_path, importInitialDelay=5, mnemonic="secret")
        assert (await ask(backend))["result"] == "here"
        assert backend.session.options["importInitialDelay"] == 5
        assert not {"password", "mnemonic"} & backend.session.options.keys()
        await backend.logout()
        assert (await ask(backend))["error"]["code"] == -32601

    events, signals = run(tmp_path, scenario)
    assert events == ["start first", "start second", "stop second", "stop first"]
    assert [signal["type"] for signal in signals] == ["node.started", "node.ready", "node.login", "node.stopped"]


def test_a_part_that_cannot_start_undoes_the_login(tmp_path):
    async def scenario(backend: Backend) -> None:
        await create(backend, tmp_path)
        assert backend.session is None
        assert (await ask(backend))["error"]["code"] == -32601
        assert len(backend.open_accounts(str(tmp_path))) == 1  # made, and to be logged in to

    events, signals = run(tmp_path, scenario, second_fails="start")
    assert events == ["start first", "start second", "stop second", "stop first"]
    assert signals == [{"type": "node.login", "event": {"error": "second cannot start"}}]


def test_a_part_that_cannot_stop_does_not_keep_the_profile_open(tmp_path):
    async def scenario(backend: Backend) -> None:
        await create(backend, tmp_path)
        with pytest.raises(RuntimeError, match="second cannot stop"):
            await backend.logout()
        assert backend.session is None

    events, signals = run(tmp_path, scenario, second_fails="stop")
    assert events[-2:] == ["stop second", "stop first"]
    assert signals[-1]["type"] == "node.stopped"


def test_closing_stops_what_runs_and_refuses_what_comes(tmp_path):
    async def scenario(backend: Backend) -> None:
        await create(backend, tmp_path)
        await backend.close()
        with pytest.raises(InvalidRequest, match="the process is ending"):
            backend.login_account({"keyUid": "0x01", "password": "p"})

    events, _ = run(tmp_path, scenario)
    assert events[-2:] == ["stop second", "stop first"]


def test_two_logins_at_once_are_one(tmp_path):
    async def scenario(backend: Backend) -> None:
        await asyncio.gather(create(backend, tmp_path), create(backend, tmp_path))

    events, signals = run(tmp_path, scenario)
    assert events.count("start first") == 1
    outcomes = [signal["event"].get("error") for signal in signals if signal["type"] == "node.login"]
    assert outcomes in ([None], [None, "node is already running"])
