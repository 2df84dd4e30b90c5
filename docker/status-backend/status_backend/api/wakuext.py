"""The `wakuext` namespace of the messenger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rpc import Service
from .wakuext_activity import ActivityService
from .wakuext_chats import ChatsService, ReactionsService
from .wakuext_communities import CommunitiesService
from .wakuext_contacts import ContactsService
from .wakuext_groups import GroupsService
from .wakuext_node import NodeService
from .wakuext_organisation import OrganisationService
from .wakuext_permissions import PermissionsService
from .wakuext_signing import SigningService
from .wakuext_transactions import TransactionsService

if TYPE_CHECKING:
    from ..messenger.messenger import Messenger


def services(messenger: Messenger) -> list[Service]:
    return [
        NodeService(messenger),
        CommunitiesService(messenger.communities, messenger.membership, messenger.admission),
        PermissionsService(messenger.admission),
        OrganisationService(messenger),
        ChatsService(messenger),
        ReactionsService(messenger),
        GroupsService(messenger),
        TransactionsService(messenger.transactions),
        ContactsService(messenger.contacts, messenger.blocking),
        ActivityService(messenger),
        SigningService(messenger.keystore_directory),
    ]
