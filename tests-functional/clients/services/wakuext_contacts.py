"""wakuext: contacts. A contact's id is its public key, `0x04` and 128 hex digits."""

from __future__ import annotations

from typing import Any

from clients.services.service import Service


class ContactMethods(Service):
    def send_contact_request(self, contact_id: str, message: str) -> dict[str, Any]:
        """The response's messages hold the request (contentType 11); the other side accepts it by that message's id."""
        return self.rpc_request("sendContactRequest", [{"id": contact_id, "message": message}])

    def accept_contact_request(self, request_id: str, contact_id: str | None = None) -> dict[str, Any]:
        """Later versions of status-go's harness name the contact too; the request alone tells it."""
        return self.rpc_request("acceptContactRequest", [{"id": request_id}])

    def accept_latest_contact_request_for_contact(self, contact_id: str) -> dict[str, Any]:
        return self.rpc_request("acceptLatestContactRequestForContact", [{"id": contact_id}])

    def decline_contact_request(self, request_id: str) -> dict[str, Any]:
        return self.rpc_request("declineContactRequest", [{"id": request_id}])

    def dismiss_latest_contact_request_for_contact(self, contact_id: str) -> dict[str, Any]:
        return self.rpc_request("dismissLatestContactRequestForContact", [{"id": contact_id}])

    def retract_contact_request(self, contact_id: str) -> dict[str, Any]:
        return self.rpc_request("retractContactRequest", [{"id": contact_id}])

    def get_latest_contact_request_for_contact(self, contact_id: str) -> dict[str, Any]:
        return self.rpc_request("getLatestContactRequestForContact", [contact_id])

    def get_contacts(self) -> list[dict[str, Any]]:
        return self.rpc_request("contacts")

    contacts = get_contacts

    def add_contact(self, contact_id: str, display_name: str, nickname: str = "", ens_name: str = "") -> dict[str, Any]:
        contact = {"id": contact_id, "nickname": nickname, "displayName": display_name, "ensName": ens_name}
        return self.rpc_request("addContact", [contact])

    def remove_contact(self, contact_id: str) -> dict[str, Any]:
        return self.rpc_request("removeContact", [contact_id])

    def set_contact_local_nickname(self, contact_id: str, nickname: str) -> dict[str, Any]:
        return self.rpc_request("setContactLocalNickname", [{"id": contact_id, "nickname": nickname}])
