"""Answers and signals out of journals and recordings, under the names of their schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from schemas.library import REPLIES, SIGNALS

JOURNAL = "journal.jsonl"
RPC_FUNCTIONS = ("CallRPC", "CallPrivateRPC")
ERROR = f"{REPLIES}/statusgo_error"

# A backend's word becomes a file's name.
_FIT_FOR_A_FILE = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Sample:
    """`name` is that of the schema; `node` said it."""

    name: str
    value: Any
    node: str = ""


def of_entry(entry: Mapping[str, Any]) -> Sample | None:
    """Of a journal's entry; None where it holds no answer of a status-backend and no signal of one."""
    if entry["kind"] == "signal":
        return _sample(SIGNALS, str(entry["type"]), entry["event"], entry)
    if entry["kind"] == "rpc" and "result" in entry:
        return _sample(REPLIES, str(entry["method"]), entry["result"], entry)
    if entry["kind"] == "http" and entry.get("status") == 200 and entry.get("method") == "POST":  # a GET is to others
        return _of_function(urlsplit(str(entry["url"])).path, entry.get("response"), entry)
    return None


def of_recorded(row: Mapping[str, Any]) -> Sample | None:
    """Of a line of a recording: {"request": {"path", "body"}, "response", "http_status"} or {"signal"}."""
    if "signal" in row:
        return _sample(SIGNALS, row["signal"]["type"], row["signal"]["event"], row)
    if "request" not in row or row.get("http_status") != 200:
        return None
    path, body, response = row["request"]["path"], row["request"].get("body"), row["response"]
    if path.rpartition("/")[2] not in RPC_FUNCTIONS:
        return _of_function(path, response, row)
    if isinstance(response, dict) and "result" in response:
        return _sample(REPLIES, body["method"], response["result"], row)
    return None


def read(path: Path) -> Iterator[Sample]:
    """Of a journal, of all journals below a folder, or of a recording."""
    files = sorted(path.rglob(JOURNAL)) if path.is_dir() else [path]
    for file in files:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):  # else its writer was killed
                    row = json.loads(line)
                    sample = of_entry(row) if "kind" in row else of_recorded(row)
                    if sample is not None:
                        yield sample


def _of_function(path: str, response: Any, row: Mapping[str, Any]) -> Sample | None:
    prefix, _, function = path.strip("/").partition("/")
    if prefix == "health" and not function:
        return _sample(REPLIES, "statusgo_health", response, row)
    if prefix != "statusgo" or function in RPC_FUNCTIONS:
        return None
    if isinstance(response, dict) and response.get("error"):
        return Sample(ERROR, response, row.get("node", ""))
    return _sample(REPLIES, f"statusgo_{function.replace('/', '_')}", response, row)


def _sample(kind: str, name: str, value: Any, row: Mapping[str, Any]) -> Sample | None:
    return Sample(f"{kind}/{name}", value, row.get("node", "")) if _FIT_FOR_A_FILE.fullmatch(name) else None
