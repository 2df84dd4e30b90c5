"""Chats as somebody handles them: listed, read, searched, silenced, cleared, closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..rpc import ServiceError
from . import muting
from .activity_center import ActivityCenter
from .chat_store import COMMUNITY_CHAT, Chat, ChatStore, Message
from .chat_views import ChatViews
from .community_store import CommunityStore
from .context import Context
from .conversations import Conversations
from .response import Response

_DEFAULT_LIMIT = 10
_MOST = 1000  # messages in one answer
_ONLY_COMMUNITIES, _ONLY_OTHERS = 1, 2


class Chats:
    def __init__(
        self,
        context: Context,
        conversations: Conversations,
        chats: ChatStore,
        communities: CommunityStore,
        views: ChatViews,
        activity: ActivityCenter,
    ) -> None:
        self._context = context
        self._conversations = conversations
        self._chats = chats
        self._communities = communities
        self._views = views
        self._activity = activity

    # Listing

    def all(self, active: bool = False) -> list[dict[str, Any]] | None:
        """The original answers null where there is none."""
        return [self._views.chat(chat) for chat in self._chats.all() if chat.active or not active] or None

    def preview(self, kind: int) -> list[dict[str, Any]] | None:
        """The active chats of communities (1), or all others (2)."""
        if kind not in (_ONLY_COMMUNITIES, _ONLY_OTHERS):
            raise ServiceError("invalid chat preview filter")
        wanted = kind == _ONLY_COMMUNITIES
        chats = [chat for chat in self._chats.all() if chat.active and (chat.chat_type == COMMUNITY_CHAT) == wanted]
        return [self._views.chat(chat) for chat in chats] or None

    def get(self, chat_id: str) -> dict[str, Any]:
        return self._views.chat(self._conversations.chat(chat_id))

    # Reading

    def page(self, chat_id: str, cursor: str, limit: int) -> dict[str, Any]:
        messages, following = self.messages(chat_id, cursor, limit)
        return {"messages": self._shown(messages), "cursor": following}

    def messages(
        self, chat_id: str, cursor: str, limit: int, only: str = "1", params: Sequence[Any] = ()
    ) -> tuple[list[Message], str]:
        self._conversations.chat(chat_id)
        try:
            return self._chats.page(chat_id, cursor, min(limit, _MOST) if limit > 0 else _DEFAULT_LIMIT, only, params)
        except ValueError as error:
            raise ServiceError(str(error)) from error

    def message(self, message_id: str) -> dict[str, Any]:
        message = self._chats.shown(message_id)
        if message is None:
            raise ServiceError("record not found")
        return self._views.message(message)

    def search(
        self, chat_ids: Sequence[str], community_ids: Sequence[str], term: str, case_sensitive: bool
    ) -> dict[str, Any]:
        """Newest first, in these chats and in all of these communities."""
        wanted = {chat.id for community_id in community_ids for chat in self._chats.of_community(community_id)}
        wanted |= set(chat_ids)
        fold = str if case_sensitive else str.casefold
        found = [
            message
            for chat_id in wanted
            for message in self._chats.find("chat_id = ?", (chat_id,))
            if term and fold(term) in fold(message.text)
        ]
        return {"messages": self._shown(sorted(found, key=lambda message: (message.clock, message.id), reverse=True))}

    def first_unseen(self, chat_id: str) -> str:
        self._conversations.chat(chat_id)
        unseen = self._chats.find("chat_id = ? AND NOT seen", (chat_id,))
        return unseen[-1].id if unseen else ""

    def mark_seen(self, chat_id: str, message_ids: Sequence[str] | None = None, seen: bool = True) -> Response:
        """All messages of the chat, or these. In the response, how many changed."""
        self._conversations.chat(chat_id)
        with self._context.work() as response:
            changed = self._chats.mark_seen(chat_id, message_ids, seen)
            counts = {
                "chatId": chat_id,
                "count": len(changed),
                "countWithMentions": sum(message.mentioned for message in changed),
                "seen": seen,
            }
            response.add("seenAndUnseenMessages", chat_id, counts)
            if seen:
                self._activity.read_in_chat(response, chat_id, message_ids)
        return response

    def mark_community_seen(self, community_id: str) -> list[str]:
        """The chats in which anything was unread."""
        unread = [chat.id for chat in self._chats.of_community(community_id) if chat.unviewed]
        for chat_id in unread:
            self.mark_seen(chat_id)
        return unread

    def mark_unread(self, chat_id: str, message_id: str) -> Response:
        """This message and all after it."""
        message = self._chats.message(message_id)
        if message is None or message.chat_id != chat_id:
            raise ServiceError("record not found")
        later = self._chats.find("chat_id = ? AND (clock, id) >= (?, ?)", (chat_id, message.clock, message.id))
        return self.mark_seen(chat_id, [item.id for item in later if not item.outgoing_status], seen=False)

    # History

    def synced(self, chat_ids: Iterable[str], since: int, until: int) -> None:
        """All that the store has of these from `since` until `until` (unix seconds) is here.

        Told when the history that is here begins earlier than it did, so most often once.
        """
        with self._context.work() as response:
            for chat_id in chat_ids:
                chat = self._chats.get(chat_id)
                if chat is None or chat.chat_type != COMMUNITY_CHAT:
                    continue  # as in the original only these have marks
                begin = min(chat.synced_from or since, since)
                synced = replace(chat, synced_from=begin, synced_to=max(chat.synced_to, until))
                self._chats.save(synced)
                if synced.active and begin != chat.synced_from:
                    self._views.show_chat(response, synced)
        self._context.emit(response)

    # Silence

    def mute(self, chat_id: str, variation: int) -> str:
        """The time until which it is muted, as Go writes it."""
        muted, till = muting.until(variation)
        with self._context.work():
            self._chats.save(replace(self._conversations.chat(chat_id), muted=muted, mute_till=till))
        return muting.time_json(till)

    def mute_community(self, community_id: str, variation: int, category_id: str | None = None) -> str:
        """The community with all its chats, or the chats of one category."""
        community = self._communities.get(community_id)
        if community is None:
            raise ServiceError("community not found")
        if category_id and category_id not in community.description.categories:
            raise ServiceError("category not found")
        muted, till = muting.until(variation)
        with self._context.work():
            if not category_id:
                self._communities.save(replace(community, muted=muted, mute_till=till))
            for chat in self._chats.of_community(community_id):
                channel = community.description.chats.get(chat.id.removeprefix(community_id))
                if not category_id or (channel is not None and channel.category_id == category_id):
                    self._chats.save(replace(chat, muted=muted, mute_till=till))
        return muting.time_json(till)

    # Ending

    def clear(self, chat_id: str) -> Response:
        chat = self._conversations.chat(chat_id)
        with self._context.work() as response:
            self._clear(response, chat)
        return response

    def deactivate(self, chat_id: str, preserve_history: bool) -> Response:
        chat = self._conversations.chat(chat_id)
        with self._context.work() as response:
            if not preserve_history:
                chat = self._clear(response, chat)
            chat = replace(chat, active=False)
            self._chats.save(chat)
            self._views.show_chat(response, chat)
        return response

    def _clear(self, response: Response, chat: Chat) -> Chat:
        chat = self._chats.clear(chat)
        response.add("clearedHistories", chat.id, {"chatId": chat.id, "clearedAt": chat.cleared_at})
        self._views.show_chat(response, chat)
        return chat

    def _shown(self, messages: Sequence[Message]) -> list[dict[str, Any]] | None:
        """The original answers null where there is none."""
        return [self._views.message(message) for message in messages] or None
