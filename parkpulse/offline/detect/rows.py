"""Rows of a CSV file as they stand in it, with times and numbers beside them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.offline import files, stamps, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a file, none left out.

    Parameters
    ----------
    stamp, text
        Time and value as they stand in the file.
    ts : array, shape (n,)
        [us since 1970 UTC]
    value : array, shape (n,)
        NaN where there is no number.
    dated : array, shape (n,)
        False where the time cannot be read.
    is_timeless
        No time of the file can be read, so that its rows count as minutes.
    """

    stamp: list[str]
    text: list[str]
    ts: Int64Array
    value: FloatArray
    dated: npt.NDArray[np.bool_]
    is_timeless: bool = False


def read(path: Path, time_column: str, value_column: str, zone: ZoneInfo) -> Rows:
    """Read two columns of a CSV file; times without a zone are local times of `zone`.

    Raises
    ------
    InvalidRequestError
        The file cannot be read or a column is not there.
    """
    text = _text(path)
    layout = texts.layout(text, [time_column, value_column])
    for name in (time_column, value_column):
        if name not in layout.names:
            there = texts.named(layout.names)
            message = f"{path} has no column {name!r}; there are: {there}"
            raise InvalidRequestError(
                code="unknown_column", message=message, pointer=name
            )
    lines = io.StringIO(text.decode(), newline="")
    for _ in range(layout.line):
        next(lines)
    at, which = layout.names.index(time_column), layout.names.index(value_column)
    pairs = [
        (row[at] if at < len(row) else "", row[which] if which < len(row) else "")
        for row in _cells(path, lines, layout.delimiter)
        if row
    ]
    stamp = [pair[0] for pair in pairs]
    values = [pair[1] for pair in pairs]
    found = stamps.read(pa.array(stamp, pa.string()), zone)
    numbers = files.numbers(pa.array(values, pa.string()))
    dated = ~(found.bad | found.skipped)
    if dated.any() or not len(dated):
        return Rows(stamp, values, found.ts, numbers, dated)
    minutes = np.arange(len(stamp), dtype=np.int64) * instants.MINUTE
    return Rows(stamp, values, minutes, numbers, ~dated, is_timeless=True)


def _cells(path: Path, lines: io.StringIO, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error as error:
        message = f"{path} cannot be read: {error}"
        raise InvalidRequestError(
            code="file_unreadable", message=message, pointer="file"
        ) from error


def _text(path: Path) -> bytes:
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            text = texts.utf8(stream.read())
    except (OSError, pa.ArrowException, UnicodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise InvalidRequestError(
            code="file_unreadable", message=message, pointer="file"
        ) from error
    if not text.strip():
        raise InvalidRequestError(
            code="file_empty", message=f"{path} is empty", pointer="file"
        )
    return text
