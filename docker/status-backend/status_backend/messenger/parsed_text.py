"""A message's text as clients show it: the original's `parsedText`, of its Markdown without blocks of code and quotes.

Inline pieces are `{"literal"}`, and of a type: mention, link (`destination`), code, strong-emph, strong, emph, del,
status-tag. As there, what stands before a piece of a type is always told, even if it is nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

EVERYONE = "0x00001"  # mentions all members of a community
_MENTION = rf"@(?P<mention>0x04[0-9a-f]{{128}}|{EVERYONE})(?![0-9a-f])"
_INLINE = re.compile(
    rf"""{_MENTION}
    | (?P<link>https?://[^\s<>]+)
    | `(?P<code>[^`]+)`
    | \*\*\*(?P<strong_emph>\S(?:[^*]*[^\s*])?)\*\*\*
    | \*\*(?P<strong>\S(?:[^*]*[^\s*])?)\*\*
    | \*(?P<emph>[^\s*](?:[^*]*[^\s*])?)\*
    | (?<!\w)__(?P<strong2>\S(?:[^_]*[^\s_])?)__(?!\w)
    | (?<!\w)_(?P<emph2>[^\s_](?:[^_]*[^\s_])?)_(?!\w)
    | ~~(?P<del>\S(?:[^~]*[^\s~])?)~~
    | (?<!\S)\#(?P<status_tag>[a-z0-9-]+)(?!\S)
    """,
    re.VERBOSE,
)
_MENTIONS = re.compile(_MENTION)


def mentions(text: str) -> list[str]:
    return [match["mention"] for match in _MENTIONS.finditer(text)]


def parse(text: str) -> list[dict[str, Any]]:
    paragraphs = [paragraph.strip("\n") for paragraph in re.split(r"\n{2,}", text)]
    return [{"type": "paragraph", "children": _inline(paragraph)} for paragraph in paragraphs if paragraph]


def is_right_to_left(text: str) -> bool:
    return unicodedata.bidirectional(text[:1]) in ("R", "AL") if text else False


def _inline(paragraph: str) -> list[dict[str, Any]]:
    children: list[dict[str, Any]] = []
    done = 0
    for match in _INLINE.finditer(paragraph):
        assert match.lastgroup is not None
        kind, piece = match.lastgroup.rstrip("2").replace("_", "-"), match[match.lastgroup]
        children.append({"literal": paragraph[done : match.start()]})
        if kind == "link":
            children.append({"type": kind, "literal": "", "destination": piece})
        else:
            children.append({"type": kind, "literal": piece})
        done = match.end()
    if done < len(paragraph):
        children.append({"literal": paragraph[done:]})
    return children
