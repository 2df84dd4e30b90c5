"""Community history archives: what a control node publishes, and what members make of it.

Every scenario runs on real nodes of its own. What was published is read by an independent Codex node, which learns one
thing only: the index CID that a member's signal names.
"""

from __future__ import annotations

import pytest

from clients.signals import SignalType
from steps.archives import (
    IMPORT_ORDER,
    archive_signals,
    came_from_archive,
    connect_storage,
    enable_archives,
    of,
    wait_until_forgotten,
)
from steps.messenger import MessengerSteps, chat_texts, default_chat, send_text
from steps.published import read_published_archives

pytestmark = [pytest.mark.rpc, pytest.mark.wakuext, pytest.mark.archives]

CREATED = SignalType.COMMUNITY_HISTORY_ARCHIVES_CREATED
NONE_CREATED = SignalType.COMMUNITY_NO_HISTORY_ARCHIVES_CREATED
SEEDING = SignalType.COMMUNITY_HISTORY_ARCHIVES_SEEDING
INDEX_DOWNLOADED = SignalType.COMMUNITY_ARCHIVE_INDEX_DOWNLOAD_COMPLETED
IMPORTED = SignalType.COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_FINISHED


class TestCommunityArchives(MessengerSteps):
    def test_community_archive_index_exists(
        self, backend_new_profiles, store_node, codex_bootstrap, codex_node, timings, unique_text
    ):
        """A member downloads the archive; so does one who joins when the store has forgotten the message."""
        owner, member, late_member = backend_new_profiles("owner", "member", "late_member")
        enable_archives(owner, bootstrap=codex_bootstrap.spr())
        enable_archives(member, late_member)
        owner.wakuext_service.update_message_archive_interval(timings.archive_interval)
        community_id = self.create_community(owner, archives=True)
        chat_id = self.join_community(member, owner)
        connect_storage(member, owner)

        index_downloaded = member.expect(INDEX_DOWNLOADED, of(community_id), timeout=timings.step_deadline)
        imported = member.expect(IMPORTED, of(community_id), timeout=timings.step_deadline)
        seeding = owner.expect(SEEDING, of(community_id), timeout=timings.step_deadline)
        with owner.expect(CREATED, of(community_id), timeout=timings.archive_deadline) as created:
            text = unique_text("before the late member")
            message = send_text(owner, chat_id, text)

        sent_at = message["timestamp"] // 1000
        assert created.result["event"]["from"] <= sent_at < created.result["event"]["to"]
        assert owner.wakuext_service.has_community_archive(community_id) is True
        seeding.wait()

        # The member gets the index, then the one archive in it, and says so step by step.
        index_cid = index_downloaded.wait()["event"]["indexCid"]
        imported.wait()
        assert archive_signals(member, community_id) == IMPORT_ORDER
        assert member.wakuext_service.has_community_archive(community_id) is True
        archive_ids = member.wakuext_service.get_downloaded_message_archive_ids(community_id)
        assert len(archive_ids) == 1
        assert not member.wakuext_service.get_message_archive_ids_to_import(community_id)
        assert chat_texts(member, chat_id) == {message["id"]: text}, "the import must not double what was there"

        # The network has it: a node that knows nothing but the index CID finds the message's archive.
        (published,) = read_published_archives(codex_node, index_cid)
        assert [published.id] == archive_ids
        assert published.start <= sent_at < published.end
        assert published.contains(text)

        # The late member comes when the store has nothing left to give, and has nobody to get archives from yet.
        wait_until_forgotten(store_node, chat_id, timings.forget_deadline)
        self.join_community(late_member, owner)
        assert late_member.wakuext_service.chat_messages(chat_id)["messages"] is None
        assert late_member.wakuext_service.has_community_archive(community_id) is False
        assert not late_member.wakuext_service.get_downloaded_message_archive_ids(community_id)

        with late_member.expect(IMPORTED, of(community_id), timeout=timings.archive_deadline):
            connect_storage(late_member, owner)

        assert archive_signals(late_member, community_id) == IMPORT_ORDER
        assert late_member.wakuext_service.has_community_archive(community_id) is True
        assert late_member.wakuext_service.get_downloaded_message_archive_ids(community_id) == archive_ids
        (received,) = late_member.wakuext_service.chat_messages(chat_id)["messages"]
        assert (received["id"], received["text"], received["from"]) == (message["id"], text, owner.public_key)
        assert came_from_archive(late_member, message["id"])

    def test_community_archive_exists_for_default_chat(
        self, backend_new_profiles, codex_bootstrap, codex_node, timings, unique_text
    ):
        """A message in the channel that a community is born with makes exactly one archive, which holds it."""
        owner, member = backend_new_profiles("owner", "member")
        enable_archives(owner, bootstrap=codex_bootstrap.spr())
        enable_archives(member)
        owner.wakuext_service.update_message_archive_interval(timings.short_archive_interval)
        community_id = self.create_community(owner, archives=True)
        chat_id = default_chat(owner, community_id)
        assert owner.wakuext_service.has_community_archive(community_id) is False
        assert self.join_community(member, owner) == chat_id
        connect_storage(member, owner)

        index_downloaded = member.expect(INDEX_DOWNLOADED, of(community_id), timeout=timings.step_deadline)
        with owner.expect(CREATED, of(community_id), timeout=timings.short_archive_deadline):
            text = unique_text("in the default chat")
            send_text(owner, chat_id, text)

        assert owner.wakuext_service.has_community_archive(community_id) is True
        (published,) = read_published_archives(codex_node, index_downloaded.wait()["event"]["indexCid"])
        assert len(published.messages) == 1
        assert published.contains(text)
        assert archive_signals(owner, community_id, [CREATED, SEEDING]) == [CREATED, SEEDING]

    def test_archive_is_not_created_without_messages(self, backend_new_profiles, timings, unique_text):
        """A community that nobody writes in gets no archive, though its description and its members make traffic.

        A second community of the same owner is the clock. It was founded later, with the same interval: when its second
        interval is over, the silent one has had two as well.
        """
        owner, member = backend_new_profiles("owner", "member")
        enable_archives(owner, member)
        owner.wakuext_service.update_message_archive_interval(timings.short_archive_interval)
        silent = self.create_community(owner, archives=True)
        self.join_community(member, owner)
        connect_storage(member, owner)
        clock = self.create_community(owner, archives=True)

        second_interval = owner.expect(NONE_CREATED, of(clock), timeout=timings.short_archive_deadline)
        with owner.expect(CREATED, of(clock), timeout=timings.short_archive_deadline):
            send_text(owner, default_chat(owner, clock), unique_text("tick"))
        second_interval.wait()

        assert archive_signals(owner, silent, [CREATED, SEEDING]) == []
        assert archive_signals(member, silent) == []
        assert owner.wakuext_service.has_community_archive(silent) is False
        assert member.wakuext_service.has_community_archive(silent) is False
        assert owner.wakuext_service.has_community_archive(clock) is True

    def test_different_archives_are_created_with_multiple_messages(
        self, backend_new_profiles, codex_bootstrap, codex_node, timings, unique_text
    ):
        """Two rounds, a message each: the member has one archive more after each, which holds that round's message."""
        owner, member = backend_new_profiles("owner", "member")
        enable_archives(owner, bootstrap=codex_bootstrap.spr())
        enable_archives(member)
        owner.wakuext_service.update_message_archive_interval(timings.short_archive_interval)
        community_id = self.create_community(owner, archives=True)
        chat_id = self.join_community(member, owner)
        connect_storage(member, owner)

        texts: list[str] = []
        archive_ids: list[str] = []
        for round_number in (1, 2):
            index_downloaded = member.expect(INDEX_DOWNLOADED, of(community_id), timeout=timings.step_deadline)
            imported = member.expect(IMPORTED, of(community_id), timeout=timings.step_deadline)
            with owner.expect(CREATED, of(community_id), timeout=timings.short_archive_deadline):
                texts.append(unique_text(f"round {round_number}"))
                send_text(owner, chat_id, texts[-1])
            index_cid = index_downloaded.wait()["event"]["indexCid"]
            imported.wait()

            downloaded = member.wakuext_service.get_downloaded_message_archive_ids(community_id)
            assert len(downloaded) == round_number
            assert set(archive_ids) < set(downloaded), "an archive that a member has stays"
            archive_ids = downloaded

        assert sorted(chat_texts(member, chat_id).values()) == sorted(texts)
        published = read_published_archives(codex_node, index_cid)
        assert {archive.id for archive in published} == set(archive_ids)
        assert [[archive.contains(text) for text in texts] for archive in published] == [[True, False], [False, True]]
        first, second = published
        assert first.end <= second.start, "no moment belongs to two archives"

    def test_archive_is_downloaded_after_logout_login(self, backend_new_profiles, store_node, timings, unique_text):
        """A member who was logged out when the message was sent and archived gets it out of the archive after login."""
        owner, member = backend_new_profiles("owner", "member")
        enable_archives(owner, member)
        owner.wakuext_service.update_message_archive_interval(timings.archive_interval)
        community_id = self.create_community(owner, archives=True)
        chat_id = self.join_community(member, owner)
        member.logout()
        member.wait_for_logout()

        with owner.expect(CREATED, of(community_id), timeout=timings.archive_deadline):
            text = unique_text("while the member was away")
            message = send_text(owner, chat_id, text)
        wait_until_forgotten(store_node, chat_id, timings.forget_deadline)

        member.login()
        member.wait_for_login()
        assert member.wakuext_service.chat_messages(chat_id)["messages"] is None
        with member.expect(IMPORTED, of(community_id), timeout=timings.archive_deadline):
            connect_storage(member, owner)

        assert archive_signals(member, community_id) == IMPORT_ORDER
        assert member.wakuext_service.has_community_archive(community_id) is True
        assert len(member.wakuext_service.get_downloaded_message_archive_ids(community_id)) == 1
        assert chat_texts(member, chat_id) == {message["id"]: text}
        assert came_from_archive(member, message["id"])
