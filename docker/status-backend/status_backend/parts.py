"""The parts that live from login to logout, and how they are joined."""

from __future__ import annotations

from .session import Part, Session


def build(session: Session) -> list[Part]:
    """In the order in which they start. Imported here, so that the process is up before their libraries are loaded."""
    from .archives import Archives
    from .messenger import Messenger

    messenger = Messenger(session)
    archives = Archives(session, messenger)
    messenger.attach_archives(archives)
    return [messenger, archives]
