"""The repository on disk. `Repository` is its only door."""

from .repository import Repository, Upload

__all__ = ["Repository", "Upload"]
