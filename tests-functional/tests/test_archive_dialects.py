"""What only one way of distribution has: archives by torrent, which every dialect of the archive API can do."""

from __future__ import annotations

import pytest

from clients.signals import SignalType
from steps.archives import IMPORT_ORDER, archive_signals, came_from_archive, enable_torrents, of, wait_until_forgotten
from steps.messenger import MessengerSteps, chat_texts, default_chat, send_text

pytestmark = [pytest.mark.rpc, pytest.mark.wakuext, pytest.mark.archives]

CREATED = SignalType.COMMUNITY_HISTORY_ARCHIVES_CREATED
IMPORTED = SignalType.COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_FINISHED
TORRENT_IMPORT_ORDER = [
    step for step in IMPORT_ORDER if step is not SignalType.COMMUNITY_ARCHIVE_INDEX_DOWNLOAD_COMPLETED
]


class TestArchivesByTorrent(MessengerSteps):
    def test_late_member_needs_nothing_but_the_magnet_link(
        self, backend_new_profiles, store_node, timings, unique_text
    ):
        """No storage node and no `connect`: whoever joins is told the magnet link, and that leads to the owner."""
        owner, late_member = backend_new_profiles(
            "owner", "late_member", message_archive_interval=timings.short_archive_interval
        )
        enable_torrents(owner, late_member)
        community_id = self.create_community(owner, archives=True)
        chat_id = default_chat(owner, community_id)

        with owner.expect(CREATED, of(community_id), timeout=timings.short_archive_deadline):
            text = unique_text("by torrent")
            message = send_text(owner, chat_id, text)
        wait_until_forgotten(store_node, chat_id, timings.forget_deadline)

        with late_member.expect(IMPORTED, of(community_id), timeout=timings.short_archive_deadline):
            assert self.join_community(late_member, owner) == chat_id

        assert archive_signals(late_member, community_id) == TORRENT_IMPORT_ORDER
        assert chat_texts(late_member, chat_id) == {message["id"]: text}
        assert came_from_archive(late_member, message["id"])
