"""Keeps secrets out of everything that is written or shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

REDACTED = "<redacted>"

# Compared without case, "-" and "_"; a key that ends with one of these holds a secret.
_SECRET_SUFFIXES = (
    "password",
    "passphrase",
    "mnemonic",
    "privatekey",
    "secret",
    "apikey",
    "signingphrase",
    "seedphrase",
)
_SECRET_KEYS = frozenset({"infuratoken", "pokttoken", "authtoken", "accesstoken", "nodekey", "keycardpin", "puk"})

# 12, 15, 18, 21 or 24 lower-case words of a seed phrase's lengths, and nothing else.
_SEED_PHRASE = re.compile(r"[a-z]{3,8}(?: [a-z]{3,8}){11}(?:(?: [a-z]{3,8}){3}){0,4}")

# Shorter values are only redacted where they stand alone: "a" as a password must not blank out every text.
_SHORTEST_SUBSTRING = 8


class Redactor:
    """Replaces secrets by `<redacted>`: by the key they stand under, by the shape of a seed phrase, and by their value
    wherever it turns up again.

    A value seen under a secret key is remembered, so a password sent once by name is also hidden when it is later a
    positional parameter."""

    def __init__(self) -> None:
        self._anywhere: tuple[str, ...] = ()  # longest first: one secret may be part of another
        self._alone: set[str] = set()

    def register(self, secret: str) -> None:
        """Hide this value from now on. Empty values are ignored."""
        if not secret:
            return
        if len(secret) < _SHORTEST_SUBSTRING:
            self._alone.add(secret)
            return
        forms = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], ascii(secret)[1:-1]}
        self._anywhere = tuple(sorted(forms.union(self._anywhere), key=len, reverse=True))

    def clean(self, value: Any, *, key: str = "") -> Any:
        """A copy of `value` (anything JSON knows) without secrets. `key` is the name it stands under."""
        if _is_secret(key) and isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            self.register(str(value))
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            # Secrets first, so that a mapping which repeats its own secret hides both.
            ordered = sorted(value, key=lambda name: not _is_secret(str(name)))
            cleaned = {name: self.clean(value[name], key=str(name)) for name in ordered}
            return {self.text(str(name)): cleaned[name] for name in value}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.clean(item, key=key) for item in value]
        if isinstance(value, (bytes, bytearray, memoryview)):
            return f"<{len(value)} bytes>"
        return value

    def text(self, text: str) -> str:
        """`text` without the registered values."""
        if text in self._alone or _SEED_PHRASE.fullmatch(text):
            return REDACTED
        for secret in self._anywhere:
            text = text.replace(secret, REDACTED)
        return text


def _is_secret(key: str) -> bool:
    name = key.replace("-", "").replace("_", "").replace(" ", "").lower()
    return name in _SECRET_KEYS or name.endswith(_SECRET_SUFFIXES)
