"""What the control node keeps of its communities' messages, to make archives of.

Only content (messages, edits, deletions, pins, reactions) of community channels, as it was written or received; never
what an archive brought. Descriptions and announcements are not content, so a quiet community makes no archives.
"""

from __future__ import annotations

from ..db import Database
from ..protocol.application import Application, Type
from ..protocol.waku_message import Envelope

CONTENT = frozenset((Type.CHAT_MESSAGE, Type.EDIT_MESSAGE, Type.DELETE_MESSAGE, Type.PIN_MESSAGE, Type.EMOJI_REACTION))


def keep(db: Database, envelope: Envelope, message: Application, padding: bytes = b"") -> None:
    sig = message.author.format(compressed=False)
    db.execute(
        "INSERT OR IGNORE INTO waku_messages (sig, timestamp, topic, payload, padding, hash) VALUES (?, ?, ?, ?, ?, ?)",
        (sig, envelope.seconds, envelope.topic, message.travelled, padding, envelope.hash),
    )
