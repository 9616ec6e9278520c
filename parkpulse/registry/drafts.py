"""A park's document while it is put together from what is registered and from files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from parkpulse.errors import InvalidRequestError
from parkpulse.model import registry_check
from parkpulse.model.registry import LONGEST_NAME, ParkSpec
from parkpulse.registry import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parkpulse.model.registry import DataCentreSpec, DeviceSpec, PlaceSpec
    from parkpulse.registry.tables import Entity, Row, Table

_LISTS = {
    "places": "code",
    "devices": "code",
    "topics": "filter",
    "data_centres": "code",
}
"""Lists of a document, and what names their items."""


class Problem(NamedTuple):
    """What is wrong, and where."""

    where: str
    """File and line, or file and pointer."""
    text: str


@dataclass(slots=True)
class Draft:
    """A park's document as plain values, and where each part of it came from."""

    park: str
    document: Entity
    sources: dict[tuple[str, ...], str] = field(default_factory=dict)
    """File and line by list and name of an item."""

    def place(self, table: Table, row: Row, where: str) -> str | None:
        """Take a row in; say what is wrong with it if it has no place."""
        keys = [row[key].strip() for key in table.keys]
        if not all(keys):
            return f"{table.keys[keys.index('')]} is empty"
        entity = self._entity(table, keys)
        if entity is None:
            return f"there is no {table.keys[0]} {keys[0]!r}"
        tables.fill(entity, table, row)
        self.sources[(table.name, *keys)] = where
        return None

    def _entity(self, table: Table, keys: Sequence[str]) -> Entity | None:
        if table is tables.PARKS:
            return self.document
        if table.name in _LISTS:
            return _item(self.document, table.name, {_LISTS[table.name]: keys[0]})
        if table is tables.METERS:
            holder = _found(self.document, "data_centres", "code", keys[0])
            names = {"device": keys[1], "metric": keys[2], "role": keys[3]}
            return None if holder is None else _item(holder, "meters", names)
        holder = _found(self.document, "devices", "code", keys[0])
        if holder is None:
            return None
        series = _item(holder, "series", {"metric": keys[1]})
        if table is tables.SERIES:
            return series
        return _item(series, "calibration", {"valid_from": _utc(keys[2])})

    def take(self, other: Entity, where: str) -> None:
        """Take another document in; its items replace those of their name."""
        for name, value in other.items():
            if name not in _LISTS or not isinstance(value, list):
                self.document[name] = value
                continue
            for item in value:
                self._replace(name, item, where)

    def _replace(self, name: str, item: Any, where: str) -> None:  # noqa: ANN401 - checked when the document is
        key = _LISTS[name]
        items = self.document.setdefault(name, [])
        code = _code(item, key)
        items[:] = [each for each in items if code is None or _code(each, key) != code]
        items.append(item)
        self.sources[name, str(code)] = where

    def finish(self) -> ParkSpec | Problem:
        """Make the document, or say what is wrong with it."""
        for device in self.document.get("devices", []):
            if isinstance(device, dict):
                device.setdefault("series", [])
        for centre in self.document.get("data_centres", []):
            if isinstance(centre, dict):
                centre.setdefault("meters", [])
        try:
            spec = msgspec.convert(self.document, ParkSpec, strict=False)
            registry_check.check(spec)
        except msgspec.ValidationError as error:
            text, _, path = str(error).partition(" - at `$")
            return Problem(self._where(_steps(path.rstrip("`"))), text)
        except InvalidRequestError as error:
            steps = error.pointer.strip("/").split("/")
            return Problem(self._where(steps), str(error))
        return self._long_name(spec) or spec

    def _long_name(self, spec: ParkSpec) -> Problem | None:
        """Find a name of the files that is too long; a registered one may be."""
        named: dict[str, Sequence[PlaceSpec | DeviceSpec | DataCentreSpec]] = {
            "places": spec.places,
            "devices": spec.devices,
            "data_centres": spec.data_centres,
        }
        for table, items in named.items():
            for each in items:
                where = self.sources.get((table, each.code))
                length = max(len(each.name.zh), len(each.name.en))
                if where is not None and length > LONGEST_NAME:
                    text = f"the name of {each.code!r} is too long: {length} characters"
                    return Problem(f"{where}: name", f"{text}, at most {LONGEST_NAME}")
        return None

    def _where(self, steps: Sequence[str]) -> str:
        """Tell where a part of the document came from; the pointer if nobody knows."""
        known: list[str] = []
        value: Any = self.document
        for step in steps:
            value = _step(value, step)
            known.append(_named(value, step))
        for length in range(len(known), 0, -1):
            name = tuple(each for each in known[:length] if not each.isdigit())
            if name in self.sources:
                return f"{self.sources[name]}: {'/'.join(known[length:]) or known[-1]}"
        return f"{self.park}: {'/'.join(known)}"


def _utc(text: str) -> str:
    """Write a time as documents do, so that the same one is found again."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text  # refused with the document
    if moment.tzinfo is None:
        return text
    return str(msgspec.to_builtins(moment.astimezone(UTC)))


def _step(value: Any, step: str) -> Any:  # noqa: ANN401 - any part of a document
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return value.get(step) if isinstance(value, dict) else None


def _named(value: object, step: str) -> str:
    """Name an item of a list rather than number it."""
    if step.isdigit() and isinstance(value, dict):
        for key in ("code", "filter", "metric", "device", "valid_from"):
            if key in value:
                return str(value[key])
    return step


def _steps(path: str) -> list[str]:
    parts = path.replace("[", ".").replace("]", "").split(".")
    return [part for part in parts if part]


def _code(item: object, key: str) -> object:
    """Return what names an item; None for one that is no entity at all."""
    return item.get(key) if isinstance(item, dict) else None


def _found(holder: Entity, name: str, key: str, code: str) -> Entity | None:
    for item in holder.get(name, []):
        if _code(item, key) == code:
            found: Entity = item
            return found
    return None


def _item(holder: Entity, name: str, keys: dict[str, str]) -> Entity:
    items = holder.setdefault(name, [])
    for item in items:
        if all(str(_code(item, key)) == value for key, value in keys.items()):
            found: Entity = item
            return found
    items.append(dict(keys))
    made: Entity = items[-1]
    return made


def rows(spec: ParkSpec) -> Iterator[tuple[Table, list[str]]]:
    """Write a park as rows of all tables."""
    document: Entity = msgspec.to_builtins(spec)
    yield tables.PARKS, tables.row(tables.PARKS, spec.code, [], document)
    for table in (tables.PLACES, tables.DEVICES, tables.DATA_CENTRES, tables.TOPICS):
        key = _LISTS[table.name]
        for item in document[table.name]:
            yield table, tables.row(table, spec.code, [item[key]], item)
    for device in document["devices"]:
        yield from _series_rows(spec.code, device)
    for centre in document["data_centres"]:
        for meter in centre["meters"]:
            keys = [centre["code"], meter["device"], meter["metric"], meter["role"]]
            yield tables.METERS, tables.row(tables.METERS, spec.code, keys, meter)


def _series_rows(park: str, device: Entity) -> Iterator[tuple[Table, list[str]]]:
    for series in device["series"]:
        keys = [device["code"], series["metric"]]
        yield tables.SERIES, tables.row(tables.SERIES, park, keys, series)
        for dated in series["calibration"]:
            named = [*keys, dated["valid_from"]]
            table = tables.CALIBRATIONS
            yield table, tables.row(table, park, named, dated)
