"""The wakuext namespace: contacts, chats, messages, communities and their history archives.

Methods have the names and parameters of status-go's own functional tests, and return what the node returns: mostly a
MessengerResponse, an object of lists ("chats", "messages", "communities", ...) that leaves out those that are empty."""

from __future__ import annotations

from clients.services.wakuext_archives import ArchiveMethods
from clients.services.wakuext_chats import ChatMethods
from clients.services.wakuext_communities import CommunityMethods
from clients.services.wakuext_contacts import ContactMethods
from clients.services.wakuext_node import NodeMethods


class WakuextService(NodeMethods, ContactMethods, ChatMethods, CommunityMethods, ArchiveMethods):
    """All of the namespace; each base class is one field of it."""
