"""Counts of this process, through all logins, in Prometheus' text format. `/metrics` shows them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4"


@dataclass(frozen=True)
class Count:
    """Only ever grows. One number for each value of the label."""

    name: str
    help: str
    label: str
    values: Counter[str] = field(default_factory=Counter)

    def render(self) -> str:
        """Label values are words of ours and need no escaping."""
        lines = [f'{self.name}{{{self.label}="{value}"}} {number}' for value, number in sorted(self.values.items())]
        return "\n".join([f"# HELP {self.name} {self.help}", f"# TYPE {self.name} counter", *lines, ""])


DROPPED = Count("status_backend_dropped_messages_total", "Received messages that were not acted upon.", "reason")
RECEIVED = Count("status_backend_received_messages_total", "Received messages that could be opened.", "source")


def render() -> str:
    return RECEIVED.render() + DROPPED.render()
