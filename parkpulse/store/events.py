"""Events: what devices say that is no number."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import uuid_utils.compat

from parkpulse.store import directions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.pool import Connection

KIND = "event"
"""What is said not to exist."""


class EventRow(NamedTuple):
    """An event of a device, to be stored."""

    park_id: int
    device_id: int
    ts: datetime
    received_at: datetime
    kind: str
    detail: dict[str, Any]
    body: bytes


class StoredEvent(NamedTuple):
    """An event as it is shown; without its raw bytes."""

    id: UUID
    ts: datetime
    received_at: datetime
    device: str
    kind: str
    detail: dict[str, Any]
    length: int
    """Raw bytes that are kept."""


def put(connection: Connection, rows: Sequence[EventRow]) -> list[bool]:
    """Store events; tell of each whether it was new."""
    if not rows:
        return []
    keyed = [(_key(row), row) for row in rows]
    added: set[tuple[object, ...]] = set()
    ordered = sorted(dict(keyed).items(), key=_sorting)
    with connection.cursor() as cursor:
        for (device_id, ts, kind, fingerprint), row in ordered:
            cursor.execute(
                "insert into event (id, park_id, device_id, ts, received_at, kind,"
                "  detail, body, fingerprint)"
                " values (%s, %s, %s, %s, %s, %s, %s::jsonb, %b, %b)"
                " on conflict do nothing",
                [
                    uuid_utils.compat.uuid7(),
                    row.park_id,
                    device_id,
                    ts,
                    row.received_at,
                    kind,
                    _json(row.detail),
                    row.body,
                    fingerprint,
                ],
            )
            if cursor.rowcount:
                added.add((device_id, ts, kind, fingerprint))
    found = []
    for key, _ in keyed:
        found.append(key in added)
        added.discard(key)  # of several equal ones the first is the new one
    return found


_Key = tuple[int, "datetime", str, bytes]


def _sorting(item: tuple[_Key, EventRow]) -> _Key:
    return item[0]


def _key(row: EventRow) -> _Key:
    content = _json(row.detail).encode() + b"\0" + row.body
    return row.device_id, row.ts, row.kind, hashlib.sha256(content).digest()


def _json(detail: dict[str, Any]) -> str:
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)
    return text.replace("\\u0000", "\\ufffd")  # PostgreSQL has no NUL in a text


def page(
    connection: Connection,
    park_id: int,
    limit: int,
    *,
    device: str | None = None,
    kind: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    after: tuple[datetime, UUID] | None = None,
    order: str = "-ts",
) -> list[StoredEvent]:
    """Return events of a park.

    Parameters
    ----------
    connection
        Open connection.
    park_id
        Which park.
    limit
        Most events returned.
    device, kind, start, end
        What they must have; None is anything. `end` is exclusive.
    after
        (ts, id) of the last event of the page before.
    order
        `-ts`: newest first, or `ts`.
    """
    beyond, sorting = directions.of(order)
    rows = connection.execute(
        "select e.id, e.ts, e.received_at, d.code, e.kind, e.detail, length(e.body)"  # noqa: S608 - all parts are literals
        " from event e join device d on d.id = e.device_id"
        " where e.park_id = %(park)s"
        " and (%(device)s::text is null or d.code = %(device)s)"
        " and (%(kind)s::text is null or e.kind = %(kind)s)"
        " and (%(start)s::timestamptz is null or e.ts >= %(start)s)"
        " and (%(end)s::timestamptz is null or e.ts < %(end)s)"
        " and (%(ts)s::timestamptz is null or (e.ts, e.id) "
        + beyond
        + " (%(ts)s, %(id)s::uuid)) order by e.ts "
        + sorting
        + ", e.id "
        + sorting
        + " limit %(limit)s",
        {
            "park": park_id,
            "device": device,
            "kind": kind,
            "start": start,
            "end": end,
            "ts": after and after[0],
            "id": after and after[1],
            "limit": limit,
        },
    )
    return [StoredEvent(*row) for row in rows]


def body(connection: Connection, park_id: int, event_id: UUID) -> bytes | None:
    """Return the raw bytes of an event of a park; None if there is no such event."""
    row = connection.execute(
        "select body from event where id = %s and park_id = %s", [event_id, park_id]
    ).fetchone()
    return None if row is None else bytes(row[0])
