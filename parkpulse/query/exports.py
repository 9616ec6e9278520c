"""Readings and roll-ups of many series, block by block, so that any length fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import instants
from parkpulse.query import courses
from parkpulse.store import exports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.query.catalogue import Catalogue, Park
    from parkpulse.query.series import Entry
    from parkpulse.store.pool import Database

Resolution = Literal["raw", "1m", "1h", "1d"]
MOST_SERIES = 10_000
MOST_ROWS = 1_000_000_000
"""About as many rows as one export may have."""
BLOCK = 20_000
"""Most readings that are read at once."""
_WINDOW = {"1m": 7 * instants.DAY, "1h": 366 * instants.DAY, "1d": 3660 * instants.DAY}
"""Stretch of a tier that is read at once. [us]"""


class Statistics(NamedTuple):
    """What a roll-up says besides the value; arrays of shape (n,)."""

    low: FloatArray
    high: FloatArray
    number: Int64Array
    """Of readings."""


class Block(NamedTuple):
    """Rows of one series by time; arrays of shape (n,)."""

    series: Source
    ts: Int64Array
    """[us since 1970 UTC]"""
    value: FloatArray
    quality: Int64Array | None
    """QARTOD flag; None for roll-ups."""
    statistics: Statistics | None
    """None for readings."""


@dataclass(frozen=True, slots=True)
class Source:
    """A series as its rows name it."""

    id: int
    place: str
    device: str
    metric: str
    unit: str


@dataclass(frozen=True, slots=True)
class Export:
    """Which rows are wanted."""

    sources: Sequence[Source]
    start: datetime
    end: datetime
    resolution: Resolution


def entries(catalogue: Catalogue, park: Park, ids: Sequence[int]) -> list[Entry]:
    """Find series of a park by id, each once, in the order asked for.

    Raises
    ------
    NotFoundError
        The park has no such series.
    """
    found = [catalogue.series(each) for each in dict.fromkeys(ids)]
    for each in found:
        if each.park.row.id != park.row.id:
            kind = "series"
            raise NotFoundError(kind, str(each.series.id))
    return [(each.device, each.series) for each in found]


def plan(
    wanted: Sequence[Entry], start: datetime, end: datetime, resolution: Resolution
) -> Export:
    """Check what is wanted.

    Raises
    ------
    InvalidRequestError
        There is no series, the stretch is empty, or there would be too many rows.
    """
    _check(wanted, start, end)
    seconds = (end - start).total_seconds()
    every = [_spacing_s(each.report_interval_s, resolution) for _, each in wanted]
    if sum(seconds / each for each in every) > MOST_ROWS:
        code, message = "export_too_long", "too many rows"
        raise InvalidRequestError(code, message, "start")
    sources = [
        Source(
            series.id,
            device.place or "",
            device.code,
            series.metric.name,
            series.metric.unit,
        )
        for device, series in wanted
    ]
    return Export(sources, start, end, resolution)


def _check(wanted: Sequence[Entry], start: datetime, end: datetime) -> None:
    if end <= start:
        code, message = "range_empty", "the end is not after the start"
        raise InvalidRequestError(code, message, "end")
    if not wanted:
        code, message = "no_series", "nothing is chosen"
        raise InvalidRequestError(code, message, "series")
    if len(wanted) > MOST_SERIES:
        code, message = "export_too_long", "too many series"
        raise InvalidRequestError(code, message, "series")


def _spacing_s(interval_s: int, resolution: Resolution) -> float:
    if resolution == "raw":
        return interval_s
    return max(interval_s, courses.width_of(resolution) / instants.SECOND)


def blocks(database: Database, export: Export) -> Iterator[Block]:
    """Read all rows by series, then time; no connection is held between blocks."""
    for source in export.sources:
        if export.resolution == "raw":
            yield from _readings(database, source, export)
        else:
            yield from _rollups(database, source, export, export.resolution)


def _readings(database: Database, source: Source, export: Export) -> Iterator[Block]:
    start, end = instants.to_us(export.start), instants.to_us(export.end)
    while start < end:
        with database.transaction() as conn:
            found = exports.readings(conn, source.id, start, end, BLOCK)
        ts = found["ts"]
        if len(ts):
            yield Block(source, ts, found["value"], found["quality"], None)
        if len(ts) < BLOCK:
            return
        start = int(ts[-1]) + 1


def _rollups(
    database: Database, source: Source, export: Export, tier: str
) -> Iterator[Block]:
    width, window = courses.width_of(tier), _WINDOW[tier]
    start, end = instants.to_us(export.start), instants.to_us(export.end)
    start = start // width * width
    with database.transaction() as conn:
        asked = courses.ask(conn, source.id, export.start, export.end)
        first = exports.first(conn, source.id)
    # Nothing is older than the first that is known: a century is not walked through.
    if first is None:
        return
    start = max(start, first // width * width)
    for low in range(start, end, window):
        with database.transaction() as conn:
            high = min(low + window, end)
            rows = courses.bucket_rows(conn, asked, tier, low, high)
        if len(rows):
            statistics = Statistics(rows.min, rows.max, rows.count)
            values = courses.values(asked, rows)
            yield Block(source, rows.start, values, None, statistics)
