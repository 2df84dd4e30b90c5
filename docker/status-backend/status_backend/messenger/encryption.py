"""Hash ratchets: one key for all who may read a community or a channel, and from it a key for each message.

As in status-go: message key number n is keccak256 applied n times, a key's id commits to its group, time and bytes.
There, members share a group's numbers only by chance too: each counts for itself, and AES-GCM's random nonce keeps two
messages under one number apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from eth_hash.auto import keccak
from google.protobuf.message import DecodeError

from ..db import Database, Row
from ..protocol import ids, payload
from ..protocol.ecies import DecryptionFailed
from ..protocol.hash_ratchet import KeyMissing, NotReadable
from ..protocol.hash_ratchet_pb2 import HashRatchetKey, HashRatchetMessage
from . import clock

_LAST_NUMBER = 20_000  # of a message under one key; then counting begins anew. It bounds the work on what others send
_KEY_SIZE = 32

STEPS = (
    """
    CREATE TABLE hash_ratchet_keys (
        key_id BLOB PRIMARY KEY,
        group_id BLOB NOT NULL,
        key BLOB NOT NULL,
        timestamp INTEGER NOT NULL,
        sent INTEGER NOT NULL DEFAULT 0   -- number of the last message that we encrypted
    ) WITHOUT ROWID;
    CREATE INDEX hash_ratchet_keys_by_group ON hash_ratchet_keys (group_id, timestamp);
    -- What came before its key.
    CREATE TABLE hash_ratchet_encrypted_messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        group_id BLOB NOT NULL,
        key_id BLOB NOT NULL,
        chat_id TEXT NOT NULL,
        pubsub_topic TEXT NOT NULL,
        content_topic TEXT NOT NULL,
        sealed BLOB NOT NULL,
        timestamp INTEGER NOT NULL,       -- unix nanoseconds
        archived INTEGER NOT NULL,
        wrapped BLOB NOT NULL UNIQUE      -- the application message, encrypted as it travelled
    );
    CREATE INDEX hash_ratchet_encrypted_messages_by_key ON hash_ratchet_encrypted_messages (key_id, id);
    """,
)


def community_group(community_id: str) -> bytes:
    return ids.from_hex(community_id)


def channel_group(chat_id: str) -> bytes:
    return chat_id.encode()


def community_of(group_id: bytes) -> str:
    """The id of the community that this group is, or is a channel of."""
    text = group_id.decode("latin-1")
    return text[:68] if text.startswith("0x") else ids.hex0x(group_id)


@dataclass(frozen=True)
class GroupKey:
    id: bytes
    group_id: bytes
    key: bytes = field(repr=False)
    timestamp: int = 0  # unix milliseconds

    def to_message(self) -> HashRatchetKey:
        return HashRatchetKey(group_id=self.group_id, key_id=self.id, key=self.key, timestamp=self.timestamp)

    @classmethod
    def of(cls, message: HashRatchetKey) -> GroupKey:
        """NotReadable for a key that is not what its id says."""
        if len(message.key) != _KEY_SIZE or message.key_id != key_id(message.group_id, message.timestamp, message.key):
            raise NotReadable("a group key whose id does not fit it")
        return cls(message.key_id, message.group_id, message.key, message.timestamp)


def key_id(group_id: bytes, timestamp: int, key: bytes) -> bytes:
    return keccak(group_id + timestamp.to_bytes(8, "big") + key)


class Encryption:
    """Keys on disk, encryption and decryption under them."""

    def __init__(self, db: Database) -> None:
        db.migrate("encryption", STEPS)
        self._db = db
        self._reached: dict[bytes, tuple[int, bytes]] = {}  # how far each key was turned last, and its hash there

    # Keys

    def make_key(self, group_id: bytes) -> GroupKey:
        """A new one, in force from now on."""
        newest = self.newest(group_id)
        timestamp, key = clock.tick(newest.timestamp if newest else 0), os.urandom(_KEY_SIZE)
        made = GroupKey(key_id(group_id, timestamp, key), group_id, key, timestamp)
        self.add_key(made)
        return made

    def add_key(self, key: GroupKey) -> bool:
        """Whether it is new."""
        values = (key.id, key.group_id, key.key, key.timestamp)
        columns = "key_id, group_id, key, timestamp"
        return (
            self._db.execute(
                f"INSERT OR IGNORE INTO hash_ratchet_keys ({columns}) VALUES (?, ?, ?, ?)", values
            ).rowcount
            > 0
        )

    def keys(self, group_id: bytes) -> list[GroupKey]:
        """Oldest first."""
        rows = self._db.query("SELECT * FROM hash_ratchet_keys WHERE group_id = ? ORDER BY timestamp", (group_id,))
        return [_key(row) for row in rows]

    def newest(self, group_id: bytes) -> GroupKey | None:
        row = self._db.one(
            "SELECT * FROM hash_ratchet_keys WHERE group_id = ? ORDER BY timestamp DESC LIMIT 1", (group_id,)
        )
        return _key(row) if row else None

    # Messages

    def seal(self, group_id: bytes, plain: bytes) -> bytes:
        """A HashRatchetMessage under the newest key of the group. KeyMissing without any."""
        key = self.newest(group_id)
        if key is None:
            raise KeyMissing(group_id, b"")
        row = self._db.one("SELECT sent FROM hash_ratchet_keys WHERE key_id = ?", (key.id,))
        assert row is not None
        number = row["sent"] % _LAST_NUMBER + 1
        self._db.execute("UPDATE hash_ratchet_keys SET sent = ? WHERE key_id = ?", (number, key.id))
        sealed = payload.seal_symmetric(plain, self._message_key(key, number))
        message = HashRatchetMessage(group_id=group_id, key_id=key.id, seq_no=number, ciphertext=sealed)
        return message.SerializeToString()

    def open(self, message: HashRatchetMessage, groups: Iterable[bytes]) -> bytes:
        """What it says to any of these groups. KeyMissing: later, perhaps. NotReadable: never."""
        if message.group_id not in groups:
            raise NotReadable(f"encrypted for {message.group_id.hex()}")
        if not 0 < message.seq_no <= _LAST_NUMBER:
            raise NotReadable(f"message number {message.seq_no} of key {message.key_id.hex()}")
        row = self._db.one("SELECT * FROM hash_ratchet_keys WHERE key_id = ?", (message.key_id,))
        if row is None:
            raise KeyMissing(message.group_id, message.key_id)
        if row["group_id"] != message.group_id:
            raise NotReadable(f"key {message.key_id.hex()} is one of another group")
        try:
            return payload.open_symmetric(message.ciphertext, self._message_key(_key(row), message.seq_no))
        except DecryptionFailed as error:
            raise NotReadable(f"under key {message.key_id.hex()}: {error}") from error

    def _message_key(self, key: GroupKey, number: int) -> bytes:
        reached, turned = self._reached.get(key.id, (0, key.key))
        if reached > number:
            reached, turned = 0, key.key
        for _ in range(number - reached):
            turned = keccak(turned)
        self._reached[key.id] = number, turned
        return turned


def parse(data: bytes) -> HashRatchetMessage | None:
    """None where these bytes are something else, not encrypted."""
    try:
        message = HashRatchetMessage.FromString(data)
    except DecodeError:
        return None
    return message if message.group_id and message.key_id and message.ciphertext else None


def _key(row: Row) -> GroupKey:
    return GroupKey(row["key_id"], row["group_id"], row["key"], row["timestamp"])
