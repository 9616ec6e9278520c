"""The batch log on a real TimescaleDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parkpulse.model import packed
from parkpulse.store import batchlog, pool

if TYPE_CHECKING:
    from parkpulse.store.pool import Database


def changes(*values: float) -> packed.ChangeArrays:
    count = len(values)
    return packed.ChangeArrays(
        np.arange(count, dtype=np.int32),
        np.arange(count, dtype=np.int64) * 1_000_000,
        np.array(values, np.float64),
        np.zeros(count, np.uint8),
    )


def append(database: Database, writer: str, *slots: int) -> None:
    with database.transaction() as connection:
        batchlog.append(connection, writer, {slot: changes(slot) for slot in slots})


def keys(batches: list[packed.LoggedBatch]) -> list[tuple[int, str, int]]:
    return [(batch.slot, batch.writer, batch.n) for batch in batches]


def test_what_is_appended_is_read_back(database: Database) -> None:
    written = changes(1.5, -0.0, 1e300)
    with database.transaction() as connection:
        batchlog.append(connection, "ingest-1", {3: written})
        (batch,) = batchlog.read(connection, "alerts", [3], 10)
    assert (batch.slot, batch.writer, batch.n) == (3, "ingest-1", 1)
    for name in ("series", "ts", "value", "flag"):
        assert np.array_equal(getattr(batch, name), getattr(written, name))


def test_numbers_are_gapless_for_each_slot_and_writer(database: Database) -> None:
    append(database, "ingest-1", 1, 2)
    append(database, "ingest-2", 2)
    append(database, "ingest-1", 2)
    with database.transaction() as connection:
        found = batchlog.read(connection, "alerts", [1, 2], 10)
    assert keys(found) == [
        (1, "ingest-1", 1),
        (2, "ingest-1", 1),
        (2, "ingest-1", 2),
        (2, "ingest-2", 1),
    ]


def test_a_rolled_back_batch_leaves_no_gap(database: Database) -> None:
    append(database, "ingest-1", 1)
    with database.transaction() as connection:
        batchlog.append(connection, "ingest-1", {1: changes(9.0)})
        connection.rollback()
    append(database, "ingest-1", 1)
    with database.transaction() as connection:
        found = batchlog.read(connection, "alerts", [1], 10)
    assert [batch.n for batch in found] == [1, 2]


def test_empty_changes_are_not_logged(database: Database) -> None:
    with database.transaction() as connection:
        batchlog.append(connection, "ingest-1", {1: changes(), 2: changes(1.0)})
        assert keys(batchlog.tail(connection, {}, 10)) == [(2, "ingest-1", 1)]


def test_a_consumer_goes_on_where_it_stood(database: Database) -> None:
    for _ in range(5):
        append(database, "ingest-1", 1)
    with database.transaction() as connection:
        first = batchlog.read(connection, "alerts", [1], 3)
        batchlog.advance(connection, "alerts", {(1, "ingest-1"): first[-1].n})
        batchlog.advance(connection, "alerts", {(1, "ingest-1"): 1})
        assert batchlog.positions(connection, "alerts") == {(1, "ingest-1"): 3}
        assert [b.n for b in batchlog.read(connection, "alerts", [1], 9)] == [4, 5]
        assert len(batchlog.read(connection, "kpis", [1], 9)) == 5
        assert batchlog.read(connection, "alerts", [2], 9) == []


def test_a_follower_sees_what_is_new_to_it(database: Database) -> None:
    append(database, "ingest-1", 1, 2)
    with database.transaction() as connection:
        seen = batchlog.heads(connection)
    append(database, "ingest-1", 2)
    append(database, "ingest-9", 5)
    with database.transaction() as connection:
        found = batchlog.tail(connection, seen, 10)
    assert keys(found) == [(2, "ingest-1", 2), (5, "ingest-9", 1)]


def test_pruning_waits_for_the_slowest_consumer(database: Database) -> None:
    for _ in range(3):
        append(database, "ingest-1", 1)
    with database.transaction() as connection:
        batchlog.advance(connection, "alerts", {(1, "ingest-1"): 3})
        assert batchlog.prune(connection, ["alerts", "kpis"], 0) == 0
        batchlog.advance(connection, "kpis", {(1, "ingest-1"): 2})
    with database.transaction() as connection:
        assert batchlog.prune(connection, ["alerts", "kpis"], 3600) == 0
        assert batchlog.prune(connection, ["alerts", "kpis"], 0) == 2
        assert [b.n for b in batchlog.tail(connection, {}, 9)] == [3]


def test_listeners_are_told(database: Database) -> None:

    with database.listen(batchlog.CHANNEL) as connection:
        append(database, "ingest-1", 1)
        assert pool.wait_for_notification(connection, 5.0)
