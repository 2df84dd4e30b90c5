"""The store itself, with a clock of our own."""

from pathlib import Path

import pytest

from wakunode.message import Envelope, WakuMessage
from wakunode.retention import Retention, RetentionError
from wakunode.store import CURSOR_GRACE_SECONDS, InvalidQuery, Query, Store, StoreError

SECOND = 10**9
TOPIC = "/waku/2/rs/16/32"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    now = [1_700_000_000 * SECOND]
    monkeypatch.setattr("wakunode.store.time.time_ns", lambda: now[0])
    return now


def put(store: Store, text: str, timestamp: int) -> bytes:
    envelope = Envelope(TOPIC, WakuMessage(text.encode(), "/a/1/b/p", timestamp=timestamp))
    assert store.put(envelope)
    return envelope.hash


def payloads(store: Store, **query: object) -> list[str]:
    return [stored.envelope.message.payload.decode() for stored in store.query(Query(**query)).messages]


def rows(store: Store) -> int:
    return store._db.execute("SELECT count(*) FROM messages").fetchone()[0]


def test_retention_hides_at_once_and_deletes_later(tmp_path: Path, clock: list[int]) -> None:
    store = Store(str(tmp_path / "db"), Retention.parse("time:60"))
    first = put(store, "a", clock[0])
    put(store, "b", clock[0] + SECOND)
    clock[0] += 60 * SECOND
    assert payloads(store) == ["a", "b"]
    clock[0] += 1
    assert payloads(store) == ["b"] and payloads(store, hashes=(first,)) == []
    assert store.purge() == 0 and payloads(store, cursor=first) == ["b"]
    clock[0] += CURSOR_GRACE_SECONDS * SECOND
    assert store.purge() == 1 and rows(store) == 1
    with pytest.raises(InvalidQuery, match="cursor not found"):
        payloads(store, cursor=first)


def test_retention_by_capacity_keeps_the_youngest(tmp_path: Path, clock: list[int]) -> None:
    store = Store(str(tmp_path / "db"), Retention.parse("capacity:2"))
    for second, text in enumerate("abc"):
        put(store, text, clock[0] + second)
    assert store.purge() == 1 and payloads(store) == ["b", "c"]


def test_without_retention_nothing_goes(tmp_path: Path, clock: list[int]) -> None:
    store = Store(str(tmp_path / "db"), Retention.parse("none"))
    put(store, "a", clock[0])
    clock[0] += 10**10 * SECOND // 2
    assert store.purge() == 0 and payloads(store) == ["a"]


@pytest.mark.parametrize("policy", ["time", "time:", "time:0", "time:-1", "time:1.5", "size:1GB", "forever", "time:²"])
def test_a_bad_policy_is_named(policy: str) -> None:
    with pytest.raises(RetentionError, match="is not served"):
        Retention.parse(policy)


def test_a_message_without_time_is_kept_under_the_present(tmp_path: Path, clock: list[int]) -> None:
    store = Store(str(tmp_path / "db"), Retention())
    put(store, "a", 0)
    assert payloads(store, start_time=clock[0], end_time=clock[0]) == ["a"]


def test_a_database_that_cannot_be_opened_or_written_is_an_error(tmp_path: Path, clock: list[int]) -> None:
    with pytest.raises(StoreError, match="cannot open the message database"):
        Store(str(tmp_path / "missing" / "db"), Retention())
    (tmp_path / "text").write_text("no database, but long enough to be taken for a damaged one" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store(str(tmp_path / "text"), Retention())
    store = Store(str(tmp_path / "db"), Retention())
    store._db.execute("PRAGMA query_only=TRUE")
    with pytest.raises(StoreError, match="cannot store message"):
        put(store, "a", clock[0])
    assert store.fault
    store._db.execute("PRAGMA query_only=FALSE")
    put(store, "a", clock[0])
    assert store.fault is None


def test_queries_use_an_index(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "db"), Retention(seconds=60))
    seen: list[str] = []
    store._db.set_trace_callback(seen.append)
    store.query(Query(content_topics=("/a/1/b/p",), start_time=5))
    store.query(Query())
    store._db.set_trace_callback(None)
    for sql in seen:
        plan = " ".join(row[3] for row in store._db.execute(f"EXPLAIN QUERY PLAN {sql}"))
        assert "USING INDEX" in plan and "TEMP B-TREE" not in plan, plan
