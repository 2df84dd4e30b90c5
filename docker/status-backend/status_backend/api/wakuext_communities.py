"""`wakuext_*`: communities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import BAN, COMMUNITY, CONTACT, FETCH, JOIN, USER, checked, checked_channel, required

if TYPE_CHECKING:
    from ..messenger.admission import Admission
    from ..messenger.communities import Communities
    from ..messenger.membership import Membership

CreateCommunity = Annotated[dict, "requests.CreateCommunity"]
EditCommunity = Annotated[dict, "requests.EditCommunity"]
FetchCommunity = Annotated[dict, "protocol.FetchCommunityRequest"]
CommunityChat = Annotated[dict, "protobuf.CommunityChat"]
RequestToJoin = Annotated[dict, "requests.RequestToJoinCommunity"]
AcceptRequest = Annotated[dict, "requests.AcceptRequestToJoinCommunity"]
DeclineRequest = Annotated[dict, "requests.DeclineRequestToJoinCommunity"]
CancelRequest = Annotated[dict, "requests.CancelRequestToJoinCommunity"]
BanUser = Annotated[dict, "requests.BanUserFromCommunity"]
UnbanUser = Annotated[dict, "requests.UnbanUserFromCommunity"]


class CommunitiesService(Service):
    namespace = "wakuext"

    def __init__(self, communities: Communities, membership: Membership, admission: Admission) -> None:
        self._communities = communities
        self._membership = membership
        self._admission = admission

    @rpc()
    async def create_community(self, request: CreateCommunity) -> dict[str, Any]:
        return (await self._communities.create(checked(request, "CreateCommunity", COMMUNITY))).to_json()

    @rpc()
    async def edit_community(self, request: EditCommunity) -> dict[str, Any]:
        return (await self._communities.edit(checked(request, "EditCommunity", COMMUNITY))).to_json()

    @rpc()
    async def create_community_chat(self, community_id: str, chat: CommunityChat) -> dict[str, Any]:
        return (await self._communities.create_channel(community_id, checked_channel(chat))).to_json()

    @rpc()
    async def edit_community_chat(self, community_id: str, chat_id: str, chat: CommunityChat) -> dict[str, Any]:
        return (await self._communities.edit_channel(community_id, chat_id, checked_channel(chat, 2))).to_json()

    @rpc()
    async def delete_community_chat(self, community_id: str, chat_id: str) -> dict[str, Any]:
        return (await self._communities.delete_channel(community_id, chat_id)).to_json()

    @rpc()
    async def communities(self) -> list[dict[str, Any]]:
        return self._communities.show_all()

    @rpc()
    async def joined_communities(self) -> list[dict[str, Any]]:
        return self._communities.show_all(joined=True)

    @rpc()
    async def spectated_communities(self) -> list[dict[str, Any]]:
        return self._communities.show_all(spectated=True)

    @rpc()
    async def get_communities_settings(self) -> list[dict[str, Any]]:
        return self._communities.settings()

    @rpc()
    async def fetch_community(self, request: FetchCommunity) -> dict[str, Any] | None:
        return await self._communities.fetch(checked(request, "FetchCommunityRequest", FETCH))

    @rpc()
    async def join_community(self, community_id: str) -> dict[str, Any]:
        """Without asking anybody: who is no member may listen, and is not listened to."""
        return (await self._communities.join(community_id)).to_json()

    @rpc()
    async def spectate_community(self, community_id: str) -> dict[str, Any]:
        return (await self._communities.spectate(community_id)).to_json()

    @rpc()
    async def request_to_join_community(self, request: RequestToJoin) -> dict[str, Any]:
        return self._membership.request_to_join(checked(request, "RequestToJoinCommunity", JOIN)).to_json()

    @rpc()
    async def cancel_request_to_join_community(self, request: CancelRequest) -> dict[str, Any]:
        required(request, "CancelRequestToJoinCommunity", CONTACT, "cancel-request-to-join-community", "id")
        return self._membership.cancel_request(request["id"]).to_json()

    @rpc()
    async def accept_request_to_join_community(self, request: AcceptRequest) -> dict[str, Any]:
        required(request, "AcceptRequestToJoinCommunity", CONTACT, "accept-request-to-join-community", "id")
        return (await self._admission.accept(request["id"])).to_json()

    @rpc()
    async def decline_request_to_join_community(self, request: DeclineRequest) -> dict[str, Any]:
        required(request, "DeclineRequestToJoinCommunity", CONTACT, "decline-request-to-join-community", "id")
        return self._membership.decline(request["id"]).to_json()

    @rpc()
    async def leave_community(self, community_id: str) -> dict[str, Any]:
        return (await self._membership.leave(community_id)).to_json()

    @rpc()
    async def latest_request_to_join_for_community(self, community_id: str) -> dict[str, Any] | None:
        return self._membership.latest_request(community_id)

    @rpc()
    async def my_pending_requests_to_join(self) -> list[dict[str, Any]] | None:
        return self._membership.my_pending()

    @rpc()
    async def pending_requests_to_join_for_community(self, community_id: str) -> list[dict[str, Any]] | None:
        return self._membership.pending(community_id)

    @rpc()
    async def declined_requests_to_join_for_community(self, community_id: str) -> list[dict[str, Any]] | None:
        return self._membership.declined(community_id)

    @rpc()
    async def all_non_approved_communities_requests_to_join(self) -> list[dict[str, Any]] | None:
        return self._membership.all_non_approved()

    @rpc()
    async def remove_user_from_community(self, community_id: str, user: str) -> dict[str, Any]:
        return self._membership.remove_member(community_id, user).to_json()

    @rpc()
    async def ban_user_from_community(self, request: BanUser) -> dict[str, Any]:
        checked(request, "BanUserFromCommunity", BAN)
        community_id, user = request.get("communityId") or "", request.get("user") or ""
        erase = bool(request.get("deleteAllMessages"))
        return self._membership.remove_member(community_id, user, ban=True, erase=erase).to_json()

    @rpc()
    async def unban_user_from_community(self, request: UnbanUser) -> dict[str, Any]:
        checked(request, "UnbanUserFromCommunity", USER)
        return self._membership.unban(request.get("communityId") or "", request.get("user") or "").to_json()
