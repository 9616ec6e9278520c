"""Leases of slots: which engine process works on which parks.

A process holds its slots as long as it says that it is alive. Whoever writes for slots
holds a lock shared in its owner's name until the commit; whoever takes slots away needs
it alone. So two processes never write for one slot, and nothing is written to say so.
A lease has an epoch that grows with each owner: who lost a slot and won it again knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from parkpulse.store.pool import Connection
    from parkpulse.store.soon import Soon

_FORGET_S = 60.0
_GRACE_S = 2.0
_END_WITHIN_MS = 1000


class Rank(NamedTuple):
    """Which of the living processes of a role this one is."""

    place: int
    """From 0, in the order of their names."""
    processes: int


def prepare(conn: Connection, role: str) -> None:
    """Make sure that the slots of this role can be held."""
    conn.execute(
        "insert into lease (role, slot) select %s, generate_series(0, 63)"
        " on conflict do nothing",
        [role],
    )


def report_alive(conn: Connection, owner: str, role: str, ttl_s: float) -> Rank:
    """Say that this process lives `ttl_s` more seconds; return its rank."""
    conn.execute(
        "delete from engine where until < now() - make_interval(secs => %s)",
        [_FORGET_S],
    )
    conn.execute(
        """
        insert into engine (owner, role, until)
        values (%s, %s, clock_timestamp() + make_interval(secs => %s))
        on conflict (owner) do update set until = excluded.until
        """,
        [owner, role, ttl_s],
    )
    (row,) = conn.execute(
        """
        select count(*) filter (where owner < %(owner)s), count(*) from engine
        where role = %(role)s and (owner = %(owner)s or until > now())
        """,
        {"owner": owner, "role": role},
    ).fetchall()
    return Rank(*row)


def occupied(conn: Connection) -> frozenset[int]:
    """Slots that have parks."""
    rows = conn.execute("select distinct id % 64 from park")
    return frozenset(int(slot) for (slot,) in rows)


def held(conn: Connection, owner: str) -> dict[int, int]:
    """Slots of this process, each with its epoch."""
    return _held_soon(conn, owner)()


def _held_soon(conn: Connection, owner: str) -> Soon[dict[int, int]]:
    rows = conn.execute(
        "select slot, epoch from lease where owner = %s order by slot", [owner]
    )
    return lambda: {int(slot): int(epoch) for slot, epoch in rows}


def take(
    conn: Connection, owner: str, role: str, slots: Iterable[int], wanted: int
) -> dict[int, int]:
    """Take up to `wanted` of these slots that nobody alive holds; return the taken.

    A transaction of a dead owner that is still open is ended: the process may be
    stopped, or its machine cut off, and would hold its slots as long as TCP waits.
    """
    rows = conn.execute(
        """
        select distinct l.owner, not exists (
            select from engine e where e.owner = l.owner
                and e.until > now() - make_interval(secs => %(grace_s)s))
        from lease l
        where l.role = %(role)s and l.owner is not null and not exists (
            select from engine e where e.owner = l.owner and e.until > now())
        """,
        {"role": role, "grace_s": _GRACE_S},
    ).fetchall()
    for name, is_long_dead in rows:
        if is_long_dead:
            _end_sessions(conn, str(name))
    dead = [str(name) for name, _ in rows if _is_idle(conn, str(name))]
    return _grant(conn, owner, role, dead, sorted(slots), wanted)


def _grant(
    conn: Connection,
    owner: str,
    role: str,
    dead: Sequence[str],
    slots: Sequence[int],
    wanted: int,
) -> dict[int, int]:
    rows = conn.execute(
        """
        update lease set owner = %(owner)s, epoch = epoch + 1
        where role = %(role)s and slot in (
            select slot from lease
            where role = %(role)s and slot = any(%(slots)s)
                and (owner is null or owner = any(%(dead)s))
            order by slot limit %(wanted)s for update skip locked
        )
        returning slot, epoch
        """,
        {
            "owner": owner,
            "role": role,
            "slots": slots,
            "dead": dead,
            "wanted": wanted,
        },
    ).fetchall()
    return {int(slot): int(epoch) for slot, epoch in rows}


def _end_sessions(conn: Connection, owner: str) -> None:
    """End the sessions in which this owner has a transaction open."""
    conn.execute(
        """
        select pg_terminate_backend(l.pid, %(within_ms)s)
        from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
            and a.datname = current_database() and a.usename = current_user
            and l.database = a.datid and l.pid <> pg_backend_pid()
            and ((l.classid::bigint << 32) | l.objid::bigint)
                = hashtextextended(%(owner)s, 0)
        """,
        {"owner": owner, "within_ms": _END_WITHIN_MS},
    )


def _is_idle(conn: Connection, owner: str) -> bool:
    """Whether no transaction of this owner is at work, nor begins before the commit."""
    row = conn.execute(
        "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [owner]
    ).fetchone()
    return bool(row and row[0])


def release(conn: Connection, owner: str, slots: Iterable[int]) -> frozenset[int]:
    """Give slots back between two transactions of this process; return which.

    Raises
    ------
    StoreUnavailableError
        A transaction of this process was at work all the time.
    """
    conn.execute("set local lock_timeout = '1s'")
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [owner])
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


def confirm(conn: Connection, owner: str, leases: Mapping[int, int]) -> bool:
    """Whether `owner` holds all these leases (slot -> epoch), until the commit."""
    return confirm_soon(conn, owner, leases)()


def confirm_soon(conn: Connection, owner: str, leases: Mapping[int, int]) -> Soon[bool]:
    """Ask as `confirm` does; in a pipeline the answer comes with others."""
    conn.execute(
        "select pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [owner]
    )
    found = _held_soon(conn, owner)
    return lambda: found().items() >= leases.items()
