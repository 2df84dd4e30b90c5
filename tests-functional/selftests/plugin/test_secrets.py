"""Secrets are planted in every place where a test could spill them, and looked for in everything a run leaves."""

from __future__ import annotations

import html
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from selftests.plugin.outside import Outside

PASSWORD = "Tr0ub4dor & <3> \"quoted\" 'ümlaut' \\slash"
MNEMONIC = "legal winner thank year wave sausage worth useful legal winner thank yellow"
PRIVATE_KEY = "1f" * 31 + "2e"

TEST = f"""
import logging

PASSWORD = {PASSWORD!r}
MNEMONIC = {MNEMONIC!r}
PRIVATE_KEY = {PRIVATE_KEY!r}

def test_spills(backend_factory, journal):
    alice = backend_factory("alice")
    alice.init_status_backend()
    alice.restore_account_and_login(mnemonic=MNEMONIC, password=PASSWORD)
    alice.wait_for_login()
    alice.rpc_request("accounts_verifyPassword", [PASSWORD])
    alice.api_request("ValidateMnemonic", {{"mnemonic": MNEMONIC}})
    journal.note("alice", f"password: {{PASSWORD}}, mnemonic: {{MNEMONIC}}")
    journal.append("alice", "rpc", {{"method": "x", "params": [{{"privateKey": PRIVATE_KEY}}]}})
    journal.append("alice", "rpc", {{"method": "x", "params": ["0x" + PRIVATE_KEY]}})
    journal.step("with " + PASSWORD)
    print("printed", PASSWORD, MNEMONIC)
    logging.getLogger("test").warning("logged %s and %s", PASSWORD, PRIVATE_KEY)
    with alice.expect("never.comes", {{"password": PASSWORD}}, timeout=0.1):
        assert alice.wakuext_service.communities() != PASSWORD, "before it"
    raise AssertionError("unreachable")

def test_compares(backend_new_profile):
    alice = backend_new_profile("alice", password=PASSWORD)
    assert alice.mnemonic == [PASSWORD], f"neither is {{PASSWORD}}"
"""


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Everything the run printed and wrote, by name."""
    outside = Outside(tmp_path_factory.mktemp("secrets"))
    run = outside.run(TEST, f"--junitxml={outside.folder / 'junit.xml'}", "-n", "1", "-rA")
    assert run.returncode == 1 and "2 failed" in run.stdout, run.stdout + run.stderr
    assert "never.comes" in run.stdout, run.stdout
    paths = [path for path in outside.logs.rglob("*") if path.is_file() and not path.is_symlink()]
    files = {str(path.relative_to(outside.folder)): path.read_bytes() for path in paths}
    return files | {
        "junit.xml": (outside.folder / "junit.xml").read_bytes(),
        "the terminal": (run.stdout + run.stderr).encode(),
    }


def forms(secret: str) -> set[bytes]:
    """A secret as it is, and as JSON, HTML, Python and URLs spell it."""
    spelt = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], ascii(secret)[1:-1], html.escape(secret)}
    spelt |= {html.escape(secret, quote=False), html.escape(json.dumps(secret)[1:-1]), quote(secret)}
    return {form.encode() for form in spelt}


@pytest.mark.parametrize("secret", [PASSWORD, MNEMONIC, PRIVATE_KEY], ids=["password", "mnemonic", "private key"])
def test_a_planted_secret_is_nowhere(left: dict[str, bytes], secret: str) -> None:
    assert [name for name, content in left.items() if any(form in content for form in forms(secret))] == []


def test_they_were_really_planted(left: dict[str, bytes]) -> None:
    """Where they stood it says so: without this, a test that spilt nothing would prove nothing."""
    named = {Path(name).name for name, content in left.items() if b"redacted" in content}
    assert {"journal.jsonl", "timeline.html", "test.json", "run.json", "junit.xml", "the terminal"} <= named
