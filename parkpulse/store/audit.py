"""The audit: who changed what; rows are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

from parkpulse.store import directions

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.account import Actor
    from parkpulse.store.pool import Connection


class Entry(NamedTuple):
    """One change."""

    id: int
    at: datetime
    who: str
    display_name: str
    way: str
    token: str | None
    address: str
    action: str
    object: str
    park: str | None
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Search:
    """Which changes are wanted; None for any."""

    who: str | None = None
    action: str | None = None
    park: str | None = None
    text: str | None = None
    """Part of the object."""
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody does."""

    action: str
    target: str
    park: str | None = None
    before: object = None
    after: object = None


def add(conn: Connection, actor: Actor, deed: Deed, name: str = "") -> None:
    """Write down a change.

    Parameters
    ----------
    conn
        Of the change itself: both are committed, or none.
    actor
        Who.
    deed
        What, without anything secret.
    name
        How they call themselves as long as there are no accounts.
    """
    conn.execute(
        """
        insert into audit (who, display_name, way, token, address, action, object,
            park, before, after)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            actor.name,
            actor.display_name or name,
            actor.way,
            actor.token,
            actor.address,
            deed.action,
            deed.target,
            deed.park,
            None if deed.before is None else Jsonb(deed.before),
            None if deed.after is None else Jsonb(deed.after),
        ],
    )


def page(
    conn: Connection,
    search: Search,
    limit: int,
    after: int | None = None,
    order: str = "-id",
) -> list[Entry]:
    """Return changes, up to one more than `limit`.

    Parameters
    ----------
    conn
        Open connection.
    search
        Which.
    limit
        Items of a page.
    after
        Id of the last change of the page before.
    order
        `-id`: newest first, or `id`.
    """
    beyond, sorting = directions.of(order)
    rows = conn.execute(
        """
        select id, at, who, display_name, way, token, address, action, object, park,
            before, after
        from audit
        where (%(who)s::text is null or who = %(who)s)
            and (%(action)s::text is null or action = %(action)s)
            and (%(park)s::text is null or park = %(park)s)
            and (%(text)s::text is null or strpos(object, %(text)s) > 0)
            and (%(start)s::timestamptz is null or at >= %(start)s)
            and (%(end)s::timestamptz is null or at < %(end)s)
            and (%(after)s::bigint is null or id """  # noqa: S608 - all parts are literals
        + beyond
        + " %(after)s) order by id "
        + sorting
        + " limit %(limit)s",
        {
            "who": search.who,
            "action": search.action,
            "park": search.park,
            "text": search.text,
            "start": search.start,
            "end": search.end,
            "after": after,
            "limit": limit + 1,
        },
    )
    return [Entry(*row) for row in rows]


def actions(conn: Connection) -> list[str]:
    """All actions that were ever taken, by name."""
    rows = conn.execute(
        """
        with recursive each(action) as (
            (select action from audit order by action limit 1)
            union all
            select (select a.action from audit a where a.action > each.action
                order by a.action limit 1)
            from each where each.action is not null
        )
        select action from each where action is not null
        """
    )
    return [row[0] for row in rows]
