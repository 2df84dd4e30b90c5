"""What is said in the channels of encrypted communities, and their archives, encrypted and decrypted."""

from __future__ import annotations

from dataclasses import replace

from ..protocol import application
from ..protocol.application import Application, Type
from ..protocol.hash_ratchet import KeyMissing, NotReadable
from ..protocol.hash_ratchet_pb2 import HashRatchetMessage
from ..protocol.waku_message import Envelope
from ..rpc import ServiceError
from .community import Community
from .community_store import CommunityStore
from .context import Context, Dropped
from .encryption import Encryption, channel_group, community_group, community_of, parse
from .encryption_held import UndecryptableMessages
from .encryption_keys import EncryptionKeys


class EncryptedChats:
    def __init__(
        self,
        context: Context,
        store: CommunityStore,
        encryption: Encryption,
        keys: EncryptionKeys,
        held: UndecryptableMessages,
    ) -> None:
        self._context = context
        self._store = store
        self._encryption = encryption
        self._keys = keys
        self._held = held

    def seal(self, community: Community, chat_id: str, message: Application) -> Application:
        """The message with what travels in its place, if its channel is encrypted."""
        if (group_id := community.group(chat_id)) is None:
            return message
        try:
            body = self._encryption.seal(group_id, message.wrapped)
        except KeyMissing as error:
            raise ServiceError(f"no encryption key for chat {chat_id} yet") from error
        return replace(message, sealed=application.wrap(body, Type.HASH_RATCHET_MESSAGE, self._context.key))

    def open(self, sealed: Application, chat_id: str, envelope: Envelope, archived: bool) -> Application | None:
        """The message inside. None where it is put aside until its key is here."""
        body = HashRatchetMessage.FromString(sealed.payload)
        community_id = community_of(channel_group(chat_id))
        if (community := self._store.get(community_id)) is None:
            raise Dropped("unknown", f"something encrypted in {chat_id}, which is in no community of ours")
        try:
            plain = self._encryption.open(body, (community_group(community_id), channel_group(chat_id)))
        except NotReadable as error:
            raise Dropped("forged", str(error)) from error
        except KeyMissing as missing:
            self._held.hold(missing, chat_id, sealed, envelope, archived)
            self._context.drop(sealed, Dropped("undecryptable", str(missing)))
            self._keys.ask_for(community, missing)
            return None
        message = application.unwrap(plain)
        if message.from_ != sealed.from_:
            raise Dropped("forged", f"a message of {message.from_} encrypted by {sealed.from_}")
        if message.type == Type.HASH_RATCHET_MESSAGE:
            raise Dropped("malformed", "encrypted twice")
        return replace(message, sealed=sealed.wrapped)

    # Archives, and their index

    def seal_archive(self, community_id: str, data: bytes) -> bytes:
        community = self._store.get(community_id)
        if community is None or not community.description.encrypted:
            return data
        with self._context.db.transaction():
            return self._encryption.seal(community_group(community_id), data)

    def open_archive(self, community_id: str, data: bytes) -> bytes:
        """KeyMissing: later, perhaps. NotReadable: never. What was made before a community was encrypted is plain."""
        message = parse(data)
        if message is None:
            return data
        try:
            return self._encryption.open(message, (community_group(community_id),))
        except KeyMissing as missing:
            if (community := self._store.get(community_id)) is not None:
                with self._context.db.transaction():
                    self._keys.ask_for(community, missing)
            raise
