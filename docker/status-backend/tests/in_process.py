"""RPC without a server."""

from __future__ import annotations

import json
from typing import Any

from status_backend.rpc import Dispatcher


async def call(part: Any, method: str, *params: Any) -> Any:
    """What a part's services answer to `wakuext_<method>`: the result, or (code, message)."""
    dispatcher = Dispatcher()
    for service in part.services:
        dispatcher.register(service)
    request = {"jsonrpc": "2.0", "id": 1, "method": f"wakuext_{method}", "params": list(params)}
    answer = json.loads(await dispatcher.handle(json.dumps(request)))
    return answer["result"] if "result" in answer else (answer["error"]["code"], answer["error"]["message"])
