"""Keys, identities and the key store against published vectors and what the original program answered."""

import json
from pathlib import Path

import coincurve
import pytest

from status_backend.accounts import derivation, identity
from status_backend.accounts.derivation import ExtendedKey, InvalidMnemonic
from status_backend.accounts.keystore import Keystore, KeystoreError, WrongPassword
from status_backend.protocol import ids

RECORDINGS = Path(__file__).parent / "contract"


def recorded_profiles() -> list[dict]:
    lines = [json.loads(line) for file in sorted(RECORDINGS.glob("*.jsonl")) for line in file.open()]
    events = [line["signal"]["event"] for line in lines if line.get("signal", {}).get("type") == "node.login"]
    profiles = {event["account"]["key-uid"]: event for event in events if "account" in event}
    return list(profiles.values())


@pytest.mark.parametrize("profile", recorded_profiles(), ids=lambda profile: profile["account"]["name"])
def test_recorded_mnemonics_give_the_recorded_keys(profile):
    settings, account = profile["settings"], profile["account"]
    master = ExtendedKey.from_mnemonic(settings["mnemonic"])
    public_key = derivation.public_key_hex(master.derive(derivation.PATH_CHAT).key)
    addresses = {
        "address": derivation.PATH_MASTER,
        "eip1581-address": derivation.PATH_EIP1581_ROOT,
        "wallet-root-address": derivation.PATH_WALLET_ROOT,
        "dapps-address": derivation.PATH_DEFAULT_WALLET,
    }
    assert derivation.key_uid(master.key) == settings["key-uid"]
    assert public_key == settings["public-key"]
    for name, path in addresses.items():
        assert derivation.address(master.derive(path).key) == settings[name], name
    assert ids.compressed_key(public_key) == settings["compressedKey"]
    assert identity.color_hash(public_key) == account["colorHash"]
    assert identity.color_id(public_key) == account["colorId"]


def test_there_are_recorded_profiles():
    assert len(recorded_profiles()) == 5


def test_our_own_identity_is_of_the_shape_of_the_original():
    settings = recorded_profiles()[0]["settings"]
    public_key = settings["public-key"]
    assert len(identity.emoji_hash(public_key)) == len(settings["emojiHash"])
    assert len(identity.alias(public_key).split()) == len(settings["name"].split())
    assert len({identity.alias(profile["settings"]["public-key"]) for profile in recorded_profiles()}) == 5


def test_bip32_vector_1():
    seed = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    digest = derivation.hmac.digest(b"Bitcoin seed", seed, "sha512")
    key = ExtendedKey(coincurve.PrivateKey(digest[:32]), digest[32:]).derive("m/0'/1/2'/2")
    assert key.serialize() == (
        "xprvA2JDeKCSNNZky6uBCviVfJSKyQ1mDYahRjijr5idH2WwLsEd4Hsb2Tyh8RfQMuPh7f7RtyzTtdrbdqqsunu5Mm3wDvUAKRHSC34sJ7in334"
    )


def test_eip55_checksum():
    for address in ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"):
        assert derivation.checksum_address(address.lower()) == address


@pytest.mark.parametrize("phrase", ["", "abandon", "abandon " * 12, "zoo " * 11 + "nope"])
def test_what_is_no_mnemonic(phrase):
    with pytest.raises(InvalidMnemonic):
        derivation.normalize_mnemonic(phrase)


def test_a_phrase_to_restore_may_have_a_wrong_checksum():
    assert derivation.normalize_words(" test" * 10 + " NEST junk") == "test " * 10 + "nest junk"
    for phrase in ("", "abandon " * 11, "zoo " * 11 + "nope"):
        with pytest.raises(InvalidMnemonic):
            derivation.normalize_words(phrase)


def test_random_mnemonic_is_valid_and_new():
    first, second = derivation.random_mnemonic(), derivation.random_mnemonic(24)
    assert derivation.normalize_mnemonic(f"  {first.upper()} ") == first
    assert [len(first.split()), len(second.split())] == [12, 24]
    with pytest.raises(ValueError, match="13"):
        derivation.random_mnemonic(13)


@pytest.fixture
def keys() -> list[ExtendedKey]:
    master = ExtendedKey.from_mnemonic(derivation.random_mnemonic())
    return [master, master.derive(derivation.PATH_CHAT)]


def test_keystore_keeps_keys(tmp_path, keys):
    store = Keystore(tmp_path / "keys")
    store.store(keys, "pass")
    for key in keys:
        assert store.load(derivation.address(key.key), "pass").secret == key.key.secret
    for file in (tmp_path / "keys").iterdir():
        assert file.stat().st_mode & 0o077 == 0
        assert keys[0].key.secret.hex() not in file.read_text()


def test_keystore_refuses(tmp_path, keys):
    store = Keystore(tmp_path / "keys")
    store.store(keys[:1], "pass")
    with pytest.raises(WrongPassword, match="could not decrypt key with given password"):
        store.load(derivation.address(keys[0].key), "Pass")
    with pytest.raises(KeystoreError, match="no key for given address"):
        store.load(derivation.address(keys[1].key), "pass")
    next((tmp_path / "keys").iterdir()).write_text('{"version": 3}')
    with pytest.raises(KeystoreError, match="is damaged: 'crypto'"):
        store.load(derivation.address(keys[0].key), "pass")


def test_keystore_copy_under_another_password(tmp_path, keys):
    store = Keystore(tmp_path / "old")
    store.store(keys, "old")
    store.copy_to(tmp_path / "new", "old", "new")
    copy = Keystore(tmp_path / "new")
    assert [copy.load(derivation.address(key.key), "new").secret for key in keys] == [key.key.secret for key in keys]
    with pytest.raises(WrongPassword):
        copy.check("old")


# The test vectors of the Web3 secret storage definition.
WEB3_KEY = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"
WEB3_PBKDF2 = {
    "cipher": "aes-128-ctr",
    "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
    "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    "kdf": "pbkdf2",
    "kdfparams": {
        "c": 262144,
        "dklen": 32,
        "prf": "hmac-sha256",
        "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
    },
    "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
}


def test_web3_pbkdf2_vector(tmp_path):
    address = derivation.address(coincurve.PrivateKey.from_hex(WEB3_KEY))
    document = {"crypto": WEB3_PBKDF2, "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version": 3}
    (tmp_path / f"UTC--2015--{address[2:]}").write_text(json.dumps(document))
    assert Keystore(tmp_path).load(address, "testpassword").secret.hex() == WEB3_KEY


@pytest.mark.parametrize("form", ["hex", "short", "z", "multicodec"])
def test_public_keys_in_every_form(form):
    key = coincurve.PrivateKey().public_key
    full, compressed = identity.hex_key(key, compressed=False), identity.hex_key(key, compressed=True)
    text = {
        "hex": full,
        "short": compressed,
        "z": identity.compressed_key(full),
        "multicodec": "0xe701" + compressed[2:],
    }[form]
    assert identity.parse_public_key(text).format() == key.format()


@pytest.mark.parametrize(
    "text", ["", "0x", "0x04", "zQ3", "hello", "0x05" + "11" * 64, "z6MkhaXgBZDvotDkL5257faiztiGiC2"]
)
def test_what_is_no_public_key(text):
    with pytest.raises(ValueError):
        identity.parse_public_key(text)
