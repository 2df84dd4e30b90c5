"""From a mnemonic to keys: BIP-39, BIP-32 and status-go's paths."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

import base58
import coincurve
from mnemonic import Mnemonic

from ..keccak import keccak
from ..protocol import ids

PATH_MASTER = "m"
PATH_WALLET_ROOT = "m/44'/60'/0'/0"
PATH_DEFAULT_WALLET = "m/44'/60'/0'/0/0"
PATH_EIP1581_ROOT = "m/43'/60'"  # one level above EIP-1581's own root: what status-go derives its eip1581-address from
PATH_CHAT = "m/43'/60'/1581'/0'/0"

_HARDENED = 0x80000000
_PATH = re.compile(r"m(/\d{1,9}'?){0,10}", re.ASCII)
_XPRV_VERSION = bytes.fromhex("0488ade4")


WORD_COUNTS = (12, 15, 18, 21, 24)


class InvalidMnemonic(ValueError):
    """Not a BIP-39 phrase: an unknown word, a wrong count or a wrong checksum."""


@dataclass(frozen=True)
class ExtendedKey:
    """A BIP-32 private key with its chain code."""

    key: coincurve.PrivateKey
    chain_code: bytes
    depth: int = 0
    parent_fingerprint: bytes = bytes(4)
    index: int = 0

    @classmethod
    def from_mnemonic(cls, mnemonic: str) -> ExtendedKey:
        digest = hmac.digest(b"Bitcoin seed", Mnemonic.to_seed(mnemonic), hashlib.sha512)
        return cls(coincurve.PrivateKey(digest[:32]), digest[32:])

    @classmethod
    def parse(cls, text: str) -> ExtendedKey:
        """From the `xprv…` text of BIP-32; ValueError if it is none."""
        data = base58.b58decode_check(text)
        if len(data) != 78 or data[:4] != _XPRV_VERSION or data[45] != 0:
            raise ValueError("not an extended private key")
        index = int.from_bytes(data[9:13], "big")
        return cls(coincurve.PrivateKey(data[46:]), data[13:45], data[4], data[5:9], index)

    def derive(self, path: str) -> ExtendedKey:
        """`path` like `m/44'/60'/0'/0/0`, from this key on; ValueError if it is no path."""
        if not _PATH.fullmatch(path):
            raise ValueError(f"no derivation path: {path!r}")
        key = self
        for step in path.split("/")[1:]:
            key = key._child(int(step.rstrip("'")) + (_HARDENED if step.endswith("'") else 0))
        return key

    def _child(self, index: int) -> ExtendedKey:
        from Crypto.Hash import RIPEMD160  # as slow to import as keccak

        public = self.key.public_key.format(compressed=True)
        start = b"\0" + self.key.secret if index >= _HARDENED else public
        digest = hmac.digest(self.chain_code, start + index.to_bytes(4, "big"), hashlib.sha512)
        fingerprint = RIPEMD160.new(hashlib.sha256(public).digest()).digest()[:4]
        return ExtendedKey(self.key.add(digest[:32]), digest[32:], self.depth + 1, fingerprint, index)

    def serialize(self) -> str:
        """The `xprv…` text of BIP-32."""
        head = _XPRV_VERSION + bytes([self.depth]) + self.parent_fingerprint + self.index.to_bytes(4, "big")
        return base58.b58encode_check(head + self.chain_code + b"\0" + self.key.secret).decode()


def key_uid(master: coincurve.PrivateKey) -> str:
    """A profile's id: sha256 of the master key's uncompressed public key."""
    return "0x" + hashlib.sha256(master.public_key.format(compressed=False)).hexdigest()


def public_key_hex(key: coincurve.PrivateKey) -> str:
    """`0x04…`, uncompressed."""
    return ids.public_key_id(key.public_key)


def address(key: coincurve.PrivateKey) -> str:
    """The Ethereum address, lower case."""
    return ids.address(key.public_key)


def checksum_address(lower_case: str) -> str:
    """EIP-55's mixed case."""
    digits = lower_case.removeprefix("0x")
    digest = keccak(digits.encode()).hex()
    return "0x" + "".join(c.upper() if int(d, 16) >= 8 else c for c, d in zip(digits, digest, strict=False))


def random_mnemonic(words: int = 12) -> str:
    """12, 15, 18, 21 or 24 words; ValueError for any other number."""
    if words not in WORD_COUNTS:
        raise ValueError(f"a mnemonic has 12, 15, 18, 21 or 24 words, not {words}")
    return Mnemonic("english").generate(strength=words * 32 // 3)


def normalize_mnemonic(mnemonic: str) -> str:
    """Lower case, single spaces; InvalidMnemonic if it is none."""
    phrase = _phrase(mnemonic)
    if not Mnemonic("english").check(phrase):
        raise InvalidMnemonic("mnemonic is not valid: unknown word, wrong number of words or wrong checksum")
    return phrase


def normalize_words(mnemonic: str) -> str:
    """As `normalize_mnemonic`, but its checksum may be wrong: there are accounts of such phrases, which the original
    restores, for a seed is made of the words whatever they are."""
    phrase = _phrase(mnemonic)
    words = phrase.split()
    if len(words) not in WORD_COUNTS or not set(words) <= set(Mnemonic("english").wordlist):
        raise InvalidMnemonic("mnemonic is not valid: unknown word or wrong number of words")
    return phrase


def _phrase(mnemonic: str) -> str:
    return " ".join(mnemonic.lower().split())
