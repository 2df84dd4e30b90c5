"""The libp2p host: TCP, Noise, mplex, secp256k1.

Everything outside this module is asyncio; libp2p is trio and lives in its own thread.

Messages are length-prefixed (unsigned varint). A message protocol uses one stream in each direction, opened at the
first message and kept; a request protocol uses one stream per request, as libp2p's habits are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..errors import DialFailed, InvalidMessage
from .addresses import dialable

if TYPE_CHECKING:
    import trio
    from libp2p.crypto.keys import KeyPair

log = logging.getLogger(__name__)

T = TypeVar("T")
MessageHandler = Callable[[str, bytes], Coroutine[Any, Any, None]]
RequestHandler = Callable[[str, bytes], Coroutine[Any, Any, bytes]]
PeerHandler = Callable[[str, bool], Coroutine[Any, Any, None]]

MAX_MESSAGE = 100 << 20
MAX_REQUEST = 1 << 20
FRAME = 65_000  # bytes of one mplex frame: with its header it fits a Noise message
INBOX = 16  # messages read ahead of their handler, per stream
DIAL_TIMEOUT = 10.0
DIAL_STAGGER = 0.25  # seconds between the starts of dials to one peer's addresses
STOP_TIMEOUT = 5.0


class PeerGone(ConnectionError):
    """The peer is not connected (any more) or does not take the message."""


class Libp2pHost:
    """One host. All methods are called from the event loop that called `start`; handlers run on it as well."""

    def __init__(self, key: KeyPair, listen_addrs: Sequence[str], max_peers: int, on_peer: PeerHandler) -> None:
        self.peer_id = ""
        self._key = key
        self._listen_addrs = list(listen_addrs)
        self._max_peers = max_peers
        self._on_peer = on_peer
        self._message_handlers: dict[str, MessageHandler] = {}
        self._request_handlers: dict[str, RequestHandler] = {}
        self._streams: dict[tuple[str, str], _Outgoing] = {}
        self._thread: threading.Thread | None = None
        self._trio: trio.lowlevel.TrioToken | None = None

    def on_message(self, protocol: str, handler: MessageHandler) -> None:
        """Serve `protocol`: the handler gets (peer id, message), in the order sent. To be called before `start`."""
        self._message_handlers[protocol] = handler

    def on_request(self, protocol: str, handler: RequestHandler) -> None:
        """Serve `protocol`: the handler's return value is the response. To be called before `start`."""
        self._request_handlers[protocol] = handler

    async def start(self) -> list[str]:
        """Listen; returns the multiaddresses bound, with their real ports.

        Raises OSError if an address cannot be had.
        """
        self._loop = asyncio.get_running_loop()
        self._started = started = Future[list[str]]()
        self._thread = threading.Thread(target=self._run, args=(started,), name="libp2p", daemon=True)
        self._thread.start()
        return await asyncio.wrap_future(started)

    async def stop(self) -> None:
        """Close all connections and end the thread."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        await asyncio.gather(asyncio.wrap_future(self._started), return_exceptions=True)
        self._soon(lambda: self._nursery.cancel_scope.cancel())
        await asyncio.to_thread(thread.join, STOP_TIMEOUT)
        if thread.is_alive():
            log.warning("libp2p did not end within %s s", STOP_TIMEOUT)

    async def dial(self, peer_id: str, addrs: Sequence[str]) -> None:
        """Be connected to the peer: at once if it is, else through the first address that answers as it.

        Raises DialFailed.
        """
        await self._call(self._dial, peer_id, await dialable(addrs))

    async def send(self, peer_id: str, protocol: str, message: bytes) -> None:
        """Send one message. Returns when it is written; raises PeerGone."""
        await self._call(self._send, peer_id, protocol, message)

    async def request(self, peer_id: str, protocol: str, message: bytes, timeout: float) -> bytes:
        """Send one request and return the response; raises PeerGone, also when `timeout` seconds pass."""
        return await self._call(self._request, peer_id, protocol, message, timeout)

    async def disconnect(self, peer_id: str) -> None:
        """Close all connections to the peer."""
        await self._call(self._disconnect, peer_id)

    # From here on everything runs in the trio thread, except `_call`.

    async def _call(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        import trio

        if self._thread is None or self._trio is None:
            raise PeerGone("the host is stopped")
        outcome: Future[T] = Future()
        scope = trio.CancelScope()

        async def task() -> None:
            result: Any = PeerGone("the host is stopped")  # unless something else comes of it
            try:
                with scope:
                    result = await function(*args)
            except Exception as error:
                result = error
            finally:
                _settle(outcome, result)

        def spawn() -> None:
            try:
                self._nursery.start_soon(task)
            except RuntimeError:  # the nursery is closed
                _settle(outcome, PeerGone("the host is stopped"))

        try:
            self._trio.run_sync_soon(spawn)
        except trio.RunFinishedError as error:
            raise PeerGone("the host is stopped") from error
        try:
            return await asyncio.wrap_future(outcome)
        except asyncio.CancelledError:
            self._soon(scope.cancel)
            raise

    def _soon(self, function: Callable[[], object]) -> None:
        """Call a function in the trio thread, unless that has ended."""
        import trio

        if self._trio is not None:
            with contextlib.suppress(trio.RunFinishedError):
                self._trio.run_sync_soon(function)

    async def _to_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        import trio

        done = trio.Event()
        outcome = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        outcome.add_done_callback(lambda _: self._soon(done.set))
        try:
            await done.wait()
        except trio.Cancelled:
            outcome.cancel()
            raise
        return outcome.result()

    def _run(self, started: Future[list[str]]) -> None:
        import trio

        try:
            trio.run(self._main, started)
        except BaseException as error:
            if started.done():
                log.exception("libp2p ended unexpectedly")
            else:
                started.set_exception(error if isinstance(error, Exception) else OSError(str(error)))

    async def _main(self, started: Future[list[str]]) -> None:
        import trio
        from libp2p import new_host
        from libp2p.crypto.x25519 import create_new_key_pair
        from libp2p.custom_types import TProtocol
        from libp2p.network.config import ConnectionConfig, RetryConfig
        from libp2p.security.noise.transport import PROTOCOL_ID as NOISE
        from libp2p.security.noise.transport import Transport as NoiseTransport
        from libp2p.stream_muxer.mplex import mplex, mplex_stream
        from multiaddr import Multiaddr

        # The library cuts writes into frames of 4 KiB and hands reads on in pieces of that size. The protocol allows
        # 1 MiB; frames that fill one Noise message cost a fraction.
        mplex_stream.CHUNK_SIZE, mplex.BUFFER_SIZE = FRAME, FRAME
        logging.getLogger("libp2p").setLevel(
            logging.CRITICAL
        )  # its own view of every refused dial; ours is in this module
        most = max(1, self._max_peers) * 2
        host = new_host(
            key_pair=self._key,
            sec_opt={NOISE: NoiseTransport(self._key, noise_privkey=create_new_key_pair().private_key)},
            muxer_opt={TProtocol(mplex.MPLEX_PROTOCOL_ID): mplex.Mplex},
            connection_config=ConnectionConfig(
                max_connections=most, high_watermark=most, low_watermark=0, min_connections=0, dial_timeout=DIAL_TIMEOUT
            ),
        )
        self._host, self._swarm = host, cast(Any, host.get_network())
        self._swarm.retry_config = RetryConfig(max_retries=0)
        # The library would dial by itself whomever it has met before; a Codex node dials whom it is told to or needs.
        self._swarm.auto_connector.maybe_connect = trio.lowlevel.checkpoint
        self.peer_id = str(host.get_id())
        self._swarm.register_notifee(_notifee(self._connected, self._disconnected))
        for protocol, handler in self._message_handlers.items():
            host.set_stream_handler(TProtocol(protocol), self._reader(handler))
        for protocol, answerer in self._request_handlers.items():
            host.set_stream_handler(TProtocol(protocol), self._responder(answerer))
        self._trio = trio.lowlevel.current_trio_token()
        async with host.run([Multiaddr(addr) for addr in self._listen_addrs]), trio.open_nursery() as nursery:
            self._nursery = nursery
            bound = [str(addr) for addr in host.get_transport_addrs()]
            if len(bound) < len(self._listen_addrs):
                # set, not raised: the nurseries around would wrap it into groups
                started.set_exception(OSError(f"cannot listen on {', '.join(self._listen_addrs)}"))
                return
            started.set_result(bound)
            await trio.sleep_forever()

    async def _connected(self, peer_id: str) -> None:
        if self.peer_count() > self._max_peers:
            log.info("peer %s is refused: %s peers are the most", peer_id, self._max_peers)
            self._nursery.start_soon(self._disconnect, peer_id)
            return
        await self._to_loop(self._on_peer(peer_id, True))

    async def _disconnected(self, peer_id: str) -> None:
        if not self._swarm.get_connections(_id(peer_id)):
            for key in [key for key in self._streams if key[0] == peer_id]:
                del self._streams[key]
            await self._to_loop(self._on_peer(peer_id, False))

    def peer_count(self) -> int:
        """Number of peers with a connection."""
        return len(self._swarm.connections)

    async def _dial(self, peer_id: str, addrs: Sequence[str]) -> None:
        import trio
        from libp2p.network.exceptions import SwarmException
        from multiaddr import Multiaddr

        peer = _id(peer_id)
        if peer_id == self.peer_id:
            raise DialFailed("that is this node itself")
        if self._swarm.get_connections(peer):
            return
        if not addrs:
            raise DialFailed("no TCP address is known")
        reasons: list[str] = []
        async with trio.open_nursery() as nursery:

            async def attempt(addr: str, failed: trio.Event) -> None:
                try:
                    with trio.fail_after(DIAL_TIMEOUT):
                        connection = await self._swarm.dial_addr(Multiaddr(addr), peer)
                        await connection.event_started.wait()
                    nursery.cancel_scope.cancel()
                except (SwarmException, OSError, trio.TooSlowError) as error:
                    reasons.append(f"{addr}: {error.__cause__ or error}")
                    failed.set()

            for addr in addrs:
                failed = trio.Event()
                nursery.start_soon(attempt, addr, failed)
                with trio.move_on_after(DIAL_STAGGER):
                    await failed.wait()
        if not self._swarm.get_connections(peer):
            raise DialFailed("; ".join(reasons))

    async def _disconnect(self, peer_id: str) -> None:
        await self._swarm.close_peer(_id(peer_id))

    async def _open(self, peer_id: str, protocol: str) -> Any:
        from libp2p.custom_types import TProtocol
        from libp2p.exceptions import BaseLibp2pError

        peer = _id(peer_id)
        if not self._swarm.get_connections(peer):
            raise PeerGone(f"peer {peer_id} is not connected")
        try:
            return await self._host.new_stream(peer, [TProtocol(protocol)])
        except (BaseLibp2pError, OSError, TimeoutError) as error:
            raise PeerGone(f"peer {peer_id} opens no {protocol} stream: {error}") from error

    async def _send(self, peer_id: str, protocol: str, message: bytes) -> None:
        outgoing = self._streams.setdefault((peer_id, protocol), _Outgoing())
        async with outgoing.lock:
            if outgoing.stream is None:
                outgoing.stream = await self._open(peer_id, protocol)
            try:
                await _write(outgoing.stream, message)
            except _stream_errors() as error:
                self._streams.pop((peer_id, protocol), None)
                raise PeerGone(f"peer {peer_id} does not take messages: {error}") from error

    async def _request(self, peer_id: str, protocol: str, message: bytes, timeout: float) -> bytes:
        import trio

        try:
            with trio.fail_after(timeout):
                stream = await self._open(peer_id, protocol)
                try:
                    await _write(stream, message)
                    return await _read(stream, MAX_REQUEST)
                finally:
                    with trio.CancelScope(shield=True), trio.move_on_after(1):
                        await stream.reset()
        except trio.TooSlowError as error:
            raise PeerGone(f"peer {peer_id} did not answer {protocol} in {timeout} s") from error
        except _stream_errors() as error:
            raise PeerGone(f"peer {peer_id} does not answer {protocol}: {error}") from error

    def _reader(self, handler: MessageHandler) -> Callable[[Any], Awaitable[None]]:
        import trio

        async def serve(stream: Any) -> None:
            peer_id = str(stream.muxed_conn.peer_id)
            send, receive = trio.open_memory_channel[bytes](INBOX)

            async def pump() -> None:
                with send:
                    try:
                        while True:
                            await send.send(await _read(stream, MAX_MESSAGE))
                    except _stream_errors() as error:
                        log.debug("stream of %s ended: %r", peer_id, error)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(pump)
                async for message in receive:
                    try:
                        await self._to_loop(handler(peer_id, message))
                    except Exception as error:  # whatever one peer causes must not end the host
                        known = isinstance(error, InvalidMessage)
                        log.warning("peer %s is dropped: %s", peer_id, error, exc_info=None if known else error)
                        self._nursery.start_soon(self._disconnect, peer_id)
                        nursery.cancel_scope.cancel()

        return serve

    def _responder(self, handler: RequestHandler) -> Callable[[Any], Awaitable[None]]:
        import trio

        expected: tuple[type[Exception], ...] = (InvalidMessage, trio.TooSlowError, *_stream_errors())

        async def serve(stream: Any) -> None:
            peer_id = str(stream.muxed_conn.peer_id)
            try:
                with trio.fail_after(DIAL_TIMEOUT):
                    request = await _read(stream, MAX_REQUEST)
                await _write(stream, await self._to_loop(handler(peer_id, request)))
                await stream.close()
            except expected as error:
                log.info("request of %s is not answered: %r", peer_id, error)
                await stream.reset()
            except Exception:  # whatever one peer causes must not end the host
                log.exception("request of %s failed", peer_id)
                await stream.reset()

        return serve


class _Outgoing:
    """The stream on which messages of one protocol go to one peer, and the lock that keeps them whole."""

    def __init__(self) -> None:
        import trio

        self.lock = trio.Lock()
        self.stream: Any = None


def _settle(outcome: Future[T], result: T | Exception) -> None:
    """Give a future its result, or its error, unless nobody waits any more."""
    if outcome.set_running_or_notify_cancel():
        if isinstance(result, Exception):
            outcome.set_exception(result)
        else:
            outcome.set_result(result)


def _id(peer_id: str) -> Any:
    from libp2p.peer.id import ID

    return ID.from_base58(peer_id)


def _stream_errors() -> tuple[type[Exception], ...]:
    import trio
    from libp2p.exceptions import BaseLibp2pError

    return (
        BaseLibp2pError,
        OSError,
        TimeoutError,
        EOFError,
        ValueError,
        trio.BrokenResourceError,
        trio.ClosedResourceError,
    )


async def _write(stream: Any, message: bytes) -> None:
    from libp2p.utils import encode_varint_prefixed

    await stream.write(encode_varint_prefixed(message))


async def _read(stream: Any, limit: int) -> bytes:
    from libp2p.utils import read_varint_prefixed_bytes_limited

    return await read_varint_prefixed_bytes_limited(stream, limit)


def _notifee(connected: Callable[[str], Awaitable[None]], disconnected: Callable[[str], Awaitable[None]]) -> Any:
    from libp2p.abc import INotifee

    class Notifee(INotifee):
        async def connected(self, network: Any, conn: Any) -> None:
            await connected(str(conn.muxed_conn.peer_id))

        async def disconnected(self, network: Any, conn: Any) -> None:
            await disconnected(str(conn.muxed_conn.peer_id))

        async def opened_stream(self, network: Any, stream: Any) -> None: ...

        async def closed_stream(self, network: Any, stream: Any) -> None: ...

        async def listen(self, network: Any, multiaddr: Any) -> None: ...

        async def listen_close(self, network: Any, multiaddr: Any) -> None: ...

    return Notifee()
