"""What the parts of the messenger share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from coincurve import PrivateKey

from .. import signal_types
from ..db import Database
from ..protocol.application import Application
from ..session import Session
from ..transport.drops import Drops
from .response import Response

if TYPE_CHECKING:
    from ..transport.transport import Transport

log = logging.getLogger(__name__)

# Of no interest: the store is asked for a little more than what was missed, and who is blocked goes on talking.
_EVERYDAY = ("replayed", "outdated", "blocked")


class ArchivesLink(Protocol):
    """What the messenger tells the archives."""

    async def community_created(self, community_id: str) -> None: ...

    async def community_left(self, community_id: str) -> None: ...

    async def community_joined(self, community_id: str) -> None: ...

    async def settings_changed(self, community_id: str) -> None: ...

    async def keys_arrived(self, community_id: str) -> None: ...

    async def on_index_cid(self, community_id: str, cid: str, clock_ms: int) -> None: ...

    async def on_magnet_link(self, community_id: str, magnet_link: str, clock_ms: int) -> None: ...

    def on_description_clock(self, community_id: str, index_cid_clock_ms: int, magnet_link_clock_ms: int) -> None: ...

    def last_index_cid(self, community_id: str) -> str | None: ...

    def index_cid_clock(self, community_id: str) -> int: ...

    def last_magnet_link(self, community_id: str) -> str | None: ...

    def magnet_link_clock(self, community_id: str) -> int: ...


class Dropped(Exception):
    """A received message that is not acted upon. The reason is one of a few words; it is counted by it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


class Context:
    transport: Transport

    def __init__(self, session: Session) -> None:
        self.session = session
        self.archives: ArchivesLink | None = None
        self.drops = Drops()
        self._notices: asyncio.Queue[Coroutine[Any, Any, None]] = asyncio.Queue()

    @property
    def db(self) -> Database:
        return self.session.db

    @property
    def key(self) -> PrivateKey:
        return self.session.chat_key

    @property
    def public_key(self) -> str:
        return self.session.public_key

    @property
    def display_name(self) -> str:
        return self.session.settings.get("display-name") or self.session.name

    @property
    def customization_color(self) -> str:
        return self.session.account.get("customizationColor") or ""

    @contextmanager
    def work(self) -> Iterator[Response]:
        """One unit: all of it is on disk, or nothing; what has to follow runs once it is."""
        response = Response()
        with self.db.transaction():
            yield response
        self.run_follow_ups(response)

    def run_follow_ups(self, response: Response) -> None:
        follow_ups, response.follow_ups = response.follow_ups, []
        for follow_up in follow_ups:
            follow_up()

    def emit(self, response: Response) -> None:
        if response:
            self.session.signals.emit(signal_types.MESSAGES_NEW, response.to_json())

    def drop(self, message: Application | None, dropped: Dropped) -> None:
        self.drops.add(dropped.reason)
        level = logging.DEBUG if dropped.reason in _EVERYDAY else logging.WARNING
        log.log(level, "dropped (%s) %s: %s", dropped.reason, message.id if message else "message", dropped)

    # The archives are told one thing after the other, in the order in which it happened.

    def tell_archives(self, notice: Coroutine[Any, Any, None]) -> None:
        self._notices.put_nowait(notice)

    async def deliver_notices(self) -> None:
        while True:
            notice = await self._notices.get()
            try:
                await notice
            except Exception:
                log.exception("the archives failed on a notice")

    def discard_notices(self) -> None:
        while not self._notices.empty():
            self._notices.get_nowait().close()
