"""The quality tests as the engine runs them on rows of many series. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import health, qartod
from parkpulse.model import instants
from parkpulse.model import quality as model
from parkpulse.model.quality import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from analytics.qartod import Flags
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.model.quality import TestName
    from parkpulse.store.columns import Columns

    BoolArray = npt.NDArray[np.bool_]

_HEALTH: dict[str, tuple[TestName, Callable[[FloatArray], Flags]]] = {
    "battery_voltage": ("battery", health.voltage_flags),
    "battery_level": ("battery", health.level_flags),
    "rsrp": ("radio", health.rsrp_flags),
}
"""What is tested of a device's own health, by metric."""
METRICS = sorted({*model.shipped(), *_HEALTH})
"""Metrics of which there is more to test than gaps."""
CLOCK_S = (60.0, 180.0)
"""Suspect and failed lead of a reading over its receipt; ingest refuses 300 s. [s]"""
UNKNOWN = np.iinfo(np.int64).min
"""Time of a reading that is not known. [us]"""
NEVER = UNKNOWN + 1
"""Time of the newest reading of a series that is known to have none. [us]"""

NO_SERIES: Columns = {
    name: np.empty(0, np.int64)
    for name in ("id", "report_interval_s", "metric", "is_wall")
}


class Rows(NamedTuple):
    """Readings of series, sorted by series, then time; arrays of shape (n,)."""

    place: Int64Array
    """Position of the series in the catalogue."""
    ts: Int64Array
    value: FloatArray
    first: BoolArray
    """First row of a series here."""
    begun: Int64Array
    """For first rows: since when the value has stood at this. [us]"""


class Catalogue:
    """Series with their limits, and what was seen of them last.

    Parameters
    ----------
    found
        Series by id, as `parkpulse.store.quality.series` gives them for `METRICS`.
    """

    def __init__(self, found: Columns) -> None:
        self.id = found["id"]
        count = len(self.id)
        self._metric = found["metric"].astype(np.int16)
        # Series of the same metric and report interval have the same limits.
        pair = (found["report_interval_s"] << 16) | found["metric"]
        kinds, kind = np.unique(pair, return_inverse=True)
        names = [*METRICS, ""]
        table = [
            model.limits(names[each & 0xFFFF], each >> 16) for each in kinds.tolist()
        ]
        self._limits = np.array(table).reshape(len(kinds), len(Limits._fields))
        self._kind = kind.astype(np.int32)
        # The two newest readings, and since when the newest value has stood.
        self.ts = np.full((count, 2), UNKNOWN)
        self.value = np.full((count, 2), np.nan)
        self.begun = np.full(count, UNKNOWN)
        # Up to when readings of a series were tested.
        self.tested = np.full(count, UNKNOWN)
        self.is_wall = found["is_wall"] > 0

    def is_of(self, metric: str, place: Int64Array) -> BoolArray:
        """Tell which of these series are of a metric of health."""
        found: BoolArray = self._metric[place] == METRICS.index(metric)
        return found

    def places(self, series: Int64Array) -> tuple[Int64Array, BoolArray]:
        """Positions of series ids, and which of them are known."""
        if not len(self.id):
            return np.zeros(len(series), np.int64), np.zeros(len(series), np.bool_)
        place = np.minimum(np.searchsorted(self.id, series), len(self.id) - 1)
        return place, self.id[place] == series

    def take(self, older: Catalogue) -> None:
        """Take over what is known from an older list."""
        place, known = older.places(self.id)
        self.ts[known] = older.ts[place[known]]
        self.value[known] = older.value[place[known]]
        self.begun[known] = older.begun[place[known]]
        self.tested[known] = older.tested[place[known]]

    def limit(self, name: str, place: Int64Array) -> FloatArray:
        """Limits of these series by name."""
        column = Limits._fields.index(name)
        found: FloatArray = self._limits[self._kind[place], column]
        return found

    def flat_span(self, place: Int64Array) -> Int64Array:
        """For how long a value stands until the line is surely flat; 0: never. [us]."""
        flat = np.nan_to_num(self.limit("flat_fail_s", place))
        return (flat * instants.SECOND).astype(np.int64)

    def span(self, place: Int64Array) -> Int64Array:
        """How far a reading can matter for others. [us]."""
        gap = (self.limit("gap_s", place) * instants.SECOND).astype(np.int64)
        return np.maximum(self.flat_span(place), gap)

    def remember(self, rows: Rows, since: Int64Array) -> None:
        """Take the last two rows of each series as the newest.

        Parameters
        ----------
        rows
            Rows of which the last of each series is its newest.
        since : array, shape (n,)
            Since when the value of each row has stood.
        """
        last = np.append(np.flatnonzero(rows.first)[1:] - 1, len(rows.ts) - 1)
        before = np.where(rows.first[last], last, last - 1)
        place = rows.place[last]
        self.ts[place] = np.stack([rows.ts[before], rows.ts[last]], 1)
        self.value[place] = np.stack([rows.value[before], rows.value[last]], 1)
        self.begun[place] = since[last]

    def continued(self, place: Int64Array, ts: Int64Array, value: FloatArray) -> Rows:
        """Put what is known of series before their new rows, which are sorted."""
        which = np.unique(place)
        old = which[self.ts[which, 1] > NEVER]
        all_place = np.concatenate([np.repeat(old, 2), place])
        all_ts = np.concatenate([self.ts[old].ravel(), ts])
        all_value = np.concatenate([self.value[old].ravel(), value])
        order = np.lexsort((all_ts, all_place))
        found = rows(all_place[order], all_ts[order], all_value[order])
        # A series of a single reading so far has it twice.
        same = np.zeros(len(order), np.bool_)
        same[1:] = (np.diff(found.ts) == 0) & (np.diff(found.place) == 0)
        found = rows(found.place[~same], found.ts[~same], found.value[~same])
        start = np.flatnonzero(found.first)
        is_same = self.value[which, 0] == self.value[which, 1]
        found.begun[start] = np.where(is_same, self.begun[which], found.ts[start])
        return found


