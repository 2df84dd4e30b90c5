"""Replays the calls recorded with the C library (contract/libcodex.jsonl) on the operations of `CodexNode`.

Sessions, callbacks and the sentence in front of each error belong to the C interface; what is compared is the outcome:
every CID, every JSON, every error's own text.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from support import blob, node, read_all

from codex import CodexError, CodexNode, IncorrectCid
from codex.logs import set_level
from codex.version import REVISION, VERSION

CALLS = [json.loads(line) for line in open(Path(__file__).parent / "contract" / "libcodex.jsonl")]
PATTERN = bytes(i % 251 for i in range(300_000))  # what was sent in chunks, of which only the beginnings are recorded
LIFE_CYCLE = {"codex_new", "codex_start", "codex_stop", "codex_close", "codex_destroy"}
# A download here is an iterator, without a session that could be missing; peers are not debugged there either.
NOT_OURS = {"codex_download_chunk", "codex_peer_debug"}
# Names are made of the path; $PATH stands for one that the recorded list shows.
NAMES = {
    "": (None, None),
    "hello.txt": ("hello.txt", "text/plain"),
    "$PATH": ("lib-in.bin", "application/octet-stream"),
}
OTHERS = (
    "zDvZRwzmDVtzCvYLtpDoAZzvirMwTXbz6RbPSJzpBGvikdbo4NQU"  # uploaded by the other node; its bytes are not recorded
)


class Library:
    """The recorded library's calls on a node of ours; `other` is the REST node it was connected to."""

    def __init__(self, own: CodexNode, other: CodexNode) -> None:
        self.own, self.other = own, other
        self.uploads: list[tuple[str, int, int]] = []  # path, block size, bytes sent

    async def call(self, name: str, args: list[Any]) -> str | None:
        """The outcome as the library words it; None if there is none to compare. Raises CodexError, ValueError."""
        operation: Callable[..., Awaitable[str | None]] = getattr(self, name)
        return await operation(*args)

    async def codex_version(self) -> str:
        return VERSION

    async def codex_revision(self) -> str:
        return REVISION

    async def codex_repo(self) -> None:
        assert self.own.config.data_dir.is_dir()

    async def codex_spr(self) -> None:
        assert self.own.spr.startswith("spr:")

    async def codex_peer_id(self) -> None:
        assert self.own.peer_id.startswith("16Uiu2HA")

    async def codex_debug(self) -> None:
        recorded = json.loads(next(call for call in CALLS if call["call"] == "codex_debug")["final"]["msg"])
        ours = await self.own.debug()
        assert list(ours) == list(recorded) and ours["table"].keys() == recorded["table"].keys()
        assert ours["table"]["localNode"].keys() == recorded["table"]["localNode"].keys()

    async def codex_log_level(self, level: str) -> None:
        set_level(level)

    async def codex_storage_space(self) -> str:
        return _json(await self.own.space())

    async def codex_storage_list(self) -> str:
        return _json([{"cid": m.cid, "manifest": m.to_json()} for m in await self.own.list()])

    async def codex_storage_exists(self, cid: str) -> str:
        return _json(await self.own.exists(cid))

    async def codex_storage_delete(self, cid: str) -> str:
        await self.own.delete(cid)
        return ""

    async def codex_storage_fetch(self, cid: str) -> str:
        await self.own.fetch(cid)
        return ""

    async def codex_download_manifest(self, cid: str) -> str:
        return _json((await self.own.manifest(cid)).to_json())

    async def codex_download_init(self, cid: str, _: int, local: bool) -> str:
        await self.own.manifest(cid, local)
        return ""

    async def codex_download_stream(self, cid: str, _: int, local: bool, __: str) -> str:
        assert len(await read_all(self.own, cid, local=local)) == 300_000
        return ""

    async def codex_connect(self, peer_id: str, *_: Any) -> str:
        await self.own.connect(self.other.peer_id if peer_id.startswith("16U") else peer_id, self.other.addrs)
        return ""

    async def codex_upload_init(self, path: str, block_size: int) -> str:
        self.uploads.append((path, block_size or 65536, 0))
        return str(len(self.uploads) - 1)

    async def codex_upload_chunk(self, session: str, _: Any, size: int) -> str:
        path, block_size, sent = self.uploads[int(session)]
        self.uploads[int(session)] = path, block_size, sent + size
        return ""

    async def codex_upload_finalize(self, session: str) -> str:
        path, block_size, sent = self.uploads[int(session)]
        data = b"hello world"[:sent] if sent < 300_000 else PATTERN
        return await self.own.upload(data, *NAMES[path], block_size=block_size)

    async def codex_upload_file(self, session: str) -> str:
        return await self.own.upload(PATTERN, *NAMES[self.uploads[int(session)][0]])


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _argument(text: str) -> Any:
    """A ctypes argument as it was printed: `b'text'` (cut off if it is long), `c_ulong(5)`, `c_bool(True)`."""
    if text.startswith("b'") and text.endswith("'"):
        return ast.literal_eval(text).decode("latin-1")
    return ast.literal_eval(text[text.index("(") + 1 : -1]) if text.startswith("c_") else text


def _same(call: dict[str, Any], outcome: str | None) -> bool:
    recorded = call["final"]["msg"]
    if outcome is None or call["call"] != "codex_storage_list":
        return outcome in (None, recorded)
    return sorted(json.loads(outcome), key=_json) == sorted(json.loads(recorded), key=_json)


async def test_outcomes_are_those_of_the_c_library(tmp_path, monkeypatch):
    monkeypatch.setattr("codex.network.exchange.RETRY_INTERVAL", 0.2)
    async with node(tmp_path / "other") as other:
        others = await other.upload(blob(300_000))
        async with node(tmp_path / "own", block_retries=2, bootstrap_nodes=[other.spr]) as own:
            library, differences = Library(own, other), []
            for number, call in enumerate(CALLS):
                if call["call"] in LIFE_CYCLE | NOT_OURS:
                    continue
                args = [others if arg == OTHERS else arg for arg in map(_argument, call["args"])]
                try:
                    outcome, failed = await library.call(call["call"], args), False
                except IncorrectCid as error:
                    outcome, failed = f"cannot parse cid: {error.text}", True
                except (CodexError, ValueError) as error:
                    outcome, failed = str(error), True
                same = call["final"]["msg"].endswith(outcome) if failed else _same(call, outcome)
                if failed != (call["final"]["ret"] == 1) or not same:
                    differences.append(f"{number} {call['call']}: {outcome} instead of {call['final']}")
            assert not differences, "\n".join(differences)
