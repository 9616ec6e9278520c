"""The registry as tables: which columns a CSV file has, and rows from and to entities.

A row is one entity. Columns that a file lacks keep what is registered; an empty cell
is the default. Lists stand in one cell, parted by spaces; options as `name=value`,
parted by semicolons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Entity = dict[str, Any]
"""A part of a park's document, as plain values."""
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of entity as rows.

    Parameters
    ----------
    name
        Name of the file without `.csv`.
    keys
        Columns that together name an entity within its park.
    fields
        Where each further column stands in the entity: names from outside to inside.
    """

    name: str
    keys: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]

    @property
    def header(self) -> list[str]:
        """All columns."""
        return ["park", *self.keys, *self.fields]


_NAMES = {"name_zh": ("name", "zh"), "name_en": ("name", "en")}


def _plain(*columns: str) -> dict[str, tuple[str, ...]]:
    return {column: (column,) for column in columns}


PARKS = Table(
    "parks",
    (),
    {**_NAMES, **_plain("accept_from", "grade", "clock", "zone", "simulated")},
)
PLACES = Table(
    "places",
    ("place",),
    {**_plain("kind"), **_NAMES, **_plain("parent", "compartment")},
)
DEVICES = Table(
    "devices",
    ("device",),
    {
        **_plain("kind"),
        **_NAMES,
        **_plain(
            "place", "report_interval_s", "clock", "retired", "aliases", "options"
        ),
    },
)
SERIES = Table(
    "series",
    ("device", "metric"),
    _plain("stamp", "report_interval_s", "modulus", "max_power_kw"),
)
CALIBRATIONS = Table(
    "calibrations",
    ("device", "metric", "valid_from"),
    _plain("scale", "offset", "source"),
)
DATA_CENTRES = Table(
    "data_centres",
    ("data_centre",),
    {**_NAMES, **_plain("commissioned", "standard_racks", "place", "grid_region")},
)
METERS = Table("meters", ("data_centre", "device", "metric", "role"), _plain("parent"))
TOPICS = Table("topics", ("filter",), _plain("format", "device_level", "options"))
TABLES = (
    PARKS,
    PLACES,
    DEVICES,
    SERIES,
    CALIBRATIONS,
    DATA_CENTRES,
    METERS,
    TOPICS,
)
"""In the order in which they must be read: what holds before what is held."""


def of_header(header: Sequence[str]) -> Table | None:
    """Find the table that a header belongs to: the one with all its columns."""
    columns = set(header)
    fitting = [
        table
        for table in TABLES
        if {"park", *table.keys} <= columns <= set(table.header)
    ]
    return max(fitting, key=lambda table: len(table.keys), default=None)


def cell(value: object) -> str:
    """Write a value into a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, dict):
        return ";".join(f"{name}={each}" for name, each in sorted(value.items()))
    return str(value)


def _options(text: str) -> dict[str, str]:
    found = {}
    for part in filter(None, text.split(";")):
        name, _, value = part.partition("=")
        found[name.strip()] = value.strip()
    return found


def _truth(text: str) -> object:
    return {"true": True, "false": False}.get(text.lower(), text)


_READERS: Mapping[str, Callable[[str], object]] = {
    "aliases": str.split,
    "options": _options,
    "retired": _truth,
    "simulated": _truth,
}


def fill(entity: Entity, table: Table, row: Row) -> None:
    """Take a row's cells into an entity; an empty cell takes the value away."""
    for column, path in table.fields.items():
        if column not in row:
            continue
        inner = entity
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        text = row[column].strip()
        if text:
            inner[path[-1]] = _READERS.get(column, str)(text)
        else:
            inner.pop(path[-1], None)


def row(table: Table, park: str, keys: Sequence[str], entity: Entity) -> list[str]:
    """Write an entity as a row."""
    cells = [park, *keys]
    for path in table.fields.values():
        value: Any = entity
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        cells.append(cell(value))
    return cells
