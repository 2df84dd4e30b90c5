"""What tests and command lines of status-go's own harness ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftests.plugin.outside import Outside

TESTS = """
from resources.constants import user_1, user_2
from resources.enums import MessageContentType

def test_restored_accounts(backend_recovered_profile):
    first, second = (backend_recovered_profile("restored", user) for user in (user_1, user_2))
    (wallet,) = [account for account in first.accounts_service.get_accounts() if account["wallet"]]
    assert wallet["address"].lower() == user_1.address.lower()
    assert first.public_key != second.public_key

def test_text(backend_new_profile):
    assert MessageContentType.TEXT_PLAIN.value == 1

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
