"""Signs of life of the processes that neither hold leases nor receive messages."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple

from parkpulse.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from parkpulse.store.pool import Connection, Database

Kind = Literal["api", "notify", "watch"]
TTL_S = 30.0
"""A process that gives no sign of life for so long is away. [s]"""
_FORGET_S = 600.0
_END_WITHIN_S = 2.0
_log = logging.getLogger(__name__)


class Process(NamedTuple):
    """A process that lives."""

    name: str
    kind: Kind
    started_at: datetime
    until: datetime
    """It is away if it gives no sign of life by then."""


def own_name(kind: Kind) -> str:
    """Name of this process, unique among all machines."""
    return f"{kind}@{platform.node() or 'localhost'}/{os.getpid()}"


def sign(conn: Connection, name: str, kind: Kind, ttl_s: float = TTL_S) -> None:
    """Say that a process lives `ttl_s` more seconds; forget those long away."""
    conn.execute(
        "delete from process where name in (select name from process"
        "  where until < now() - make_interval(secs => %s)"
        "  for update skip locked)",
        [_FORGET_S],
    )
    conn.execute(
        """
        insert into process (name, kind, until)
        values (%s, %s, clock_timestamp() + make_interval(secs => %s))
        on conflict (name) do update set until = excluded.until
        """,
        [name, kind, ttl_s],
    )


def leave(conn: Connection, name: str) -> None:
    """Say that a process ends."""
    conn.execute("delete from process where name = %s", [name])


def living(conn: Connection) -> list[Process]:
    """Read the processes that gave a sign of life lately, by name."""
    rows = conn.execute(
        "select name, kind, started_at, until from process"
        " where until > now() order by name"
    )
    return [Process(*row) for row in rows]


@contextlib.contextmanager
def telling(database: Database, kind: Kind) -> Iterator[None]:
    """Give signs of life beside something else, until that ends.

    An error of the database is waited out.
    """
    stop = threading.Event()
    args = (database, own_name(kind), kind, stop)
    thread = threading.Thread(target=_tell, args=args, name="signs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_END_WITHIN_S)


def _tell(database: Database, name: str, kind: Kind, stop: threading.Event) -> None:
    is_known = False
    while not stop.is_set():
        is_known = _is_done(database, lambda conn: sign(conn, name, kind))
        stop.wait(TTL_S / 3)
    if is_known:
        _is_done(database, lambda conn: leave(conn, name))


def _is_done(database: Database, work: Callable[[Connection], None]) -> bool:
    try:
        with database.transaction() as conn:
            work(conn)
    except StoreError as error:
        _log.warning("no sign of life given: %s", error)
        return False
    return True
