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

_ORDER = "-ts"


class Search(NamedTuple):
    """Which events; None does not restrict."""

    device: str | None = None
    kind: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def page(
    conn: Connection, park_id: int, search: Search, limit: int, cursor: str | None
) -> Page[StoredEvent]:
    """Return one page, newest first."""
    before = None if cursor is None else _before(cursor)
    found = store.page(conn, park_id, limit + 1, **search._asdict(), before=before)
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        following = paging.encode(_ORDER, (instants.to_us(last.ts), str(last.id)))
    return Page(found[:limit], following)


def body(conn: Connection, park_id: int, event_id: UUID) -> bytes:
    """Return what is kept raw of an event, such as a picture; raises NotFoundError."""
    found = store.body(conn, park_id, event_id)
    if found is None:
        raise NotFoundError(store.KIND, str(event_id))
    return found


def _before(cursor: str) -> tuple[datetime, UUID]:
    at, event_id = paging.decode(_ORDER, cursor, [int, str])
    try:
        return instants.from_us(int(at)), UUID(str(event_id))
    except (ValueError, OverflowError) as error:
        raise paging.refusal() from error
