"""What differs from run to run though nothing else does: ids, keys, addresses, times. All of it gets the same words."""

from __future__ import annotations

import re

_FORMS = [
    (re.compile(r" \(stretched to [^()]*(?:\([^()]*\)[^()]*)*\)"), ""),  # a deadline, by a busy host
    (re.compile(r"(?<![\w-])\d{8}-\d{6}-[0-9a-f]{6}(?![\w-])"), "<run>"),
    (re.compile(r"(?:/[^\s'\":]*)?/logs/(?=<run>)"), "logs/"),
    (re.compile(r"(?<=[a-z0-9])-(?:gw\d+|main)-\d+(?!\w)"), ""),  # owner-gw0-3 is the owner
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b0x[0-9a-fA-F]{7,}(?:(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|…[0-9a-f]+)?"), "<id>"),  # and shortened ones
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"(?:/tmp|/var/tmp)/[^\s'\",:]+"), "<path>"),
    (re.compile(r"\b(?:enr:|spr:)[\w-]+"), "<id>"),
    (re.compile(r"(?<!\w)/(?:ip4|ip6|dns4)/\S+?(?=[\s'\",\]]|$)"), "<address>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w{20,}\b"), "<id>"),  # CIDs, peer ids, hashes
    (re.compile(r"\b\d+\.\d+(?= ?(?:s|ms|%|seconds)\b)"), "<n>"),
    (re.compile(r"\b\d{5,}(?:\.\d+)?\b"), "<n>"),
]


def settled(text: str) -> str:
    """The text with each volatile part replaced by what it is."""
    for form, name in _FORMS:
        text = form.sub(name, text)
    return text
