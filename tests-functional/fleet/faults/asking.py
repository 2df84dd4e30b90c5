"""Whether a node answers, which is how faults of its process are proved."""

from __future__ import annotations

import time

import requests

from fleet.errors import NodeGone
from fleet.node import Node

SILENCE = 0.5  # seconds without an answer that count as none; a node that runs answers within milliseconds
ANSWER_TIMEOUT = 30.0  # seconds for a node to answer again, on a machine that has other things to do


def silent(node: Node) -> str | None:
    """How a health request failed; None where it was answered, whatever the answer."""
    check = node.spec.health
    try:
        requests.request(check.method, node.url() + check.path, data=check.body, timeout=SILENCE)
    except (requests.RequestException, NodeGone) as error:
        return f"{check.method} {check.path}: {type(error).__name__}"
    return None


def answering(node: Node) -> str | None:
    """How a health request was answered; None where it was not within ANSWER_TIMEOUT."""
    check = node.spec.health
    began = time.monotonic()
    try:
        answer = requests.request(check.method, node.url() + check.path, data=check.body, timeout=ANSWER_TIMEOUT)
    except (requests.RequestException, NodeGone):
        return None
    return f"{check.method} {check.path}: {answer.status_code} after {time.monotonic() - began:.3f} s"
