"""A test as status-go's own are written: its fixtures, its steps class, its waits. Such a test runs here unchanged."""

from __future__ import annotations

import pytest

from clients.signals import SignalType
from steps.messenger import MessengerSteps


@pytest.mark.rpc
class TestStatusGoStyle(MessengerSteps):
    @pytest.fixture(autouse=True)
    def setup_backends(self, backend_new_profile, timings):
        options = {
            "codex_config_enabled": True,
            "message_archive_interval": timings.short_archive_interval,
            "import_initial_delay": timings.import_initial_delay,
        }
        self.creator = backend_new_profile("creator", **options)
        self.member = backend_new_profile("member", **options)

    def test_archive_reaches_a_member_who_logs_in_again(self, timings):
        self.creator.wakuext_service.set_archive_distribution_preference("codex")
        self.member.wakuext_service.enable_codex_community_history_archive_protocol(
            {"CodexNodeConfig.DiscoveryPort": 8092}
        )
        assert self.creator.wakuext_service.get_message_archive_interval() == timings.short_archive_interval * 10**9
        info = self.creator.wakuext_service.debug()
        self.member.wakuext_service.connect(info["id"], info["addrs"])

        response = self.creator.wakuext_service.create_community(
            "status-go style", history_archive_support_enabled=True
        )
        self.community_id = response["communities"][0]["id"]
        chat_id = response["chats"][0]["id"]
        self.join_community(member=self.member, admin=self.creator)

        self.creator.wakuext_service.send_chat_message(chat_id, "hello archive")
        self.creator.wait_for_signal(
            SignalType.COMMUNITY_HISTORY_ARCHIVES_CREATED.value, timeout=timings.short_archive_deadline
        )
        assert self.creator.wakuext_service.has_community_archive(self.community_id)
        self.member.find_signal_containing_pattern(
            SignalType.COMMUNITY_ARCHIVE_MANIFEST_FETCHED.value,
            event_pattern=self.community_id,
            timeout=timings.step_deadline,
        )
        with self.member.expect_signal(
            SignalType.COMMUNITY_ARCHIVE_INDEX_DOWNLOAD_COMPLETED,
            timeout=timings.step_deadline,
            pattern=self.community_id,
        ):
            pass
        self.member.find_signal_containing_pattern(
            SignalType.COMMUNITY_HISTORY_ARCHIVES_SEEDING.value,
            event_pattern=self.community_id,
            timeout=timings.step_deadline,
        )
        assert len(self.member.wakuext_service.get_downloaded_message_archive_ids(self.community_id)) == 1

        self.member.logout()
        self.member.wait_for_logout()
        self.member.login(self.member.key_uid)
        self.member.wait_for_login()
        messages = self.member.wakuext_service.chat_messages(chat_id, "", 10)["messages"]
        assert [message["text"] for message in messages] == ["hello archive"]
