"""Replays the exchanges recorded with a real node (contract/rest.jsonl) and compares what comes back.

Random bodies were not recorded, only their size: bodies of the same size stand in, and CIDs in paths and answers are
translated. Uploads that only the recorded lists tell of are made before them, so that lists and space are compared
whole. Not compared: Date, the text of Server, and the stray second response that the real node glues to some answers
(README, "Differences").
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

from support import Answer, Rest, blob, http, node

from codex import CodexNode
from codex.cids import block_cid, tree_cid
from codex.merkle import root_of

RECORDINGS = [json.loads(line) for line in open(Path(__file__).parent / "contract" / "rest.jsonl")]

NO_ANSWER = "the real node had not answered when the client gave up"
SKIPPED = {
    **{r["seq"]: NO_ANSWER for r in RECORDINGS if r["end"] == "client timeout"},
    205: "the provider is killed in the middle: tests/test_exchange.py",
}
# What other uploads than the recorded ones, known by their CIDs in the recorded lists, consisted of.
UNRECORDED_BODIES = [b"x3", b"u1", b"u3", b"mime probe"]
RETRIES = 2
QUOTA_D = 200000


class Replay:
    """The recorded nodes a to h, and what their identities and CIDs are here."""

    def __init__(self, tmp_path: Path) -> None:
        self.tmp_path = tmp_path
        self.nodes: dict[str, Rest] = {}
        self.names: dict[str, str] = {}  # recorded CID, peer id or address -> ours
        self.bodies: dict[str, bytes] = {}  # recorded CID -> what was uploaded here
        self.stack = AsyncExitStack()

    async def start(self) -> None:
        await self._start("a")
        boot = [self.nodes["a"].node.spr]
        await self._start("b", bootstrap_nodes=boot)
        await self._start("c", bootstrap_nodes=boot, block_retries=RETRIES)
        await self._start("d", storage_quota=QUOTA_D)
        await self._start("e", cors="*")
        await self._start("f")
        for name in "gh":
            await self._start(name, bootstrap_nodes=[self.nodes["f"].node.spr])

    async def _start(self, name: str, cors: str | None = None, **config: Any) -> None:
        running = await self.stack.enter_async_context(node(self.tmp_path / name, **config))
        self.nodes[name] = await self.stack.enter_async_context(Rest(running, cors))

    async def restart(self, name: str) -> None:
        await self.nodes[name].node.stop()
        await self.nodes[name].node.start()

    def learn_identities(self) -> None:
        """Recorded peer ids and listening ports, from the recorded answers themselves."""
        for recording in RECORDINGS:
            text = recording.get("response", {}).get("body_text") or ""
            if recording["case"].startswith("debug/info"):
                recorded = json.loads(text)
                ours = self.nodes[recording["node"]].node
                self.names[recorded["id"]] = ours.peer_id
                self.names[recorded["addrs"][0]] = ours.addrs[0]
        own = next(r for r in RECORDINGS if r["case"] == "connect self")
        peer, addr = re.search(r"connect/(\w+)\?addrs=(\S+)", own["request"]["path"]).groups()
        self.names[peer], self.names[addr] = self.nodes["e"].node.peer_id, self.nodes["e"].node.addrs[0]

    def body(self, recording: dict[str, Any]) -> bytes:
        request = recording["request"]
        if request["body_b64"] is not None:
            return base64.b64decode(request["body_b64"])
        size = request["body_len"] or 0
        zeros = bytes(size)
        return zeros if sha256(zeros).hexdigest() == request["body_sha256"] else blob(size, recording["case"])

    def learn_upload(self, recorded: str, ours: str, body: bytes) -> None:
        self.names[recorded], self.bodies[recorded] = ours, body

    def learn_trees(self, recording: dict[str, Any]) -> None:
        """The tree CIDs of the manifests in a recorded answer."""
        for named in _manifests(recording):
            body = self.bodies.get(named["cid"])
            if body is not None:
                self.names[named["manifest"]["treeCid"]] = str(tree_cid(root_of(_digests(body))))

    async def upload_unrecorded(self, recording: dict[str, Any]) -> list[str]:
        """Upload what the recorded list has and no recorded exchange brought; returns what got another CID."""
        found: list[str] = []
        bodies = {str(tree_cid(root_of(_digests(body)))): body for body in UNRECORDED_BODIES}
        for named in _manifests(recording):
            cid, manifest = named["cid"], named["manifest"]
            if cid in self.names:
                continue
            body, headers = bodies[manifest["treeCid"]], {"Content-Type": manifest["mimetype"]}
            if manifest["filename"] is not None:
                headers["Content-Disposition"] = f'attachment; filename="{manifest["filename"]}"'
            answer = await self.nodes[recording["node"]]("POST", "/data", headers, body)
            self.learn_upload(cid, answer.text, body)
            found += [] if answer.text == cid else [f"{manifest} has CID {answer.text} instead of {cid}"]
        return found

    def learn_blocks(self) -> None:
        """The block CIDs in recorded paths, by the role they have there."""
        by_case = {recording["case"]: recording for recording in RECORDINGS}
        roles = {
            "download local block cid": ("upload 5 blocks+7", 0),
            "download local last block cid": ("upload 5 blocks+7", -1),
            "delete single block of a dataset": ("upload 7MiB+13", 0),
        }
        for case, (source, index) in roles.items():
            recorded = re.search(r"zDx\w+", by_case[case]["request"]["path"])[0]
            self.names[recorded] = str(block_cid(_digests(self.body(by_case[source]))[index]))

    def translate(self, text: str) -> str:
        for recorded, ours in self.names.items():
            text = re.sub(rf"(?<!\w){re.escape(recorded)}(?!\w)", ours, text)
        return text

    async def send(self, recording: dict[str, Any]) -> Answer:
        request, port = recording["request"], self.nodes[recording["node"]].port
        if recording["case"] == "malformed request line":
            return await http(port, "GET", "", raw=b"GARBAGE\r\n\r\n")
        headers = dict(request["headers"])
        body = self.body(recording)
        version = "HTTP/1.0" if "HTTP/1.0" in recording["case"] else "HTTP/1.1"
        lines = [
            f"{request['method']} {self.translate(request['path'])} {version}",
            *(f"{k}: {v}" for k, v in headers.items()),
        ]
        return await http(port, request["method"], "", raw="\r\n".join([*lines, "", ""]).encode() + body)


def _digests(data: bytes) -> list[bytes]:
    return [sha256(data[at : at + 65536].ljust(65536, b"\0")).digest() for at in range(0, len(data), 65536)]


def _manifests(recording: dict[str, Any]) -> list[dict[str, Any]]:
    text = recording.get("response", {}).get("body_text") or ""
    if '"manifest"' not in text:
        return []
    parsed = json.loads(text)
    return parsed.get("content", [parsed])


def differences(recording: dict[str, Any], answer: Answer, replay: Replay) -> list[str]:
    """What is not as recorded."""
    expected, found = recording["response"], []
    if answer.status != expected["status"]:
        found.append(f"status {answer.status} {answer.text[:100]!r} instead of {expected['status']}")
    theirs = {name.title(): value for name, value in expected["headers"]}
    ours = {name.title(): value for name, value in answer.headers.items()}
    for name in sorted({*theirs, *ours} - {"Date", "Server", "Content-Length"}):
        if theirs.get(name, "").lower() != ours.get(name, "").lower():
            found.append(f"{name}: {ours.get(name)!r} instead of {theirs.get(name)!r}")
    if not {"Date", "Content-Length"} <= ours.keys():
        found.append(f"headers {sorted(ours)}")
    return found + body_differences(recording, answer, replay)


def body_differences(recording: dict[str, Any], answer: Answer, replay: Replay) -> list[str]:
    expected, case = recording["response"], recording["case"]
    replay.learn_trees(recording)
    if recording["request"]["method"] == "HEAD":
        return []
    text = expected.get("body_text")
    if case.startswith("debug/info"):
        return info_differences(json.loads(text), answer.json(), replay.nodes[recording["node"]].node)
    if case.startswith("spr"):
        spr = replay.nodes[recording["node"]].node.spr
        expected_text = spr if "text" in case else json.dumps({"spr": spr}, separators=(",", ":"))
        return [] if answer.text == expected_text else [f"no record: {answer.text}"]
    if case.startswith("list"):
        return list_differences(json.loads(replay.translate(text)), answer.json())
    if case.startswith("space") or case == "HTTP/1.1 no Connection header, json":
        quota = {"quotaMaxBytes": replay.nodes[recording["node"]].node.config.storage_quota}
        wanted = json.loads(text) | quota
        return [] if answer.json() == wanted else [f"{answer.text} instead of {wanted}"]
    if text is None:  # random data: all of it, and the right one
        cid = re.search(r"zDv\w+", recording["request"]["path"])[0]
        return [] if answer.body == replay.bodies[cid] else [f"{len(answer.body)} other bytes"]
    if recording["request"]["method"] == "POST" and text.startswith("zDv"):
        replay.learn_upload(text, answer.text, replay.body(recording))
        recorded_body = recording["request"]["body_b64"] is not None or replay.body(recording).strip(b"\0") == b""
        return [f"{answer.text} instead of {text}"] if recorded_body and answer.text != text else []
    if text.startswith("Unable to store block"):  # of a random body: the last one that fits is one of ours
        refused = str(block_cid(_digests(replay.body(recording))[1]))
        text = f"Unable to store block {refused}"
    if answer.text != replay.translate(text):
        return [f"body {answer.text[:200]!r} instead of {replay.translate(text)[:200]!r}"]
    if theirs := dict(expected["headers"]).get("Content-Length"):
        ours = answer.headers.get("Content-Length")
        return [] if ours == theirs or case.startswith("peerid") else [f"Content-Length {ours} instead of {theirs}"]
    return []


def info_differences(recorded: dict[str, Any], ours: dict[str, Any], running: CodexNode) -> list[str]:
    """Identities, addresses and tables are this run's; their form and all else is as recorded."""
    found = [] if shape(recorded) == shape(ours) else ["another shape of JSON"]
    local, table = ours["table"]["localNode"], ours["table"]
    found += [] if ours["codex"] == recorded["codex"] else [f"codex: {ours['codex']}"]
    found += [] if ours["addrs"] == ours["announceAddresses"] == running.addrs else [f"addrs: {ours['addrs']}"]
    found += [] if local["seen"] is recorded["table"]["localNode"]["seen"] else ["localNode.seen"]
    found += [] if ours["id"] == local["peerId"] == running.peer_id else ["localNode.peerId"]
    nodes = recorded["table"]["nodes"]
    found += [] if {shape_text(n) for n in table["nodes"]} <= {shape_text(n) for n in nodes} else ["table.nodes"]
    return found + ([] if bool(nodes) == bool(table["nodes"]) else [f"nodes: {table['nodes']}"])


