"""The `wakuext` namespace of the messenger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rpc import Service
from .wakuext_chats import ChatsService
from .wakuext_communities import CommunitiesService
from .wakuext_contacts import ContactsService
from .wakuext_node import NodeService
from .wakuext_signing import SigningService

if TYPE_CHECKING:
    from ..messenger.messenger import Messenger


def services(messenger: Messenger) -> list[Service]:
    return [
        NodeService(messenger),
        CommunitiesService(messenger.communities, messenger.membership),
        ChatsService(messenger.messages),
        ContactsService(messenger.contacts),
        SigningService(messenger.keystore_directory),
    ]
