"""Bytes of a CSV file as UTF-8, and where its table begins."""

from __future__ import annotations

import codecs
import csv
import gzip
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DELIMITERS = ",;\t|"
_HEAD_LINES, _HEAD_BYTES = 50, 1 << 16
"""A header stands in so many first lines and bytes."""
_MOST_NAMES, _LONGEST_NAME = 40, 60
"""Of columns in a sentence."""
_GZIP = b"\x1f\x8b"


class Layout(NamedTuple):
    """Where the table of a CSV file begins.

    Parameters
    ----------
    delimiter
        Between its fields.
    names
        Of its columns, without blanks around them; a last one may be empty where rows
        end with a delimiter.
    line : int
        Line of the header, the first of the file being 1.
    """

    delimiter: str
    names: list[str]
    line: int


def utf8(data: bytes) -> bytes:
    """Bytes in UTF-8 without a mark, lines ending with a line feed.

    Raises
    ------
    UnicodeError
        It is in none of UTF-8, UTF-16 with a mark, and GB 18030.
    OSError
        It is compressed and broken.
    """
    if data.startswith(_GZIP):
        # By its name it was none.
        data = gzip.decompress(data)
    text = _decoded(data)
    return text if b"\n" in text else text.replace(b"\r", b"\n")


def _decoded(data: bytes) -> bytes:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            rest = data.removeprefix(mark)
            return rest if encoding == "utf-8" else rest.decode(encoding).encode()
    try:
        data.decode()
    except UnicodeDecodeError:
        # Spreadsheets on Chinese systems write this one.
        return _chinese(data)
    return data


def _chinese(data: bytes) -> bytes:
    try:
        return data.decode("gb18030").encode()
    except UnicodeDecodeError as error:
        message = "it is no text in UTF-8, UTF-16 or GB 18030"
        raise UnicodeError(message) from error


def named(columns: Sequence[str]) -> str:
    """List columns for a sentence: not all of hundreds, and none that fills a page."""
    shown = [
        name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        for name in columns[:_MOST_NAMES]
    ]
    return ", ".join([*shown, "…"] if len(columns) > _MOST_NAMES else shown)


def layout(text: bytes, wanted: Sequence[str]) -> Layout:
    """Find the header: the first line that names all columns, else the first line.

    Parameters
    ----------
    text
        In UTF-8.
    wanted
        Columns that it should name; lines before it are remarks.
    """
    head = text[:_HEAD_BYTES].decode(errors="replace").split("\n")[: _HEAD_LINES + 1]
    lines = [line.rstrip("\r") for line in head]
    for at, line in enumerate(lines):
        for delimiter, names in _readings(line):
            if set(wanted) <= set(names):
                return _whole(delimiter, names, at, lines)
    at = next((at for at, line in enumerate(lines) if line.strip()), 0)
    delimiter = max(_DELIMITERS, key=lines[at].count)
    return _whole(delimiter, _fields(lines[at], delimiter), at, lines)


def _readings(line: str) -> Iterator[tuple[str, list[str]]]:
    for delimiter in sorted(_DELIMITERS, key=line.count, reverse=True):
        yield delimiter, _fields(line, delimiter)


def _fields(line: str, delimiter: str) -> list[str]:
    fields = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    return [each.strip() for each in fields]


def _whole(delimiter: str, names: list[str], at: int, lines: Sequence[str]) -> Layout:
    following = lines[at + 1] if at + 1 < len(lines) else ""
    fields = _fields(following, delimiter)
    if len(fields) == len(names) + 1 and not fields[-1]:
        names = [*names, ""]
    return Layout(delimiter, names, at + 1)
