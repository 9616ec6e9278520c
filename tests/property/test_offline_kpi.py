from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkpulse.model import instants
from parkpulse.offline.files import Table
from parkpulse.offline.kpi import figures, spec
from parkpulse.offline.kpi.columns import Reader
from parkpulse.offline.kpi.figures import Asked, Row

if TYPE_CHECKING:
    from parkpulse.offline.kpi.civil import Period

ZONE = ZoneInfo("Asia/Shanghai")
COLUMNS = spec.columns(
    ["total=total:power_kw", "it=it_ups:interval_kwh", "cool=cooling:register_kwh"],
    [],
    [],
)
AMOUNTS = st.one_of(st.just(np.nan), st.floats(0.0, 50.0))


def _rows(table: Table) -> list[Row]:
    reader = Reader(ZONE, "start", instants.HOUR)
    meters = [reader.meter(column, table.sorted()) for column in COLUMNS]
    return figures.rows(meters, Asked("day", ZONE))


def _table(total: list[float], it: list[float]) -> Table:
    count = min(len(total), len(it))
    ts = np.arange(count) * 15 * instants.MINUTE
    columns = {
        "total": 1000.0 + np.array(total[:count]),
        "it": 100.0 + np.array(it[:count]),
        "cool": np.cumsum(np.full(count, 2.5)),
    }
    return Table(ts, np.arange(count), columns, ())


def _take(table: Table, which: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Table:
    columns = {name: value[which] for name, value in table.columns.items()}
    return Table(table.ts[which], table.line[which], columns, ())


TABLES = st.builds(
    _table,
    st.lists(AMOUNTS, min_size=30, max_size=120),
    st.lists(AMOUNTS, min_size=30, max_size=120),
)


@settings(max_examples=40, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(table: Table, random: object) -> None:
    order = list(range(len(table)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert _rows(_take(table, np.array(order))) == _rows(table)


WHOLE = st.lists(st.floats(0.0, 50.0), min_size=30, max_size=120)


@settings(max_examples=40, deadline=None)
@given(st.builds(_table, WHOLE, WHOLE), st.data())
def test_a_file_cut_in_two_has_its_energy(table: Table, data: st.DataObject) -> None:
    cut = data.draw(st.integers(8, len(table) - 8))
    rows = np.arange(len(table))
    # The row at the cut belongs to both where a register needs it.
    first, second = _take(table, rows[: cut + 1]), _take(table, rows[cut:])
    whole = _amounts(table)
    parts = _amounts(first) + _amounts(second)
    shared = _amounts(_take(table, rows[cut : cut + 1]), alone=15 * instants.MINUTE)
    parts[:2] -= shared[:2]
    assert parts == pytest.approx(whole, rel=1e-12)


def _amounts(
    table: Table, alone: int = instants.HOUR
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    reader = Reader(ZONE, "start", alone)
    meters = [reader.meter(column, table) for column in COLUMNS]
    return np.array([float(meter.segments.amount.sum()) for meter in meters])


@settings(max_examples=40, deadline=None)
@given(TABLES, st.sampled_from(["day", "month", "all"]))
def test_what_is_told_explains_the_coverage(table: Table, period: Period) -> None:
    reader = Reader(ZONE, "start", 15 * instants.MINUTE)
    meters = [reader.meter(column, table.sorted()) for column in COLUMNS]
    for row in figures.rows(meters, Asked(period, ZONE)):
        for column in row.columns:
            told = [f for f in row.findings if f.column in {column.column, None}]
            lost = sum(finding.effect_on_coverage for finding in told)
            assert column.coverage - 1.0 == pytest.approx(lost, abs=1e-9)