def rows(place: Int64Array, ts: Int64Array, value: FloatArray) -> Rows:
    """Make rows of which nothing is known before."""
    first = np.append([True], np.diff(place) != 0)[: len(place)]
    return Rows(place, ts, value, first, ts.copy())


def standing(found: Rows) -> Int64Array:
    """Since when the value of each row has stood unchanged. [us]."""
    changed = found.first.copy()
    changed[1:] |= found.value[1:] != found.value[:-1]
    index = np.where(changed, np.arange(len(changed)), 0)
    since: Int64Array = np.where(found.first, found.begun, found.ts)[
        np.maximum.accumulate(index)
    ]
    return since


def run(known: Catalogue, rows: Rows, since: Int64Array) -> dict[TestName, Flags]:
    """Flag all rows by all tests; a spike of the last row is not evaluated yet.

    Rows further apart than the gap are no neighbours. A line is flat when the very same
    value has stood for so long, unless it is one at which its metric rests.
    """
    get, place = known.limit, rows.place
    gap_s = get("gap_s", place)
    gap = qartod.gap(rows.ts, gap_s / 3600, first=rows.first)
    apart = rows.first | (gap == qartod.FAIL)
    stood = (rows.ts - since) / instants.SECOND
    stood[rows.value == get("rests_at", place)] = 0.0
    flat = np.full(len(stood), qartod.GOOD, np.uint8)
    flat[stood >= get("flat_suspect_s", place)] = qartod.SUSPECT
    flat[stood >= get("flat_fail_s", place)] = qartod.FAIL
    found: dict[TestName, Flags] = {
        "gross_range": qartod.gross_range(
            rows.value,
            (get("fail_low", place), get("fail_high", place)),
            (get("suspect_low", place), get("suspect_high", place)),
        ),
        "spike": qartod.spike(
            rows.value,
            get("spike_suspect", place),
            get("spike_fail", place),
            method="differential",
            first=apart,
        ),
        "rate_of_change": qartod.rate_of_change(
            rows.ts,
            rows.value,
            get("rate_suspect", place),
            get("rate_fail", place),
            first=apart,
        ),
        "flat_line": flat,
        "time_gap": gap,
    }
    return found | _health(known, rows)


def _health(known: Catalogue, rows: Rows) -> dict[TestName, Flags]:
    """Flag what batteries and radios say of themselves."""
    found: dict[TestName, Flags] = {}
    for metric, (test, judge) in _HEALTH.items():
        flags = found.setdefault(test, np.full(len(rows.ts), qartod.GOOD, np.uint8))
        mine = known.is_of(metric, rows.place)
        flags[mine] = judge(rows.value[mine])
    return found


def clock(lead_us: Int64Array) -> Flags:
    """Flag readings by how far they lie ahead of their receipt."""
    suspect, fail = (each * instants.SECOND for each in CLOCK_S)
    flags: Flags = np.where(
        lead_us >= fail, qartod.FAIL, np.where(lead_us >= suspect, qartod.SUSPECT, 1)
    ).astype(np.uint8)
    return flags
