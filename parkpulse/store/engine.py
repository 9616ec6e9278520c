"""Leases of slots: which engine process works on which parks.

A process holds its slots as long as it says that it is alive. Whoever writes for slots
holds a lock shared in its owner's name until the commit; whoever takes slots away needs
it alone. So two processes never write for one slot, and nothing is written to say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parkpulse.store.pool import Connection

_FORGET_S = 60.0


def report_alive(conn: Connection, owner: str, ttl_s: float) -> int:
    """Say that this process lives `ttl_s` more seconds; return how many live."""
    conn.execute(
        "delete from engine where until < now() - make_interval(secs => %s)",
        [_FORGET_S],
    )
    conn.execute(
        """
        insert into engine (owner, until)
        values (%s, clock_timestamp() + make_interval(secs => %s))
        on conflict (owner) do update set until = excluded.until
        """,
        [owner, ttl_s],
    )
    row = conn.execute("select count(*) from engine where until > now()").fetchone()
    return max(int(row[0]), 1) if row else 1


def held(conn: Connection, owner: str) -> frozenset[int]:
    """Slots of this process."""
    rows = conn.execute("select slot from lease where owner = %s", [owner])
    return frozenset(int(slot) for (slot,) in rows)


def take(conn: Connection, owner: str, wanted: int) -> frozenset[int]:
    """Take up to `wanted` slots that nobody alive holds; return those taken."""
    rows = conn.execute(
        """
        select distinct l.owner from lease l
        where l.owner is not null and not exists (
            select from engine e where e.owner = l.owner and e.until > now())
        """
    ).fetchall()
    dead = [str(name) for (name,) in rows if _is_idle(conn, str(name))]
    rows = conn.execute(
        """
        update lease set owner = %s
        where slot in (
            select slot from lease where owner is null or owner = any(%s)
            order by slot limit %s for update skip locked
        )
        returning slot
        """,
        [owner, dead, wanted],
    ).fetchall()
    return frozenset(int(slot) for (slot,) in rows)


def _is_idle(conn: Connection, owner: str) -> bool:
    """Whether no transaction of this owner is at work, nor begins before the commit."""
    row = conn.execute(
        "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [owner]
    ).fetchone()
    return bool(row and row[0])


def release(conn: Connection, owner: str, slots: Iterable[int]) -> frozenset[int]:
    """Give slots back unless a transaction of this process is at work; return which."""
    if not _is_idle(conn, owner):
        return frozenset()
    rows = conn.execute(
        """
        update lease set owner = null where owner = %s and slot = any(%s)
        returning slot
        """,
        [owner, sorted(slots)],
    ).fetchall()
    return frozenset(int(slot) for (slot,) in rows)


def depart(conn: Connection, owner: str) -> None:
    """Give everything back at the end of a process, after its last transaction."""
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [owner])
    conn.execute("update lease set owner = null where owner = %s", [owner])
    conn.execute("delete from engine where owner = %s", [owner])


def confirm(conn: Connection, owner: str, slots: Iterable[int]) -> bool:
    """Whether `owner` holds all these slots, and will until the commit."""
    conn.execute(
        "select pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [owner]
    )
    return held(conn, owner).issuperset(slots)
