"""What a conversation looks like to somebody who has all of it from archives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients.signals import SignalType
from clients.status_backend import StatusBackend
from resources.timings import Timings
from steps.archives import connect_storage, enable_archives, of, wait_until_forgotten
from steps.messenger import MessengerSteps, chat_history, create_channel, send_text
from steps.step import step

pytestmark = [pytest.mark.rpc, pytest.mark.wakuext, pytest.mark.archives]

CREATED = SignalType.COMMUNITY_HISTORY_ARCHIVES_CREATED
IMPORTED = SignalType.COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_FINISHED
MANY = 23  # an archive is imported ten messages at a time
PINNED_NOTICE = 14  # a message that each node makes for itself, at its own time
NEVER = 3600  # seconds of an interval that does not end within a test


class TestArchiveHistory(MessengerSteps):
    def test_late_member_sees_the_conversation_as_it_stands(
        self, backend_new_profiles, store_node, timings, unique_text
    ):
        """Many texts in one archive, in the next an answer, an edit, a deletion, a pin, another channel: whoever comes
        late sees the same as who was there."""
        owner, member, late_member = backend_new_profiles("owner", "member", "late_member")
        enable_archives(owner, member, late_member)
        wakuext = owner.wakuext_service
        wakuext.update_message_archive_interval(NEVER)
        community_id = self.create_community(owner, archives=True)
        general = self.join_community(member, owner)

        texts = [unique_text(f"{number}: Grüße, 你好, 🎉") for number in range(MANY)]
        with member.expect(SignalType.MESSAGES_NEW, texts[-1], timeout=timings.step_deadline):
            question, mistake, *_ = [send_text(owner, general, text) for text in texts]
        _archive_now(owner, community_id, timings)

        second = create_channel(owner, community_id, "second")
        answer, last = unique_text("an answer"), unique_text("that is all")
        with owner.expect(SignalType.MESSAGES_NEW, answer, timeout=timings.step_deadline):
            member.wakuext_service.send_chat_message(general, answer, responseTo=question["id"])
        wakuext.edit_message(question["id"], unique_text("what was meant"))
        wakuext.delete_message_and_send(mistake["id"])
        wakuext.send_pin_message({"chat_id": general, "message_id": question["id"], "pinned": True})
        with member.expect(SignalType.MESSAGES_NEW, last, timeout=timings.step_deadline):
            send_text(owner, second, last)
        _archive_now(owner, community_id, timings)

        conversation = _shown(owner, general, second)
        assert _shown(member, general, second) == conversation

        wait_until_forgotten(store_node, second, timings.forget_deadline)
        self.join_community(late_member, owner)
        assert _shown(late_member, general, second) == []
        with late_member.expect(IMPORTED, of(community_id), timeout=timings.archive_deadline):
            connect_storage(late_member, owner)
        assert _shown(late_member, general, second) == conversation


@step("{owner} archives what was said until now")
def _archive_now(owner: StatusBackend, community_id: str, timings: Timings) -> None:
    with owner.expect(CREATED, of(community_id), timeout=timings.short_archive_deadline):
        owner.wakuext_service.update_message_archive_interval(timings.short_archive_interval)
    owner.wakuext_service.update_message_archive_interval(NEVER)


def _shown(node: StatusBackend, *chat_ids: str) -> list[str]:
    """What a node shows of these chats: a line for each message that people have written, newest first."""
    return [line for chat_id in chat_ids for line in _lines(node, chat_id)]


def _lines(node: StatusBackend, chat_id: str) -> Iterator[str]:
    pins = node.wakuext_service.chat_pinned_messages(chat_id)["pinnedMessages"] or []
    pinned = {pin["message"]["id"] for pin in pins}
    for message in chat_history(node, chat_id):
        if message["contentType"] != PINNED_NOTICE:
            marks = [f"{name} {message[name]}" for name in ("editedAt", "deleted", "responseTo") if message.get(name)]
            marks += ["pinned"] if message["id"] in pinned else []
            said = f"{message['text']} (by {message['from']} at {message['timestamp']}, id {message['id']})"
            yield ", ".join([said, *marks])
