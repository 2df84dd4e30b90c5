"""Communities, chats, messages and contacts: what people do with a status-backend."""

from .messenger import Messenger

__all__ = ["Messenger"]
