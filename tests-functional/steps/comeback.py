"""What a test does for a backend whose process was started anew."""

from __future__ import annotations

from typing import Any

from clients.status_backend import StatusBackend
from steps.step import step


@step("{node} logs in again after its process was started anew")
def log_in_again(node: StatusBackend, **options: Any) -> None:
    """After `with faults.kill(node)`, `restart` or `clock_skew`: accounts, communities and messages are on its disk,
    but nobody is logged in. `options` are those of LoginAccount. Signals are connected again, also where the engine has
    published other ports; what was emitted meanwhile is lost."""
    node.wait_for_healthy()
    node.init_status_backend()
    node.login(**options)
    node.wait_for_login()
