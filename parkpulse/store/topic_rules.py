"""Topic rules: foreign topics with the park and format that they stand for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from parkpulse.errors import NotFoundError
from parkpulse.model.routes import Route
from parkpulse.store import registry_news

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

KIND = "topic rule"
"""What is said not to exist."""


def load(connection: Connection) -> list[Route]:
    """All rules, by filter."""
    rows = connection.execute(
        "select r.filter, p.code, r.format, r.device_level, r.options"
        " from topic_rule r join park p on p.id = r.park_id order by r.filter"
    )
    return [Route(*row) for row in rows]


def apply(connection: Connection, route: Route) -> None:
    """Put a rule in force, in place of one with the same filter.

    Raises
    ------
    NotFoundError
        There is no such park.
    """
    row = connection.execute(
        "insert into topic_rule (filter, park_id, format, device_level, options)"
        " select %s, id, %s, %s, %s::jsonb from park where code = %s"
        " on conflict (filter) do update set park_id = excluded.park_id,"
        "  format = excluded.format, device_level = excluded.device_level,"
        "  options = excluded.options returning id",
        [
            route.filter,
            route.format,
            route.device_level,
            json.dumps(dict(route.options)),
            route.park,
        ],
    ).fetchone()
    if row is None:
        kind = "park"
        raise NotFoundError(kind, route.park)
    registry_news.tell(connection)


def remove(connection: Connection, topic_filter: str) -> None:
    """Take a rule out of force.

    Raises
    ------
    NotFoundError
        There is none with this filter.
    """
    row = connection.execute(
        "delete from topic_rule where filter = %s returning id", [topic_filter]
    ).fetchone()
    if row is None:
        raise NotFoundError(KIND, topic_filter)
    registry_news.tell(connection)
