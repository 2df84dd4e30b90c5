"""What went from node to node: messages, and the steps of an archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MESSAGE, ARCHIVE = "message", "archive"

CREATED = "community.historyArchivesCreated"
# What a member goes through: each step follows from the one before, the first from the creation on the control node.
# The name of the first is not confirmed by the original's sources, see SignalType.
STEPS = {
    "community.indexDownloadCompleted": "index downloaded",
    "community.historyArchiveDownloaded": "archive downloaded",
    "community.downloadingHistoryArchivesFinished": "imported",
}
_ORDER = [CREATED, *STEPS]


def find(entries: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """{"kind", "from", "to", "label"}; `from` and `to` are the `seq` of journal entries."""
    entries = list(entries)
    yield from _messages(entries)
    yield from _archives(entries)


def _messages(entries: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """From the RPC that sent a message to the first messages.new of each other node that has its id."""
    sent: dict[str, Mapping[str, Any]] = {}
    arrived: set[tuple[str, str]] = set()
    waiting: dict[tuple[str, str], Mapping[str, Any]] = {}  # a receiver can be faster than the sender's answer
    for entry in entries:
        if entry["kind"] == "rpc" and "_send" in str(entry["method"]):
            for message in _of(entry.get("result")):
                sent.setdefault(message["id"], entry)
                for (node, message_id), _receipt in list(waiting.items()):
                    if message_id == message["id"] and node != entry["node"]:
                        yield _arrow(MESSAGE, entry, waiting.pop((node, message_id)), _text(message))
        elif entry["kind"] == "signal" and entry["type"] == "messages.new":
            for message in _of(entry.get("event")):
                key = (entry["node"], message["id"])
                if key in arrived:
                    continue
                arrived.add(key)
                if message["id"] not in sent:
                    waiting[key] = entry
                elif sent[message["id"]]["node"] != entry["node"]:
                    yield _arrow(MESSAGE, sent[message["id"]], entry, _text(message))


def _archives(entries: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    created: dict[str, Mapping[str, Any]] = {}
    reached: dict[tuple[str, str], Mapping[str, Any]] = {}
    for entry in entries:
        if entry["kind"] != "signal" or entry["type"] not in _ORDER:
            continue
        community = (entry.get("event") or {}).get("communityId", "")
        if entry["type"] == CREATED:
            created[community] = entry
            continue
        key = (entry["node"], community)
        before = created.get(community) if entry["type"] == _ORDER[1] else reached.get(key)
        reached[key] = entry
        if before is not None and _ORDER.index(before["type"]) <= _ORDER.index(entry["type"]):
            yield _arrow(ARCHIVE, before, entry, STEPS[entry["type"]])


def _of(response: Any) -> Iterator[Mapping[str, Any]]:
    messages = response.get("messages") if isinstance(response, Mapping) else None
    return (message for message in messages or [] if isinstance(message, Mapping) and message.get("id"))


def _text(message: Mapping[str, Any]) -> str:
    return f"{message.get('text') or 'message'} ({message['id'][:10]}…)"


def _arrow(kind: str, origin: Mapping[str, Any], target: Mapping[str, Any], label: str) -> dict[str, Any]:
    return {"kind": kind, "from": origin["seq"], "to": target["seq"], "label": label}
