"""`wakuext_*`: how a community is laid out, silenced and run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import CATEGORY, MUTE, ROLE, checked

if TYPE_CHECKING:
    from ..messenger.messenger import Messenger

CreateCategory = Annotated[dict, "requests.CreateCommunityCategory"]
EditCategory = Annotated[dict, "requests.EditCommunityCategory"]
DeleteCategory = Annotated[dict, "requests.DeleteCommunityCategory"]
ReorderCategories = Annotated[dict, "requests.ReorderCommunityCategories"]
ReorderChat = Annotated[dict, "requests.ReorderCommunityChat"]
AddRole = Annotated[dict, "requests.AddRoleToMember"]
RemoveRole = Annotated[dict, "requests.RemoveRoleFromMember"]
MuteCommunity = Annotated[dict, "requests.MuteCommunity"]
MuteCategory = Annotated[dict, "requests.MuteCategory"]
_UNMUTED = 7


class OrganisationService(Service):
    namespace = "wakuext"

    def __init__(self, messenger: Messenger) -> None:
        self._organisation = messenger.organisation
        self._chats = messenger.chats

    @rpc()
    async def create_community_category(self, request: CreateCategory) -> dict[str, Any]:
        return self._organisation.create_category(checked(request, "CreateCommunityCategory", CATEGORY)).to_json()

    @rpc()
    async def edit_community_category(self, request: EditCategory) -> dict[str, Any]:
        return self._organisation.edit_category(checked(request, "EditCommunityCategory", CATEGORY)).to_json()

    @rpc()
    async def delete_community_category(self, request: DeleteCategory) -> dict[str, Any]:
        return self._organisation.delete_category(checked(request, "DeleteCommunityCategory", CATEGORY)).to_json()

    @rpc()
    async def reorder_community_categories(self, request: ReorderCategories) -> dict[str, Any]:
        checked(request, "ReorderCommunityCategories", CATEGORY)
        return self._organisation.reorder_categories(request).to_json()

    @rpc()
    async def reorder_community_chat(self, request: ReorderChat) -> dict[str, Any]:
        return self._organisation.reorder_channel(checked(request, "ReorderCommunityChat", CATEGORY)).to_json()

    @rpc()
    async def add_role_to_member(self, request: AddRole) -> dict[str, Any]:
        return self._organisation.add_role(checked(request, "AddRoleToMember", ROLE)).to_json()

    @rpc()
    async def remove_role_from_member(self, request: RemoveRole) -> dict[str, Any]:
        return self._organisation.remove_role(checked(request, "RemoveRoleFromMember", ROLE)).to_json()

    @rpc()
    async def mute_community_chats(self, request: MuteCommunity) -> str:
        return self._mute(checked(request, "MuteCommunity", MUTE))

    @rpc()
    async def un_mute_community_chats(self, community_id: str) -> str:
        return self._chats.mute_community(community_id, _UNMUTED)

    @rpc()
    async def mute_category(self, request: MuteCategory) -> str:
        return self._mute(checked(request, "MuteCategory", MUTE))

    @rpc()
    async def unmute_category(self, community_id: str, category_id: str) -> str:
        return self._chats.mute_community(community_id, _UNMUTED, category_id)

    def _mute(self, request: dict[str, Any]) -> str:
        community_id, variation = request.get("communityId") or "", request.get("mutedType") or 0
        return self._chats.mute_community(community_id, variation, request.get("categoryId"))
