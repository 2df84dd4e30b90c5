"""Which file names and MIME types an upload may carry: the rules of Nim's standard library, by which the original
goes.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

MAX_NAME = 259
FORBIDDEN = frozenset('/\\:*?"<>|^\0')
RESERVED = frozenset(["CON", "PRN", "AUX", "NUL"] + [f"{device}{n}" for device in ("COM", "LPT") for n in range(10)])


@cache
def _known_types() -> frozenset[str]:
    # Nim 1.6's std/mimetypes, without text/markdown and application/gzip, which the original was seen to refuse.
    return frozenset(files(__package__).joinpath("mimetypes.txt").read_text().split())


def is_known_mimetype(mimetype: str) -> bool:
    """True if the whole string, in any case, is a type with a file extension. Parameters are not allowed."""
    return mimetype.lower() in _known_types()


def filename_of(disposition: str) -> str | None:
    """The file name in a Content-Disposition header: all behind the first `filename="` but the last character; other
    spellings are ignored.
    """
    if 'filename="' not in disposition:
        return None
    return disposition.split('filename="')[1][:-1]


def is_valid_filename(filename: str) -> bool:
    """True if the name, without its folders, can be a file's name on every usual system."""
    name, extension = _split(filename)
    if (
        not name
        or len(name.encode("utf-8", "surrogateescape")) + len(extension.encode("utf-8", "surrogateescape")) > MAX_NAME
    ):
        return False
    if name[0] == " " or name[-1] in " ." or FORBIDDEN & set(name):
        return False
    return name.upper() not in RESERVED


def _split(path: str) -> tuple[str, str]:
    """Name and extension of a path, as Nim's splitFile: a leading, a last and a doubled dot start no extension."""
    name = path.rpartition("/")[2]
    for at in range(len(name) - 2, 0, -1):
        if name[at] == "." and name[at + 1] != ".":
            return name[:at], name[at:]
    return name, ""
