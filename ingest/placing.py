"""Values to readings: unit, calibration by date, plausible range, time window; pure.

All values of a batch are handled at once, as arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ingest import pipeline
from parkpulse.model import instants, metrics, reasons
from parkpulse.model.message import NOT_EVALUATED, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ingest.pipeline import Letter, Part
    from parkpulse.model.directory import (
        DeviceEntry,
        Directory,
        ParkEntry,
        SeriesColumns,
    )
    from parkpulse.model.message import Message
    from parkpulse.model.packed import ByteArray, FloatArray, Int32Array, Int64Array

AHEAD_US = 5 * instants.MINUTE
"""An observed time may be so much ahead of the park's clock. [us]"""
LEAP_US = 400 * instants.DAY
"""A sent time may move a data clock so far beyond itself and the wall clock. [us]"""
_IDENTITY = metrics.Conversion()


@dataclass(frozen=True, slots=True)
class Values:
    """Accepted values of a batch, in order of arrival.

    Parameters
    ----------
    letter : array, shape (n,)
        Index of the message of each value.
    slot : array, shape (n,)
        Slot of the park in the batch log.
    series : array, shape (n,)
        Ids of the series.
    ts : array, shape (n,)
        Observed times. [us since 1970 UTC]
    value : array, shape (n,)
        Values in the units of their metrics, calibrated.
    quality : array, shape (n,)
        QARTOD flags: suspect or fail where the message says so, else not evaluated.
    """

    letter: Int64Array
    slot: Int32Array
    series: Int32Array
    ts: Int64Array
    value: FloatArray
    quality: ByteArray


@dataclass(slots=True)
class _Rows:
    """Values of a batch with their series, not yet checked; parallel lists."""

    letter: list[int] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    ts: list[int] = field(default_factory=list)
    factor: list[float] = field(default_factory=list)
    shift: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)


def place(
    letters: Sequence[Letter],
    directory: Directory,
    clocks: Mapping[int, int],
    receipts: Mapping[int, int],
    retention_us: int,
) -> tuple[Values, dict[int, int]]:
    """Make readings of the values of a batch; what cannot be one is refused.

    Parameters
    ----------
    letters
        Messages with their devices; refused values are added to them.
    directory
        Knows all their series.
    clocks
        Newest known sent time of parks whose clock is their data, by id. [us]
    receipts
        First receipts of messages without any time, by index. [us]
    retention_us
        Readings older than this, on the park's clock, are refused. [us]

    Returns
    -------
    tuple
        The accepted values, and the clocks after this batch.
    """
    clocks = dict(clocks)
    now = _nows(letters, clocks)
    rows = _rows(letters, receipts)
    columns = directory.columns()
    row = np.array(rows.row, np.int64)
    letter = np.array(rows.letter, np.int64)
    with np.errstate(over="ignore", invalid="ignore"):  # refused as not finite
        value = np.array(rows.value) * np.array(rows.factor) + np.array(rows.shift)
    ts, value, reason = judge(
        columns, row, np.array(rows.ts, np.int64), value, now[letter], retention_us
    )
    for index in np.flatnonzero(reason):
        code = _REASONS[reason[index]]
        metric = directory.metric(int(row[index]))
        detail = f"{metric}: {value[index]} at {_iso(int(ts[index]))}"
        letters[letter[index]].refused.append(Refusal(code, detail))
    keep = reason == 0
    row = row[keep]
    kept = Values(
        letter[keep],
        columns.slot[row],
        columns.id[row],
        ts[keep],
        value[keep],
        np.array(rows.quality, np.uint8)[keep],
    )
    return kept, clocks


def _iso(moment_us: int) -> str:
    try:
        return instants.from_us(moment_us).isoformat()
    except OverflowError:
        return f"{moment_us} us"


def _nows(letters: Sequence[Letter], clocks: dict[int, int]) -> Int64Array:
    """Tell the park's clock at each letter [us]; moves the data clocks on."""
    now = np.zeros(len(letters), np.int64)
    for index, letter in enumerate(letters):
        if letter.is_whole:
            continue
        received = letter.arrival.received_us
        now[index] = received
        for part in tuple(letter.parts):
            if part.device is not None and part.device.park.clock == "data":
                now[index] = _data_now(letter, part, part.device.park, clocks)
    return now


def _data_now(
    letter: Letter, part: Part, park: ParkEntry, clocks: dict[int, int]
) -> int:
    current = clocks.get(park.id, park.accept_from_us)
    sent = part.message.sent_us
    if sent is None or sent <= current:
        return current
    if sent > max(current, letter.arrival.received_us) + LEAP_US:
        letter.refuse_part(part, reasons.CLOCK_FUTURE, f"sent {_iso(sent)}")
        return current
    clocks[park.id] = sent
    return sent


def _rows(letters: Sequence[Letter], receipts: Mapping[int, int]) -> _Rows:
    rows = _Rows()
    for index, letter in enumerate(letters):
        for part in () if letter.is_whole else letter.parts:
            _add(rows, index, letter, part, receipts.get(index))
    return rows


