import signal
import subprocess
import sys
from pathlib import Path

import pytest

from status_backend.db import Database, DatabaseError

NODE = Path(__file__).parents[1]
SECRET = "a quite readable secret"


@pytest.fixture
def db(tmp_path):
    database = Database.open(tmp_path / "a.db", "key", 10)
    database.migrate("test", ["CREATE TABLE t (x TEXT)"])
    yield database
    database.close()


def rows(db: Database) -> list[str]:
    return [row["x"] for row in db.query("SELECT x FROM t ORDER BY rowid")]


@pytest.mark.parametrize("key", ["other", "KEY", None])
def test_only_the_key_opens(db, key):
    with pytest.raises(DatabaseError, match="failed to set `journal_mode` pragma: file is not a database"):
        Database.open(db.path, key, 10)


def test_number_of_rounds_is_part_of_the_key(db):
    with pytest.raises(DatabaseError):
        Database.open(db.path, "key", 11)


def test_a_quote_in_the_key(tmp_path):
    Database.open(tmp_path / "q.db", "it's", 10).close()
    Database.open(tmp_path / "q.db", "it's", 10).close()


def test_nothing_is_readable_on_disk(db):
    db.execute("INSERT INTO t VALUES (?)", (SECRET,))
    files = list(db.path.parent.iterdir())
    assert {file.name for file in files} >= {"a.db", "a.db-wal"}
    for file in files:
        assert SECRET.encode() not in file.read_bytes()
        assert b"SQLite format" not in file.read_bytes()


def test_transaction_is_all_or_nothing(db):
    with pytest.raises(ZeroDivisionError), db.transaction():
        db.execute("INSERT INTO t VALUES ('lost')")
        1 / 0
    with db.transaction():
        db.execute("INSERT INTO t VALUES ('outer')")
        with pytest.raises(ZeroDivisionError), db.transaction():
            db.execute("INSERT INTO t VALUES ('inner')")
            1 / 0
        with db.transaction():
            db.execute("INSERT INTO t VALUES ('second')")
    assert rows(db) == ["outer", "second"]


def test_steps_run_once_and_later_ones_are_added(db):
    steps = ["CREATE TABLE t (x TEXT)", "INSERT INTO t VALUES ('a;b'); INSERT INTO t VALUES ('c')"]
    db.migrate("test", steps)
    db.migrate("test", steps)
    assert rows(db) == ["a;b", "c"]


def test_a_failing_step_leaves_nothing(db):
    with pytest.raises(Exception, match="nowhere"):
        db.migrate("test", ["", "INSERT INTO t VALUES ('half'); INSERT INTO nowhere VALUES (1)"])
    assert rows(db) == []


def test_a_newer_database_is_refused(db):
    with pytest.raises(DatabaseError, match="know only 0"):
        db.migrate("test", [])


def test_rekey(db):
    db.execute("INSERT INTO t VALUES ('kept')")
    db.rekey("new")
    db.close()
    with pytest.raises(DatabaseError):
        Database.open(db.path, "key", 10)
    again = Database.open(db.path, "new", 10)
    assert rows(again) == ["kept"]
    again.close()


WRITER = """
import os, sys
from pathlib import Path
from status_backend.db import Database
db = Database.open(Path(sys.argv[1]), "key", 10)
db.execute("CREATE TABLE t (x TEXT)")
db.execute("INSERT INTO t VALUES ('committed')")
db.execute("BEGIN")
db.execute("INSERT INTO t VALUES ('not committed')")
os.kill(os.getpid(), 9)
"""


def test_kill_loses_only_what_was_not_committed(tmp_path):
    path = tmp_path / "killed.db"
    done = subprocess.run([sys.executable, "-c", WRITER, path], cwd=NODE)
    assert done.returncode == -signal.SIGKILL
    db = Database.open(path, "key", 10)
    assert rows(db) == ["committed"]
    db.close()
