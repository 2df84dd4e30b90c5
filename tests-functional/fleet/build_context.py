"""What an image is built from, as a tar for the engine and as a hash for the tag."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

SOURCE = ("Dockerfile", "*.py", "*.pyi", "*.proto", "*.sh", "*.toml")
DATA = ("*.json", "*.txt")  # only in a package: elsewhere it may be somebody's notes
LEFT_OUT = ("tests", "__pycache__", "README.md", ".*", "*.pyc", "*.egg-info", "build", "dist")


@dataclass
class BuildContext:
    """Files by their name in the context. Times and owners are left out, so the same files are the same context."""

    files: dict[str, Path] = field(default_factory=dict)

    def add_tree(self, folder: Path, name: str, left_out: tuple[str, ...] = LEFT_OUT) -> None:
        for path in _walk(folder, left_out):
            self.files[f"{name}/{path.relative_to(folder).as_posix()}"] = path

    def add_source(self, folder: Path, name: str) -> None:
        """What a node is made of, and nothing else that lies about in its folder: its packages, the files beside them.

        Links are left out: they may lead anywhere.
        """
        for path in _walk(folder, LEFT_OUT):
            inner = path.relative_to(folder)
            packaged = (folder / inner.parts[0] / "__init__.py").exists()
            taken = SOURCE + DATA if packaged else SOURCE if len(inner.parts) == 1 else ()
            if any(path.match(pattern) for pattern in taken) and path.resolve() == folder.resolve() / inner:
                self.files[f"{name}/{inner.as_posix()}"] = path

    def hash(self, *more: str) -> str:
        """Over all names, contents and executable bits, and over what else the image depends on."""
        digest = hashlib.sha256()
        for text in more:
            digest.update(text.encode() + b"\0")
        for name, path in sorted(self.files.items()):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{name}\0{_mode(path):o}\0{content}\n".encode())
        return digest.hexdigest()[:12]

    def write_tar(self, target: IO[bytes]) -> None:
        with tarfile.open(fileobj=target, mode="w") as tar:
            for name, path in sorted(self.files.items()):
                content = path.read_bytes()
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), _mode(path)
                tar.addfile(entry, io.BytesIO(content))


def _walk(folder: Path, left_out: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if any(path.match(pattern) for pattern in left_out):
            continue
        if path.is_dir():
            yield from _walk(path, left_out)
        elif path.is_file():
            yield path


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
