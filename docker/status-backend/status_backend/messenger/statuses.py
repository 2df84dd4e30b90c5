"""Whether people are there: our own status, and what others tell of theirs.

Told on a channel of each account's own, which its contacts listen to. Unlike the original this node tells it when it is
set, not every few minutes.
"""

from __future__ import annotations

from typing import Any

from ..db import Row
from ..protocol import application, ids
from ..protocol.application import Application, Type
from ..protocol.status_update_pb2 import StatusUpdate
from ..protocol.waku_message import Envelope
from ..rpc import ServiceError
from . import clock
from .context import Context, Dropped
from .conversations import check_clock
from .response import Response

_SETTING = "current-user-status"
_MOST_CHARACTERS = 1000


class Statuses:
    def __init__(self, context: Context) -> None:
        self._context = context

    def set(self, status_type: int, text: str) -> None:
        if status_type not in StatusUpdate.StatusType.values()[1:]:
            raise ServiceError("unknown status type")
        if len(text) > _MOST_CHARACTERS:
            raise ServiceError("custom text shouldn't be longer than 1000 characters")
        settings = self._context.session.settings
        last = (settings.get(_SETTING) or {}).get("clock", 0)
        body = StatusUpdate(
            clock=max(clock.now_s(), last + 1), status_type=StatusUpdate.StatusType.Name(status_type), custom_text=text
        )
        wrapped = application.wrap(body.SerializeToString(), Type.STATUS_UPDATE, self._context.key)
        with self._context.work():
            chat_id = ids.contact_code_chat_id(self._context.public_key)
            self._context.transport.send_public(chat_id, wrapped, self._context.key)
            settings.set(_SETTING, _to_json(self._context.public_key, body))

    def all(self) -> dict[str, Any]:
        response = Response()
        for row in self._context.db.query("SELECT * FROM status_updates ORDER BY public_key"):
            response.add("statusUpdates", row["public_key"], _row_json(row))
        return response.to_json()

    def receive(self, response: Response, message: Application, chat_id: str, envelope: Envelope) -> None:
        if chat_id != ids.contact_code_chat_id(message.from_):
            raise Dropped("forged", f"status of {message.from_} in {chat_id}")
        body = StatusUpdate.FromString(message.payload)
        if len(body.custom_text) > _MOST_CHARACTERS:
            raise Dropped("malformed", f"a status of {len(body.custom_text)} characters")
        check_clock(body.clock * 1000, envelope)
        known = self._context.db.one("SELECT clock FROM status_updates WHERE public_key = ?", (message.from_,))
        if known is not None and body.clock <= known["clock"]:
            raise Dropped("outdated", f"status of {message.from_}")
        values = (message.from_, body.status_type, body.clock, body.custom_text)
        self._context.db.execute("REPLACE INTO status_updates VALUES (?, ?, ?, ?)", values)
        response.add("statusUpdates", message.from_, _to_json(message.from_, body))


def _to_json(public_key: str, body: StatusUpdate) -> dict[str, Any]:
    return {
        "publicKey": public_key,
        "statusType": body.status_type,
        "clock": body.clock,
        "text": body.custom_text,
    }


def _row_json(row: Row) -> dict[str, Any]:
    body = StatusUpdate(clock=row["clock"], status_type=row["status_type"], custom_text=row["text"])
    return _to_json(row["public_key"], body)
