"""The table of newest readings says what a plain loop over all readings says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parkpulse.model.packed import ReadingArrays
from parkpulse.query.newest import NEVER, NewestTable

ROW = st.tuples(st.integers(1, 5), st.integers(0, 6), st.integers(0, 3))
BATCHES = st.lists(st.lists(ROW, max_size=12), max_size=6)
ALL = np.arange(1, 6, dtype=np.int32)


def arrays(rows: list[tuple[int, int, int]]) -> ReadingArrays:
    return ReadingArrays(
        np.array([series for series, _, _ in rows], np.int32),
        np.array([ts for _, ts, _ in rows], np.int64),
        np.array([value for _, _, value in rows], np.float64),
        np.full(len(rows), 2, np.uint8),
    )


def naive(batches: list[list[tuple[int, int, int]]]) -> dict[int, tuple[int, int]]:
    newest: dict[int, tuple[int, int]] = {}
    for batch in batches:
        for series, ts, value in batch:
            if series not in newest or ts >= newest[series][0]:
                newest[series] = (ts, value)
    return newest


def content(table: NewestTable) -> dict[int, tuple[int, float]]:
    found = table.read(ALL)
    return {
        series: (ts, value)
        for series, ts, value in zip(
            found.series.tolist(), found.ts.tolist(), found.value.tolist(), strict=True
        )
        if ts != NEVER
    }


@given(BATCHES)
def test_newest_of_all(batches: list[list[tuple[int, int, int]]]) -> None:
    table = NewestTable()
    for batch in batches:
        table.merge(arrays(batch))
    assert content(table) == naive(batches)


@given(BATCHES, st.integers(0, 6))
def test_changes_since_a_version(
    batches: list[list[tuple[int, int, int]]], known: int
) -> None:
    table = NewestTable()
    for batch in batches[:known]:
        table.merge(arrays(batch))
    before, version = content(table), table.version
    for batch in batches[known:]:
        table.merge(arrays(batch))
    after = content(table)
    changed = set(table.changed(ALL, version).series.tolist())
    assert {
        series for series in after if after[series] != before.get(series)
    } <= changed
    assert table.last_change(ALL) <= table.version


def test_the_same_again_is_no_change() -> None:
    table = NewestTable()
    table.merge(arrays([(1, 5, 1), (2, 5, 2)]))
    version = table.version
    table.merge(arrays([(1, 5, 1), (2, 5, 3)]))
    assert table.changed(ALL, version).series.tolist() == [2]


def test_it_grows_and_forgets_nothing() -> None:
    table = NewestTable()
    table.merge(arrays([(1, 5, 1)]), received=7)
    table.merge(arrays([(100_000, 6, 2)]), received=8)
    found = table.read(np.array([1, 100_000, 200_000], np.int32))
    assert found.ts.tolist() == [5, 6, NEVER]
    assert found.received.tolist() == [7, 8, NEVER]
    assert table.changed(np.array([1, 100_000], np.int32), 1).series.tolist() == [
        100_000
    ]
