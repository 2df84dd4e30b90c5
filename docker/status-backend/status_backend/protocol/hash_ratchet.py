"""Why something encrypted for a group cannot be read."""

from __future__ import annotations


class KeyMissing(Exception):
    """Encrypted under a key that we were not given."""

    def __init__(self, group_id: bytes, key_id: bytes) -> None:
        super().__init__(f"key {key_id.hex()} of {group_id.hex()} is not here")
        self.group_id = group_id
        self.key_id = key_id


class NotReadable(ValueError):
    """Of the wrong group, or changed on its way, or encrypted under no key of this group."""
