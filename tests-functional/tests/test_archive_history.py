"""What a conversation looks like to somebody who has all of it from archives."""

from __future__ import annotations

from typing import Any

import pytest

from clients.signals import SignalType
from clients.status_backend import StatusBackend
from steps.archives import connect_storage, enable_archives, of, wait_until_forgotten
from steps.messenger import MessengerSteps, chat_history, create_channel, send_text

pytestmark = [pytest.mark.rpc, pytest.mark.wakuext, pytest.mark.archives]

CREATED = SignalType.COMMUNITY_HISTORY_ARCHIVES_CREATED
IMPORTED = SignalType.COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_FINISHED
SHOWN = ("id", "from", "text", "timestamp", "responseTo", "editedAt", "deleted")
MANY = 23  # an archive is imported ten messages at a time
PINNED_NOTICE = 14  # a message that each node makes for itself, at its own time
NEVER = 3600  # seconds of an interval that does not end within a test


class TestArchiveHistory(MessengerSteps):
    def test_late_member_sees_the_conversation_as_it_stands(
        self, backend_new_profiles, store_node, timings, unique_text
    ):
        """Two channels, an answer, an edit, a deletion, a pin: who comes late sees the same as who was there."""
        owner, member, late_member = backend_new_profiles("owner", "member", "late_member")
        enable_archives(owner, member, late_member)
        owner.wakuext_service.update_message_archive_interval(NEVER)
        community_id = self.create_community(owner, archives=True)
        general = self.join_community(member, owner)
        second = create_channel(owner, community_id, "second")

        texts = [unique_text(f"{number}: Grüße, 你好, 🎉") for number in range(MANY)]
        with member.expect(SignalType.MESSAGES_NEW, texts[-1], timeout=timings.step_deadline):
            question, mistake, *_ = [send_text(owner, general, text) for text in texts]
        answer = unique_text("an answer")
        with owner.expect(SignalType.MESSAGES_NEW, answer, timeout=timings.step_deadline):
            member.wakuext_service.send_chat_message(general, answer, responseTo=question["id"])
        owner.wakuext_service.edit_message(question["id"], unique_text("what was meant"))
        owner.wakuext_service.delete_message_and_send(mistake["id"])
        owner.wakuext_service.send_pin_message({"chat_id": general, "message_id": question["id"], "pinned": True})
        last = unique_text("that is all")
        with member.expect(SignalType.MESSAGES_NEW, last, timeout=timings.step_deadline):
            send_text(owner, second, last)

        conversation = {chat_id: _seen(owner, chat_id) for chat_id in (general, second)}
        assert {chat_id: _seen(member, chat_id) for chat_id in conversation} == conversation

        with owner.expect(CREATED, of(community_id), timeout=timings.archive_deadline):
            owner.wakuext_service.update_message_archive_interval(timings.archive_interval)
        for chat_id in conversation:
            wait_until_forgotten(store_node, chat_id, timings.forget_deadline)
        self.join_community(late_member, owner)
        assert {chat_id: _seen(late_member, chat_id) for chat_id in conversation} == {general: [], second: []}
        with late_member.expect(IMPORTED, of(community_id), timeout=timings.archive_deadline):
            connect_storage(late_member, owner)

        assert {chat_id: _seen(late_member, chat_id) for chat_id in conversation} == conversation


def _seen(node: StatusBackend, chat_id: str) -> list[dict[str, Any]]:
    """What people have written in a chat as this node shows it, newest first."""
    pins = node.wakuext_service.chat_pinned_messages(chat_id)["pinnedMessages"] or []
    pinned = {pin["message"]["id"] for pin in pins}
    return [
        {name: message.get(name) for name in SHOWN} | {"pinned": message["id"] in pinned}
        for message in chat_history(node, chat_id)
        if message["contentType"] != PINNED_NOTICE
    ]
