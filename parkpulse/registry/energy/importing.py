"""From CSV files to rows of the dated tables, and what they change."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from parkpulse.registry import files
from parkpulse.registry.drafts import Problem
from parkpulse.registry.energy import sheets
from parkpulse.registry.tables import cell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from parkpulse.registry.energy.rows import Line
    from parkpulse.registry.energy.sheets import Sheet
    from parkpulse.store.pool import Connection


class Change(NamedTuple):
    """A row that an import adds or changes."""

    kind: Literal["new", "changed"]
    table: str
    key: str
    fields: tuple[str, ...]
    """What changes."""


class Lines(NamedTuple):
    """Rows of one table, each with where it stands."""

    sheet: Sheet
    lines: list[Line]
    where: dict[int, str]
    """File and line by identity of the row."""


def read(file: Path, problems: list[Problem]) -> Lines | None:
    """Read a CSV file; what is wrong with it and its rows goes into `problems`.

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    header, rows = files.rows(file, problems)
    sheet = sheets.of_header(header)
    if sheet is None:
        known = "; ".join(f"{s.name}: {','.join(s.header)}" for s in sheets.SHEETS)
        text = f"its columns are those of no table ({known})"
        problems.append(Problem(f"{file}:1", text))
        return None
    found = Lines(sheet, [], {})
    seen: dict[tuple[object, ...], str] = {}
    for where, row in rows:
        cells = {name: text.strip() for name, text in row.items() if text.strip()}
        try:
            line = msgspec.convert(cells, sheet.row, strict=False).completed()
        except msgspec.ValidationError as error:
            problems.append(Problem(where, str(error)))
            continue
        key = sheet.key(line)
        if key in seen:
            problems.append(Problem(where, f"the same row stands in {seen[key]}"))
            continue
        seen[key] = where
        found.lines.append(line)
        found.where[id(line)] = where
    return found


def apply(conn: Connection, read: Lines, problems: list[Problem]) -> list[Change]:
    """Put rows in place; rows that are there already are left alone.

    Parameters
    ----------
    conn
        In a transaction, to be rolled back if there are problems.
    read
        Rows of one table.
    problems
        Where what is wrong is added.
    """
    sheet = read.sheet
    known = {sheet.key(each): each for each in sheet.load(conn)}
    different = [line for line in read.lines if known.get(sheet.key(line)) != line]
    problems.extend(
        Problem(read.where[id(fault.line)], fault.text)
        for fault in sheet.put(conn, different)
    )
    return [_change(sheet, line, known.get(sheet.key(line))) for line in different]


def _change(sheet: Sheet, line: Line, old: Line | None) -> Change:
    key = "/".join(map(str, sheet.key(line)))
    if old is None:
        return Change("new", sheet.name, key, ())
    names = [name for name in sheet.header if getattr(line, name) != getattr(old, name)]
    return Change("changed", sheet.name, key, tuple(names))


def csv_text(sheet: Sheet, lines: Iterable[Line]) -> str:
    """Write rows as a table."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(sheet.header)
    for line in lines:
        writer.writerow([cell(each) for each in msgspec.structs.astuple(line)])
    return out.getvalue()
