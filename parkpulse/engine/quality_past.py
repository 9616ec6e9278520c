"""Reads what is known of series before they are tested, for many series at once.

After a start nothing is known of any series. What was consumed before is stored, and so
is what still waits in the log. Where a series' stored readings from its first waiting
one on are just those that wait, all before it is its past. Any other series has been
late, and is put down to be tested again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parkpulse.engine import quality_tests
from parkpulse.model import packed
from parkpulse.store import quality_states as store

if TYPE_CHECKING:
    from parkpulse.engine.quality_tests import Catalogue, Rows
    from parkpulse.model.packed import ChangeArrays, Int64Array
    from parkpulse.store.pool import Connection

MOST_BATCHES = 300
"""So much of the log is looked at; with more waiting, series are tested again."""


def recall(
    conn: Connection, known: Catalogue, place: Int64Array, waiting: ChangeArrays
) -> None:
    """Take up the past of series of which nothing is known.

    Parameters
    ----------
    conn
        Open connection.
    known
        Where it is kept.
    place : array, shape (n,)
        Places of some series in the catalogue, sorted, each once.
    waiting
        What of the log is not consumed, or the beginning of that.
    """
    low, count = _beginnings(known.id[place], waiting)
    place, low, count = (each[count > 0] for each in (place, low, count))
    if not len(place):
        return
    is_past = store.are_all(conn, known.id[place], low, count)
    if is_past.any():
        _take(conn, known, place[is_past], low[is_past])


def _beginnings(
    series: Int64Array, waiting: ChangeArrays
) -> tuple[Int64Array, Int64Array]:
    """First waiting reading of each series [us], and their number; 0 if corrected."""
    at = np.minimum(np.searchsorted(series, waiting.series), len(series) - 1)
    mine = series[at] == waiting.series
    at = at[mine]
    low = np.full(len(series), np.iinfo(np.int64).max)
    np.minimum.at(low, at, waiting.ts[mine])
    count = np.bincount(at, minlength=len(series))
    count[at[(waiting.flag[mine] & packed.CORRECTION) > 0]] = 0
    return low, count


def _take(
    conn: Connection, known: Catalogue, place: Int64Array, low: Int64Array
) -> None:
    past = store.before(conn, known.id[place], low)
    last = low.copy()
    last[past.position] = past.ts  # the newer one of two comes last
    # Findings of what is not consumed yet are those of a test of what lies before: they
    # may be wrong by now, and must be taken back.
    judged = store.judged(conn, known.id[place], low, last)
    mine = ~np.isin(known.id[place], judged)
    known.ts[place[mine]] = quality_tests.NEVER
    mine = mine[past.position]
    rows = quality_tests.rows(
        place[past.position[mine]], past.ts[mine], past.value[mine]
    )
    if len(rows.ts):
        known.remember(rows, _since(conn, known, rows))


def _since(conn: Connection, known: Catalogue, rows: Rows) -> Int64Array:
    """Since when values have stood, where lines are tested for flatness. [us]."""
    since, span = quality_tests.standing(rows), known.flat_span(rows.place)
    lasts = np.flatnonzero((since < rows.ts) & (span > 0))
    if len(lasts):
        place, ts, value = rows.place[lasts], rows.ts[lasts], rows.value[lasts]
        since[lasts] = store.standing(conn, known.id[place], ts, value, span[lasts])
    return since
