"""Columns of CSV and Parquet files as instants and numbers, with what is wrong in them.

CSV may be compressed (.gz, .bz2, .zst …), in UTF-8 (with or without mark) or GB 18030,
with comma, semicolon, tab or bar, and remarks before its header. A row or value that
cannot be read becomes a finding.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from parkpulse.errors import InvalidRequestError
from parkpulse.offline import stamps, texts, zones

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.offline.stamps import Stamps

    BoolArray = npt.NDArray[np.bool_]

SHOWN_LINES = 10
"""A finding names so many lines at most."""
MISSING = ("", "-", "--", "nan", "null", "none", "na", "n/a", "#n/a", "nil")
"""Texts, in small letters, that stand for a value that is not there."""
_PARQUET = b"PAR1"
_GROUPED = r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?$"
"""1,234,567.8"""
_SPACED = r"^([+-]?[0-9]{1,3}(?:[ '’][0-9]{3})+(?:[.,][0-9]*)?)$"
"""1 234 567.8 and 1'234'567.8, also with spaces that do not break."""
_DOTTED = r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+$"
_DOTTED_TWICE = r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,}$"
"""1.234 and 1.234.567, which shows that a column's points are no decimal ones."""
_DECIMAL_COMMA = r"^[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]*),[0-9]+$"
"""1.234.567,8 or 1234567,8"""
_NUMBER = r"^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a file that was not used.

    Parameters
    ----------
    code
        `broken_row`, `bad_time`, `nonexistent_time`, `ambiguous_time` or `bad_number`.
    column
        Its column, None for whole rows.
    lines
        Where, at most the first `SHOWN_LINES`: lines of a CSV file as an editor counts
        them (header 1), rows of a Parquet file from 1.
    count
        How often.
    text
        A sentence for people.
    """

    code: str
    column: str | None
    lines: tuple[int, ...]
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a file that have a time, in the order of the file.

    Parameters
    ----------
    ts : array, shape (n,)
        [us since 1970 UTC]
    line : array, shape (n,)
        Where each row stands, as in `Finding`.
    columns : dict of arrays, shape (n,)
        Numbers by column name, NaN for missing.
    findings
        What was not used.
    """

    ts: Int64Array
    line: Int64Array
    columns: dict[str, FloatArray]
    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.ts)

    def sorted(self) -> Table:
        """Return the same rows in order of time; equal times keep their order."""
        if bool((self.ts[1:] >= self.ts[:-1]).all()):
            return self
        order = np.argsort(self.ts, kind="stable")
        columns = {name: value[order] for name, value in self.columns.items()}
        return Table(self.ts[order], self.line[order], columns, self.findings)


def read(
    path: Path, time_column: str, columns: Sequence[str], zone: str = "Asia/Shanghai"
) -> Table:
    """Read columns of a file.

    Parameters
    ----------
    path
        A CSV or Parquet file.
    time_column
        Its column of times: RFC 3339, epoch seconds or milliseconds, or local times.
    columns
        Columns of numbers.
    zone
        Zone of times that name none.

    Raises
    ------
    InvalidRequestError
        The file cannot be read, a column is not there, no row has a time, or there is
        no such zone.
    """
    where = zones.zone(zone)
    wanted = list(dict.fromkeys([time_column, *columns]))
    raw = _raw(path, wanted)
    found = stamps.read(raw.columns[time_column], where)
    _check_times(path, raw.columns[time_column], found)
    keep = ~(found.bad | found.skipped)
    findings = [*raw.findings, *_time_findings(raw, time_column, found)]
    numbers = {}
    for name in columns:
        value, bad = _numbers(raw.columns[name])
        numbers[name] = value[keep]
        findings += _finding("bad_number", name, raw, bad & keep)
    return Table(found.ts[keep], raw.line[keep], numbers, tuple(findings))


@dataclass(frozen=True, slots=True)
class _Raw:
    """Columns as they stand in the file."""

    columns: dict[str, pa.Array]
    line: Int64Array
    findings: tuple[Finding, ...] = ()


_TEXTS = {
    "broken_row": "rows with another number of fields than the header were left out",
    "bad_time": "rows without a time that can be read were left out",
    "nonexistent_time": "local times that clocks were put forward over were left out",
    "ambiguous_time": "local times that happened twice stand only once; the earlier "
    "was taken",
    "bad_number": "values that are no numbers count as missing",
}


def _finding(
    code: str, column: str | None, raw: _Raw, which: BoolArray
) -> list[Finding]:
    return _of_lines(code, column, raw.line[which].tolist())


