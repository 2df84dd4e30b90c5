"""Hash ratchets: who can read what, under which key, and what becomes of what cannot be read."""

from __future__ import annotations

import pytest

from status_backend.db import Database
from status_backend.messenger import encryption
from status_backend.messenger.encryption import Encryption, GroupKey, KeyMissing, NotReadable

GROUP = bytes.fromhex("02" + "ab" * 32)
OTHER = bytes.fromhex("03" + "cd" * 32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.db"


@pytest.fixture
def sender(path):
    db = Database.open(path, "a key", kdf_iterations=10)
    yield Encryption(db)
    db.close()


@pytest.fixture
def reader(tmp_path):
    db = Database.open(tmp_path / "reader.db", "a key", kdf_iterations=10)
    yield Encryption(db)
    db.close()


def opened(who: Encryption, sealed: bytes, *groups: bytes) -> bytes:
    message = encryption.parse(sealed)
    assert message is not None
    return who.open(message, groups or (GROUP,))


def test_a_message_is_readable_under_its_key_only(sender, reader):
    key = sender.make_key(GROUP)
    sealed = sender.seal(GROUP, b"a secret")
    assert b"a secret" not in sealed
    with pytest.raises(KeyMissing) as missing:
        opened(reader, sealed)
    assert missing.value.key_id == key.id
    assert reader.add_key(GroupKey.of(key.to_message())) and not reader.add_key(key)
    assert opened(reader, sealed) == b"a secret"


def test_messages_are_read_in_any_order(sender, reader):
    reader.add_key(sender.make_key(GROUP))
    sealed = [sender.seal(GROUP, b"%d" % number) for number in range(20)]
    assert [opened(reader, one) for one in reversed(sealed)] == [b"%d" % number for number in reversed(range(20))]
    assert opened(sender, sealed[0]) == b"0"
    assert [encryption.parse(one).seq_no for one in sealed] == list(range(1, 21))


def test_the_message_key_is_the_key_hashed_as_often_as_the_number_says(sender):
    from eth_hash.auto import keccak

    from status_backend.protocol import payload

    key = sender.make_key(GROUP)
    sender.seal(GROUP, b"first")
    message = encryption.parse(sender.seal(GROUP, b"second"))
    assert payload.open_symmetric(message.ciphertext, keccak(keccak(key.key))) == b"second"


def test_a_new_key_keeps_out_who_has_only_the_old_one(sender, reader):
    reader.add_key(sender.make_key(GROUP))
    before = sender.seal(GROUP, b"before")
    newer = sender.make_key(GROUP)
    after = sender.seal(GROUP, b"after")
    assert opened(reader, before) == b"before"
    with pytest.raises(KeyMissing) as missing:
        opened(reader, after)
    assert missing.value.key_id == newer.id


def test_what_was_changed_on_its_way_is_not_readable(sender, reader):
    reader.add_key(sender.make_key(GROUP))
    reader.add_key(other := sender.make_key(OTHER))
    message = encryption.parse(sender.seal(GROUP, b"a secret"))

    def changed(**fields):
        copy = type(message).FromString(message.SerializeToString())
        for name, value in fields.items():
            setattr(copy, name, value)
        return copy

    for forged in (
        changed(ciphertext=message.ciphertext[:-1] + bytes([message.ciphertext[-1] ^ 1])),
        changed(ciphertext=b"short"),
        changed(seq_no=message.seq_no + 1),
        changed(seq_no=0),
        changed(seq_no=4_000_000_000),
        changed(key_id=other.id),
        changed(group_id=OTHER, key_id=other.id),
    ):
        with pytest.raises(NotReadable):
            reader.open(forged, (GROUP,))


def test_a_key_that_is_not_what_its_id_says_is_refused(sender):
    message = sender.make_key(GROUP).to_message()
    message.key = bytes(32)
    with pytest.raises(NotReadable):
        GroupKey.of(message)


def test_keys_survive_and_cannot_be_found_on_disk_or_in_texts(path):
    db = Database.open(path, "a key", kdf_iterations=10)
    first = Encryption(db)
    key = first.make_key(GROUP)
    first.seal(GROUP, b"one")
    db.close()
    assert key.key not in path.read_bytes() and key.key.hex() not in repr(key) and repr(key.key) not in repr(key)
    db = Database.open(path, "a key", kdf_iterations=10)
    again = Encryption(db)
    assert again.keys(GROUP) == [key]
    assert encryption.parse(again.seal(GROUP, b"two")).seq_no == 2
    db.close()
