"""`wakuext_*`: chats and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import CLEAR, EDIT, MESSAGE, MUTE, PIN, checked, required

if TYPE_CHECKING:
    from ..messenger.messenger import Messenger

ChatMessage = Annotated[dict, "common.Message"]
EditMessage = Annotated[dict, "requests.EditMessage"]
PinMessage = Annotated[dict, "common.PinMessage"]
MuteChat = Annotated[dict, "requests.MuteChat"]
ClearHistory = Annotated[dict, "requests.ClearHistory"]
DeactivateChat = Annotated[dict, "requests.DeactivateChat"]
_UNTIL_UNMUTED, _UNMUTED = 5, 7


class ChatsService(Service):
    namespace = "wakuext"

    def __init__(self, messenger: Messenger) -> None:
        self._messages = messenger.messages
        self._chats = messenger.chats

    # Chats

    @rpc()
    async def chats(self) -> list[dict[str, Any]] | None:
        return self._chats.all()

    @rpc()
    async def active_chats(self) -> list[dict[str, Any]] | None:
        return self._chats.all(active=True)

    @rpc()
    async def chats_preview(self, filter_type: int) -> list[dict[str, Any]] | None:
        return self._chats.preview(filter_type)

    @rpc()
    async def chat(self, chat_id: str) -> dict[str, Any]:
        return self._chats.get(chat_id)

    @rpc()
    async def mute_chat(self, chat_id: str) -> str:
        return self._chats.mute(chat_id, _UNTIL_UNMUTED)

    @rpc("muteChatV2")
    async def mute_chat_v2(self, request: MuteChat) -> str:
        checked(request, "MuteChat", MUTE)
        return self._chats.mute(request.get("chatId") or "", request.get("mutedType") or 0)

    @rpc()
    async def unmute_chat(self, chat_id: str) -> None:
        self._chats.mute(chat_id, _UNMUTED)

    @rpc()
    async def clear_history(self, request: ClearHistory) -> dict[str, Any]:
        required(request, "ClearHistory", CLEAR, "clear-history", "id")
        return self._chats.clear(request["id"]).to_json()

    @rpc()
    async def deactivate_chat(self, request: DeactivateChat) -> dict[str, Any]:
        required(request, "DeactivateChat", CLEAR, "deactivate-chat", "id")
        return self._chats.deactivate(request["id"], bool(request.get("preserveHistory"))).to_json()

    # Reading

    @rpc()
    async def chat_messages(self, chat_id: str, cursor: str, limit: int) -> dict[str, Any]:
        return self._chats.page(chat_id, cursor, limit)

    @rpc("messageByMessageID")
    async def message_by_id(self, message_id: str) -> dict[str, Any]:
        return self._chats.message(message_id)

    @rpc("firstUnseenMessageID")
    async def first_unseen_message_id(self, chat_id: str) -> str:
        return self._chats.first_unseen(chat_id)

    @rpc()
    async def all_chat_messages_which_match_term(
        self, chat_id: str, search_term: str, case_sensitive: bool
    ) -> dict[str, Any]:
        self._chats.get(chat_id)
        return self._chats.search([chat_id], [], search_term, case_sensitive)

    @rpc()
    async def all_messages_from_chats_and_communities_which_match_term(
        self, community_ids: list[str], chat_ids: list[str], search_term: str, case_sensitive: bool
    ) -> dict[str, Any]:
        return self._chats.search(chat_ids, community_ids, search_term, case_sensitive)

    @rpc()
    async def mark_all_read(self, chat_id: str) -> dict[str, Any]:
        return self._chats.mark_seen(chat_id).to_json()

    @rpc()
    async def mark_all_read_in_community(self, community_id: str) -> list[str]:
        return self._chats.mark_community_seen(community_id)

    @rpc()
    async def mark_messages_read(self, chat_id: str, message_ids: list[str]) -> dict[str, Any]:
        return self._chats.mark_seen(chat_id, message_ids).to_json()

    @rpc()
    async def mark_messages_seen(self, chat_id: str, message_ids: list[str]) -> dict[str, Any]:
        """The older answer: `{count, countWithMentions}`."""
        return self._chats.mark_seen(chat_id, message_ids).to_json()["seenAndUnseenMessages"][0]

    @rpc()
    async def mark_message_as_unread(self, chat_id: str, message_id: str) -> dict[str, Any]:
        return self._chats.mark_unread(chat_id, message_id).to_json()

    # Writing

    @rpc()
    async def send_chat_message(self, message: ChatMessage) -> dict[str, Any]:
        return self._messages.send([checked(message, "Message", MESSAGE)]).to_json()

    @rpc()
    async def send_chat_messages(self, messages: Annotated[list[ChatMessage], "[]*common.Message"]) -> dict[str, Any]:
        return self._messages.send([checked(message, "Message", MESSAGE) for message in messages]).to_json()

    @rpc()
    async def re_send_chat_message(self, message_id: str) -> None:
        self._messages.send_again(message_id)

    @rpc()
    async def edit_message(self, request: EditMessage) -> dict[str, Any]:
        return self._messages.edit(required(request, "EditMessage", EDIT, "edit-message", "id", "text")).to_json()

    @rpc()
    async def delete_message_and_send(self, message_id: str) -> dict[str, Any]:
        return self._messages.delete(message_id).to_json()

    @rpc()
    async def delete_message(self, message_id: str) -> None:
        self._messages.forget(message_id)


class ReactionsService(Service):
    """Pins and emoji reactions."""

    namespace = "wakuext"

    def __init__(self, messenger: Messenger) -> None:
        self._pins = messenger.pins
        self._reactions = messenger.reactions

    @rpc()
    async def send_pin_message(self, message: PinMessage) -> dict[str, Any]:
        return self._pins.send(checked(message, "PinMessage", PIN)).to_json()

    @rpc()
    async def chat_pinned_messages(self, chat_id: str, cursor: str, limit: int) -> dict[str, Any]:
        return self._pins.page(chat_id, cursor, limit)

    @rpc()
    async def send_emoji_reaction(self, chat_id: str, message_id: str, emoji_id: int) -> dict[str, Any]:
        return self._reactions.send(chat_id, message_id, emoji_id).to_json()

    @rpc()
    async def send_emoji_reaction_retraction(self, reaction_id: str) -> dict[str, Any]:
        return self._reactions.retract(reaction_id).to_json()

    @rpc("emojiReactionsByChatID")
    async def reactions_by_chat(self, chat_id: str, cursor: str, limit: int) -> list[dict[str, Any]]:
        return self._reactions.of_page(chat_id, cursor, limit)

    @rpc("emojiReactionsByChatIDMessageID")
    async def reactions_by_message(self, chat_id: str, message_id: str) -> list[dict[str, Any]]:
        return self._reactions.of_message(chat_id, message_id)
