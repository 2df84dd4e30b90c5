"""Contacts that are blocked: what they wrote is hidden, and what they write is not taken.

The original deletes what they wrote; here it is to be seen again once they are unblocked. What they wrote meanwhile is
not, but for what concerns others: a control node still archives what a member says whom it has blocked.
"""

from __future__ import annotations

from dataclasses import replace

from . import clock
from .activity_center import ActivityCenter
from .chat_store import ChatStore
from .chat_views import ChatViews
from .contacts import DISMISSED, NONE, Contacts
from .context import Context
from .response import Response


class Blocking:
    def __init__(
        self, context: Context, contacts: Contacts, chats: ChatStore, views: ChatViews, activity: ActivityCenter
    ) -> None:
        self._context = context
        self._contacts = contacts
        self._chats = chats
        self._views = views
        self._activity = activity
        self._blocked = {contact.id for contact in contacts.known() if contact.blocked}

    def is_blocked(self, public_key: str) -> bool:
        return public_key in self._blocked

    def block(self, contact_id: str) -> Response:
        """Ends being contacts as well, and closes the chat."""
        contact = self._contacts.get(self._contacts.parse(contact_id))
        with self._context.work() as response:
            unread = self._chats.find("source = ? AND NOT seen", (contact.id,))
            for chat_id in {message.chat_id for message in unread}:
                self._chats.mark_seen(chat_id, [message.id for message in unread])
            self._activity.dismiss_of(response, contact.id)
            contact = replace(contact, blocked=True, local_state=DISMISSED, local_clock=clock.now_ms())
            self._contacts.save(response, contact)
            if (chat := self._chats.get(contact.id)) is not None:
                self._chats.save(replace(chat, active=False))
                response.add("removedChats", chat.id, chat.id)
            self._show_chats(response, contact.id)
            response.then(lambda: self._blocked.add(contact.id))
        return response

    def unblock(self, contact_id: str) -> Response:
        """Becoming contacts begins anew."""
        contact = self._contacts.get(self._contacts.parse(contact_id))
        with self._context.work() as response:
            contact = replace(contact, blocked=False, local_state=NONE, remote_state=NONE, local_clock=clock.now_ms())
            self._contacts.save(response, contact)
            self._show_chats(response, contact.id)
            response.then(lambda: self._blocked.discard(contact.id))
        return response

    def _show_chats(self, response: Response, contact_id: str) -> None:
        """Those in which it has said something: they look different now."""
        for chat in self._chats.in_which_speaks(contact_id):
            if chat.active:
                self._views.show_chat(response, chat)
