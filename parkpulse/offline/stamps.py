"""Texts and numbers of a time column become instants."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from parkpulse.model import instants
from parkpulse.offline import written, zones

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array

    BoolArray = npt.NDArray[np.bool_]

FIRST = -631_152_000 * instants.SECOND
"""No plausible time lies before 1950. [us since 1970 UTC]"""
LAST = 7_258_118_400 * instants.SECOND
"""No plausible time lies after 2200. [us since 1970 UTC]"""
_SECONDS_BELOW, _MS_BELOW, _US_BELOW = 1e11, 1e14, 1e17
_MAX_HOUR, _MAX_MINUTE, _LEAP_SECOND, _DAY_S = 23, 59, 60, 86_400
_NUMBER = r"^[+-]?[0-9]+(?:\.[0-9]*)?$"
_COMPACT = (
    r"^(?P<year>(?:19|20)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?)?$"
)
_STAMP = (
    r"^(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})"
    r"(?:[Tt _]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" *(?P<zone>[Zz]|UTC|GMT|(?P<sign>[+-])(?P<zone_hour>[0-9]{2}):?"
    r"(?P<zone_minute>[0-9]{2})?)?)?$"
)

_SERIALS = (20_000.0, 100_000.0)
"""Days of a spreadsheet, which count from the end of 1899: 1954 to 2173."""
_SERIAL_1970 = 25_569
_YEARS = (1990.0, 2100.0)


class Stamps(NamedTuple):
    """Instants of the rows of a file.

    Parameters
    ----------
    ts : array, shape (n,)
        0 where there is none. [us since 1970 UTC]
    bad : array, shape (n,)
        Whether the row has no time that can be read.
    skipped : array, shape (n,)
        Whether clocks were put forward over the local time, so that it never was.
    unsure : array, shape (n,)
        Whether the local time happened twice and stands only once in the file.
    """

    ts: Int64Array
    bad: BoolArray
    skipped: BoolArray
    unsure: BoolArray


class _Parsed(NamedTuple):
    """Times [us], which of them are without zone, and which were read at all."""

    ts: Int64Array
    local: BoolArray
    good: BoolArray


def read(values: pa.Array, where: ZoneInfo) -> Stamps:
    """Instants of a time column: texts, numbers or Arrow's own times.

    Texts are RFC 3339, the same without a zone (then local times of `where`), with `/`
    or `.` between, Chinese (`2026年1月31日 8时30分`), months (`2026-01`), compact
    (`20260131235959`), with the month's English name, with the year last
    (`31.01.2026`, `1/31/2026 11:30 PM`) where the column shows which of the others is
    the day, or numbers. Numbers are epoch seconds, milliseconds, microseconds or
    nanoseconds by their size; local days of a spreadsheet (46023.5) or years if all of
    them can be. Where a local time happened twice, its first row in the file is the
    earlier.
    """
    parsed = _parse(values)
    good = parsed.good & (parsed.ts >= FIRST) & (parsed.ts <= LAST)
    local = good & parsed.local
    ts = np.where(good, parsed.ts, 0)
    skipped, unsure = np.zeros_like(good), np.zeros_like(good)
    if local.any():
        found = zones.of_local(ts[local], where)
        second = _repeats(found)
        twice = found.later > found.earlier
        ts[local] = np.where(second, found.later, found.earlier)
        skipped[local] = ~found.exists
        once = ~np.isin(found.earlier, found.earlier[second])
        unsure[local] = twice & once & found.exists
    return Stamps(ts, ~good, skipped, unsure)


def _repeats(found: zones.Instants) -> BoolArray:
    """Rows whose local time happened twice and stands in the file before them."""
    repeated = np.zeros(len(found.earlier), np.bool_)
    twice = np.flatnonzero(found.later > found.earlier)
    _, first = np.unique(found.earlier[twice], return_index=True)
    repeated[np.delete(twice, first)] = True
    return repeated


def _parse(values: pa.Array) -> _Parsed:
    kind = values.type
    if pa.types.is_date(kind):
        values = values.cast(pa.timestamp("us"))
        kind = values.type
    if pa.types.is_timestamp(kind):
        return _parsed(values, kind.tz is None)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _epochs(values.cast(pa.float64(), safe=False))
    return _texts(pc.utf8_trim_whitespace(values.cast(pa.string())))


def _parsed(values: pa.Array, is_local: bool) -> _Parsed:  # noqa: FBT001 - a fact
    us = values.cast(pa.timestamp("us", values.type.tz), safe=False)
    ts = us.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    good = values.is_valid().to_numpy(zero_copy_only=False)
    return _Parsed(ts, np.full(len(ts), is_local), good)


def _epochs(values: pa.Array) -> _Parsed:
    number: FloatArray = values.to_numpy(zero_copy_only=False)
    local = _local(number)
    if local is not None:
        return local
    size = np.abs(number)
    factor = np.select(
        [size < _SECONDS_BELOW, size < _MS_BELOW, size < _US_BELOW],
        [1e6, 1e3, 1.0],
        1e-3,
    )
    good = np.isfinite(number) & (size * factor < 2.0**62)
    ts = np.rint(np.where(good, number, 0.0) * factor).astype(np.int64)
    return _Parsed(ts, np.zeros(len(ts), np.bool_), good)


def _local(number: FloatArray) -> _Parsed | None:
    """Local times if all numbers are days of a spreadsheet, or all are years."""
    good = np.isfinite(number)
    given = number[good]
    if not len(given):
        return None
    low, high = float(given.min()), float(given.max())
    if _SERIALS[0] <= low and high < _SERIALS[1]:
        seconds = np.rint((np.where(good, number, 0.0) - _SERIAL_1970) * _DAY_S)
        ts = seconds.astype(np.int64) * instants.SECOND
    elif _YEARS[0] <= low and high < _YEARS[1] and (given % 1.0 == 0.0).all():
        years = np.where(good, number, 1970.0).astype(np.int64) - 1970
        ts = years.astype("datetime64[Y]").astype("datetime64[us]").astype(np.int64)
    else:
        return None
    return _Parsed(ts, good, good)


def _texts(values: pa.Array) -> _Parsed:
    for kind, is_local in (
        (pa.timestamp("us"), True),
        (pa.timestamp("us", "UTC"), False),
    ):
        try:
            return _parsed(values.cast(kind), is_local)
        except pa.ArrowInvalid:
            # Not all rows are of this one form: take each by itself.
            continue
    return _mixed(written.plain(values))


def _mixed(values: pa.Array) -> _Parsed:
    found = _stamps(values, _STAMP)
    compact = _stamps(values, _COMPACT)
    numeric = pc.match_substring_regex(values, _NUMBER).fill_null(fill_value=False)
    number = pc.if_else(numeric, values, pa.scalar(None, pa.string()))
    epoch = _epochs(pc.utf8_ltrim(number, "+").cast(pa.float64()))
    for other in (compact, epoch):
        take = other.good & ~found.good
        found = _Parsed(
            np.where(take, other.ts, found.ts),
            np.where(take, other.local, found.local),
            found.good | take,
        )
    return found


def _stamps(values: pa.Array, pattern: str) -> _Parsed:
    """Civil times of texts of one form."""
    parts = pc.extract_regex(values, pattern)
    field = {part.name: parts.field(part.name) for part in parts.type}
    matched = parts.is_valid().to_numpy(zero_copy_only=False)
    year, month, day, hour, minute, second = (
        _ints(field[name], matched)
        for name in ("year", "month", "day", "hour", "minute", "second")
    )
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]")
    begin = first + np.clip(month - 1, 0, 11)
    date = begin.astype("datetime64[D]") + np.maximum(day - 1, 0)
    # A day beyond its month would silently be one of the next.
    real = (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004 - months
    real &= date.astype("datetime64[M]") == begin
    real &= _is_clock(hour, minute, second)
    days = date.astype(np.int64)
    ts = ((days * 24 + hour) * 60 + minute) * instants.MINUTE
    ts += second * instants.SECOND
    if "zone" not in field:
        return _Parsed(ts, matched & real, matched & real)
    ts += _fractions(field["fraction"], matched)
    zoned = _has(field["zone"], matched)
    return _Parsed(ts - _offsets(field, matched), ~zoned, matched & real)


def _is_clock(hour: Int64Array, minute: Int64Array, second: Int64Array) -> BoolArray:
    """Whether a clock can show this; RFC 3339 has leap seconds, ISO 8601 hour 24."""
    of_day = (hour * 60 + minute) * 60 + second
    fits = (minute <= _MAX_MINUTE) & (second <= _LEAP_SECOND)
    is_clock: BoolArray = fits & ((hour <= _MAX_HOUR) | (of_day == _DAY_S))
    return is_clock


def _has(values: pa.Array, matched: BoolArray) -> BoolArray:
    length = pc.utf8_length(values).fill_null(0).to_numpy(zero_copy_only=False)
    has: BoolArray = matched & (length > 0)
    return has


def _ints(values: pa.Array, matched: BoolArray) -> Int64Array:
    """Whole numbers, 0 where the text has none."""
    has = _has(values, matched)
    text = pc.if_else(pa.array(has), values, "0")
    found: Int64Array = text.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found


def _fractions(values: pa.Array, matched: BoolArray) -> Int64Array:
    """Decimals of a second. [us]."""
    padded = pc.utf8_rpad(values.fill_null("0"), 6, "0")
    return _ints(pc.utf8_slice_codeunits(padded, 0, 6), matched)


def _offsets(field: dict[str, pa.Array], matched: BoolArray) -> Int64Array:
    minutes = _ints(field["zone_hour"], matched) * 60
    minutes += _ints(field["zone_minute"], matched)
    west = pc.equal(field["sign"], "-").fill_null(fill_value=False)
    sign = np.where(west.to_numpy(zero_copy_only=False), -1, 1)
    return sign * minutes * instants.MINUTE
