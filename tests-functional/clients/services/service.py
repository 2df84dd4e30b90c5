"""What the RPC namespaces have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from clients.http import DEFAULT_TIMEOUT
from clients.rpc import RpcClient

_GO = {"id": "ID", "ids": "IDs", "uid": "UID", "ens": "ENS", "url": "URL", "urls": "URLs"}


class Service:
    """Methods of one namespace. Each returns the `result` of its call and raises as `RpcClient.rpc_request` does.

    A method that has no definition here is called by its name in snake case, with its parameters in order:
    `block_contact(contact_id)` is `wakuext_blockContact`."""

    namespace: str

    def __init__(self, client: RpcClient) -> None:
        self.rpc_client = client

    def rpc_request(self, method: str, params: Sequence[Any] | None = None, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Calls `<namespace>_<method>`."""
        return self.rpc_client.rpc_valid_request(f"{self.namespace}_{method}", params, timeout=timeout)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *params, **named: self.rpc_request(rpc_name(name), [*params, *named.values()])


def rpc_name(name: str) -> str:
    """`get_contact_by_id` as `getContactByID`."""
    first, *rest = name.split("_")
    return first + "".join(_GO.get(word, word.capitalize()) for word in rest)
