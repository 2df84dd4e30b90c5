"""What the RPC namespaces have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from clients.http import DEFAULT_TIMEOUT
from clients.rpc import RpcClient


class Service:
    """Methods of one namespace. Each returns the `result` of its call and raises as `RpcClient.rpc_request` does."""

    namespace: str

    def __init__(self, client: RpcClient) -> None:
        self.rpc_client = client

    def rpc_request(self, method: str, params: Sequence[Any] | None = None, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Calls `<namespace>_<method>`."""
        return self.rpc_client.rpc_valid_request(f"{self.namespace}_{method}", params, timeout=timeout)


def call(method: str) -> Callable[..., Any]:
    """A method of a service whose arguments are the parameters of the RPC method `method`, in order."""

    def send(self: Service, *params: Any) -> Any:
        return self.rpc_request(method, params)

    return send
