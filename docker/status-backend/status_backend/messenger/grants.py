"""Grants: the community's word that somebody was a member when a description of it was made.

It comes with the answer to a request to join, and goes with what a member writes: whoever has only an older description
learns by it that the author is a member. Bytes: the signature of the community's key, then the protobuf message.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError

from ..db import Database
from ..protocol import ids, signing
from ..protocol.communities_pb2 import Grant
from .community import Community

STEPS = ("CREATE TABLE community_grants (community_id TEXT PRIMARY KEY, grant_ BLOB NOT NULL) WITHOUT ROWID",)


class InvalidGrant(ValueError):
    """Not the word of this community about this member."""


def make(community: Community, member: str) -> bytes:
    """Only on the control node."""
    assert community.private_key is not None
    grant = Grant(
        community_id=ids.from_hex(community.id),
        member_id=ids.parse_public_key(member).format(),
        clock=community.clock,
    )
    body = grant.SerializeToString()
    return signing.sign(community.private_key, body) + body


def clock_of(data: bytes, community_id: str, member: str) -> int:
    """Of the description in which this member was listed."""
    signature, body = data[: signing.SIGNATURE_SIZE], data[signing.SIGNATURE_SIZE :]
    try:
        grant = Grant.FromString(body)
        signer = ids.community_id(signing.recover(signature, body))
    except (DecodeError, signing.BadSignature) as error:
        raise InvalidGrant(f"not a signed grant: {error}") from error
    named = ids.hex0x(grant.community_id), grant.member_id
    if signer != community_id or named != (community_id, ids.parse_public_key(member).format()):
        raise InvalidGrant(f"a grant of {named[0]} for {grant.member_id.hex()}, signed by {signer}")
    if grant.chat_id:
        raise InvalidGrant(f"a grant for the channel {grant.chat_id} only")
    return grant.clock


def vouches(data: bytes, community: Community, author: str) -> bool:
    """Whether it says of this author what our description is too old to say."""
    if not data or community.is_control_node or community.is_banned(author):
        return False
    try:
        return clock_of(data, community.id, author) > community.clock
    except InvalidGrant:
        return False


class Grants:
    """Those that were given to us."""

    def __init__(self, db: Database) -> None:
        db.migrate("grants", STEPS)
        self._db = db

    def keep(self, community_id: str, grant: bytes) -> None:
        self._db.execute("REPLACE INTO community_grants VALUES (?, ?)", (community_id, grant))

    def get(self, community_id: str) -> bytes:
        """Empty without one."""
        row = self._db.one("SELECT grant_ FROM community_grants WHERE community_id = ?", (community_id,))
        return row["grant_"] if row else b""

    def forget(self, community_id: str) -> None:
        self._db.execute("DELETE FROM community_grants WHERE community_id = ?", (community_id,))
