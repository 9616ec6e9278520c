"""Rows of a CSV file as they stand in it, with times and numbers beside them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from parkpulse.errors import InvalidRequestError
from parkpulse.offline import files, stamps

if TYPE_CHECKING:
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
    """

    stamp: list[str]
    text: list[str]
    ts: Int64Array
    value: FloatArray
    dated: npt.NDArray[np.bool_]


def read(path: Path, time_column: str, value_column: str, zone: ZoneInfo) -> Rows:
    """Read two columns of a CSV file; times without a zone are local times of `zone`.

    Raises
    ------
    InvalidRequestError
        The file cannot be read or a column is not there.
    """
    text = _text(path)
    first = text.split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    for name in (time_column, value_column):
        if name not in (rows.fieldnames or []):
            there = ", ".join(rows.fieldnames or [])
            message = f"{path} has no column {name!r}; there are: {there}"
            raise InvalidRequestError(
                code="unknown_column", message=message, pointer=name
            )
    pairs = [(row[time_column] or "", row[value_column] or "") for row in rows]
    stamp = [pair[0] for pair in pairs]
    values = [pair[1] for pair in pairs]
    found = stamps.read(pa.array(stamp, pa.string()), zone)
    numbers = np.array([_number(value) for value in values], dtype=np.float64)
    return Rows(stamp, values, found.ts, numbers, ~(found.bad | found.skipped))


def _text(path: Path) -> str:
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            data: bytes = stream.read()
    except (OSError, pa.ArrowException) as error:
        message = f"{path} cannot be read: {error}"
        raise InvalidRequestError(
            code="file_unreadable", message=message, pointer="file"
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets on Chinese systems write this one.
        text = data.decode("gb18030", errors="replace")
    if not text.strip():
        raise InvalidRequestError(
            code="file_empty", message=f"{path} is empty", pointer="file"
        )
    return text


def _number(text: str) -> float:
    if text.strip().lower() in files.MISSING:
        return np.nan
    try:
        number = float(text)
    except ValueError:
        return np.nan
    return number if np.isfinite(number) else np.nan
