"""The park that stands for the service itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.model import service_park
from parkpulse.store import registry

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from parkpulse.store.pool import Connection


def register(conn: Connection, host: str) -> bool:
    """Register the service as seen from a machine; again, it changes nothing.

    Returns
    -------
    bool
        False if people have a park of this code: it stays theirs.
    """
    row = conn.execute(
        "select service from park where code = %s", [service_park.CODE]
    ).fetchone()
    if row is not None and not row[0]:
        return False
    park_id = registry.apply(conn, service_park.spec(host))
    conn.execute(
        "update park set service = true where id = %s and not service", [park_id]
    )
    return True


def arrived(
    conn: Connection, host: str, moments: Collection[datetime]
) -> set[datetime]:
    """Tell which of a machine's own reports, by observed time, are stored."""
    rows = conn.execute(
        """
        select r.ts from reading r
        where r.ts = any(%s) and r.series = (
            select s.id from series s
            join device d on d.id = s.device_id join park p on p.id = d.park_id
            where p.code = %s and d.code = %s and s.metric = %s)
        """,
        [
            sorted(moments),
            service_park.CODE,
            service_park.host_code(host),
            service_park.PROBE,
        ],
    )
    return {ts for (ts,) in rows}
