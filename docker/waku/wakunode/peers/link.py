"""One link to one peer, after the handshake.

Frames, besides messages (the same text as on the push stream), are objects with a single key:
`subscriptions` (the sender's pubsub topics, on start and on every change), `ihave` (hashes of recent messages, to a
peer that has just named its topics), `iwant` (those of them that are missing), `request` and `response`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from wakunode.message import Envelope, WakuMessage, hash_text, parse_hash
from wakunode.outbox import Outbox, TooSlow
from wakunode.peers.handshake import GOING_AWAY, Hello, LinkFault, Socket, receive
from wakunode.relay import MessageTooBig, Relay
from wakunode.tasks import until_first

REQUEST_SECONDS = 10

Handler = Callable[[Any], Awaitable[Any]]

log = logging.getLogger(__name__)


class RequestFailed(Exception):
    """A request that the peer answered with an error, or did not answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Link:
    def __init__(self, socket: Socket, peer: Hello, origin: str, relay: Relay, handlers: Mapping[str, Handler]) -> None:
        self.peer = peer
        self.origin = origin
        self.closed = asyncio.Event()
        self._socket = socket
        self._relay = relay
        self._handlers = handlers
        self._topics: frozenset[str] = frozenset()
        self._outbox = Outbox()
        self._request_ids = itertools.count(1)
        self._requests: dict[int, asyncio.Future[Any]] = {}
        self._answers: set[asyncio.Task[None]] = set()

    def __str__(self) -> str:
        return self.peer.peer_id

    def forward(self, envelope: Envelope) -> None:
        if envelope.pubsub_topic in self._topics:
            self._outbox.put(envelope.frame)

    def send_subscriptions(self) -> None:
        self._put("subscriptions", self._relay.topics)

    async def request(self, method: str, params: Any) -> Any:
        """Ask the peer; raises RequestFailed."""
        request_id = next(self._request_ids)
        answer = self._requests[request_id] = asyncio.get_running_loop().create_future()
        self._put("request", {"id": request_id, "method": method, "params": params})
        try:
            return await asyncio.wait_for(answer, REQUEST_SECONDS)
        except TimeoutError:
            raise RequestFailed(504, f"{self.peer.peer_id} did not answer within {REQUEST_SECONDS} s") from None
        finally:
            del self._requests[request_id]

    async def run(self) -> None:
        """Serve the link until it ends; raises the LinkFault that ended it."""
        self.send_subscriptions()
        try:
            await until_first(self._read(), self._outbox.drain(self._socket))
        except TooSlow as error:
            raise LinkFault(f"{self.peer.peer_id} reads too slowly: {error}") from error
        except ConnectionError as error:
            raise LinkFault(f"the link was lost: {error}", GOING_AWAY) from error
        finally:
            self.closed.set()
            for task in self._answers:
                task.cancel()
            for answer in self._requests.values():
                if not answer.done():
                    answer.set_exception(RequestFailed(503, f"the link to {self.peer.peer_id} was lost"))

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye, but wait for nobody who does not listen."""
        try:
            await asyncio.wait_for(self._socket.close(code=code, message=reason.encode()[:120]), 1)
        except (TimeoutError, ConnectionError) as error:
            log.debug("no goodbye from %s: %r", self.peer.peer_id, error)

    async def _read(self) -> None:
        while True:
            self._take(await receive(self._socket))

    def _take(self, frame: dict[str, Any]) -> None:
        try:
            if "message" in frame:
                self._take_message(frame)
            elif "subscriptions" in frame:
                self._take_subscriptions(frame["subscriptions"])
            elif "ihave" in frame:
                missing = [h for h in frame["ihave"] if not self._relay.has_seen(parse_hash(h))]
                if missing:
                    self._put("iwant", missing)
            elif "iwant" in frame:
                wanted = set(map(parse_hash, frame["iwant"]))
                for envelope in self._relay.recent():
                    if envelope.hash in wanted:
                        self.forward(envelope)
            elif "request" in frame:
                answer = asyncio.create_task(self._answer(frame["request"]))
                self._answers.add(answer)
                answer.add_done_callback(self._answers.discard)
            elif "response" in frame:
                self._take_response(frame["response"])
            else:
                raise LinkFault(f"unknown frame with {sorted(frame)}")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise LinkFault(f"malformed frame with {sorted(frame)}: {error!r}") from error

    def _take_message(self, frame: dict[str, Any]) -> None:
        envelope = Envelope(str(frame["pubsubTopic"]), WakuMessage.from_json(frame["message"]))
        if not self._relay.is_subscribed(envelope.pubsub_topic):
            return
        try:
            self._relay.publish(envelope, source=self)
        except MessageTooBig as error:
            log.warning("message %s from %s dropped: %s", envelope.hash.hex(), self.peer.peer_id, error)

    def _take_subscriptions(self, topics: list[str]) -> None:
        added = frozenset(topics) - self._topics
        self._topics = frozenset(topics)
        recent = [hash_text(e.hash) for e in self._relay.recent() if e.pubsub_topic in added]
        if recent:
            self._put("ihave", recent)

    def _take_response(self, response: dict[str, Any]) -> None:
        answer = self._requests.get(response["id"])
        if answer is None or answer.done():
            return
        if "error" in response:
            answer.set_exception(RequestFailed(response["error"]["status"], response["error"]["text"]))
        else:
            answer.set_result(response["result"])

    async def _answer(self, request: dict[str, Any]) -> None:
        response: dict[str, Any] = {"id": request.get("id")}
        handler = self._handlers.get(str(request.get("method")))
        try:
            if handler is None:
                raise RequestFailed(404, f"{request.get('method')!r} is not served here")
            response["result"] = await handler(request.get("params"))
        except RequestFailed as error:
            response["error"] = {"status": error.status, "text": str(error)}
        except Exception as error:
            log.exception("request %s of %s failed", request.get("method"), self.peer.peer_id)
            response["error"] = {"status": 500, "text": str(error)}
        self._put("response", response)

    def _put(self, key: str, value: Any) -> None:
        self._outbox.put(json.dumps({key: value}))
