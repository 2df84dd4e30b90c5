"""`wakuext_*`: token permissions of communities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import PERMISSION, PERMISSION_CHECK, checked

if TYPE_CHECKING:
    from ..messenger.admission import Admission

CreatePermission = Annotated[dict, "requests.CreateCommunityTokenPermission"]
EditPermission = Annotated[dict, "requests.EditCommunityTokenPermission"]
DeletePermission = Annotated[dict, "requests.DeleteCommunityTokenPermission"]
CheckToJoin = Annotated[dict, "requests.CheckPermissionToJoinCommunity"]
CheckChannel = Annotated[dict, "requests.CheckCommunityChannelPermissions"]


class PermissionsService(Service):
    namespace = "wakuext"

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    @rpc()
    async def create_community_token_permission(self, request: CreatePermission) -> dict[str, Any]:
        checked(request, "CreateCommunityTokenPermission", PERMISSION)
        return (await self._admission.create_permission(request)).to_json()

    @rpc()
    async def edit_community_token_permission(self, request: EditPermission) -> dict[str, Any]:
        checked(request, "EditCommunityTokenPermission", PERMISSION)
        return (await self._admission.edit_permission(request)).to_json()

    @rpc()
    async def delete_community_token_permission(self, request: DeletePermission) -> dict[str, Any]:
        checked(request, "DeleteCommunityTokenPermission", PERMISSION)
        return (await self._admission.delete_permission(request)).to_json()

    @rpc()
    async def check_permissions_to_join_community(self, request: CheckToJoin) -> dict[str, Any]:
        """`{"satisfied", "permissions": {id: {"criteria": [bool]}}, ...}` for the `addresses` given."""
        return await self._admission.check_to_join(checked(request, "CheckPermissionToJoinCommunity", PERMISSION_CHECK))

    @rpc()
    async def check_community_channel_permissions(self, request: CheckChannel) -> dict[str, Any]:
        """`{"viewOnlyPermissions", "viewAndPostPermissions"}`, each `{"satisfied", "permissions"}`."""
        return await self._admission.check_channel(
            checked(request, "CheckCommunityChannelPermissions", PERMISSION_CHECK)
        )
