"""Tables as CSV, streamed, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import StreamingResponse

Cell = str | int | float | bool | datetime | None
_BLOCK = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_BOM = "\ufeff"


def wanted(request: Request, named: str | None) -> bool:
    """Whether a table was asked for, by parameter or by the Accept header."""
    if named is not None:
        return named == "csv"
    return request.headers.get("accept", "").lower().startswith("text/csv")


def respond(
    name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingResponse:
    """Stream rows as a file `name`.csv, in bounded memory."""
    return StreamingResponse(
        _blocks(header, rows),
        media_type="text/csv; charset=utf-8; header=present",
        headers={
            "content-disposition": f'attachment; filename="{name}.csv"',
            "cache-control": "no-store",
        },
    )


def _blocks(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    # Spreadsheets read Chinese names only after the mark; programs are better without.
    has_names = any(column.endswith("_zh") for column in header)
    yield (_BOM if has_names else "") + _text([header])
    iterator = iter(rows)
    while block := list(itertools.islice(iterator, _BLOCK)):
        yield _text(block)


def _text(rows: Iterable[Sequence[Cell]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([cell(each) for each in row] for row in rows)
    return buffer.getvalue()


def cell(value: Cell) -> str | float | None:
    """Write one cell; text that a spreadsheet would compute is quoted by `'`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
