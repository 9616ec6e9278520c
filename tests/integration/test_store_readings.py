"""Readings on a real TimescaleDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parkpulse.errors import ConflictError
from parkpulse.model import instants
from parkpulse.store import readings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.model.packed import FloatArray, Int32Array, Int64Array
    from parkpulse.store.pool import Connection, Database

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.transaction() as connection:
        yield connection


def rows(
    *triples: tuple[int, float, float],
) -> tuple[Int32Array, Int64Array, FloatArray]:
    """Series, hours since the start, value."""
    return (
        np.array([series for series, _, _ in triples], np.int32),
        np.array([at(hours) for _, hours, _ in triples], np.int64),
        np.array([value for _, _, value in triples], np.float64),
    )


def at(hours: float) -> int:
    return instants.to_us(START) + round(hours * instants.HOUR)


def everything(connection: Connection) -> list[tuple[int, int, float]]:
    found = readings.window(
        connection, range(100), START - timedelta(days=999), START + timedelta(days=999)
    )
    return list(
        zip(found.series.tolist(), found.ts.tolist(), found.value.tolist(), strict=True)
    )


def test_readings_come_back_bit_by_bit(connection: Connection) -> None:
    written = rows((1, 0, 0.1), (1, 1e-9, 1e-308), (2, -9000, -1e300), (2, 9000, 3.0))
    readings.insert(connection, *written)
    found = readings.window(
        connection, [1, 2], START - timedelta(days=400), START + timedelta(days=400)
    )
    assert np.array_equal(found.series, written[0])
    assert np.array_equal(found.ts, written[1])
    assert np.array_equal(found.value, written[2])
    assert found.quality.tolist() == [2, 2, 2, 2]


def test_a_conflict_adds_nothing_and_leaves_the_transaction_usable(
    connection: Connection,
) -> None:
    readings.insert(connection, *rows((1, 0, 1.0)))
    with pytest.raises(ConflictError):
        readings.insert(connection, *rows((1, -1, 9.0), (1, 0, 2.0), (1, 1, 9.0)))
    assert everything(connection) == [(1, at(0), 1.0)]


def test_stored_tells_which_keys_exist(connection: Connection) -> None:
    readings.insert(connection, *rows((1, 0, 1.0), (2, 500, 2.0)))
    series, ts, _ = rows((1, 0, 0.0), (1, 1, 0.0), (2, 500, 0.0), (3, 0, 0.0))
    for look_up in (readings.stored, readings.lock):
        exists, value, quality = look_up(connection, series, ts)
        assert exists.tolist() == [True, False, True, False]
        assert value[exists].tolist() == [1.0, 2.0]
        assert quality.tolist() == [2, 0, 2, 0]
        assert np.isnan(value[~exists]).all()


def test_replacing_changes_only_the_named_keys(connection: Connection) -> None:
    readings.insert(connection, *rows((1, 0, 1.0), (1, 1, 1.0), (2, 0, 1.0)))
    readings.replace(connection, *rows((1, 1, 5.0), (2, 0, 6.0)))
    assert everything(connection) == [(1, at(0), 1.0), (1, at(1), 5.0), (2, at(0), 6.0)]


def test_the_audit_keeps_what_was_replaced(connection: Connection) -> None:
    series, ts, old = rows((1, 0, 1.0), (1, 1, 2.0))
    readings.audit(connection, series, ts, old, old + 10, "correction")
    found = connection.execute(
        "select series, ts, old_value, new_value, cause from reading_audit order by ts"
    ).fetchall()
    assert found == [
        (1, START, 1.0, 11.0, "correction"),
        (1, START + timedelta(hours=1), 2.0, 12.0, "correction"),
    ]


def test_what_a_sender_says_of_a_reading_is_kept(connection: Connection) -> None:
    series, ts, value = rows((1, 0, 1.0), (1, 1, 2.0))
    readings.insert(connection, series, ts, value, np.array([3, 4], np.uint8))
    readings.replace(connection, series, ts, value + 1, np.array([4, 2], np.uint8))
    old_quality = np.array([3, 4], np.uint8)
    readings.audit(connection, series, ts, value, value + 1, "correction", old_quality)
    found = readings.window(connection, [1], START, START + timedelta(hours=2))
    assert found.quality.tolist() == [4, 2]
    audited = connection.execute("select old_quality from reading_audit order by ts")
    assert audited.fetchall() == [(3,), (4,)]


def test_nothing_may_be_handed_over(connection: Connection) -> None:
    empty = rows()
    readings.insert(connection, *empty)
    readings.replace(connection, *empty)
    readings.audit(connection, *empty, empty[2], "correction")
    exists, value, _ = readings.stored(connection, *empty[:2])
    assert (len(exists), len(value)) == (0, 0)
    assert everything(connection) == []


def test_a_window_is_half_open(connection: Connection) -> None:
    readings.insert(connection, *rows((1, 0, 0.0), (1, 1, 1.0), (1, 2, 2.0)))
    found = readings.window(connection, [1], START, START + timedelta(hours=2))
    assert found.value.tolist() == [0.0, 1.0]
