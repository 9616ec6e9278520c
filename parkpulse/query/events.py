"""Events of a park for people: texts, pictures, parameters, births and deaths."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from parkpulse.errors import NotFoundError
from parkpulse.model import instants
from parkpulse.query import paging
from parkpulse.query.paging import Page
from parkpulse.store import events as store

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.store.events import StoredEvent
    from parkpulse.store.pool import Connection

NEWEST_FIRST = "-ts"


class Search(NamedTuple):
    """Which events; None does not restrict."""

    device: str | None = None
    kind: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def page(
    conn: Connection,
    park_id: int,
    search: Search,
    limit: int,
    cursor: str | None,
    order: str = NEWEST_FIRST,
) -> Page[StoredEvent]:
    """Return one page in order of time."""
    after = None if cursor is None else _after(cursor, order)
    found = store.page(
        conn, park_id, limit + 1, **search._asdict(), after=after, order=order
    )
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        following = paging.encode(order, (instants.to_us(last.ts), str(last.id)))
    return Page(found[:limit], following)


def body(conn: Connection, park_id: int, event_id: UUID) -> bytes:
    """Return what is kept raw of an event, such as a picture; raises NotFoundError."""
    found = store.body(conn, park_id, event_id)
    if found is None:
        raise NotFoundError(store.KIND, str(event_id))
    return found


def _after(cursor: str, order: str) -> tuple[datetime, UUID]:
    at, event_id = paging.decode(order, cursor, [int, str])
    try:
        return instants.from_us(int(at)), UUID(str(event_id))
    except (ValueError, OverflowError) as error:
        raise paging.refusal() from error
