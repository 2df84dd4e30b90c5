"""History archives while things go wrong."""

from __future__ import annotations

import pytest

from clients.rest import RestError
from clients.signals import SignalType
from steps.archives import IMPORT_ORDER, archive_signals, connect_storage, enable_archives, of
from steps.comeback import log_in_again
from steps.messenger import MessengerSteps, chat_texts, send_text
from steps.published import read_published_archives

pytestmark = [pytest.mark.rpc, pytest.mark.wakuext, pytest.mark.archives]

INDEX_DOWNLOADED = SignalType.COMMUNITY_ARCHIVE_INDEX_DOWNLOAD_COMPLETED
CREATED = SignalType.COMMUNITY_HISTORY_ARCHIVES_CREATED
NONE_CREATED = SignalType.COMMUNITY_NO_HISTORY_ARCHIVES_CREATED
IMPORTED = SignalType.COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_FINISHED
NEVER = 3600  # seconds of an interval that does not end within a test


class TestArchivesUnderFaults(MessengerSteps):
    def test_owner_killed_before_and_after_the_archive_makes_and_serves_it(
        self, backend_new_profiles, codex_bootstrap, codex_node, faults, timings, unique_text
    ):
        """What was sent is on the owner's disk: archived after a kill -9, and the archive after another."""
        owner, member = backend_new_profiles("owner", "member", message_archive_interval=NEVER)
        enable_archives(owner, bootstrap=codex_bootstrap.spr())
        enable_archives(member)
        community_id = self.create_community(owner, archives=True)
        chat_id = self.join_community(member, owner)
        text = unique_text("before the owner was killed")
        message = send_text(owner, chat_id, text)

        with faults.kill(owner):
            created = owner.expect(CREATED, of(community_id), timeout=timings.short_archive_deadline)
            index_downloaded = member.expect(INDEX_DOWNLOADED, of(community_id), timeout=timings.step_deadline)
            imported = member.expect(IMPORTED, of(community_id), timeout=timings.step_deadline)
        log_in_again(owner, message_archive_interval=timings.short_archive_interval)
        created.wait()

        with faults.kill(owner):
            assert archive_signals(member, community_id) == [], "nobody had it but the owner"
        log_in_again(owner, message_archive_interval=NEVER)
        connect_storage(member, owner)
        imported.wait()

        assert archive_signals(member, community_id) == IMPORT_ORDER
        assert chat_texts(owner, chat_id) == chat_texts(member, chat_id) == {message["id"]: text}
        (published,) = read_published_archives(codex_node, index_downloaded.wait()["event"]["indexCid"])
        assert published.contains(text)

    def test_member_cut_off_from_the_owner_gets_the_archive_when_the_network_heals(
        self, network_faults, backend_new_profiles, timings, unique_text
    ):
        """It learns of the archive by way of the Waku nodes, and can not get at it while owner and member are apart."""
        owner, member = backend_new_profiles("owner", "member", message_archive_interval=timings.short_archive_interval)
        enable_archives(owner, member)
        community_id = self.create_community(owner, archives=True)
        chat_id = self.join_community(member, owner)
        connect_storage(member, owner)

        imported = member.expect(IMPORTED, of(community_id), timeout=timings.step_deadline)
        with network_faults.partition(member.nodes, owner.nodes):
            with owner.expect(CREATED, of(community_id), timeout=timings.short_archive_deadline):
                send_text(owner, chat_id, unique_text("behind a cut wire"))
            with owner.expect(NONE_CREATED, of(community_id), timeout=timings.short_archive_deadline):
                pass
            assert archive_signals(member, community_id) == []

        imported.wait()
        assert archive_signals(member, community_id) == IMPORT_ORDER

    @pytest.mark.sized_data(32 << 20)
    def test_storage_with_a_full_disk_says_so_and_loses_nothing(self, codex_node, faults, rng):
        """What a storage node has it keeps and serves; what it can not take it refuses, and takes later."""
        before, data = rng.randbytes(100_000), rng.randbytes(300_000)
        kept = codex_node.upload(before)
        with faults.disk_full(codex_node):
            with pytest.raises(RestError, match="No space left on device"):
                codex_node.upload(data)
            assert codex_node.download(kept, local=True) == before
        assert codex_node.download_verified(codex_node.upload(data)) == data
        assert codex_node.download_verified(kept) == before
