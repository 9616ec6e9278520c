"""Reads of parks, their clocks, places and data centres."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import NotFoundError

if TYPE_CHECKING:
    from parkpulse.model.registry import CompartmentKind
    from parkpulse.store.pool import Connection


class ParkRow(NamedTuple):
    """A park as registered, and the newest time of its data."""

    id: int
    code: str
    name_zh: str
    name_en: str
    grade: str
    clock: str
    data_now: datetime | None
    zone: str
    accept_from: datetime
    simulated: bool
    service: bool
    """Whether it stands for the service itself."""


class PlaceRow(NamedTuple):
    """A place of a park; `parent` is the code of the place that holds it."""

    id: int
    park_id: int
    code: str
    parent: str | None
    kind: str
    name_zh: str
    name_en: str
    compartment: CompartmentKind | None


class DataCentreRow(NamedTuple):
    """A data centre; `place` is the code of the place it stands in."""

    id: int
    park_id: int
    code: str
    name_zh: str
    name_en: str
    commissioned: date
    standard_racks: int
    place: str | None


def park_clock(row: ParkRow, wall: datetime) -> datetime:
    """Tell the park's own time.

    A park whose clock is its data stands at `accept_from` until the first message,
    so that its time never runs backwards.
    """
    if row.clock == "wall":
        return wall
    return row.data_now or row.accept_from


def clocks(conn: Connection) -> dict[int, datetime]:
    """Return the present time of every park on its own clock, by park id."""
    wall = datetime.now(UTC)
    return {row.id: park_clock(row, wall) for row in parks(conn)}


def now(conn: Connection, park: str) -> datetime:
    """Return the present time on a park's clock; raises NotFoundError."""
    row = conn.execute(
        "select park_now(park) from park where code = %s", [park]
    ).fetchone()
    if row is None:
        kind = "park"
        raise NotFoundError(kind, park)
    found: datetime = row[0]
    return found


def parks(conn: Connection) -> list[ParkRow]:
    """All parks by code."""
    found = conn.execute(
        """
        select id, code, name_zh, name_en, grade, clock, data_now, zone, accept_from,
            simulated, service
        from park order by code collate "C"
        """
    )
    return [ParkRow(*row) for row in found]


def find(conn: Connection, code: str) -> ParkRow:
    """Return the park of a code; raises NotFoundError."""
    for row in parks(conn):
        if row.code == code:
            return row
    kind = "park"
    raise NotFoundError(kind, code)


def places(conn: Connection) -> list[PlaceRow]:
    """All places of all parks, by park and code."""
    found = conn.execute(
        """
        select place.id, place.park_id, place.code, parent.code, place.kind,
            place.name_zh, place.name_en, place.compartment
        from place left join place parent on parent.id = place.parent_id
        order by place.park_id, place.code collate "C"
        """
    )
    return [PlaceRow(*row) for row in found]


def data_centres(conn: Connection) -> list[DataCentreRow]:
    """All data centres of all parks, by park and code."""
    found = conn.execute(
        """
        select d.id, d.park_id, d.code, d.name_zh, d.name_en, d.commissioned,
            d.standard_racks, place.code
        from data_centre d left join place on place.id = d.place_id
        order by d.park_id, d.code collate "C"
        """
    )
    return [DataCentreRow(*row) for row in found]
