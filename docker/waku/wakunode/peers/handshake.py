"""The first two frames of a link: who each side is, and the proof that it holds the key of its peer id."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import WSMessage, WSMsgType

from wakunode.identity import Identity, peer_public_key, verify
from wakunode.message import parse_json

PROTOCOL = "/wakunode/link/1"
HANDSHAKE_SECONDS = 5

GOING_AWAY = 1001
MALFORMED = 4000
REFUSED = 4001
TOO_MANY = 4002


class Socket(Protocol):
    """What aiohttp's WebSockets of both sides have in common."""

    async def send_str(self, data: str) -> None: ...
    async def receive(self, timeout: float | None = None) -> WSMessage: ...
    async def close(self, *, code: int = 1000, message: bytes = b"") -> bool: ...


class LinkFault(Exception):
    """The link cannot go on: the peer broke the protocol or went away."""

    def __init__(self, reason: str, code: int = MALFORMED) -> None:
        super().__init__(reason)
        self.code = code


class LinkRefused(LinkFault):
    """The two nodes must not be linked; dialling again soon is of no use."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, REFUSED)


@dataclass(frozen=True)
class Hello:
    peer_id: str
    cluster: int
    shards: tuple[int, ...]
    protocols: tuple[str, ...]
    addresses: tuple[str, ...]
    agent: str

    def to_json(self) -> dict[str, Any]:
        return {
            "protocol": PROTOCOL,
            "peerId": self.peer_id,
            "clusterId": self.cluster,
            "shards": list(self.shards),
            "protocols": list(self.protocols),
            "addresses": list(self.addresses),
            "agent": self.agent,
        }

    @classmethod
    def from_json(cls, value: Any) -> Hello:
        try:
            if value["protocol"] != PROTOCOL:
                raise LinkRefused(f"the peer speaks {value['protocol']!r}, this node {PROTOCOL!r}")
            peer_public_key(value["peerId"])
            return cls(
                value["peerId"],
                int(value["clusterId"]),
                tuple(map(int, value["shards"])),
                tuple(map(str, value["protocols"])),
                tuple(map(str, value["addresses"])),
                str(value["agent"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise LinkFault(f"malformed hello: {error!r}") from error


async def shake_hands(socket: Socket, identity: Identity, own: Hello, expected: str | None = None) -> Hello:
    """Exchange and check hellos and proofs. Raises LinkRefused or LinkFault."""
    nonce = secrets.token_hex(32)
    await send(socket, {"hello": own.to_json() | {"nonce": nonce}})
    received: Any = (await receive(socket, HANDSHAKE_SECONDS)).get("hello")
    peer = Hello.from_json(received)
    check_match(own, peer, expected)
    peer_nonce = str(received.get("nonce", ""))
    await send(socket, {"proof": identity.sign(_statement(peer_nonce, own.peer_id)).hex()})
    proof = (await receive(socket, HANDSHAKE_SECONDS)).get("proof")
    if not verify(peer.peer_id, _hex(proof), _statement(nonce, peer.peer_id)):
        raise LinkRefused(f"the peer does not hold the key of {peer.peer_id}")
    return peer


def check_match(own: Hello, peer: Hello, expected: str | None) -> None:
    """LinkRefused where the two must not be linked (nwaku's metadata protocol has the same rules)."""
    if peer.peer_id == own.peer_id:
        raise LinkRefused("the peer is this node itself")
    if expected is not None and peer.peer_id != expected:
        raise LinkRefused(f"the peer is {peer.peer_id}, expected was {expected}")
    if peer.cluster != own.cluster:
        raise LinkRefused(f"cluster id mismatch: {own.peer_id} is in {own.cluster}, {peer.peer_id} in {peer.cluster}")
    if own.shards and peer.shards and not set(own.shards) & set(peer.shards):
        raise LinkRefused(f"no shard in common: {list(own.shards)} and {list(peer.shards)}")


async def send(socket: Socket, frame: dict[str, Any]) -> None:
    await socket.send_str(json.dumps(frame))


async def receive(socket: Socket, timeout: float | None = None) -> dict[str, Any]:
    """The next frame. Raises LinkFault, or LinkRefused where the peer closed the link with that reason."""
    try:
        message = await socket.receive(timeout)
    except TimeoutError:
        raise LinkFault(f"nothing came within {timeout} s") from None
    if message.type is WSMsgType.CLOSE:
        reason = message.extra or f"the peer closed the link with code {message.data}"
        raise LinkRefused(reason) if message.data == REFUSED else LinkFault(reason, message.data or GOING_AWAY)
    if message.type is not WSMsgType.TEXT:
        raise LinkFault("the link was lost", GOING_AWAY)
    try:
        frame = parse_json(message.data)
    except ValueError as error:
        raise LinkFault(f"malformed frame: {error}") from None
    if not isinstance(frame, dict):
        raise LinkFault("malformed frame: not an object")
    return frame


def _statement(nonce: str, peer_id: str) -> bytes:
    """What a node signs: the other side's nonce, so that no proof can be used twice, and its own name."""
    return f"{PROTOCOL}\n{nonce}\n{peer_id}".encode()


def _hex(text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        return b""
