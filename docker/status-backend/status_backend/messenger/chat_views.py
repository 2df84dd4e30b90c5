"""Chats and messages as clients see them: with what they have to do with each other."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from . import parsed_text
from .chat_store import GROUP_CHAT, Chat, ChatStore, Message
from .community import Community
from .community_store import CommunityStore
from .group import GroupStore
from .response import Response


class ChatViews:
    def __init__(self, public_key: str, chats: ChatStore, communities: CommunityStore, groups: GroupStore) -> None:
        self._me = public_key
        self._chats = chats
        self._communities = communities
        self._groups = groups

    def message(self, message: Message, *, in_chat: bool = False, new: bool = False) -> dict[str, Any]:
        """With the message that it answers to."""
        body = message.to_json(in_chat=in_chat, new=new)
        quoted = self._chats.message(message.response_to) if message.response_to else None
        if quoted is not None and quoted.chat_id == message.chat_id and not self._chats.hides(quoted.source):
            body["quotedMessage"] = _quoted(quoted)
            if quoted.source == self._me:
                body["replied"] = True
        return body

    def show_message(self, response: Response, message: Message, new: bool = False) -> None:
        response.add("messages", message.id, self.message(message, new=new))

    def chat(self, chat: Chat, community: Community | None = None) -> dict[str, Any]:
        members: list[dict[str, Any]] | None = None
        events = None
        if chat.chat_type == GROUP_CHAT:
            group = self._groups.get(chat.id)
            chat = replace(chat, name=group.name, color=group.color or chat.color)
            members, events = group.members_json(), [event.to_json() for event in group.events]
        elif chat.community_id:
            community = community or self._communities.get(chat.community_id)
            members = [{"id": key, "admin": False} for key in (community.members() if community else [])]
        last = self._chats.last_message(chat.id)
        return chat.to_json(members, self.message(last, in_chat=True) if last else None, events)

    def show_chat(self, response: Response, chat: Chat, community: Community | None = None) -> None:
        response.add("chats", chat.id, partial(self.chat, chat, community))


def _quoted(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": message.id,
        "contentType": message.content_type,
        "from": message.source,
        "text": message.text,
        "parsedText": parsed_text.parse(message.text),
        "albumImagesCount": 0,
    }
    return {**body, "deleted": True} if message.deleted_at else body
