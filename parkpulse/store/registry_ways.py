"""The ways to a park's devices: their other ids, and foreign topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.errors import InvalidRequestError
from parkpulse.model.routes import Route
from parkpulse.store import topic_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.registry import DeviceSpec, ParkSpec, TopicSpec
    from parkpulse.store.pool import Connection


def apply(connection: Connection, park_id: int, spec: ParkSpec) -> int:
    """Write other ids of devices and topic rules; return how many rows changed.

    Raises
    ------
    InvalidRequestError
        An id is that of another device, or a filter belongs to another park.
    """
    return _aliases(connection, park_id, spec.devices) + _topics(
        connection, spec.code, spec.topics
    )


def _aliases(
    connection: Connection, park_id: int, devices: Sequence[DeviceSpec]
) -> int:
    pairs = sorted((alias, each.code) for each in devices for alias in each.aliases)
    aliases, codes = [alias for alias, _ in pairs], [code for _, code in pairs]
    _refuse_taken(connection, park_id, aliases)
    changed = connection.execute(
        "delete from device_alias a using device d"
        " where d.id = a.device_id and a.park_id = %s and d.code = any(%s)"
        " and not a.alias = any(%s)",
        [park_id, [each.code for each in devices], aliases],
    ).rowcount
    return changed + (
        connection.execute(
            "insert into device_alias as a (park_id, alias, device_id)"
            " select d.park_id, u.alias, d.id from unnest(%s::text[], %s::text[])"
            "  as u (alias, code) join device d on d.code = u.code and d.park_id = %s"
            " on conflict (park_id, alias) do update set device_id = excluded.device_id"
            " where a.device_id <> excluded.device_id",
            [aliases, codes, park_id],
        ).rowcount
    )


def _refuse_taken(connection: Connection, park_id: int, aliases: Sequence[str]) -> None:
    """Refuse an id under which a described device reports itself.

    A device that was only discovered under it is what has replaced another.
    """
    taken = connection.execute(
        "select code from device where park_id = %s and code = any(%s)"
        " and state <> 'discovered' order by code limit 1",
        [park_id, list(aliases)],
    ).fetchone()
    if taken is not None:
        code, message = "duplicate_code", f"{taken[0]!r} is a device of its own"
        raise InvalidRequestError(code, message, "/devices")


def _topics(connection: Connection, park: str, wanted: Sequence[TopicSpec]) -> int:
    known = {route.filter: route for route in topic_rules.load(connection)}
    changed = 0
    for topic in wanted:
        route = Route(
            topic.filter, park, topic.format, topic.device_level, topic.options
        )
        before = known.get(topic.filter)
        if before is not None and before.park != park:
            code = "duplicate_filter"
            message = f"{topic.filter!r} belongs to park {before.park!r}"
            raise InvalidRequestError(code, message, "/topics")
        if before != route:
            topic_rules.apply(connection, route)
            changed += 1
    return changed