def _add(
    rows: _Rows, index: int, letter: Letter, part: Part, receipt_us: int | None
) -> None:
    message, device = part.message, part.device
    if device is None:
        letter.refused += [
            Refusal(reasons.UNKNOWN_METRIC, f"{metric!r:.80}")
            for metric in message.metrics
        ]
        return
    ts = pipeline.observed(message, device, receipt_us)
    known = [device.rows.get(metric) for metric in message.metrics]
    if message.units or None in known:
        _add_each(rows, index, letter, message, device, ts)
        return
    count = len(known)
    rows.letter += [index] * count
    rows.row += known  # type: ignore[arg-type] # none of them is None
    rows.value += message.values
    rows.ts += ts
    rows.factor += [1.0] * count
    rows.shift += [0.0] * count
    rows.quality += _quality(message)


def _quality(message: Message) -> list[int]:
    """Keep what a message says against its values; calling one good is no test."""
    if not message.quality:
        return [NOT_EVALUATED] * len(message.values)
    return [max(each, NOT_EVALUATED) for each in message.quality]


def _add_each(
    rows: _Rows,
    index: int,
    letter: Letter,
    message: Message,
    device: DeviceEntry,
    ts: list[int],
) -> None:
    rest = zip(message.values, ts, _quality(message), strict=True)
    for metric, (value, at, quality) in zip(message.metrics, rest, strict=True):
        row = device.rows.get(metric)
        if row is None:
            letter.refused.append(Refusal(reasons.UNKNOWN_METRIC, f"{metric!r:.80}"))
            continue
        conversion = _conversion(message, metric)
        if conversion is None:
            unit = message.units[metric]
            detail = f"{metric} cannot be given in {unit!r:.80}"
            letter.refused.append(Refusal(reasons.UNKNOWN_UNIT, detail))
            continue
        rows.letter.append(index)
        rows.row.append(row)
        rows.value.append(value)
        rows.ts.append(at)
        rows.factor.append(conversion.factor)
        rows.shift.append(conversion.shift)
        rows.quality.append(quality)


def _conversion(message: Message, metric: str) -> metrics.Conversion | None:
    unit = message.units.get(metric)
    return _IDENTITY if unit is None else _known_conversion(unit, metric)


@lru_cache(maxsize=10_000)
def _known_conversion(unit: str, metric: str) -> metrics.Conversion | None:
    return metrics.conversion(unit, metrics.METRICS[metric])


def calibrate(
    columns: SeriesColumns, row: Int64Array, ts: Int64Array, value: FloatArray
) -> FloatArray:
    """Apply to each value the newest calibration that was valid at its time.

    Parameters
    ----------
    columns
        With the calibrations.
    row, ts, value : arrays, shape (n,)
        Row of the series, observed time [us], value.
    """
    count = len(columns.calibration_row)
    if not count:
        return value
    rows = np.concatenate((columns.calibration_row, row))
    times = np.concatenate((columns.calibration_from_us, ts))
    is_value = np.arange(len(rows)) >= count
    order = np.lexsort((is_value, times, rows))
    # Index of the newest calibration at or before each place of the order.
    dated = np.maximum.accumulate(np.where(is_value[order], -1, order))
    newest = np.empty_like(dated)
    newest[order] = dated
    newest = newest[count:]
    applies = (newest >= 0) & (columns.calibration_row[newest] == row)
    return np.where(
        applies, columns.scale[newest] * value + columns.offset[newest], value
    )


_REASONS = (
    "",
    reasons.NOT_FINITE,
    reasons.IMPLAUSIBLE,
    reasons.CLOCK_PAST,
    reasons.BEYOND_RETENTION,
    reasons.CLOCK_FUTURE,
)


def judge(
    columns: SeriesColumns,
    row: Int64Array,
    ts: Int64Array,
    value: FloatArray,
    now: Int64Array,
    retention_us: int,
) -> tuple[Int64Array, FloatArray, Int64Array]:
    """Shift, calibrate and check values.

    Parameters
    ----------
    columns
        Of all series.
    row, ts, value, now : arrays, shape (n,)
        Row of the series, time as sent [us], value in the metric's unit, the park's
        clock [us].
    retention_us
        Readings older than this, on the park's clock, are refused. [us]

    Returns
    -------
    ts, value, reason : arrays, shape (n,)
        Observed time [us], calibrated value, and the index in `_REASONS` of the first
        reason against it, 0 if there is none.
    """
    ts = ts + columns.stamp_shift_us[row]
    with np.errstate(over="ignore", invalid="ignore"):  # refused as not finite
        value = calibrate(columns, row, ts, value)
    reason = np.select(
        [
            ~np.isfinite(value),
            (value < columns.minimum[row]) | (value > columns.maximum[row]),
            ts < columns.accept_from_us[row],
            ts < now - retention_us,
            ts > now + AHEAD_US,
        ],
        [1, 2, 3, 4, 5],
        0,
    )
    return ts, value, reason
