"""wakuext: communities, their channels and members. A community's id is `0x` and 66 hex digits."""

from __future__ import annotations

from typing import Any

from clients.services.service import Service

MANUAL_ACCEPT = 3


class CommunityMethods(Service):
    # communities

    def create_community(
        self, name: str, color: str = "#ffffff", membership: int = MANUAL_ACCEPT, description: str | None = None,
        history_archive_support_enabled: bool | None = None, **fields: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """`membership` is 1 auto accept, 3 manual accept. `fields` are further ones of the request, as the node spells
        them. The response has "communities", "communitiesSettings", and in "chats" the default channel "general"."""
        request = {"name": name, "description": description or name, "color": color, "membership": membership, **fields}
        if history_archive_support_enabled is not None:
            request["historyArchiveSupportEnabled"] = history_archive_support_enabled
        return self.rpc_request("createCommunity", [request])

    def edit_community(self, community_id: str, name: str, **fields: Any) -> dict[str, Any]:
        """`fields` as the node spells them, such as `description`, `color`, `membership`."""
        return self.rpc_request("editCommunity", [{"communityId": community_id, "name": name, **fields}])

    def fetch_community(
        self, community_key: str, wait_for_response: bool = True, try_database: bool = True
    ) -> dict[str, Any] | None:
        request = {"communityKey": community_key, "waitForResponse": wait_for_response, "tryDatabase": try_database}
        return self.rpc_request("fetchCommunity", [request])

    def communities(self) -> list[dict[str, Any]] | None:
        return self.rpc_request("communities")

    def joined_communities(self) -> list[dict[str, Any]] | None:
        return self.rpc_request("joinedCommunities")

    def get_communities_settings(self) -> list[dict[str, Any]]:
        """[{"communityId", "historyArchiveSupportEnabled", "clock"}]."""
        return self.rpc_request("getCommunitiesSettings")

    # membership

    def spectate_community(self, community_id: str) -> dict[str, Any]:
        return self.rpc_request("spectateCommunity", [community_id])

    def join_community(self, community_id: str) -> dict[str, Any]:
        return self.rpc_request("joinCommunity", [community_id])

    def leave_community(self, community_id: str) -> dict[str, Any]:
        return self.rpc_request("leaveCommunity", [community_id])

    def request_to_join_community(
        self, community_id: str, address: str = "fakeaddress", **fields: Any
    ) -> dict[str, Any]:
        """The response has "requestsToJoinCommunity": [{"id", "state": 1 pending, ...}]."""
        request = {"communityId": community_id, "addressesToReveal": [address], "airdropAddress": address, **fields}
        return self.rpc_request("requestToJoinCommunity", [request])

    def accept_request_to_join_community(self, request_to_join_id: str) -> dict[str, Any]:
        """Fails until the control node has received the request."""
        return self.rpc_request("acceptRequestToJoinCommunity", [{"id": request_to_join_id}])

    def decline_request_to_join_community(self, request_to_join_id: str) -> dict[str, Any]:
        return self.rpc_request("declineRequestToJoinCommunity", [{"id": request_to_join_id}])

    def cancel_request_to_join_community(self, request_to_join_id: str) -> dict[str, Any]:
        return self.rpc_request("cancelRequestToJoinCommunity", [{"id": request_to_join_id}])

    def latest_request_to_join_for_community(self, community_id: str) -> dict[str, Any] | None:
        return self.rpc_request("latestRequestToJoinForCommunity", [community_id])

    def pending_requests_to_join_for_community(self, community_id: str) -> list[dict[str, Any]] | None:
        return self.rpc_request("pendingRequestsToJoinForCommunity", [community_id])

    def my_pending_requests_to_join(self) -> list[dict[str, Any]] | None:
        return self.rpc_request("myPendingRequestsToJoin")

    def all_non_approved_communities_requests_to_join(self) -> list[dict[str, Any]] | None:
        return self.rpc_request("allNonApprovedCommunitiesRequestsToJoin")

    def generate_joining_community_requests_for_signing(
        self, member_pubkey: str, community_id: str, addresses: list[str]
    ) -> list[dict[str, str]]:
        return self.rpc_request("generateJoiningCommunityRequestsForSigning", [member_pubkey, community_id, addresses])

    def ban_user_from_community(
        self, community_id: str, user: str, delete_all_messages: bool = False
    ) -> dict[str, Any]:
        request = {"communityId": community_id, "user": user, "deleteAllMessages": delete_all_messages}
        return self.rpc_request("banUserFromCommunity", [request])

    def unban_user_from_community(self, community_id: str, user: str) -> dict[str, Any]:
        return self.rpc_request("unbanUserFromCommunity", [{"communityId": community_id, "user": user}])

    def add_role_to_member(self, community_id: str, user: str, role: int) -> dict[str, Any]:
        return self.rpc_request("addRoleToMember", [{"communityId": community_id, "user": user, "role": role}])

    def remove_role_from_member(self, community_id: str, user: str, role: int) -> dict[str, Any]:
        return self.rpc_request("removeRoleFromMember", [{"communityId": community_id, "user": user, "role": role}])

    # channels

    def create_community_chat(self, community_id: str, c: dict[str, Any]) -> dict[str, Any]:
        """`c` is {"identity": {"display_name", "emoji", "color", "description"}, "permissions": {"access": 1}, ...}."""
        return self.rpc_request("createCommunityChat", [community_id, c])

    def edit_community_chat(self, community_id: str, chat_id: str, c: dict[str, Any]) -> dict[str, Any]:
        return self.rpc_request("editCommunityChat", [community_id, chat_id, c])

    def delete_community_chat(self, community_id: str, chat_id: str) -> dict[str, Any]:
        return self.rpc_request("deleteCommunityChat", [community_id, chat_id])

    def reorder_community_chat(
        self, community_id: str, category_id: str, chat_id: str, position: int
    ) -> dict[str, Any]:
        request = {"communityId": community_id, "categoryId": category_id, "chatId": chat_id, "position": position}
        return self.rpc_request("reorderCommunityChat", [request])

    def mute_community_chats(self, community_id: str, muted_type: int) -> Any:
        return self.rpc_request("muteCommunityChats", [{"communityId": community_id, "mutedType": muted_type}])

    def unmute_community_chats(self, community_id: str) -> Any:
        return self.rpc_request("unMuteCommunityChats", [community_id])

    # categories

    def create_community_category(self, community_id: str, name: str, chat_ids: list[str]) -> dict[str, Any]:
        request = {"communityId": community_id, "categoryName": name, "chatIds": chat_ids}
        return self.rpc_request("createCommunityCategory", [request])

    def edit_community_category(
        self, community_id: str, category_id: str, name: str, chat_ids: list[str]
    ) -> dict[str, Any]:
        request = {"communityId": community_id, "categoryId": category_id, "categoryName": name, "chatIds": chat_ids}
        return self.rpc_request("editCommunityCategory", [request])

    def delete_community_category(self, community_id: str, category_id: str) -> dict[str, Any]:
        return self.rpc_request("deleteCommunityCategory", [{"communityId": community_id, "categoryId": category_id}])

    def reorder_community_categories(self, community_id: str, category_id: str, position: int) -> dict[str, Any]:
        request = {"communityId": community_id, "categoryId": category_id, "position": position}
        return self.rpc_request("reorderCommunityCategories", [request])

    def mute_category(self, community_id: str, category_id: str, muted_type: int) -> Any:
        request = {"communityId": community_id, "categoryId": category_id, "mutedType": muted_type}
        return self.rpc_request("muteCategory", [request])