def _of_lines(code: str, column: str | None, lines: Sequence[int]) -> list[Finding]:
    if not lines:
        return []
    shown = tuple(lines[:SHOWN_LINES])
    named = ", ".join(map(str, shown)) + (" …" if len(lines) > len(shown) else "")
    of = f"column {column}: " if column is not None else ""
    text = f"{of}{_TEXTS[code]} ({len(lines)}; line {named})"
    return [Finding(code, column, shown, len(lines), text)]


def _check_times(path: Path, times: pa.Array, found: Stamps) -> None:
    if not len(found.bad) or not found.bad.all():
        return
    given = times.drop_null()
    example = f", such as {given[0].as_py()!r}" if len(given) else ""
    message = f"{path}: no row has a time that can be read{example}"
    raise InvalidRequestError(code="no_time", message=message, pointer="time-column")


def _time_findings(raw: _Raw, column: str, found: Stamps) -> list[Finding]:
    return [
        *_finding("bad_time", column, raw, found.bad),
        *_finding("nonexistent_time", column, raw, found.skipped),
        *_finding("ambiguous_time", column, raw, found.unsure),
    ]


def _raw(path: Path, wanted: Sequence[str]) -> _Raw:
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == _PARQUET
        return _parquet(path, wanted) if is_parquet else _csv(path, wanted)
    except (OSError, pa.ArrowException, UnicodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise InvalidRequestError(
            code="file_unreadable", message=message, pointer="file"
        ) from error


def _check_columns(path: Path, wanted: Sequence[str], there: Sequence[str]) -> None:
    for name in wanted:
        if there.count(name) != 1:
            how = "no column" if name not in there else "more than one column"
            message = f"{path} has {how} {name!r}; there are: {texts.named(there)}"
            raise InvalidRequestError(
                code="unknown_column", message=message, pointer=name
            )


def _parquet(path: Path, wanted: Sequence[str]) -> _Raw:
    _check_columns(path, wanted, pa.parquet.read_schema(path).names)
    table = pa.parquet.read_table(path, columns=list(wanted))
    columns = {name: _whole(table.column(name)) for name in wanted}
    return _Raw(columns, np.arange(1, len(table) + 1))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return (
        pa.concat_arrays(column.chunks)
        if column.num_chunks
        else column.combine_chunks()
    )


def _csv(path: Path, wanted: Sequence[str]) -> _Raw:
    with pa.input_stream(str(path), compression="detect") as stream:
        data = stream.read()
    text = texts.utf8(data)
    if not text.strip():
        raise InvalidRequestError(
            code="file_empty", message=f"{path} is empty", pointer="file"
        )
    layout = texts.layout(text, wanted)
    _check_columns(path, wanted, layout.names)
    rows = itertools.islice(io.BytesIO(text), layout.line, None)
    if not any(row.strip() for row in rows):
        nothing = pa.array([], pa.string())
        return _Raw(dict.fromkeys(wanted, nothing), np.empty(0, np.int64))
    broken = _Broken()
    table = _table(text, layout, wanted, broken)
    columns = {
        name: _whole(table.column(str(layout.names.index(name)))) for name in wanted
    }
    line = _lines(layout.line + 1, len(table), broken.skipped)
    findings = _of_lines("broken_row", None, broken.lines)
    return _without_empty(_Raw(columns, line, tuple(findings)))


def _table(
    text: bytes, layout: texts.Layout, wanted: Sequence[str], broken: _Broken
) -> pa.Table:
    """Texts of the wanted columns, which are named by their numbers."""
    chosen = [str(layout.names.index(name)) for name in wanted]
    return pa.csv.read_csv(
        io.BytesIO(text),
        # One thread, for only then rows that do not fit come with their numbers.
        read_options=pa.csv.ReadOptions(
            use_threads=False,
            skip_rows=layout.line,
            column_names=[str(number) for number in range(len(layout.names))],
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=layout.delimiter,
            invalid_row_handler=broken.add,
            ignore_empty_lines=False,
            newlines_in_values=b'"' in text,
        ),
        convert_options=pa.csv.ConvertOptions(
            include_columns=chosen,
            column_types=dict.fromkeys(chosen, pa.string()),
            strings_can_be_null=False,
        ),
    )


def _without_empty(raw: _Raw) -> _Raw:
    """Leave out empty lines, which Arrow reads as rows of empty fields."""
    filled = np.zeros(len(raw.line), np.bool_)
    for values in raw.columns.values():
        filled |= pc.utf8_length(values).to_numpy(zero_copy_only=False) > 0
    if filled.all():
        return raw
    which = pa.array(filled)
    columns = {name: values.filter(which) for name, values in raw.columns.items()}
    return _Raw(columns, raw.line[filled], raw.findings)


class _Broken:
    """Gathers rows that do not fit the header."""

    def __init__(self) -> None:
        self.skipped: list[int] = []
        self.lines: list[int] = []

    def add(self, row: pa.csv.InvalidRow) -> str:
        self.skipped.append(row.number)
        if row.text.strip():
            self.lines.append(row.number)
        return "skip"


def _lines(first: int, count: int, skipped: Sequence[int]) -> Int64Array:
    """Line numbers of the rows that were kept, from that of the first row."""
    everything = np.arange(first, first + count + len(skipped))
    return everything[~np.isin(everything, skipped)] if skipped else everything


def _numbers(values: pa.Array) -> tuple[FloatArray, BoolArray]:
    """Numbers with NaN for missing, and where a value is no number."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return _of_texts(values.cast(pa.string()))
    try:
        number = values.cast(pa.float64(), safe=False)
    except pa.ArrowException:
        return _of_texts(_as_texts(values))
    return _finite(number, values.is_valid().to_numpy(zero_copy_only=False))


def _as_texts(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.string())
    except pa.ArrowException as error:
        message = f"a column of {values.type} holds no numbers"
        raise InvalidRequestError(
            code="wrong_type", message=message, pointer="file"
        ) from error


def numbers(values: pa.Array) -> FloatArray:
    """Numbers of texts, NaN where there is none, shape (n,)."""
    return _of_texts(values)[0]


def _finite(number: pa.Array, given: BoolArray) -> tuple[FloatArray, BoolArray]:
    value: FloatArray = number.to_numpy(zero_copy_only=False)
    infinite = np.isinf(value)
    if infinite.any():
        value = np.where(infinite, np.nan, value)
    return value, infinite & given


def _of_texts(values: pa.Array) -> tuple[FloatArray, BoolArray]:
    text = pc.utf8_trim_whitespace(values)
    missing = pc.is_in(pc.utf8_lower(text), pa.array(MISSING)).fill_null(True)  # noqa: FBT003 - Arrow's signature
    nothing = pa.scalar(None, pa.string())
    text = pc.if_else(missing, nothing, text)
    try:
        number = text.cast(pa.float64())
    except pa.ArrowInvalid:
        plain = pc.replace_substring_regex(_pointed(text), r"^\+", "")
        unsigned = pc.replace_substring_regex(plain, "^-", "")
        fits = pc.match_substring_regex(unsigned, _NUMBER)
        number = pc.if_else(fits, plain, nothing).cast(pa.float64())
    lost = number.is_null().to_numpy(zero_copy_only=False)
    lost &= text.is_valid().to_numpy(zero_copy_only=False)
    value, infinite = _finite(number, ~lost)
    return value, lost | infinite


def _without_dots(text: pa.Array) -> pa.Array:
    """Take points out where they group digits in all numbers that have one."""
    has = pc.match_substring(text, ".").fill_null(fill_value=False)
    grouped = pc.match_substring_regex(text, _DOTTED).fill_null(fill_value=False)
    if (
        has.equals(grouped)
        and pc.any(pc.match_substring_regex(text, _DOTTED_TWICE)).as_py()
    ):
        return pc.replace_substring(text, ".", "")
    return text


def _pointed(text: pa.Array) -> pa.Array:
    """Numbers as spreadsheets write them with a decimal point and nothing else.

    A comma is a decimal one where all numbers of the column that have one can be read
    so, and not all of them have it before groups of three digits.
    """
    text = pc.utf8_normalize(text, "NFKC")
    spaced = pc.match_substring_regex(text, _SPACED).fill_null(fill_value=False)
    text = pc.if_else(spaced, pc.replace_substring_regex(text, "[ '’]", ""), text)
    text = _without_dots(text)
    has = pc.match_substring(text, ",").fill_null(fill_value=False)
    grouped = pc.match_substring_regex(text, _GROUPED).fill_null(fill_value=False)
    comma = pc.match_substring_regex(text, _DECIMAL_COMMA).fill_null(fill_value=False)
    if has.equals(grouped):
        return pc.if_else(grouped, pc.replace_substring(text, ",", ""), text)
    if has.equals(comma):
        pointless = pc.replace_substring(text, ".", "")
        return pc.if_else(comma, pc.replace_substring(pointless, ",", "."), text)
    return text
