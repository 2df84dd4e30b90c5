"""wakuext: chats and messages."""

from __future__ import annotations

from typing import Any

from clients.services.service import Service

TEXT_PLAIN = 1


class ChatMethods(Service):
    # chats

    def chats(self) -> list[dict[str, Any]] | None:
        return self.rpc_request("chats")

    get_chats = chats

    def chat(self, chat_id: str) -> dict[str, Any]:
        return self.rpc_request("chat", [chat_id])

    get_chat = chat

    def active_chats(self) -> list[dict[str, Any]] | None:
        return self.rpc_request("activeChats")

    def chats_preview(self, filter_type: int) -> list[dict[str, Any]]:
        """`filter_type` is 1 community chats, 2 others."""
        return self.rpc_request("chatsPreview", [filter_type])

    def one_to_one_chat(self, contact_id: str) -> dict[str, Any]:
        return self.rpc_request("createOneToOneChat", [{"id": contact_id}])

    create_one_to_one_chat = one_to_one_chat

    def mute_chat(self, chat_id: str) -> Any:
        return self.rpc_request("muteChat", [chat_id])

    def mute_chat_v2(self, chat_id: str, muted_type: int) -> Any:
        return self.rpc_request("muteChatV2", [{"chatId": chat_id, "mutedType": muted_type}])

    def unmute_chat(self, chat_id: str) -> Any:
        return self.rpc_request("unmuteChat", [chat_id])

    def clear_history(self, chat_id: str) -> dict[str, Any]:
        return self.rpc_request("clearHistory", [{"id": chat_id}])

    def deactivate_chat(self, chat_id: str, preserve_history: bool) -> dict[str, Any]:
        return self.rpc_request("deactivateChat", [{"id": chat_id, "preserveHistory": preserve_history}])

    # messages

    def send_chat_message(
        self, chat_id: str, message: str, content_type: int = TEXT_PLAIN, **fields: Any
    ) -> dict[str, Any]:
        """`fields` are further ones of the message, such as `responseTo`. The response has "messages" and "chats"."""
        return self.rpc_request(
            "sendChatMessage", [{"chatId": chat_id, "text": message, "contentType": content_type, **fields}]
        )

    def send_chat_messages(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        """Each message is {"chatId", "text", "contentType"}."""
        return self.rpc_request("sendChatMessages", [messages])

    def send_one_to_one_message(self, contact_id: str, message: str) -> dict[str, Any]:
        return self.rpc_request("sendOneToOneMessage", [{"id": contact_id, "message": message}])

    send_message = send_one_to_one_message

    def send_group_chat_message(self, group_id: str, message: str) -> dict[str, Any]:
        return self.rpc_request("sendGroupChatMessage", [{"id": group_id, "message": message}])

    def chat_messages(self, chat_id: str, cursor: str = "", limit: int = 10) -> dict[str, Any]:
        """{"messages": newest first, None if there are none; "cursor": "" if there are no more}."""
        return self.rpc_request("chatMessages", [chat_id, cursor, limit])

    def message_by_message_id(self, message_id: str) -> dict[str, Any]:
        return self.rpc_request("messageByMessageID", [message_id])

    def edit_message(self, message_id: str, new_text: str) -> dict[str, Any]:
        return self.rpc_request("editMessage", [{"id": message_id, "text": new_text}])

    def delete_message(self, message_id: str) -> Any:
        return self.rpc_request("deleteMessage", [message_id])

    def delete_message_and_send(self, message_id: str) -> dict[str, Any]:
        return self.rpc_request("deleteMessageAndSend", [message_id])

    def resend_chat_message(self, message_id: str) -> Any:
        return self.rpc_request("reSendChatMessage", [message_id])

    def send_pin_message(self, message: dict[str, Any]) -> dict[str, Any]:
        """{"chat_id", "message_id", "pinned"}."""
        return self.rpc_request("sendPinMessage", [message])

    def chat_pinned_messages(self, chat_id: str, cursor: str = "", limit: int = 10) -> dict[str, Any]:
        return self.rpc_request("chatPinnedMessages", [chat_id, cursor, limit])

    def first_unseen_message_id(self, chat_id: str) -> str:
        return self.rpc_request("firstUnseenMessageID", [chat_id])

    def all_messages_from_chat_which_match_term(
        self, chat_id: str, search_term: str, case_sensitive: bool = False
    ) -> dict[str, Any]:
        return self.rpc_request("allChatMessagesWhichMatchTerm", [chat_id, search_term, case_sensitive])

    all_chat_messages_which_match_term = all_messages_from_chat_which_match_term

    def all_messages_from_chats_and_communities_which_match_term(
        self, community_ids: list[str], chat_ids: list[str], search_term: str, case_sensitive: bool = False
    ) -> dict[str, Any]:
        params = [community_ids, chat_ids, search_term, case_sensitive]
        return self.rpc_request("allMessagesFromChatsAndCommunitiesWhichMatchTerm", params)

    def mark_all_read(self, chat_id: str) -> Any:
        return self.rpc_request("markAllRead", [chat_id])

    def send_emoji_reaction(self, chat_id: str, message_id: str, emoji_id: int) -> dict[str, Any]:
        return self.rpc_request("sendEmojiReaction", [chat_id, message_id, emoji_id])

    def emoji_reactions_by_chat_id(self, chat_id: str, cursor: str = "", limit: int = 10) -> list[dict[str, Any]]:
        return self.rpc_request("emojiReactionsByChatID", [chat_id, cursor, limit])

    # private groups

    def create_group_chat_with_members(self, pubkey_list: list[str], group_chat_name: str) -> dict[str, Any]:
        if not isinstance(pubkey_list, list):
            raise TypeError("pubkey_list needs to be list")
        return self.rpc_request("createGroupChatWithMembers", [None, group_chat_name, pubkey_list])

    def leave_group_chat(self, chat_id: str, remove: bool = True) -> dict[str, Any]:
        return self.rpc_request("leaveGroupChat", [None, chat_id, remove])

    def add_members_to_group_chat(self, chat_id: str, members: list[str]) -> dict[str, Any]:
        return self.rpc_request("addMembersToGroupChat", [None, chat_id, members])

    def remove_members_from_group_chat(self, chat_id: str, members: list[str]) -> dict[str, Any]:
        return self.rpc_request("removeMembersFromGroupChat", [None, chat_id, members])

    def remove_member_from_group_chat(self, chat_id: str, member: str) -> dict[str, Any]:
        return self.rpc_request("removeMemberFromGroupChat", [None, chat_id, member])

    def add_admins_to_group_chat(self, chat_id: str, members: list[str]) -> dict[str, Any]:
        return self.rpc_request("addAdminsToGroupChat", [None, chat_id, members])

    def confirm_joining_group(self, chat_id: str) -> dict[str, Any]:
        return self.rpc_request("confirmJoiningGroup", [None, chat_id])

    def change_group_chat_name(self, chat_id: str, name: str) -> dict[str, Any]:
        return self.rpc_request("changeGroupChatName", [None, chat_id, name])
