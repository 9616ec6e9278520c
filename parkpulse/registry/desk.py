"""Changing the registry for people: files with their differences, devices, places."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parkpulse.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    StoreDataError,
)
from parkpulse.registry import differences, files
from parkpulse.store import registry as store
from parkpulse.store import registry_reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parkpulse.model.registry import DeviceSpec, ParkSpec, PlaceSpec, TopicSpec
    from parkpulse.registry.differences import Difference
    from parkpulse.registry.drafts import Problem
    from parkpulse.registry.files import Sheet
    from parkpulse.store.pool import Connection, Database

_REVISION_DIGITS = 16


class Preview(NamedTuple):
    """What files would change, or what keeps them from being taken."""

    items: list[Difference]
    problems: list[Problem]


@contextlib.contextmanager
def changing(database: Database) -> Iterator[Connection]:
    """Lend a connection for a change of the registry.

    Raises
    ------
    InvalidRequestError
        The database cannot hold a value: a number too large, a character it lacks.
    """
    try:
        with database.transaction() as conn:
            yield conn
    except StoreDataError as error:
        code = "invalid_value"
        raise InvalidRequestError(code, str(error), "") from error


def preview(conn: Connection, sheets: Sequence[Sheet]) -> Preview:
    """Compare files with what is registered."""
    return _read(conn, sheets)[0]


def take(conn: Connection, sheets: Sequence[Sheet]) -> Preview:
    """Take files into the registry; nothing where there is any problem.

    Raises
    ------
    InvalidRequestError
        An id or filter of them is taken elsewhere.
    """
    found, specs = _read(conn, sheets)
    if not found.problems:
        for spec in specs:
            store.apply(conn, spec)
    return found


def _read(
    conn: Connection, sheets: Sequence[Sheet]
) -> tuple[Preview, Sequence[ParkSpec]]:
    read = files.read_texts(sheets, lambda park: _registered(conn, park))
    if read.problems:
        return Preview([], read.problems), read.parks
    found = [
        each
        for spec in read.parks
        for each in differences.differences(_registered(conn, spec.code), spec)
    ]
    return Preview(found, []), read.parks


def _registered(conn: Connection, park: str) -> ParkSpec | None:
    try:
        return registry_reading.load(conn, park)
    except NotFoundError:
        return None


class DeviceView(NamedTuple):
    """A device, whether anybody has described it, and which state of it this is."""

    device: DeviceSpec
    is_discovered: bool
    revision: str


def device(conn: Connection, park: str, code: str) -> DeviceView:
    """Show a device; raises NotFoundError."""
    found = registry_reading.device(conn, park, code)
    return DeviceView(found.spec, found.is_discovered, revision(found.spec))


def revision(spec: DeviceSpec | PlaceSpec) -> str:
    """Name the state of a device or place: another after each change."""
    written = msgspec.json.encode(spec, order="deterministic")
    return hashlib.sha256(written).hexdigest()[:_REVISION_DIGITS]


def change_device(
    conn: Connection, park: str, wanted: DeviceSpec, seen: str
) -> DeviceView:
    """Describe a device anew; a discovered one is adopted by that. Its series stay.

    Raises
    ------
    NotFoundError
        There is no such park or device.
    ConflictError
        It is not any more what was seen.
    InvalidRequestError
        The place is none of the park, or an id is that of another device.
    """
    known = registry_reading.device(conn, park, wanted.code).spec
    if revision(known) != seen:
        raise ConflictError
    described = msgspec.structs.replace(wanted, series=known.series)
    outline = registry_reading.outline(conn, park)
    store.apply(conn, msgspec.structs.replace(outline, devices=[described]))
    return device(conn, park, wanted.code)


class PlaceView(NamedTuple):
    """A place, and which state of it this is."""

    place: PlaceSpec
    revision: str


def place(conn: Connection, park: str, code: str) -> PlaceView:
    """Show a place; raises NotFoundError."""
    return _place(registry_reading.outline(conn, park), code)


def _place(outline: ParkSpec, code: str) -> PlaceView:
    for known in outline.places:
        if known.code == code:
            return PlaceView(known, revision(known))
    kind = "place"
    raise NotFoundError(kind, code)


def change_place(
    conn: Connection, park: str, wanted: PlaceSpec, seen: str
) -> PlaceView:
    """Describe a place anew; what lies in it stays there.

    Raises
    ------
    NotFoundError
        There is no such park or place.
    ConflictError
        It is not any more what was seen.
    InvalidRequestError
        What it lies in is none of the park or lies in it, or it is no compartment.
    """
    outline = registry_reading.outline(conn, park)
    if _place(outline, wanted.code).revision != seen:
        raise ConflictError
    # The first, so that what is wrong with it is told of it.
    places = [wanted, *(each for each in outline.places if each.code != wanted.code)]
    store.apply(conn, msgspec.structs.replace(outline, places=places))
    return place(conn, park, wanted.code)


def add_topic(conn: Connection, park: str, topic: TopicSpec) -> None:
    """Put a rule for foreign topics in force, in place of one with its filter.

    Raises
    ------
    NotFoundError
        There is no such park.
    InvalidRequestError
        The filter cannot be subscribed to, or belongs to another park.
    """
    outline = registry_reading.outline(conn, park)
    store.apply(conn, msgspec.structs.replace(outline, topics=[topic]))
