"""An encrypted SQLite database (SQLCipher), or a plain one where there is no secret to keep.

One connection, WAL, synchronous=FULL: what a finished transaction wrote survives kill -9. Calls are synchronous; the
rows here are small enough to be read and written on the event loop's thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlcipher3
from sqlcipher3 import Row

# The original's parameters, which are not SQLCipher's defaults.
_CIPHER = (
    "PRAGMA cipher_page_size = 8192",
    "PRAGMA cipher_hmac_algorithm = HMAC_SHA1",
    "PRAGMA cipher_kdf_algorithm = PBKDF2_HMAC_SHA1",
)


class DatabaseError(Exception):
    """The database cannot be opened: wrong key, or not a database."""


class Database:
    """Key and number of key derivation rounds are given at opening: deriving takes about 0.1 s for 256000 rounds."""

    def __init__(self, connection: sqlcipher3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._depth = 0

    @classmethod
    def open(cls, path: Path, key: str | None = None, kdf_iterations: int = 256000) -> Database:
        """Open or create; plain SQLite without `key`. A wrong key is a DatabaseError. May run in any thread."""
        connection = sqlcipher3.connect(path, isolation_level=None, check_same_thread=False)
        connection.row_factory = Row
        try:
            if key is not None:
                connection.execute("PRAGMA cipher_log_level = NONE")  # it would print to our stderr
                connection.execute(f"PRAGMA key = {_quote(key)}")
                connection.execute(f"PRAGMA kdf_iter = {int(kdf_iterations)}")
                for pragma in _CIPHER:
                    connection.execute(pragma)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlcipher3.DatabaseError as error:
            connection.close()
            raise DatabaseError(f"failed to open database: failed to set `journal_mode` pragma: {error}") from error
        return cls(connection, path)

    def execute(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> sqlcipher3.Cursor:
        return self._connection.execute(sql, params)

    def query(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        return self.execute(sql, params).fetchall()

    def one(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        return self.execute(sql, params).fetchone()

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """All or nothing. Nestable: an inner one that fails undoes only its own part."""
        level = self._depth
        self.execute("BEGIN IMMEDIATE" if level == 0 else f"SAVEPOINT level_{level}")
        self._depth += 1
        try:
            yield self
        except BaseException:
            self.execute("ROLLBACK" if level == 0 else f"ROLLBACK TO level_{level}")
            if level:
                self.execute(f"RELEASE level_{level}")
            raise
        else:
            self.execute("COMMIT" if level == 0 else f"RELEASE level_{level}")
        finally:
            self._depth = level

    def migrate(self, component: str, steps: Sequence[str]) -> None:
        """Run those of `steps` (each one or more statements) that this database has not seen yet.

        Each component owns its tables and only ever appends to its list of steps.
        """
        self.execute("CREATE TABLE IF NOT EXISTS migrations (component TEXT PRIMARY KEY, done INTEGER NOT NULL)")
        row = self.one("SELECT done FROM migrations WHERE component = ?", (component,))
        done = row["done"] if row else 0
        if done > len(steps):
            raise DatabaseError(f"{self.path.name}: {component} is at step {done}, we know only {len(steps)}")
        for number, step in enumerate(steps[done:], start=done + 1):
            with self.transaction():
                for statement in _statements(step):
                    self.execute(statement)
                self.execute("REPLACE INTO migrations (component, done) VALUES (?, ?)", (component, number))

    def rekey(self, key: str) -> None:
        """Encrypt the whole file under another key. The write-ahead log is emptied first: nothing old stays behind."""
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.execute("PRAGMA journal_mode = DELETE")
        self.execute(f"PRAGMA rekey = {_quote(key)}")
        self.execute("PRAGMA journal_mode = WAL")

    def close(self) -> None:
        self._connection.close()


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _statements(script: str) -> Iterator[str]:
    """A script's statements: executescript() would commit the transaction that is open around them."""
    buffer = ""
    for piece in script.split(";"):
        buffer += piece + ";"
        if sqlcipher3.complete_statement(buffer):
            if buffer.strip(" \n\t;"):
                yield buffer
            buffer = ""
