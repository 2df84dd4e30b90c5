"""Generates the ``*_pb2.py`` modules beside their ``.proto`` files.

``python -m status_backend.protocol.generate`` writes them, ``--check`` only compares and exits 1 where they differ.
Needs grpcio-tools, which nothing at run time needs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def compile_into(out: Path) -> list[Path]:
    from grpc_tools import protoc

    protos = [str(proto.relative_to(ROOT)) for proto in sorted(HERE.glob("*.proto"))]
    if code := protoc.main(["protoc", f"-I{ROOT}", f"--python_out={out}", *protos]):
        raise SystemExit(f"protoc failed with exit code {code}")
    return sorted((out / HERE.relative_to(ROOT)).glob("*_pb2.py"))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 where a module is out of date")
    check = parser.parse_args(argv).check
    with tempfile.TemporaryDirectory() as scratch:
        fresh = {path.name: path.read_text() for path in compile_into(Path(scratch))}
    present = {path.name: path.read_text() for path in HERE.glob("*_pb2.py")}
    stale = sorted(name for name in fresh.keys() | present.keys() if fresh.get(name) != present.get(name))
    if check:
        for name in stale:
            print(f"{name} does not match its .proto file: run {Path(__file__).name}", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        if name in fresh:
            (HERE / name).write_text(fresh[name])
        else:
            (HERE / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
