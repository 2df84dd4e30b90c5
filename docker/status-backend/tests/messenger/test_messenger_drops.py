"""Where an operator sees what was received and not acted upon: by RPC, at /metrics, and in the log."""

from __future__ import annotations

import re
import time

import pytest
import requests
from coincurve import PrivateKey

from status_backend import metrics
from status_backend.protocol import application, ids
from status_backend.protocol.application import Type
from status_backend.protocol.payload import Decoded
from status_backend.protocol.status_update_pb2 import StatusUpdate
from status_backend.protocol.waku_message import Envelope
from status_backend.transport.filters import Filter
from status_backend.transport.transport import Received

pytestmark = pytest.mark.anyio


def counted() -> dict[str, int]:
    found = re.findall(
        r'^status_backend_dropped_messages_total\{reason="(.+)"\} (\d+)$', metrics.render(), re.MULTILINE
    )
    return {reason: int(number) for reason, number in found}


async def test_by_reason(lonely, caplog):
    caplog.set_level("INFO")
    before = counted()
    forger, somebody = PrivateKey(), ids.public_key_id(PrivateKey().public_key)
    filter_ = Filter(ids.contact_code_chat_id(somebody))
    envelope = Envelope("", filter_.content_topic, b"sealed", time.time_ns())
    status = application.wrap(StatusUpdate(clock=1).SerializeToString(), Type.STATUS_UPDATE, forger)
    for wrapped in (status, status, b"no message"):
        lonely.messenger._inbox.receive([Received(filter_, envelope, Decoded(wrapped, b"", None))])
    lonely.messenger.transport._deliver([None])
    assert await lonely.rpc("droppedMessages") == {"forged": 2, "malformed": 2}
    more = {reason: number - before.get(reason, 0) for reason, number in counted().items()}
    assert {reason: number for reason, number in more.items() if number} == {"forged": 2, "malformed": 2}
    assert caplog.text.count("dropped (forged)") == 2 and caplog.text.count("dropped (malformed)") == 2
    await lonely.stop()
    assert "messages received since login and not acted upon: 2 forged, 2 malformed" in caplog.text
    await lonely.start()
    assert await lonely.rpc("droppedMessages") == {}


def test_over_http(idle_backend):
    answer = requests.get(f"{idle_backend.url}/metrics", timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4"
    assert "# TYPE status_backend_dropped_messages_total counter" in answer.text.splitlines()
