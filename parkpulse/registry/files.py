"""Files of the registry: YAML documents and CSV tables, read and written."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import yaml

from parkpulse.errors import ConfigError
from parkpulse.registry import drafts, tables
from parkpulse.registry.drafts import Draft, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from parkpulse.model.registry import ParkSpec
    from parkpulse.registry.tables import Row, Table

MAXIMUM_BYTES = 64 * 1024 * 1024
"""A larger file is refused."""
_MOST_VALUES = 5_000_000
_DEEPEST = 20
_DOCUMENTS = {".yaml", ".yml"}


class Read(NamedTuple):
    """What files say."""

    parks: list[ParkSpec]
    """Whole documents: what is registered with what the files change in it."""
    problems: list[Problem]


class Sheet(NamedTuple):
    """The text of a file, and the name that problems call it by."""

    name: str
    text: str


class _Line(NamedTuple):
    """A row of a table, and where it stands."""

    table: Table
    row: Row
    where: str


def read(paths: Sequence[Path], registered: Callable[[str], ParkSpec | None]) -> Read:
    """Read files, and folders of files, into whole documents of parks.

    Parameters
    ----------
    paths
        YAML documents, CSV tables, or folders with such files.
    registered
        Tells what is registered of a park; None if it is not.

    Raises
    ------
    ConfigError
        There is no such file, or it is no YAML or CSV file.
    """
    files = [file for path in paths for file in _files(path)]
    return read_texts([Sheet(str(file), _text(file)) for file in files], registered)


def read_texts(
    sheets: Sequence[Sheet], registered: Callable[[str], ParkSpec | None]
) -> Read:
    """Read the texts of files into whole documents of parks.

    Parameters
    ----------
    sheets
        YAML documents and CSV tables, told apart by the ending of their names.
    registered
        Tells what is registered of a park; None if it is not.
    """
    made: dict[str, Draft] = {}
    problems: list[Problem] = []

    def draft(park: str) -> Draft:
        if park not in made:
            known = registered(park)
            document = {"code": park} if known is None else msgspec.to_builtins(known)
            made[park] = Draft(park, document)
        return made[park]

    for sheet in sheets:
        if _is_document(sheet.name):
            problems += _take_documents(sheet, draft)
    tables_given = [sheet for sheet in sheets if not _is_document(sheet.name)]
    lines = [line for sheet in tables_given for line in _lines(sheet, problems)]
    for line in sorted(lines, key=lambda each: tables.TABLES.index(each.table)):
        wrong = draft(line.row["park"].strip()).place(line.table, line.row, line.where)
        if wrong is not None:
            problems.append(Problem(line.where, wrong))
    if not made and not problems:
        names = ", ".join(sheet.name for sheet in sheets)
        problems.append(Problem(names, "there is no park in it, nor a row of one"))
    finished = [each.finish() for each in made.values()]
    problems += [each for each in finished if isinstance(each, Problem)]
    return Read([each for each in finished if not isinstance(each, Problem)], problems)


def _is_document(name: str) -> bool:
    return name.lower().endswith(tuple(_DOCUMENTS))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        wanted = {".csv", *_DOCUMENTS}
        found = [each for each in path.iterdir() if each.suffix.lower() in wanted]
        if not found:
            message = f"there is no YAML or CSV file in {path}"
            raise ConfigError(message)
        return sorted(found)
    if path.suffix.lower() not in {".csv", *_DOCUMENTS}:
        message = f"{path} is neither a folder nor a .yaml, .yml or .csv file"
        raise ConfigError(message)
    return [path]


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAXIMUM_BYTES:
            message = f"{file} is larger than {MAXIMUM_BYTES >> 20} MiB"
            raise ConfigError(message)
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {error}"
        raise ConfigError(message) from error


def _take_documents(sheet: Sheet, draft: Callable[[str], Draft]) -> Iterator[Problem]:
    try:
        found = [*yaml.safe_load_all(sheet.text)]
        _require_size(found)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Not only the reader's own errors: it computes dates that do not exist.
        text = " ".join(str(error).split()) or "it is nested too deeply"
        yield Problem(sheet.name, text)
        return
    for document in found:
        for park in document if isinstance(document, list) else [document]:
            code = park.get("code") if isinstance(park, dict) else None
            if not isinstance(code, str):
                yield Problem(sheet.name, "a document is a park with its code")
                continue
            draft(code).take(_plain(park), f"{sheet.name}: {code}")


def _require_size(document: Any) -> None:  # noqa: ANN401 - any part of a document
    """Refuse a document that grows without bound where its aliases are followed."""
    waiting, seen = [(document, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if seen > _MOST_VALUES or depth > _DEEPEST:
            message = "it is nested too deeply or holds too much"
            raise ValueError(message)
        if isinstance(value, dict):
            waiting += [(each, depth + 1) for each in value.values()]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]


def _plain(park: Any) -> Any:  # noqa: ANN401 - checked when the document is
    """Make texts of times and dates, as in all other documents."""
    return msgspec.to_builtins(park, enc_hook=str)


def _lines(sheet: Sheet, problems: list[Problem]) -> Iterator[_Line]:
    header, found = _rows(sheet, problems)
    table = tables.of_header(header)
    if table is None:
        names = ", ".join(each.name for each in tables.TABLES)
        text = f"its columns are those of no table ({names})"
        problems.append(Problem(f"{sheet.name}:1", text))
        return
    for where, row in found:
        yield _Line(table, row, where)


def rows(
    file: Path, problems: list[Problem]
) -> tuple[list[str], Iterator[tuple[str, Row]]]:
    """Read the header of a CSV file, and its rows with file and line.

    Parameters
    ----------
    file
        UTF-8, with a header.
    problems
        Where rows are told of that have too few or too many cells.

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    return _rows(Sheet(str(file), _text(file)), problems)


