"""Readings as CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from api import tables
from api.exports.columns import COLUMNS, STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from parkpulse.model.packed import Int64Array
    from parkpulse.query.exports import Block, Source


def write(blocks: Iterable[Block], *, is_raw: bool) -> Iterator[bytes]:
    """Write one line a row; times are RFC 3339 in UTC."""
    yield _line((*COLUMNS, *(() if is_raw else STATISTICS)))
    for block in blocks:
        yield _rows(block)


def _rows(block: Block) -> bytes:
    named = _named(block.series)
    times, values = _times(block.ts), block.value.tolist()
    if block.statistics is not None:
        low, high, count = (each.tolist() for each in block.statistics)
        rows = zip(times, values, low, high, count, strict=True)
        lines = [
            f"{named},{ts},{value!r},,{least!r},{most!r},{n}\r\n"
            for ts, value, least, most, n in rows
        ]
    else:
        quality = [] if block.quality is None else block.quality.tolist()
        lines = [
            f"{named},{ts},{value!r},{flag}\r\n"
            for ts, value, flag in zip(times, values, quality, strict=True)
        ]
    return "".join(lines).encode()


def _named(source: Source) -> str:
    named = (source.place, source.device, source.metric, source.unit)
    return _line([tables.cell(each) for each in named]).decode().rstrip("\r\n")


def _line(cells: Iterable[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode()


def _times(ts: Int64Array) -> NDArray[np.str_]:
    """Write times [us since 1970 UTC] to the second, or the microsecond if need be."""
    is_whole = not (ts % 1_000_000).any()
    return np.datetime_as_string(
        ts.astype("datetime64[us]"), unit="s" if is_whole else "us", timezone="UTC"
    )
