"""`wakuext_*`: contacts and one-to-one messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import CONTACT, required

if TYPE_CHECKING:
    from ..messenger.blocking import Blocking
    from ..messenger.contacts import Contacts

SendContactRequest = Annotated[dict, "requests.SendContactRequest"]
ContactRequest = Annotated[dict, "requests.AcceptContactRequest"]
AddContact = Annotated[dict, "requests.AddContact"]
Nickname = Annotated[dict, "requests.SetContactLocalNickname"]
OneToOneChat = Annotated[dict, "requests.CreateOneToOneChat"]
OneToOneMessage = Annotated[dict, "requests.SendOneToOneMessage"]


class ContactsService(Service):
    namespace = "wakuext"

    def __init__(self, contacts: Contacts, blocking: Blocking) -> None:
        self._contacts = contacts
        self._blocking = blocking

    @rpc()
    async def contacts(self) -> list[dict[str, Any]]:
        return self._contacts.all()

    @rpc()
    async def send_one_to_one_message(self, request: OneToOneMessage) -> dict[str, Any]:
        required(request, "SendOneToOneMessage", CONTACT, "send-one-to-one-message", "id", "message")
        return self._contacts.send_message(request["id"], request["message"]).to_json()

    @rpc()
    async def add_contact(self, request: AddContact) -> dict[str, Any]:
        return self._contacts.add(required(request, "AddContact", CONTACT, "add-contact", "id")).to_json()

    @rpc()
    async def send_contact_request(self, request: SendContactRequest) -> dict[str, Any]:
        required(request, "SendContactRequest", CONTACT, "send-contact-request", "id", "message")
        return self._contacts.send_request(request["id"], request["message"]).to_json()

    @rpc()
    async def accept_contact_request(self, request: ContactRequest) -> dict[str, Any]:
        return self._contacts.accept_request(_id(request, "accept-contact-request")).to_json()

    @rpc()
    async def decline_contact_request(self, request: ContactRequest) -> dict[str, Any]:
        return self._contacts.decline_request(_id(request, "decline-contact-request")).to_json()

    @rpc()
    async def accept_latest_contact_request_for_contact(self, request: ContactRequest) -> dict[str, Any]:
        contact_id = _id(request, "accept-latest-contact-request-for-contact")
        return self._contacts.accept_latest(contact_id).to_json()

    @rpc()
    async def dismiss_latest_contact_request_for_contact(self, request: ContactRequest) -> dict[str, Any]:
        contact_id = _id(request, "dismiss-latest-contact-request-for-contact")
        return self._contacts.dismiss_latest(contact_id).to_json()

    @rpc()
    async def get_latest_contact_request_for_contact(self, contact_id: str) -> dict[str, Any]:
        return self._contacts.latest_request(contact_id)

    @rpc()
    async def retract_contact_request(self, request: ContactRequest) -> dict[str, Any]:
        return self._contacts.remove(_id(request, "retract-contact-request")).to_json()

    @rpc()
    async def remove_contact(self, contact_id: str) -> dict[str, Any]:
        return self._contacts.remove(contact_id).to_json()

    @rpc()
    async def block_contact(self, contact_id: str) -> dict[str, Any]:
        """What it wrote is hidden, what it writes is not taken."""
        return self._blocking.block(contact_id).to_json()

    @rpc()
    async def unblock_contact(self, contact_id: str) -> dict[str, Any]:
        return self._blocking.unblock(contact_id).to_json()

    @rpc("getContactByID")
    async def get_contact_by_id(self, contact_id: str) -> dict[str, Any] | None:
        return self._contacts.show(contact_id)

    @rpc()
    async def set_contact_local_nickname(self, request: Nickname) -> dict[str, Any]:
        required(request, "SetContactLocalNickname", CONTACT, "set-contact-local-nickname", "id")
        return self._contacts.set_nickname(request["id"], request.get("nickname") or "").to_json()

    @rpc()
    async def create_one_to_one_chat(self, request: OneToOneChat) -> dict[str, Any]:
        required(request, "CreateOneToOneChat", CONTACT, "create-one-to-one-chat", "id")
        return self._contacts.open_chat(request["id"]).to_json()


def _id(request: dict[str, Any], prefix: str) -> str:
    return required(request, "ContactRequest", CONTACT, prefix, "id")["id"]
