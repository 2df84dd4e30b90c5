"""Stacks of Python threads: of this process as text with source lines, of another one by a signal.

Every process of a run answers SIGUSR1 with the stacks of its threads, even one whose interpreter is held by C code:
the handler is C code itself. They go to standard error, and to a file of the run as soon as there is one. SIGVTALRM
does the same and ends the process in the handler: what hangs must not go on because a signal has woken it.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO

ASK = signal.SIGUSR1
ASK_AND_END = signal.SIGVTALRM
FOLDER = "live"
ANSWER_TIMEOUT = 3.0  # seconds for a process to write its stacks
LOOK = 0.01  # seconds between looks at a file that grows
SETTLED = 10  # looks after which a file that has stacks grows no more
STACK = "most recent call first"


def answer_signal(out: IO[str] | int) -> None:
    """The signals write to `out` from now on, which must stay open."""
    faulthandler.register(ASK, file=out, all_threads=True)
    faulthandler.register(ASK_AND_END, file=out, all_threads=True, chain=True)  # what comes next ends the process


def answer_in_file(run_dir: Path, name: str) -> IO[str]:
    """As `answer_signal`, into the file that `of_process` reads."""
    path = file_of(run_dir, name)
    path.parent.mkdir(exist_ok=True)
    out = path.open("a", encoding="utf-8")
    answer_signal(out)
    return out


def file_of(run_dir: Path, name: str) -> Path:
    return run_dir / FOLDER / f"{name}.stacks"


def of_this_process() -> str:
    """All threads but the calling one, the main thread first."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    main, own = threading.main_thread().ident, threading.get_ident()
    frames = sorted(sys._current_frames().items(), key=lambda item: item[0] != main)
    return "\n".join(
        f"thread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in frames
        if ident != own
    )


def main_frame() -> FrameType | None:
    """Where the main thread of this process stands."""
    return sys._current_frames().get(threading.main_thread().ident or 0)


def of_process(pid: int, written: Path) -> str:
    """What the process adds to the file `written`; empty if it does not answer."""
    return added_to(written, lambda: os.kill(pid, ASK)) if written.exists() else ""


def last_of_process(pid: int, written: Path | None) -> str:
    """As `of_process`, and ends it, though it be stopped."""

    def ask() -> None:
        os.kill(pid, ASK_AND_END)
        os.kill(pid, signal.SIGCONT)

    if written is not None and written.exists():
        return added_to(written, ask)
    ask()
    return ""


def added_to(path: Path, ask: Callable[[], None]) -> str:
    """What is written to the file after `ask`, as far as it comes at once and has a stack."""
    before = path.stat().st_size if path.exists() else 0
    ask()
    text, unchanged, ends = "", 0, time.monotonic() + ANSWER_TIMEOUT
    while unchanged < SETTLED and time.monotonic() < ends:
        time.sleep(LOOK)
        fresh = path.read_bytes()[before:].decode(errors="replace") if path.exists() else ""
        unchanged = unchanged + 1 if STACK in fresh and fresh == text else 0
        text = fresh
    return text
