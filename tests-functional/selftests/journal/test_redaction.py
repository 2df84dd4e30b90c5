"""Secrets stay out of the file, under whatever name and in whatever place they come."""

from __future__ import annotations

import pytest

from journal.redaction import REDACTED, Redactor

WORDS = "south goat upgrade thumb rebel tape resemble account arctic relief action vanish"


@pytest.mark.parametrize(
    "key",
    ["password", "newPassword", "old_password", "mnemonic", "privateKey", "private-key", "infuraSecret", "poktToken"],
)
def test_by_key(key):
    assert Redactor().clean({key: "hunter22", "name": "x"}) == {key: REDACTED, "name": "x"}


def test_in_depth_and_in_lists():
    assert Redactor().clean([{"a": {"password": "hunter22"}}]) == [{"a": {"password": REDACTED}}]
    assert Redactor().clean({"mnemonic": ["south", "goat"]}) == {"mnemonic": [REDACTED, REDACTED]}


@pytest.mark.parametrize(
    "key", ["hasPassword", "public-key", "key-uid", "tokenPermissions", "customTokens", "mnemonicRemoved?"]
)
def test_other_keys_stay(key):
    value = True if key == "hasPassword" else "0x12"
    assert Redactor().clean({key: value}) == {key: value}


def test_an_empty_secret_is_seen_to_be_empty():
    assert Redactor().clean({"password": ""}) == {"password": ""}


def test_by_value_once_it_was_seen_under_its_key():
    redactor = Redactor()
    redactor.clean({"password": 'Strong"12345'})
    assert redactor.clean(['Strong"12345', 'raw: {"p": "Strong\\"12345"}']) == [REDACTED, f'raw: {{"p": "{REDACTED}"}}']


def test_a_mapping_that_repeats_its_secret():
    assert Redactor().clean({"url": "x?p=Strong12345", "password": "Strong12345"})["url"] == f"x?p={REDACTED}"


def test_a_short_secret_hides_only_itself():
    redactor = Redactor()
    redactor.register("a")
    redactor.register("")
    assert redactor.clean(["a", "banana"]) == [REDACTED, "banana"]


def test_a_secret_inside_another_is_hidden_with_it():
    redactor = Redactor()
    redactor.register("12345678")
    redactor.register("12345678-long")
    assert redactor.text("12345678-long") == REDACTED


def test_seed_phrases_by_shape():
    redactor = Redactor()
    assert redactor.clean([WORDS, f"{WORDS} about", "hello world"]) == [REDACTED, f"{WORDS} about", "hello world"]


def test_bytes_are_counted():
    assert Redactor().clean({"body": b"12345"}) == {"body": "<5 bytes>"}
