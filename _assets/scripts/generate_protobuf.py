"""Generates the protobuf modules that are checked in: *_pb2.py and *_pb2.pyi beside each .proto file.

Run it through generate_protobuf.sh. With --check it only compares, and exits 1 where a module is out of date.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

PROJECT = Path(__file__).resolve().parents[2]
# Where imports of .proto files, and of the modules made of them, begin.
ROOTS = [PROJECT / "docker/codex", PROJECT / "docker/status-backend", PROJECT / "tests-functional"]
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"


def generate(root: Path, out: Path) -> None:
    protos = [str(proto.relative_to(root)) for proto in sorted(root.rglob("*.proto"))]
    arguments = [f"-I{root}", f"-I{WELL_KNOWN}", f"--python_out={out}", f"--pyi_out={out}", *protos]
    if code := protoc.main(["protoc", *arguments]):
        raise SystemExit(f"protoc failed with exit code {code} in {root.relative_to(PROJECT)}")


def modules(folder: Path) -> Iterator[Path]:
    for pattern in ("*_pb2.py", "*_pb2.pyi"):
        yield from folder.rglob(pattern)


def differences(root: Path, write: bool) -> list[str]:
    """What differs from the .proto files of `root`; with `write` it does not any more."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        generate(root, out)
        fresh = {path.relative_to(out): path.read_text() for path in modules(out)}
    present = {path.relative_to(root): path.read_text() for path in modules(root)}
    stale = sorted(path for path in fresh.keys() | present.keys() if fresh.get(path) != present.get(path))
    for path in stale if write else ():
        if path in fresh:
            (root / path).write_text(fresh[path])
        else:
            (root / path).unlink()
    return [str((root / path).relative_to(PROJECT)) for path in stale]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 where a module is out of date")
    check = parser.parse_args().check
    stale = [path for root in ROOTS for path in differences(root, write=not check)]
    for path in stale:
        print(f"{path} does not match its .proto file" if check else f"wrote {path}", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
