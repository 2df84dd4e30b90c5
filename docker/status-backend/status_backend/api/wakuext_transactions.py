"""`wakuext_*`: asking for transactions in one-to-one chats, and answering. None is sent here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..rpc import Service, rpc

if TYPE_CHECKING:
    from ..messenger.transactions import Transactions


class TransactionsService(Service):
    namespace = "wakuext"

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    @rpc()
    async def request_address_for_transaction(
        self, chat_id: str, from_: str, value: str, contract: str
    ) -> dict[str, Any]:
        return self._transactions.request_address(chat_id, from_, value, contract).to_json()

    @rpc()
    async def accept_request_address_for_transaction(self, message_id: str, address: str) -> dict[str, Any]:
        return self._transactions.accept_address(message_id, address).to_json()

    @rpc()
    async def decline_request_address_for_transaction(self, message_id: str) -> dict[str, Any]:
        return self._transactions.decline_address(message_id).to_json()

    @rpc()
    async def request_transaction(self, chat_id: str, value: str, contract: str, address: str) -> dict[str, Any]:
        return self._transactions.request(chat_id, value, contract, address).to_json()

    @rpc()
    async def accept_request_transaction(
        self, transaction_hash: str, message_id: str, signature: str
    ) -> dict[str, Any]:
        """Says that it was sent."""
        return self._transactions.accept(transaction_hash, message_id, signature).to_json()

    @rpc()
    async def decline_request_transaction(self, message_id: str) -> dict[str, Any]:
        return self._transactions.decline(message_id).to_json()

    @rpc()
    async def send_transaction(
        self, chat_id: str, value: str, contract: str, transaction_hash: str, signature: str
    ) -> dict[str, Any]:
        """Says that one was sent; it sends none."""
        return self._transactions.send(chat_id, value, contract, transaction_hash, signature).to_json()
