"""A pytest plugin for the scripts: writes the node ids of a collection to the file that DISCOVERED_TESTS names.

pytest prints them too, but how depends on its verbosity, and among whatever else it prints.
"""

import os
from pathlib import Path

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    Path(os.environ["DISCOVERED_TESTS"]).write_text("".join(f"{item.nodeid}\n" for item in session.items))
