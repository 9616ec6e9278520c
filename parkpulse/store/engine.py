"""Leases of slots: which engine process works on which parks."""

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


def renew(conn: Connection, owner: str, ttl_s: float) -> frozenset[int]:
    """Prolong the leases of `owner` and say which slots it holds.

    A lease that a transaction of this very process holds locked is not prolonged now;
    nobody can take it either as long as that transaction lasts.
    """
    conn.execute(
        """
        update lease set until = clock_timestamp() + make_interval(secs => %s)
        where slot in (
            select slot from lease where owner = %s order by slot
            for update skip locked
        )
        """,
        [ttl_s, owner],
    )
    rows = conn.execute("select slot from lease where owner = %s", [owner]).fetchall()
    return frozenset(int(slot) for (slot,) in rows)


def take(conn: Connection, owner: str, ttl_s: float, wanted: int) -> frozenset[int]:
    """Take up to `wanted` slots whose lease has run out; return those taken."""
    rows = conn.execute(
        """
        update lease
        set owner = %s, until = clock_timestamp() + make_interval(secs => %s)
        where slot in (
            select slot from lease where until < now() order by slot limit %s
            for update skip locked
        )
        returning slot
        """,
        [owner, ttl_s, wanted],
    ).fetchall()
    return frozenset(int(slot) for (slot,) in rows)


def release(conn: Connection, owner: str, slots: Iterable[int]) -> frozenset[int]:
    """Give slots back unless a transaction of this process holds them; return which."""
    rows = conn.execute(
        """
        update lease set owner = null, until = '-infinity'
        where slot in (
            select slot from lease where owner = %s and slot = any(%s) order by slot
            for update skip locked
        )
        returning slot
        """,
        [owner, sorted(slots)],
    ).fetchall()
    return frozenset(int(slot) for (slot,) in rows)


def depart(conn: Connection, owner: str) -> None:
    """Give everything back at the end of a process."""
    conn.execute("delete from engine where owner = %s", [owner])
    conn.execute(
        "update lease set owner = null, until = '-infinity' where owner = %s", [owner]
    )


def confirm(conn: Connection, owner: str, slots: Iterable[int]) -> bool:
    """Whether `owner` still holds all these slots, and will until the commit.

    The rows stay locked for share, so that whoever wants to take a slot waits for the
    end of this transaction: two processes never write for one slot.
    """
    wanted = sorted(slots)
    rows = conn.execute(
        """
        select slot from lease where owner = %s and slot = any(%s) order by slot
        for share
        """,
        [owner, wanted],
    ).fetchall()
    return len(rows) == len(wanted)
