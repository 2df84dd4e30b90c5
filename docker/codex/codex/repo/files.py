"""Files that are whole or absent: written aside, synced, renamed into place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SUFFIX = ".dsobj"
# A journalling file system commits many syncs at once if they come at once: ten times the rate of one after the other.
_syncing = ThreadPoolExecutor(8, "codex-sync")


class ObjectDir:
    """Named byte strings under `root`, sharded by the last two characters of the name (the original's file layout)."""

    def __init__(self, root: Path, temporary: Path, suffix: str = SUFFIX) -> None:
        self.root, self._temporary, self._suffix = root, temporary, suffix
        root.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        return self.root / name[-2:] / (name + self._suffix)

    def read(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def write(self, objects: dict[str, bytes], sync: bool = True) -> None:
        """Write all objects, durably unless `sync` is off.

        Raises OSError; those already renamed stay, no half one does.
        """
        staged: list[tuple[Path, Path]] = []
        try:
            for name, data in objects.items():
                aside = self._temporary / (name + self._suffix)
                staged.append((aside, self.path(name)))
                with open(aside, "wb", buffering=0) as file:
                    write_all(file.fileno(), data)
            if sync:
                list(_syncing.map(sync_path, [aside for aside, _ in staged]))
            folders = {target.parent for _, target in staged}
            for folder in folders:
                folder.mkdir(exist_ok=True)
            for aside, target in staged:
                aside.rename(target)
            if sync:
                list(_syncing.map(sync_path, folders))
        finally:
            for aside, _ in staged:
                aside.unlink(missing_ok=True)

    def remove(self, names: list[str]) -> None:
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def scan(self) -> Iterator[tuple[str, os.stat_result]]:
        """(name, stat) of every object."""
        for shard in os.scandir(self.root):
            for entry in os.scandir(shard.path) if shard.is_dir() else ():
                if entry.name.endswith(self._suffix):
                    yield entry.name.removesuffix(self._suffix), entry.stat()


def write_all(fd: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_path(path: Path) -> None:
    """Make a file's bytes, or a folder's entries, durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
