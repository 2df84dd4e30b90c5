"""Who gets which key of an encrypted community: given by the control node, asked for by members who lack one."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from ..protocol import application, ids
from ..protocol.application import Application, Type
from ..protocol.hash_ratchet import KeyMissing, NotReadable
from ..protocol.hash_ratchet_pb2 import CommunityEncryptionKeysRequest, HashRatchetKeys
from ..transport.filters import OPEN_SHARD, Filter
from . import clock
from .community import Community
from .community_store import CommunityStore
from .context import Context, Dropped
from .encryption import Encryption, GroupKey, channel_group, community_group, community_of

log = logging.getLogger(__name__)

_ASK_AGAIN_AFTER = 10_000  # milliseconds


def groups(community: Community) -> dict[bytes, dict[str, int]]:
    """The encrypted groups, each with who may read it: public keys and when they became members (unix seconds)."""
    found: dict[bytes, dict[str, int]] = {}
    if community.description.encrypted:
        found[community_group(community.id)] = _audience(community, community.description.members)
    for id_, channel in community.description.chats.items():
        if community.is_gated(community.id + id_):
            found[channel_group(community.id + id_)] = _audience(community, channel.members)
    return found


def _audience(community: Community, members: Iterable[str]) -> dict[str, int]:
    all_members = community.description.members
    return {key: all_members[key].last_update_clock for key in members if community.has_member(key)}


class EncryptionKeys:
    def __init__(self, context: Context, store: CommunityStore, encryption: Encryption) -> None:
        self._context = context
        self._store = store
        self._encryption = encryption
        self._asked: dict[str, int] = {}

    # The control node

    def follow(self, before: Community, after: Community) -> None:
        """A description changed: new keys where somebody may read no longer, all keys to whoever may read now."""
        old = groups(before)
        given: dict[str, list[GroupKey]] = {}
        for group_id, audience in groups(after).items():
            former = old.get(group_id)
            if former is None or self._encryption.newest(group_id) is None or former.keys() - audience.keys():
                made = self._encryption.make_key(group_id)
                log.info("a new key for %s, which %d members get", group_id.hex(), len(audience))
                for member in audience:
                    given.setdefault(member, []).append(made)
            for member, since in audience.items():
                if (former or {}).get(member) != since:
                    given.setdefault(member, []).extend(self._encryption.keys(group_id))
        for member, keys in given.items():
            self._give(after, member, keys)

    def give_all(self, community: Community, member: str) -> None:
        """All that this member may read, from the beginning: archives are older than its membership."""
        self._give(community, member, self._entitled(community, member))

    def receive_request(self, message: Application, community_id: str) -> None:
        request = CommunityEncryptionKeysRequest.FromString(message.payload)
        community = self._store.get(community_id)
        if community is None or not community.is_control_node or ids.hex0x(request.community_id) != community_id:
            raise Dropped("malformed", "a request for keys of another community")
        if not community.has_member(message.from_):
            raise Dropped("not a member", f"{message.from_} asks for keys of {community_id}")
        if request.clock <= self._asked.get(message.from_, 0):
            raise Dropped("replayed", f"{message.from_} asks for keys of {community_id}")
        self._asked[message.from_] = request.clock
        self.give_all(community, message.from_)

    def _entitled(self, community: Community, member: str) -> list[GroupKey]:
        readable = (group_id for group_id, audience in groups(community).items() if member in audience)
        return [key for group_id in readable for key in self._encryption.keys(group_id)]

    def _give(self, community: Community, member: str, keys: Iterable[GroupKey]) -> None:
        unique = {key.id: key.to_message() for key in keys}
        if not unique or member == self._context.public_key:
            return
        assert community.private_key is not None
        body = HashRatchetKeys(community_id=ids.from_hex(community.id), keys=unique.values())
        wrapped = application.wrap(body.SerializeToString(), Type.HASH_RATCHET_KEYS, community.private_key)
        mailbox, recipient = Filter(ids.contact_chat_id(member)), ids.parse_public_key(member)
        self._context.transport.send_private(mailbox, recipient, wrapped, community.private_key)

    # The member

    def receive_keys(self, message: Application) -> tuple[str, list[GroupKey]]:
        """The community, and those keys that are new."""
        body = HashRatchetKeys.FromString(message.payload)
        community_id = ids.hex0x(body.community_id)
        if ids.community_id(message.author) != community_id:
            raise Dropped("forged", f"keys of {community_id} signed by {message.from_}")
        if self._store.get(community_id) is None:
            raise Dropped("unknown", f"keys of {community_id}, which is no community of ours")
        try:
            keys = [GroupKey.of(key) for key in body.keys]
        except NotReadable as error:
            raise Dropped("malformed", str(error)) from error
        if any(community_of(key.group_id) != community_id for key in keys):
            raise Dropped("forged", f"{community_id} gives keys of another community")
        added = [key for key in keys if self._encryption.add_key(key)]
        if not added:
            raise Dropped("replayed", f"keys of {community_id} that are known")
        return community_id, added

    def ask_for(self, community: Community, missing: KeyMissing) -> None:
        """A key message may be lost, or forgotten by the store before we came back."""
        me, now = self._context.public_key, clock.now_ms()
        readable = missing.group_id in groups(community) and me in groups(community)[missing.group_id]
        if community.is_control_node or not readable or now < self._asked.get(community.id, 0) + _ASK_AGAIN_AFTER:
            return
        self._asked[community.id] = now
        body = CommunityEncryptionKeysRequest(community_id=ids.from_hex(community.id), clock=now)
        wrapped = application.wrap(body.SerializeToString(), Type.COMMUNITY_ENCRYPTION_KEYS_REQUEST, self._context.key)
        mailbox = Filter(ids.request_chat_id(community.id), OPEN_SHARD)
        self._context.transport.send_private(mailbox, community.public_key, wrapped, self._context.key)
