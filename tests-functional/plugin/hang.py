"""What is gathered about something that hangs, before it is ended: stacks, waits, nodes and their logs."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

import pace
from fleet.node import Node
from fleet.spec import NodeState
from plugin import stacks
from plugin.activity import Activity, Phase

FILE = "hang.txt"
LOG_LINES = 15


class Hang(pytest.fail.Exception):
    """Raised in the test that hangs. `evidence`: statements for the verdict."""

    def __init__(self, text: str, evidence: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.evidence = tuple(evidence)


def statement(phase: Phase, who: str = "") -> str:
    stood = time.monotonic() - phase.since
    return f"hang: {who}{phase} has taken {stood:.0f} s, its limit is {phase.wait}"


def gather(head: str, activity: Activity, others: Iterable[tuple[str, Callable[[], str]]]) -> str:
    """The bundle as text. `others`: further processes by name, and how their stacks are got."""
    awaited = waits() or ["nothing that the harness knows of"]
    parts = [
        head,
        "\n  ".join(["what is awaited:", *awaited]),
        f"worker {activity.worker}, doing: {activity.doing() or 'unknown'}",
    ]
    parts.append(f"threads of {activity.worker}:\n\n{stacks.of_this_process()}")
    parts += [f"threads of {name}:\n\n{told(stacks_of) or 'it did not answer'}" for name, stacks_of in others]
    parts += [told(lambda: about_node(node)) for node in activity.started()]
    text = "\n\n".join(parts) + "\n"
    return activity.journal.redactor.text(text) if activity.journal is not None else text


def told(ask: Callable[[], str]) -> str:
    """What hangs may keep the harness from asking: then that is what is told, and the rest still is."""
    try:
        return ask()
    except Exception as error:
        return f"this could not be found out: {type(error).__name__}: {error}"


def waits() -> list[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return [
        f"{wait.what} from {wait.of or 'nobody in particular'}: for {time.monotonic() - wait.began:.1f} s, "
        f"{max(0.0, wait.ends - time.monotonic()):.1f} s left (thread {names.get(wait.thread, wait.thread)})"
        for wait in pace.open_waits()
    ]


def about_node(node: Node) -> str:
    """Its state, the stacks of its threads if it can be asked for them, and how its log ends."""
    state = node.state()
    parts = [f"node {node.name}: {state.value}, log {node.log_path}"]
    if state is NodeState.RUNNING and node.spec.stacks_signal:
        dumped = stacks.added_to(node.log_path, lambda: node.send_signal(node.spec.stacks_signal))
        parts.append(f"threads of node {node.name}:\n\n{dumped or 'it did not answer'}")
    else:
        lines = "\n".join(f"  {line}" for line in node.logs(LOG_LINES))
        parts.append(f"how its log ends:\n{lines}")
    return "\n\n".join(parts)


def place(root: Path) -> str:
    """Where the main thread of this process stands: the innermost line of the code under `root`."""
    frame = stacks.main_frame()
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(root) and ".venv" not in path.parts:
            return f"{path.relative_to(root)}:{frame.f_lineno} in {frame.f_code.co_name}"
        frame = frame.f_back
    return ""


def last_place(text: str, root: Path) -> str:
    """As `place`, from what faulthandler wrote of another process: its main thread comes last."""
    _, _, main = text.rpartition("most recent call first")
    for path, line, function in re.findall(r'File "(.*)", line (\d+) in (\S+)', main):
        if Path(path).is_relative_to(root) and ".venv" not in Path(path).parts:
            return f"{Path(path).relative_to(root)}:{line} in {function}"
    return ""
