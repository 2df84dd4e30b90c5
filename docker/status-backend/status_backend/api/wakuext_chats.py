"""`wakuext_*`: chats and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import MESSAGE, checked

if TYPE_CHECKING:
    from ..messenger.messages import Messages

ChatMessage = Annotated[dict, "common.Message"]
EditMessage = Annotated[dict, "requests.EditMessage"]


class ChatsService(Service):
    namespace = "wakuext"

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    @rpc()
    async def chats(self) -> list[dict[str, Any]] | None:
        return self._messages.chats()

    @rpc()
    async def active_chats(self) -> list[dict[str, Any]] | None:
        return self._messages.chats(active=True)

    @rpc()
    async def chat(self, chat_id: str) -> dict[str, Any]:
        return self._messages.chat(chat_id)

    @rpc()
    async def chat_messages(self, chat_id: str, cursor: str, limit: int) -> dict[str, Any]:
        return self._messages.page(chat_id, cursor, limit)

    @rpc("messageByMessageID")
    async def message_by_id(self, message_id: str) -> dict[str, Any]:
        return self._messages.get(message_id)

    @rpc()
    async def send_chat_message(self, message: ChatMessage) -> dict[str, Any]:
        return self._messages.send([checked(message, "Message", MESSAGE)]).to_json()

    @rpc()
    async def send_chat_messages(self, messages: Annotated[list[ChatMessage], "[]*common.Message"]) -> dict[str, Any]:
        return self._messages.send([checked(message, "Message", MESSAGE) for message in messages]).to_json()

    @rpc()
    async def edit_message(self, request: EditMessage) -> dict[str, Any]:
        return self._messages.edit(request).to_json()

    @rpc()
    async def delete_message_and_send(self, message_id: str) -> dict[str, Any]:
        return self._messages.delete(message_id).to_json()

    @rpc()
    async def delete_message(self, message_id: str) -> None:
        self._messages.forget(message_id)

    @rpc()
    async def mark_all_read(self, chat_id: str) -> None:
        self._messages.mark_seen(chat_id)

    @rpc()
    async def mark_messages_seen(self, chat_id: str, message_ids: list[str]) -> int:
        return self._messages.mark_seen(chat_id, message_ids)