def shape(value: Any) -> Any:
    """Keys and types; a list is as its first element, if there is one."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items() if key != "nodes"}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def shape_text(value: Any) -> str:
    return json.dumps(shape(value), sort_keys=True)


def list_differences(recorded: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """The same datasets, in any order."""
    theirs, here = ({entry["cid"]: entry for entry in answer["content"]} for answer in (recorded, ours))
    return [
        f"{here.get(cid)} instead of {theirs.get(cid)}"
        for cid in {**theirs, **here}
        if here.get(cid) != theirs.get(cid)
    ]


async def test_answers_are_those_of_a_real_node(tmp_path, monkeypatch):
    monkeypatch.setattr("codex.network.exchange.RETRY_INTERVAL", 0.5)
    replay = Replay(tmp_path)
    failures: list[str] = []
    replayed = 0
    async with replay.stack:
        await replay.start()
        replay.learn_identities()
        waiting: list[tuple[dict[str, Any], asyncio.Task[Answer]]] = []
        for recording in RECORDINGS:
            if recording["seq"] in SKIPPED:
                continue
            if recording["case"] == "list after uploads":
                replay.learn_blocks()
            if recording["case"] == "exists after restart":
                await replay.restart("a")
            if recording["case"].startswith("list"):
                failures += await replay.upload_unrecorded(recording)
            replayed += 1
            if recording["response"].get("body_text") == "Error retries exhausted":
                waiting.append(
                    (recording, asyncio.create_task(replay.send(recording)))
                )  # takes its retries: meanwhile go on
                continue
            answer = await replay.send(recording)
            failures += [
                f"{recording['seq']} {recording['case']}: {text}" for text in differences(recording, answer, replay)
            ]
        for recording, task in waiting:
            failures += [
                f"{recording['seq']} {recording['case']}: {text}" for text in differences(recording, await task, replay)
            ]
    assert not failures, "\n".join(failures)
    assert replayed == len(RECORDINGS) - len(SKIPPED)
