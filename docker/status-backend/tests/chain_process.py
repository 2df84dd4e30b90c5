"""A node of a chain, as far as it answers what tokens somebody owns: JSON-RPC over HTTP, in a thread of the tests."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "0x" + "70" * 20  # ERC20
COLLECTIBLE = "0x" + "71" * 20  # ERC721
NATIVE = "0x" + "00" * 20
CHAIN = 31337
_BALANCE_OF, _OWNER_OF = "0x70a08231", "0x6352211e"


class Chain:
    """`balances` by (contract, address), `owners` by (contract, token id); addresses in small letters."""

    def __init__(self) -> None:
        self.balances: dict[tuple[str, str], int] = {}
        self.owners: dict[tuple[str, int], str] = {}
        chain = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = {"jsonrpc": "2.0", "id": request["id"], **chain.answer(request["method"], request["params"])}
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def network(self) -> dict[str, Any]:
        """An entry of networksOverride."""
        return {"chainId": CHAIN, "rpcProviders": [{"url": self.url}]}

    def give(self, contract: str, address: str, amount: int) -> None:
        self.balances[contract, address.lower()] = amount

    def answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        if method == "eth_getBalance":
            return {"result": hex(self.balances.get((NATIVE, params[0].lower()), 0))}
        to, data = params[0]["to"].lower(), params[0]["data"]
        if method == "eth_call" and to in (TOKEN, COLLECTIBLE) and data.startswith(_BALANCE_OF):
            return {"result": f"0x{self.balances.get((to, '0x' + data[-40:]), 0):064x}"}
        if method == "eth_call" and to in (TOKEN, COLLECTIBLE) and data.startswith(_OWNER_OF):
            return {"result": "0x" + self.owners.get((to, int(data[-64:], 16)), NATIVE)[2:].rjust(64, "0")}
        return {"result": "0x"}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
