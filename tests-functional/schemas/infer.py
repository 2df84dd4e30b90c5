"""Infers schemas from journals and recordings, or widens those that are there by what they do not accept yet.

    python -m schemas.infer [--write] [--only PATTERN] SAMPLES...

SAMPLES are journals, folders with journals below them (a run's), or recordings of the original program. Without --write
the changes are shown as a unified diff, and the exit status is 1 if there are any.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from schemas.library import FOLDER, Library
from schemas.samples import Sample, read
from schemas.widen import widen


def widen_by(library: Library, samples: Iterable[Sample]) -> None:
    for sample in samples:
        if sample.name not in library or library.check(sample.name, sample.value):
            widen(library, sample.name, sample.value)
            library.forget_validators()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m schemas.infer", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "samples", nargs="+", type=Path, metavar="SAMPLES", help="journals, folders of them or recordings"
    )
    parser.add_argument("--schemas", type=Path, default=FOLDER, metavar="DIR", help="the schemas to change (ours)")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="of these names, such as replies/wakuext_* (*)")
    parser.add_argument("--write", action="store_true", help="write the changes instead of showing them")
    options = parser.parse_args(arguments)
    if missing := [str(path) for path in options.samples if not path.exists()]:
        parser.error(f"no such file or folder: {', '.join(missing)}")
    library = Library(options.schemas)
    for path in options.samples:
        widen_by(library, (sample for sample in read(path) if fnmatchcase(sample.name, options.only)))
    if options.write:
        for path in library.write():
            print(path)
        return 0
    difference = library.diff()
    for line in difference:
        print(line)
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
