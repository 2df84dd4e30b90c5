"""What tests and command lines of status-go's own harness ask for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from plugin import fixtures
from resources.timings import FAST
from selftests.plugin.outside import Outside

TESTS = """
import pytest
from clients.signals import SignalType
from clients.status_backend import StatusBackend
from resources.constants import user_1, user_2
from resources.enums import MessageContentType
from resources.utils import assert_response_attributes
from steps.messenger import MessengerSteps
from utils import fake
from utils.config import Config

def test_restored_accounts(backend_recovered_profile):
    first = backend_recovered_profile("restored", user_1)
    (wallet,) = [account for account in first.accounts_service.get_accounts() if account["wallet"]]
    assert wallet["address"].lower() == user_1.address.lower()

    second = StatusBackend([SignalType.NODE_LOGIN.value])
    second.init_status_backend()
    second.restore_account_and_login(user=user_2)
    second.wait_for_login()
    assert second.find_public_key() == second.public_key != first.public_key
    assert second.container_exec("echo $0") == "sh"
    assert second.extract_data("absent") is None

@pytest.mark.usefixtures("setup_two_unprivileged_nodes")
class TestContacts(MessengerSteps):
    @pytest.mark.parametrize("waku_light_client", [False], indirect=True)
    def test_messages(self, waku_light_client):
        message_id = self.send_contact_request_and_wait_for_signal_to_be_received()
        self.accept_contact_request_and_wait_for_signal_to_be_received(message_id)
        (message,) = self.one_to_one_message(1)
        assert_response_attributes(message, {"contentType": MessageContentType.TEXT_PLAIN.value})
        self.private_group_message(1, self.join_private_group())
        with self.node_pause(self.receiver):
            texts, _ = self.send_multiple_one_to_one_messages(2)
        self.receiver.find_signal_containing_pattern(SignalType.MESSAGES_NEW.value, event_pattern=texts[-1])
        assert Config.docker_project_name == "mine" and fake.profile_name().isalnum()

def test_chain(anvil_client, multicall3_deployer):
    raise AssertionError("unreachable")

def test_versions(peer_docker_images):
    raise AssertionError("unreachable")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    outside = Outside(Path(tmp_path_factory.mktemp("status-go")))
    arguments = ["--docker_project_name", "mine", "--anvil-url", "http://anvil:8545", "--disable-override-networks"]
    run = outside.run(TESTS, *arguments, "-rs")
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_its_accounts_are_restored(run: str) -> None:
    assert "2 passed, 2 skipped" in run


def test_what_has_no_effect_says_so(run: str) -> None:
    assert "--docker_project_name has no effect: names of containers and networks are those of the run" in run
    assert "--anvil-url has no effect: no scenario here uses a chain" in run


def test_what_cannot_be_had_is_skipped_with_its_reason(run: str) -> None:
    assert "needs a chain (anvil), and this harness starts none" in run
    assert "give the other versions' images by --peer-docker-image" in run


@pytest.mark.parametrize(("docker_image", "beside"), [(None, ["alice-codex"]), ("statusgo-1", [])])
def test_a_backend_of_another_image_has_its_own_storage(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, docker_image: str | None, beside: list[str]
) -> None:
    """With `--codex container`, which gives each reference backend a Codex node beside it."""
    node = SimpleNamespace(name="alice", data_path="/data")
    settings = SimpleNamespace(
        codex="container", status_backend_urls=(), waku_fleet="fleet", waku_fleets_config="", push_fleets_config="",
        timings=FAST,
    )  # fmt: skip
    nodes = SimpleNamespace(start=lambda spec: node, journal=None)
    made: list[str] = []
    monkeypatch.setattr(fixtures, "StorageBeside", lambda nodes, name: made.append(name) or SimpleNamespace(node=name))
    monkeypatch.setattr(fixtures, "_backend_spec", lambda nodes, name, codex, image: (name, codex, image))
    place = fixtures.Backends(request, SimpleNamespace(settings=settings), nodes).place("alice", docker_image)
    assert made == beside
    assert (place["storage"] is None) is (not beside)
