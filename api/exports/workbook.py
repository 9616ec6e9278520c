"""Readings as a workbook of one sheet."""

from __future__ import annotations

import tempfile
from datetime import UTC
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import xlsxwriter

from api.exports.columns import COLUMNS, STATISTICS
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.query.exports import Block

MOST_ROWS = 1_048_575
"""Rows of a sheet below its heading."""
_EPOCH_DAYS = 25_569
"""1970-01-01 as a day of a spreadsheet."""
_PIECE = 256 * 1024
_WIDTHS = {"place": 16, "device": 18, "metric": 20, "ts": 22}
_MONTH = 30 * instants.DAY


def write(blocks: Iterable[Block], zone: str, *, is_raw: bool) -> Iterator[bytes]:
    """Write a workbook to a temporary file, then hand it on.

    Times are of the park's zone, for spreadsheets know none.

    Raises
    ------
    InvalidRequestError
        There are more rows than a sheet has; before anything is handed on.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by what reads it
    try:
        _fill(file, blocks, zone, is_raw=is_raw)
    except BaseException:
        file.close()
        raise
    return _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _fill(file: IO[bytes], blocks: Iterable[Block], zone: str, *, is_raw: bool) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet("readings")
        _head(book, sheet, zone, is_raw=is_raw)
        row = 1
        for block in blocks:
            if row + len(block.ts) > MOST_ROWS + 1:
                code, message = "workbook_too_long", "more rows than a sheet has"
                raise InvalidRequestError(code, message, "format")
            _rows(sheet, row, block, ZoneInfo(zone))
            row += len(block.ts)


def _head(book: Any, sheet: Any, zone: str, *, is_raw: bool) -> None:  # noqa: ANN401 - has no types
    bold = book.add_format({"bold": True})
    time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    columns = (*COLUMNS, *(() if is_raw else STATISTICS))
    for at, name in enumerate(columns):
        sheet.set_column(at, at, _WIDTHS.get(name, 10), time if name == "ts" else None)
        sheet.write_string(0, at, f"ts ({zone})" if name == "ts" else name, bold)
    sheet.freeze_panes(1, 0)


def _rows(sheet: Any, row: int, block: Block, zone: ZoneInfo) -> None:  # noqa: ANN401 - as above
    source = block.series
    # Cells of text are never computed, so it stands there as it is, unlike in CSV.
    named = (source.place, source.device, source.metric, source.unit)
    numbers = [_days(block.ts, zone), block.value]
    if block.quality is not None:
        numbers.append(block.quality.astype(np.float64))
    columns = [*range(len(named), len(named) + len(numbers))]
    if block.statistics is not None:
        numbers += [each.astype(np.float64) for each in block.statistics]
        columns += [len(COLUMNS) + at for at in range(len(STATISTICS))]
    for offset, values in enumerate(zip(*(n.tolist() for n in numbers), strict=True)):
        for at, text in enumerate(named):
            sheet.write_string(row + offset, at, text)
        for at, value in zip(columns, values, strict=True):
            sheet.write_number(row + offset, at, value)


def _days(ts: Int64Array, zone: ZoneInfo) -> FloatArray:
    """Return times as days of a spreadsheet, by the clock of a zone."""
    # Clocks change twice a year at most: within a month the ends tell.
    is_short = ts[-1] - ts[0] < _MONTH
    ends = {_offset(int(each), zone) for each in (ts[0], ts[-1])}
    if is_short and len(ends) == 1:
        shift = np.full(len(ts), ends.pop(), np.int64)
    else:
        shift = np.array([_offset(int(each), zone) for each in ts], np.int64)
    found: FloatArray = (ts + shift) / instants.DAY + _EPOCH_DAYS
    return found


def _offset(ts: int, zone: ZoneInfo) -> int:
    """How far a zone's clock is ahead of UTC at a time. [us]."""
    moment = instants.from_us(ts).replace(tzinfo=UTC).astimezone(zone)
    ahead = moment.utcoffset()
    return 0 if ahead is None else round(ahead.total_seconds()) * instants.SECOND
