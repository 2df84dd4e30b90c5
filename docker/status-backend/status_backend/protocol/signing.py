"""Recoverable signatures: r || s || v, 65 bytes, v is 0 or 1 (27 or 28 is read as well)."""

from __future__ import annotations

from coincurve import PrivateKey, PublicKey

from ..keccak import keccak

SIGNATURE_SIZE = 65


class BadSignature(ValueError):
    """A signature that no key can have made."""


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Signs keccak256(data)."""
    return key.sign_recoverable(keccak(data), hasher=None)


def recover(signature: bytes, data: bytes) -> PublicKey:
    """The key that signed keccak256(data)."""
    return recover_hash(signature, keccak(data))


def sign_personal(key: PrivateKey, data: bytes) -> bytes:
    """As an Ethereum personal message (EIP-191); v is 27 or 28, as wallets have it."""
    signature = key.sign_recoverable(_personal_hash(data), hasher=None)
    return signature[:-1] + bytes([signature[-1] + 27])


def recover_personal(signature: bytes, data: bytes) -> PublicKey:
    """The key that signed data as an Ethereum personal message (EIP-191)."""
    return recover_hash(signature, _personal_hash(data))


def _personal_hash(data: bytes) -> bytes:
    return keccak(b"\x19Ethereum Signed Message:\n%d" % len(data) + data)


def recover_hash(signature: bytes, digest: bytes) -> PublicKey:
    if len(signature) != SIGNATURE_SIZE:
        raise BadSignature(f"a signature has {SIGNATURE_SIZE} bytes, this one {len(signature)}")
    recovery = signature[-1] - 27 if signature[-1] >= 27 else signature[-1]
    try:
        return PublicKey.from_signature_and_message(signature[:-1] + bytes([recovery]), digest, hasher=None)
    except Exception as error:  # coincurve raises ValueError or a bare Exception
        raise BadSignature(str(error)) from error
