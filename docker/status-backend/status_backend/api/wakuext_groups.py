"""`wakuext_*`: private group chats. The first parameter of most is a context, which has no meaning here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import CONTACT, required

if TYPE_CHECKING:
    from ..messenger.messenger import Messenger

GroupChatMessage = Annotated[dict, "requests.SendGroupChatMessage"]


class GroupsService(Service):
    namespace = "wakuext"

    def __init__(self, messenger: Messenger) -> None:
        self._groups = messenger.groups

    @rpc()
    async def create_group_chat_with_members(self, context: Any, name: str, members: list[str]) -> dict[str, Any]:
        return self._groups.create(name, members).to_json()

    @rpc()
    async def add_members_to_group_chat(self, context: Any, chat_id: str, members: list[str]) -> dict[str, Any]:
        return self._groups.add_members(chat_id, members).to_json()

    @rpc()
    async def remove_member_from_group_chat(self, context: Any, chat_id: str, member: str) -> dict[str, Any]:
        return self._groups.remove_members(chat_id, [member]).to_json()

    @rpc()
    async def remove_members_from_group_chat(self, context: Any, chat_id: str, members: list[str]) -> dict[str, Any]:
        return self._groups.remove_members(chat_id, members).to_json()

    @rpc()
    async def add_admins_to_group_chat(self, context: Any, chat_id: str, members: list[str]) -> dict[str, Any]:
        return self._groups.add_admins(chat_id, members).to_json()

    @rpc()
    async def confirm_joining_group(self, context: Any, chat_id: str) -> dict[str, Any]:
        return self._groups.confirm_joining(chat_id).to_json()

    @rpc()
    async def change_group_chat_name(self, context: Any, chat_id: str, name: str) -> dict[str, Any]:
        return self._groups.rename(chat_id, name).to_json()

    @rpc()
    async def leave_group_chat(self, context: Any, chat_id: str, remove: bool) -> dict[str, Any]:
        return self._groups.leave(chat_id, remove).to_json()

    @rpc()
    async def send_group_chat_message(self, request: GroupChatMessage) -> dict[str, Any]:
        required(request, "SendGroupChatMessage", CONTACT, "send-group-chat-message", "id", "message")
        return self._groups.send_message(request["id"], request["message"]).to_json()
