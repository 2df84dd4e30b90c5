"""Where everything that arrives comes in: from the relay, from the store, from archives."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.message import DecodeError

from .. import metrics
from ..protocol import application, ids
from ..protocol.application import Application, MalformedMessage, Type
from ..protocol.chat_message_pb2 import PRIVATE_GROUP, ChatMessage, DeleteMessage, EditMessage
from ..protocol.communities_pb2 import CommunityRequestToJoin
from ..protocol.emoji_reaction_pb2 import EmojiReaction
from ..protocol.pin_message_pb2 import PinMessage
from ..protocol.waku_archive_pb2 import WakuMessage
from ..protocol.waku_message import Envelope
from ..transport.filters import Filter
from ..transport.transport import Received
from .blocking import Blocking
from .communities import Communities
from .contacts import Contacts
from .context import Context, Dropped
from .conversations import Arrival, Conversations
from .delivery import Delivery
from .encryption_chats import EncryptedChats
from .encryption_held import UndecryptableMessages
from .encryption_keys import EncryptionKeys
from .groups import Groups
from .held_messages import HeldMessages
from .membership import Membership
from .messages import Messages
from .pins import Pins
from .reactions import Reactions
from .response import Response
from .statuses import Statuses
from .transactions import TRANSACTIONS, Transactions

log = logging.getLogger(__name__)


class Inbox:
    """Each message is handled wholly or not at all; one that fails harms no other."""

    def __init__(
        self,
        context: Context,
        conversations: Conversations,
        communities: Communities,
        membership: Membership,
        messages: Messages,
        pins: Pins,
        reactions: Reactions,
        contacts: Contacts,
        blocking: Blocking,
        groups: Groups,
        delivery: Delivery,
        statuses: Statuses,
        transactions: Transactions,
        held: HeldMessages,
        encrypted: EncryptedChats,
        keys: EncryptionKeys,
        undecryptable: UndecryptableMessages,
    ) -> None:
        self._context = context
        self._conversations = conversations
        self._communities = communities
        self._membership = membership
        self._contacts = contacts
        self._blocking = blocking
        self._groups = groups
        self._delivery = delivery
        self._statuses = statuses
        self._held = held
        self._encrypted = encrypted
        self._keys = keys
        self._undecryptable = undecryptable
        self._content: dict[int, Any] = {
            Type.CHAT_MESSAGE: ChatMessage,
            Type.EDIT_MESSAGE: EditMessage,
            Type.DELETE_MESSAGE: DeleteMessage,
            Type.PIN_MESSAGE: PinMessage,
            Type.EMOJI_REACTION: EmojiReaction,
        }
        self._handlers: dict[type, Callable[[Response, Arrival, Any], None]] = {
            ChatMessage: messages.receive_message,
            EditMessage: messages.receive_edit,
            DeleteMessage: messages.receive_delete,
            PinMessage: pins.receive,
            EmojiReaction: reactions.receive,
            **dict.fromkeys(TRANSACTIONS.values(), transactions.receive),
        }

    def receive(self, batch: list[Received]) -> None:
        """What arrived together goes to disk together and is told together."""
        together = Response()
        with self._context.db.transaction():
            for received in batch:
                self._one(together, received.filter, received.envelope, received.decoded.payload, archived=False)
            self._delivery.acknowledge()
        self._context.run_follow_ups(together)
        self._context.emit(together)

    def receive_archived(self, community_id: str, messages: Iterable[WakuMessage]) -> None:
        """What an archive of this community holds: its control node vouches for what was said there, nowhere else."""
        together = Response()
        channels: dict[bytes, list[Filter]] = {}
        for filter_ in self._context.transport.filters():
            if filter_.private_key is None and filter_.chat_id.startswith(community_id):
                channels.setdefault(filter_.topic, []).append(filter_)
        with self._context.db.transaction():
            for message in messages:
                metrics.RECEIVED.values["archive"] += 1
                if message.topic not in channels:
                    reason = f"an archived message on topic {message.topic.hex()}, which is none of {community_id}"
                    self._context.drop(None, Dropped("unknown", reason))
                for filter_ in channels.get(message.topic, []):
                    timestamp = message.timestamp * 1_000_000_000
                    envelope = Envelope("", filter_.content_topic, message.payload, timestamp)
                    self._one(together, filter_, envelope, message.payload, archived=True, sig=message.sig)
        self._context.run_follow_ups(together)
        self._context.emit(together)

    def _one(
        self,
        together: Response,
        filter_: Filter,
        envelope: Envelope,
        wrapped: bytes,
        archived: bool,
        sig: bytes | None = None,
    ) -> None:
        message: Application | None = None
        response = Response()
        try:
            message = application.unwrap(wrapped)
            if sig is not None and sig != message.author.format(compressed=False):
                raise Dropped("forged", "an archived message that is not signed by the author it is filed under")
            with self._context.db.transaction():
                self._dispatch(response, message, filter_, envelope, archived)
        except Dropped as dropped:
            self._context.drop(message, dropped)
        except (MalformedMessage, DecodeError, OverflowError) as error:  # the last: a number beyond SQLite's
            self._context.drop(message, Dropped("malformed", str(error)))
        except Exception:
            self._context.drops.add("failed")
            log.exception("failed on message %s in %s", message.id if message else "?", filter_.chat_id)
        else:
            together.merge(response)
            for community in response.described:
                for held in self._held.release(community):
                    self._one(together, Filter(held.chat_id), held.envelope, held.wrapped, archived=False)
            for key_id in response.unlocked:
                for kept in self._undecryptable.release(key_id):
                    self._one(together, Filter(kept.chat_id), kept.envelope, kept.wrapped, kept.archived)

    def _dispatch(
        self, response: Response, message: Application, filter_: Filter, envelope: Envelope, archived: bool
    ) -> None:
        chat_id = filter_.chat_id
        if message.type == Type.HASH_RATCHET_MESSAGE and filter_.private_key is None:
            opened = self._encrypted.open(message, chat_id, envelope, archived)
            if opened is None:
                return
            if opened.type not in self._content:
                raise Dropped("malformed", f"type {opened.type}, encrypted")
            message = opened
        kind = message.type
        if filter_.private_key is not None:
            self._from_mailbox(response, message, filter_, envelope)
        elif kind in self._content:
            body = self._content[kind].FromString(message.payload)
            self._say(response, message, body, chat_id, envelope, archived)
        elif archived:
            raise Dropped("malformed", f"a message of type {kind} in an archive")
        elif kind == Type.COMMUNITY_DESCRIPTION:
            self._communities.receive_description(response, message, chat_id)
            if response.described:
                self._membership.description_arrived(response, chat_id)
        elif kind == Type.COMMUNITY_MESSAGE_ARCHIVE_INDEX_CID:
            self._communities.receive_index_cid(message, _community_of(chat_id))
        elif kind == Type.COMMUNITY_MESSAGE_ARCHIVE_MAGNETLINK:
            self._communities.receive_magnet_link(message, _community_of(chat_id))
        elif kind == Type.STATUS_UPDATE:
            if self._blocking.is_blocked(message.from_):
                raise Dropped("blocked", f"status of {message.from_}")
            self._statuses.receive(response, message, chat_id, envelope)
        else:
            raise Dropped("unknown", f"type {kind} in {chat_id}")

    def _from_mailbox(self, response: Response, message: Application, filter_: Filter, envelope: Envelope) -> None:
        kind = message.type
        if kind == Type.COMMUNITY_REQUEST_TO_JOIN:
            request = self._membership.receive_request(response, message, self._addressee(filter_), envelope)
            response.then(lambda: self._introduce(message.from_, request))
        elif kind == Type.COMMUNITY_REQUEST_TO_LEAVE:
            self._membership.receive_leave(response, message, self._addressee(filter_))
        elif kind == Type.COMMUNITY_REQUEST_TO_JOIN_RESPONSE:
            self._membership.receive_response(response, message)
        elif kind == Type.HASH_RATCHET_KEYS:
            self._receive_keys(response, message)
        elif kind == Type.COMMUNITY_ENCRYPTION_KEYS_REQUEST:
            self._keys.receive_request(message, self._addressee(filter_))
        elif message.from_ == self._context.public_key:
            return  # nobody else writes to us as ourselves
        elif kind == Type.MEMBERSHIP_UPDATE_MESSAGE:
            update = self._groups.receive(response, message, envelope, self._blocking.is_blocked(message.from_))
            if update.HasField("message"):
                self._say(response, message, update.message, update.chat_id, envelope)
        elif self._blocking.is_blocked(message.from_):
            raise Dropped("blocked", f"{message.from_} writes to us")
        elif kind in TRANSACTIONS:
            command = TRANSACTIONS[kind].FromString(message.payload)
            self._say(response, message, command, self._contacts.chat_with(message.from_).id, envelope)
        elif kind in self._content:
            body = self._content[kind].FromString(message.payload)
            of_group = body.message_type == PRIVATE_GROUP
            chat_id = body.chat_id if of_group else self._contacts.chat_with(message.from_).id
            arrival = self._say(response, message, body, chat_id, envelope)
            if kind == Type.CHAT_MESSAGE and arrival is not None:
                self._contacts.receive_message(response, arrival)
        elif kind == Type.MESSAGE_ACKNOWLEDGEMENT:
            self._delivery.receive(response, message)
        elif kind == Type.CONTACT_UPDATE:
            self._contacts.receive_update(response, message, envelope)
        elif kind == Type.ACCEPT_CONTACT_REQUEST:
            self._contacts.receive_acceptance(response, message)
        elif kind == Type.RETRACT_CONTACT_REQUEST:
            self._contacts.receive_retraction(response, message)
        else:
            raise Dropped("unknown", f"type {kind} in a mailbox")

    def _receive_keys(self, response: Response, message: Application) -> None:
        community_id, keys = self._keys.receive_keys(message)
        response.unlocked.extend(key.id for key in keys)
        if self._context.archives is not None:
            self._context.tell_archives(self._context.archives.keys_arrived(community_id))

    def _say(
        self,
        response: Response,
        message: Application,
        body: Any,
        chat_id: str,
        envelope: Envelope,
        archived: bool = False,
    ) -> Arrival | None:
        """Hands what is said in a chat to whoever handles its kind. None where it is put aside, or not listened to."""
        grant = body.grant if isinstance(body, ChatMessage) else b""
        arrival = self._conversations.admit(message, chat_id, envelope, archived, grant)
        if arrival is None:
            return None
        self._conversations.check(arrival, body)
        if self._blocking.is_blocked(arrival.source):
            self._conversations.keep(arrival)  # a community's archives are not for us alone
            self._context.drop(message, Dropped("blocked", f"{arrival.source} in {chat_id}"))
            return None
        self._handlers[type(body)](response, arrival, body)
        self._conversations.keep(arrival)
        if isinstance(body, ChatMessage):
            self._contacts.learn(response, arrival.source, body.display_name, old=archived)
            self._delivery.note(arrival)
        return arrival

    def _introduce(self, public_key: str, request: CommunityRequestToJoin) -> None:
        """Told apart from what the request changes, as the original does."""
        with self._context.work() as response:
            self._contacts.learn(response, public_key, request.display_name, request.customization_color)
        self._context.emit(response)

    @staticmethod
    def _addressee(filter_: Filter) -> str:
        assert filter_.private_key is not None
        return ids.community_id(filter_.private_key.public_key)


def _community_of(universal_chat_id: str) -> str:
    community_id, found, _ = universal_chat_id.rpartition("-memberUpdate")
    if not found:
        raise Dropped("malformed", f"an announcement in {universal_chat_id}, which is no universal channel")
    return community_id
