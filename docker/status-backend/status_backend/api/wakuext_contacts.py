"""`wakuext_*`: contacts and one-to-one messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import CONTACT, checked

if TYPE_CHECKING:
    from ..messenger.contacts import Contacts

SendContactRequest = Annotated[dict, "requests.SendContactRequest"]
ContactRequest = Annotated[dict, "requests.AcceptContactRequest"]
AddContact = Annotated[dict, "requests.AddContact"]
OneToOneMessage = Annotated[dict, "requests.SendOneToOneMessage"]


class ContactsService(Service):
    namespace = "wakuext"

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts

    @rpc()
    async def contacts(self) -> list[dict[str, Any]]:
        return self._contacts.all()

    @rpc()
    async def send_one_to_one_message(self, request: OneToOneMessage) -> dict[str, Any]:
        checked(request, "SendOneToOneMessage", CONTACT)
        return self._contacts.send_message(request.get("id") or "", request.get("message") or "").to_json()

    @rpc()
    async def add_contact(self, request: AddContact) -> dict[str, Any]:
        return self._contacts.add(checked(request, "AddContact", CONTACT)).to_json()

    @rpc()
    async def send_contact_request(self, request: SendContactRequest) -> dict[str, Any]:
        checked(request, "SendContactRequest", CONTACT)
        return self._contacts.send_request(request.get("id") or "", request.get("message") or "").to_json()

    @rpc()
    async def accept_contact_request(self, request: ContactRequest) -> dict[str, Any]:
        return self._contacts.accept_request(request.get("id") or "").to_json()

    @rpc()
    async def decline_contact_request(self, request: ContactRequest) -> dict[str, Any]:
        return self._contacts.decline_request(request.get("id") or "").to_json()

    @rpc()
    async def accept_latest_contact_request_for_contact(self, request: ContactRequest) -> dict[str, Any]:
        return self._contacts.accept_latest(request.get("id") or "").to_json()

    @rpc()
    async def dismiss_latest_contact_request_for_contact(self, request: ContactRequest) -> dict[str, Any]:
        return self._contacts.dismiss_latest(request.get("id") or "").to_json()

    @rpc()
    async def get_latest_contact_request_for_contact(self, contact_id: str) -> dict[str, Any]:
        return self._contacts.latest_request(contact_id)

    @rpc()
    async def retract_contact_request(self, request: ContactRequest) -> dict[str, Any]:
        return self._contacts.retract(request.get("id") or "").to_json()
