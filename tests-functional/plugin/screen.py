"""A terminal that pytest and the live view share: the view stays beneath whatever pytest writes."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from typing import Any

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
UP, RIGHT, CLEAR_BELOW = "\x1b[{}A", "\x1b[{}C", "\x1b[J"


class Screen:
    """Stands in for the file that pytest writes to. Before each write of pytest the view is taken away and the cursor
    put back to where pytest had left it; the view is drawn again when the next `draw` comes."""

    def __init__(self, writer: Any) -> None:
        """`writer`: pytest's TerminalWriter. Made while output is not captured, it reaches the terminal at any time."""
        self._writer = writer
        self._file = writer._file
        self._out = os.dup(self._file.fileno())
        self._lock = threading.RLock()
        self._column = 0  # of the cursor on pytest's last line
        self._drawn: list[str] = []
        writer._file = self

    def write(self, text: str) -> int:
        with self._lock:
            self._erase()
            written = self._file.write(text)
            self._file.flush()
            self._follow(text)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def draw(self, lines: Sequence[str]) -> None:
        """Puts these lines beneath what pytest has written; none of them may be wider than the terminal."""
        with self._lock:
            if list(lines) == self._drawn:
                return
            self._erase()
            if lines:
                self._print(("\n" if self._column else "") + "\n".join(lines))
            self._drawn = list(lines)

    def say(self, line: str) -> None:
        """A line of its own among what pytest writes."""
        with self._lock:
            self._erase()
            self._print(("\n" if self._column else "") + line + "\n")
            self._column = 0

    def close(self) -> None:
        """Takes the view away, for good."""
        with self._lock:
            self._erase()
            self._writer._file = self._file
            os.close(self._out)

    @staticmethod
    def size() -> os.terminal_size:
        try:
            return os.get_terminal_size(1)
        except OSError:
            return os.terminal_size((80, 24))

    def _erase(self) -> None:
        if not self._drawn:
            return
        back = "\r" + (UP.format(len(self._drawn) - 1) if len(self._drawn) > 1 else "") + CLEAR_BELOW
        if self._column:
            back += UP.format(1) + RIGHT.format(self._column)
        self._print(back)
        self._drawn = []

    def _follow(self, text: str) -> None:
        """Where pytest's cursor is now."""
        plain = ESCAPES.sub("", text)
        line = re.split(r"[\r\n]", plain)[-1]
        self._column = min(len(line) + (0 if len(line) < len(plain) else self._column), self.size().columns - 1)

    def _print(self, text: str) -> None:
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(self._out, data) :]
