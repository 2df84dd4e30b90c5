"""A profile's files: made, unlocked, and kept whole where a password change is cut short."""

import contextlib

import pytest

from status_backend.accounts import derivation, keystore, profile
from status_backend.accounts.derivation import ExtendedKey
from status_backend.accounts.keystore import WrongPassword
from status_backend.accounts.profile import ProfilePaths
from status_backend.db import DatabaseError

REQUEST = {
    "displayName": "alice_node",
    "password": "old",
    "customizationColor": "primary",
    "messageArchiveInterval": 60,
}


class Cut(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(keystore, "SCRYPT_N", 2)  # these tests are not about how long a guess takes
    return tmp_path


@pytest.fixture
def account(root):
    master = ExtendedKey.from_mnemonic(derivation.random_mnemonic())
    opened = profile.create(root, master, REQUEST, 10, None)
    opened.close()
    return opened.account


def test_unlock_gives_what_was_created(root, account):
    opened = profile.unlock(root, account, "old")
    assert derivation.public_key_hex(opened.chat_key) == opened.settings.get("public-key")
    assert opened.kept_options == {"messageArchiveInterval": 60}
    assert opened.settings.shown().keys() == opened.settings.all().keys() - {"reference/kept-options"}
    opened.close()


def test_a_half_made_profile_does_not_hinder_the_next(root, account):
    master = ExtendedKey.from_mnemonic(derivation.random_mnemonic())
    paths = ProfilePaths(root, derivation.key_uid(master.key))
    paths.keystore.mkdir(parents=True)
    paths.app_db.write_bytes(b"half")
    opened = profile.create(root, master, REQUEST, 10, None)
    opened.close()
    profile.unlock(root, opened.account, "old").close()


def test_password_change(root, account):
    profile.change_password(root, account, "old", "new")
    with pytest.raises(DatabaseError):
        profile.unlock(root, account, "old")
    profile.unlock(root, account, "new").close()
    profile.check_password(root, account, "new")
    assert not list(root.glob("*.rekey*"))


def test_wrong_password_changes_nothing(root, account):
    with pytest.raises(WrongPassword):
        profile.change_password(root, account, "wrong", "new")
    profile.unlock(root, account, "old").close()
    assert not list(root.glob("*.rekey*"))


def test_cut_short_before_the_decision_the_old_password_holds(root, account, monkeypatch):
    def cut(*args: object) -> None:
        raise Cut

    with monkeypatch.context() as patch, pytest.raises(Cut):
        patch.setattr(profile.Database, "rekey", cut)
        patch.setattr(profile.shutil, "rmtree", lambda *args, **kwargs: None)  # a killed process tidies nothing
        profile.change_password(root, account, "old", "new")
    assert list(root.glob("*.rekeying"))
    profile.unlock(root, account, "old").close()
    profile.change_password(root, account, "old", "new")
    profile.unlock(root, account, "new").close()


@pytest.mark.parametrize("moves", [0, 1, 2, 3])
def test_cut_short_after_the_decision_the_next_start_finishes(root, account, monkeypatch, moves):
    """Killed after 0 to 3 of the moves that put the new files in place."""
    left = moves

    def counted(real):
        def move(path, target):
            nonlocal left
            if path.parent.suffix != ".rekeyed":
                return real(path, target)
            if left == 0:
                raise Cut
            left -= 1
            return real(path, target)

        return move

    expected = pytest.raises(Cut) if moves < 3 else contextlib.nullcontext()
    with monkeypatch.context() as patch, expected:
        patch.setattr(profile.Path, "replace", counted(profile.Path.replace))
        patch.setattr(profile.Path, "rename", counted(profile.Path.rename))
        profile.change_password(root, account, "old", "new")
    profile.unlock(root, account, "new").close()
    profile.check_password(root, account, "new")
    assert not list(root.glob("*.rekey*"))
