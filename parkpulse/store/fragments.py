"""Parts of messages that wait for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import uuid_utils.compat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.pool import Connection


class Fragment(NamedTuple):
    """A part of a message, as it came."""

    park_id: int
    device: str
    received_at: datetime
    writer: str
    source: str
    """Source in the ledger."""
    topic: bytes
    sha256: bytes
    payload: bytes


class Waiting(NamedTuple):
    """A part that is stored."""

    id: UUID
    fragment: Fragment


def put(connection: Connection, fragments: Sequence[Fragment]) -> list[bool]:
    """Keep parts; tell of each whether it was new."""
    found = []
    with connection.cursor() as cursor:
        for fragment in fragments:
            cursor.execute(
                "insert into fragment (id, park_id, device, received_at, writer,"
                "  source, topic, sha256, payload)"
                " values (%s, %s, %s, %s, %s, %s, %b, %b, %b) on conflict do nothing",
                [uuid_utils.compat.uuid7(), *fragment],
            )
            found.append(cursor.rowcount == 1)
    return found


def devices(connection: Connection) -> list[tuple[int, str]]:
    """Devices, as (park, code), of which parts are waiting."""
    rows = connection.execute(
        "select distinct park_id, device from fragment order by park_id, device"
    )
    return rows.fetchall()


def lock(connection: Connection, park_id: int, device: str) -> list[Waiting]:
    """Parts of a device by receipt; nobody else works on them until the commit."""
    rows = connection.execute(
        "select id, park_id, device, received_at, writer, source, topic, sha256,"
        "  payload from fragment where park_id = %s and device = %s"
        " order by received_at, id for update skip locked",
        [park_id, device],
    )
    return [Waiting(row[0], Fragment(*row[1:])) for row in rows]


def remove(connection: Connection, ids: Sequence[UUID]) -> None:
    """Forget parts that are put together or given up."""
    connection.execute("delete from fragment where id = any(%s)", [list(ids)])