def _rows(
    sheet: Sheet, problems: list[Problem]
) -> tuple[list[str], Iterator[tuple[str, Row]]]:
    reader = csv.DictReader(io.StringIO(sheet.text, newline=""))
    header = [name.strip() for name in _header(reader)]
    reader.fieldnames = header

    def whole() -> Iterator[Row]:
        try:
            yield from reader
        except csv.Error as error:
            problems.append(Problem(f"{sheet.name}:{reader.line_num}", str(error)))

    def found() -> Iterator[tuple[str, Row]]:
        for row in whole():
            where = f"{sheet.name}:{reader.line_num}"
            if None in row or None in row.values():
                problems.append(Problem(where, f"the row has not {len(header)} cells"))
            elif any(row.values()):
                yield where, row

    return header, found()


def _header(reader: csv.DictReader[str]) -> Sequence[str]:
    try:
        return reader.fieldnames or []
    except csv.Error:
        return []  # those of no table


def yaml_text(parks: Iterable[ParkSpec]) -> str:
    """Write parks as YAML, one document each."""
    documents = [_without_defaults(msgspec.to_builtins(park)) for park in parks]
    return yaml.safe_dump_all(
        documents, allow_unicode=True, sort_keys=False, default_flow_style=False
    )


def _without_defaults(value: Any) -> Any:  # noqa: ANN401 - any part of a document
    """Leave out what says nothing: null and empty lists and objects."""
    if isinstance(value, dict):
        kept = {name: _without_defaults(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in (None, [], {})}
    if isinstance(value, list):
        return [_without_defaults(each) for each in value]
    return value


def csv_texts(parks: Iterable[ParkSpec]) -> Mapping[str, str]:
    """Write parks as tables, by file name."""
    files = {table.name: io.StringIO() for table in tables.TABLES}
    writers = {name: csv.writer(file) for name, file in files.items()}
    for table in tables.TABLES:
        writers[table.name].writerow(table.header)
    for park in parks:
        for table, cells in drafts.rows(park):
            writers[table.name].writerow(cells)
    return {f"{name}.csv": file.getvalue() for name, file in files.items()}
