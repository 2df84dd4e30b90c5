"""The README's table of methods is what the code serves."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from backend_process import NODE

import rpc_table
from status_backend.backend import Backend


def test_the_table_is_up_to_date():
    done = subprocess.run([sys.executable, "rpc_table.py", "--check"], cwd=NODE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_all_that_a_profile_offers_is_in_the_table(tmp_path: Path):
    async def offered() -> set[str]:
        backend = Backend("127.0.0.1")
        told = backend.signals.subscribe()
        account = {"displayName": "alice_node", "password": "p", "customizationColor": "blue", "kdfIterations": 1}
        backend.create_account_and_login({**account, "rootDataDir": str(tmp_path)})
        async for frame in told:
            if json.loads(frame)["type"] == "node.login":
                break
        methods = set(backend.dispatcher.methods())
        await backend.close()
        return methods

    listed = rpc_table.methods()
    methods = asyncio.run(offered())
    assert methods <= listed.keys()
    of_other_dialects = {name for name in listed.keys() - methods}
    assert all(listed[name][0].__module__ == "status_backend.archives.api" for name in of_other_dialects)
