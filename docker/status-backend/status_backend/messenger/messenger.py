"""The part of a login that talks with others."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from ..fleets import WakuFleet, WakuNode
from ..protocol import ids
from ..protocol.waku_archive_pb2 import WakuMessage
from ..rpc import Service, ServiceError
from ..session import Session
from ..transport.node_identity import NodeIdentity
from ..transport.transport import Received, Transport
from . import schema
from .activity_center import ActivityCenter
from .admission import Admission
from .blocking import Blocking
from .chat_store import ChatStore
from .chat_views import ChatViews
from .chats import Chats
from .communities import Communities
from .community_store import CommunityStore
from .contacts import Contacts
from .context import ArchivesLink, Context
from .conversations import Conversations
from .delivery import Delivery
from .encryption import Encryption
from .encryption_chats import EncryptedChats
from .encryption_held import UndecryptableMessages
from .encryption_keys import EncryptionKeys
from .erasure import Erasure
from .grants import Grants
from .group import GroupStore
from .groups import Groups
from .held_messages import HeldMessages
from .inbox import Inbox
from .membership import Membership
from .messages import Messages
from .organisation import Organisation
from .pins import Pins
from .reactions import Reactions
from .statuses import Statuses
from .transactions import Transactions

log = logging.getLogger(__name__)


class Messenger:
    """Made at login. Joins the parts of the messenger, and is what the archives see of them (ArchiveHost)."""

    def __init__(self, session: Session) -> None:
        from ..api.wakuext import services

        session.db.migrate("messenger", schema.STEPS)
        self._context = context = Context(session)
        self._store = CommunityStore(session.db)
        self._chats = chats = ChatStore(session.db)
        groups, held, given = GroupStore(session.db), HeldMessages(session.db), Grants(session.db)
        views = ChatViews(session.public_key, chats, self._store, groups)
        encryption, undecryptable = Encryption(session.db), UndecryptableMessages(session.db)
        keys = EncryptionKeys(context, self._store, encryption)
        self._encrypted = EncryptedChats(context, self._store, encryption, keys, undecryptable)
        talk = Conversations(context, chats, self._store, groups, held, self._encrypted, given)
        self.activity_center = activity = ActivityCenter(context, chats, views)
        self.communities = Communities(context, self._store, chats, views, keys, Erasure(context, chats, views))
        self.organisation = Organisation(context, self.communities)
        self.membership = Membership(context, self.communities, self._store, activity, keys, given)
        self.admission = Admission(context, self.communities, self.membership, self._store)
        self.messages = Messages(context, talk, self.communities, chats, views, activity)
        self.chats = Chats(context, talk, chats, self._store, views, activity)
        self.pins = Pins(context, talk, self.messages, chats, self.chats, views)
        self.reactions = Reactions(context, talk, chats, self.chats, views)
        self.contacts = Contacts(context, talk, self.messages, chats, views, activity)
        self.groups = Groups(context, talk, self.messages, groups, chats, views, activity, self.contacts)
        session.profile_changed.append(self.contacts.tell_profile)
        self.blocking = Blocking(context, self.contacts, chats, views, activity)
        self.statuses = Statuses(context)
        self.transactions = Transactions(context, talk, chats, views)
        self._inbox = Inbox(
            context,
            talk,
            self.communities,
            self.membership,
            self.messages,
            self.pins,
            self.reactions,
            self.contacts,
            self.blocking,
            self.groups,
            Delivery(context, talk, chats),
            self.statuses,
            self.transactions,
            held,
            self._encrypted,
            keys,
            undecryptable,
        )
        self.transport = context.transport = Transport(
            session.fleet, session.db, session.signals, self._received, self._sent, self.chats.synced, context.drops
        )
        self.identity = NodeIdentity.of(session.node_config["NodeKey"])
        self._notices: asyncio.Task[None] | None = None
        self._started = False
        self.services: list[Service] = services(self)

    @property
    def keystore_directory(self) -> Path:
        session = self._context.session
        return session.data_dir / session.node_config["KeyStoreDir"]

    @property
    def dropped(self) -> dict[str, int]:
        """How many received messages were not acted upon, by reason."""
        return dict(self._context.drops.counts)

    def attach_archives(self, archives: ArchivesLink) -> None:
        self._context.archives = archives

    async def start(self) -> None:
        interval = self.admission.interval()
        self._notices = asyncio.create_task(self._context.deliver_notices())
        self.transport.subscribe([*self.contacts.listen_on_start(), *self.communities.listen_on_start()])
        await self.transport.start()
        self.admission.start(interval)

    async def stop(self) -> None:
        self.communities.stop_waiting()
        await self.admission.stop()
        await self.transport.stop()
        if self._notices is not None:
            self._notices.cancel()
            await asyncio.gather(self._notices, return_exceptions=True)
        self._context.discard_notices()

    def start_messenger(self) -> dict[str, Any]:
        """What `wakuext_startMessenger` answers: everything runs since login, a client may only say so once."""
        if self._started:
            raise ServiceError("messenger already started")
        self._started = True
        self._context.session.announce_media()
        fleet = self._context.session.fleet
        mailservers = [] if fleet is None else [_mailserver(node, fleet) for node in fleet.store_nodes]
        return {"mailservers": mailservers, "notifications": None, "discordOldestMessageTimestamp": 0}

    def set_light_client(self, enabled: bool) -> None:
        self._context.session.node_config.set("WakuV2Config.LightClient", enabled)

    # What the archives ask

    def controlled_communities(self) -> list[str]:
        return [community.id for community in self._store.all() if community.is_control_node and community.joined]

    def is_control_node(self, community_id: str) -> bool:
        community = self._store.get(community_id)
        return community is not None and community.is_control_node

    def is_joined(self, community_id: str) -> bool:
        community = self._store.get(community_id)
        return community is not None and community.joined

    def archive_support_enabled(self, community_id: str) -> bool:
        return self.communities.archives_enabled(community_id)

    def seal_archive(self, community_id: str, data: bytes) -> bytes:
        return self._encrypted.seal_archive(community_id, data)

    def open_archive(self, community_id: str, data: bytes) -> bytes:
        return self._encrypted.open_archive(community_id, data)

    def archive_topics(self, community_id: str) -> list[bytes]:
        chats = [*self.communities.get(community_id).chat_ids(), ids.universal_chat_id(community_id)]
        return [ids.topic(chat_id) for chat_id in chats]

    async def publish_index_cid(self, community_id: str, cid: str, clock_ms: int) -> None:
        self.communities.publish_index_cid(community_id, cid, clock_ms)

    async def publish_magnet_link(self, community_id: str, magnet_link: str, clock_ms: int) -> None:
        self.communities.publish_magnet_link(community_id, magnet_link, clock_ms)

    async def republish(self, community_id: str) -> None:
        self.communities.republish(community_id)

    async def handle_archived(self, community_id: str, messages: list[WakuMessage]) -> None:
        self._inbox.receive_archived(community_id, messages)

    # What the transport tells

    def _received(self, batch: list[Received]) -> None:
        self._inbox.receive(batch)

    def _sent(self, message_id: str) -> None:
        self._chats.mark_sent(message_id)


def _mailserver(node: WakuNode, fleet: WakuFleet) -> dict[str, Any]:
    return {
        "id": node.peer_id,
        "name": node.peer_id,
        "custom": False,
        "enr": node.enr or None,
        "addr": node.addr,
        "fleet": fleet.name,
    }
