"""What a banned member wrote, where the ban says that it has to go. The ban travels in the description, so all obey."""

from __future__ import annotations

from dataclasses import replace

from ..protocol import ids
from . import clock
from .chat_store import Chat, ChatStore
from .chat_views import ChatViews
from .community import Community
from .context import Context
from .response import Response


class Erasure:
    def __init__(self, context: Context, chats: ChatStore, views: ChatViews) -> None:
        self._context = context
        self._chats = chats
        self._views = views

    def follow(self, response: Response, before: Community, after: Community) -> None:
        """A description changed. What has gone does not come back when the ban is lifted."""
        for author in after.erased - before.erased:
            for chat in self._chats.of_community(after.id):
                self._erase(response, chat, author)
            self._context.db.execute(
                "DELETE FROM held_messages WHERE community_id = ? AND author = ?", (after.id, author)
            )

    def _erase(self, response: Response, chat: Chat, author: str) -> None:
        messages = self._chats.of_author(chat.id, author)
        self._chats.mark_seen(chat.id, [message.id for message in messages])
        for message in messages:
            # The row stays, without its text, so that the message does not come back by store or archive.
            self._chats.save_message(replace(message, seen=True, text="", deleted_at=clock.now_ms()))
            response.add("removedMessages", message.id, {"chatId": chat.id, "messageId": message.id, "deletedBy": ""})
        if messages and (changed := self._chats.get(chat.id)) is not None:
            self._views.show_chat(response, changed)
        sig = ids.parse_public_key(author).format(compressed=False)
        self._context.db.execute("DELETE FROM waku_messages WHERE sig = ? AND topic = ?", (sig, ids.topic(chat.id)))
