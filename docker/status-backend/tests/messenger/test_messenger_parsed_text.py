"""How a message's text is shown."""

from __future__ import annotations

import pytest

from status_backend.messenger.parsed_text import EVERYONE, is_right_to_left, mentions, parse

KEY = "0x04" + "ab" * 64


@pytest.mark.parametrize(
    ("text", "children"),
    [
        ("hello", [{"literal": "hello"}]),
        (f"@{KEY} hi", [{"literal": ""}, {"type": "mention", "literal": KEY}, {"literal": " hi"}]),
        (f"hi @{EVERYONE}", [{"literal": "hi "}, {"type": "mention", "literal": EVERYONE}]),
        (
            "see https://a.test/b?c=d now",
            [
                {"literal": "see "},
                {"type": "link", "literal": "", "destination": "https://a.test/b?c=d"},
                {"literal": " now"},
            ],
        ),
        ("`x*y*z`", [{"literal": ""}, {"type": "code", "literal": "x*y*z"}]),
        ("***a***", [{"literal": ""}, {"type": "strong-emph", "literal": "a"}]),
        ("**a b**", [{"literal": ""}, {"type": "strong", "literal": "a b"}]),
        ("__a__", [{"literal": ""}, {"type": "strong", "literal": "a"}]),
        (
            "*a* _b_",
            [{"literal": ""}, {"type": "emph", "literal": "a"}, {"literal": " "}, {"type": "emph", "literal": "b"}],
        ),
        ("~~a~~", [{"literal": ""}, {"type": "del", "literal": "a"}]),
        ("#general", [{"literal": ""}, {"type": "status-tag", "literal": "general"}]),
        ("a_name_of 2 * 3 * 4 C# f(**k) @0x04ab", [{"literal": "a_name_of 2 * 3 * 4 C# f(**k) @0x04ab"}]),
        ("one\ntwo", [{"literal": "one\ntwo"}]),
    ],
)
def test_a_paragraph(text, children):
    assert parse(text) == [{"type": "paragraph", "children": children}]


def test_paragraphs():
    assert [paragraph["children"] for paragraph in parse("\none\n\n\ntwo\n")] == [
        [{"literal": "one"}],
        [{"literal": "two"}],
    ]
    assert parse("") == []


def test_mentions():
    assert mentions(f"@{KEY}, @{EVERYONE} and @{KEY}0") == [KEY, EVERYONE]


def test_direction():
    assert [is_right_to_left(text) for text in ("שלום", "سلام", "hello", "123", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]
