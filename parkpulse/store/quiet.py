"""Why nobody is called for an alert: shelves, maintenance windows, suppression."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model.alert import QuietNow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import Literal, LiteralString
    from uuid import UUID

    from parkpulse.model.condition import Key
    from parkpulse.store.pool import Connection
    from parkpulse.store.soon import Soon

    Within = Literal["device", "place", "park"]


class Shelf(NamedTuple):
    """A key whose alerts a person has shelved or taken out of service."""

    rule_id: int
    subject: str
    kind: Literal["shelved", "out_of_service"]
    since: datetime
    until: datetime | None
    actor: str
    reason: str


class Window(NamedTuple):
    """A maintenance window; None does not restrict its scope."""

    id: int
    park: str
    place: str | None
    device: str | None
    rule: str | None
    start: datetime
    end: datetime
    reason: str
    by: str
    created_at: datetime
    ended_by: str | None


class Suppression(NamedTuple):
    """Alerts of `rule` call nobody while one of `cause_rule` lasts within the same."""

    id: int
    park: str
    rule: str
    cause_rule: str
    within: Within
    reason: str
    by: str
    created_at: datetime


def among(conn: Connection, alert_ids: Iterable[UUID]) -> dict[UUID, QuietNow]:
    """Those of the alerts for which nobody is called now, and why."""
    return among_soon(conn, alert_ids)()


def among_soon(
    conn: Connection, alert_ids: Iterable[UUID]
) -> Soon[dict[UUID, QuietNow]]:
    """Ask as `among` does; in a pipeline the answer comes with others."""
    rows = conn.execute(
        """
        select distinct on (alert_id) alert_id, kind, since, until, actor, reason
        from alert_quiet_among(%s::uuid[])
        order by alert_id, array_position(
            array['out_of_service', 'shelved', 'suppressed_by_design', 'maintenance'],
            kind), until desc nulls first
        """,
        [list(alert_ids)],
    )
    return lambda: {
        alert_id: QuietNow(
            kind=kind, since=since, until=until, actor=actor, reason=reason
        )
        for alert_id, kind, since, until, actor, reason in rows
    }


def is_quiet(conn: Connection, alert_id: UUID) -> bool:
    """Whether nobody is called for an alert now."""
    return bool(among(conn, [alert_id]))


def remember(conn: Connection, alert_ids: Iterable[UUID], *, noted: bool) -> None:
    """Tell of the alerts when they are not quiet any more.

    `noted` says that their history has already a line about it.
    """
    conn.execute(
        """
        insert into alert_withheld (alert_id, noted)
        select id, %s from unnest(%s::uuid[]) as id order by id
        on conflict (alert_id) do nothing
        """,
        [noted, sorted(alert_ids)],
    )


def unnoted(conn: Connection, park_ids: Sequence[int]) -> list[UUID]:
    """Alerts that were withheld without a line in their history."""
    rows = conn.execute(
        """
        select w.alert_id from alert_withheld w join alert a on a.id = w.alert_id
        where not w.noted and a.park_id = any(%s) order by w.alert_id
        """,
        [list(park_ids)],
    )
    return [alert_id for (alert_id,) in rows]


def note(conn: Connection, alert_ids: Sequence[UUID]) -> None:
    """Remember that the alerts' histories say that they were withheld."""
    conn.execute(
        "update alert_withheld set noted = true where alert_id = any(%s)",
        [list(alert_ids)],
    )


def audible(conn: Connection, park_ids: Sequence[int]) -> list[UUID]:
    """Alerts that were withheld and are not quiet any more."""
    rows = conn.execute(
        """
        with withheld as (
            select w.alert_id from alert_withheld w join alert a on a.id = w.alert_id
            where a.park_id = any(%s))
        select alert_id from withheld
        except
        select alert_id
        from alert_quiet_among(array(select alert_id from withheld))
        order by alert_id
        """,
        [list(park_ids)],
    )
    return [alert_id for (alert_id,) in rows]


def forget(conn: Connection, alert_id: UUID) -> bool:
    """Take an alert from those withheld; False when it was none."""
    done = conn.execute("delete from alert_withheld where alert_id = %s", [alert_id])
    return done.rowcount > 0


def put_shelf(conn: Connection, shelf: Shelf) -> None:
    """Make a key quiet, or change until when and why."""
    conn.execute(
        """
        insert into alert_quiet (rule_id, subject, kind, since, until, actor, reason)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (rule_id, subject) do update set kind = excluded.kind,
            since = excluded.since, until = excluded.until, actor = excluded.actor,
            reason = excluded.reason
        """,
        shelf,
    )


def shelf(conn: Connection, key: Key) -> Shelf | None:
    """Return what keeps a key quiet by a person's word, locked until the commit."""
    row = conn.execute(
        """
        select rule_id, subject, kind, since, until, actor, reason from alert_quiet
        where rule_id = %s and subject = %s for update
        """,
        list(key),
    ).fetchone()
    return None if row is None else Shelf(*row)


def drop_shelf(conn: Connection, key: Key) -> None:
    """End what keeps a key quiet."""
    conn.execute(
        "delete from alert_quiet where rule_id = %s and subject = %s", list(key)
    )


def expired(conn: Connection, park_ids: Sequence[int]) -> list[Shelf]:
    """Shelves whose end has come on their park's clock."""
    rows = conn.execute(
        """
        select q.rule_id, q.subject, q.kind, q.since, q.until, q.actor, q.reason
        from alert_quiet q
        where q.until is not null and exists (
            select from alert a join park p on p.id = a.park_id
            where a.rule_id = q.rule_id and a.subject = q.subject
                and p.id = any(%s) and q.until <= park_now(p))
        order by q.rule_id, q.subject
        """,
        [list(park_ids)],
    )
    return [Shelf(*row) for row in rows]


_WINDOWS = """
    select m.id, p.code, place.code, d.code, m.rule, m.starts_at, m.ends_at, m.reason,
        m.created_by, m.created_at, m.ended_by
    from maintenance m
    join park p on p.id = m.park_id
    left join place on place.id = m.place_id
    left join device d on d.id = m.device_id
"""


def windows(conn: Connection, park: str, since: datetime | None) -> list[Window]:
    """Maintenance windows of a park that end after a time, soonest first."""
    rows = conn.execute(
        _WINDOWS
        + """
        where p.code = %s and m.ends_at > coalesce(%s::timestamptz, '-infinity')
        order by m.starts_at, m.id limit 10000
        """,
        [park, since],
    )
    return [Window(*row) for row in rows]


def window(conn: Connection, park: str, window_id: int) -> Window:
    """One maintenance window; raises NotFoundError."""
    row = conn.execute(
        _WINDOWS + "where p.code = %s and m.id = %s", [park, window_id]
    ).fetchone()
    if row is None:
        kind = "maintenance window"
        raise NotFoundError(kind, str(window_id))
    return Window(*row)


def add_window(conn: Connection, new: Window) -> int:
    """Add a maintenance window and return its id.

    Raises
    ------
    NotFoundError
        There is no such park.
    InvalidRequestError
        The park has no such place or device, or there is no such rule.
    """
    park_id = _park_id(conn, new.park)
    place_id = _part(
        conn, "select id from place where park_id = %s and code = %s", park_id, new, 2
    )
    device_id = _part(
        conn, "select id from device where park_id = %s and code = %s", park_id, new, 3
    )
    if new.rule is not None:
        check_rule(conn, park_id, new.rule, "/rule")
    row = conn.execute(
        """
        insert into maintenance
            (park_id, place_id, device_id, rule, starts_at, ends_at, reason, created_by)
        values (%s, %s, %s, %s, %s, %s, %s, %s) returning id
        """,
        [park_id, place_id, device_id, *new[4:9]],
    ).fetchone()
    return int(row[0]) if row else 0


def _park_id(conn: Connection, park: str) -> int:
    row = conn.execute("select id from park where code = %s", [park]).fetchone()
    if row is None:
        kind = "park"
        raise NotFoundError(kind, park)
    return int(row[0])


def _part(
    conn: Connection, query: LiteralString, park_id: int, new: Window, field: int
) -> int | None:
    code = new[field]
    if code is None:
        return None
    row = conn.execute(query, [park_id, code]).fetchone()
    if row is None:
        name = Window._fields[field]
        message = f"the park has no {name} {code!r}"
        problem = "unknown_place" if name == "place" else "unknown_device"
        raise InvalidRequestError(problem, message, f"/{name}")
    return int(row[0])


def check_rule(conn: Connection, park_id: int, rule: str, pointer: str) -> None:
    """Raise InvalidRequestError unless a rule of this code can hold in the park."""
    row = conn.execute(
        "select from rule where code = %s and (park_id is null or park_id = %s)",
        [rule, park_id],
    ).fetchone()
    if row is None:
        code, message = "unknown_rule", f"there is no rule {rule!r} in the park"
        raise InvalidRequestError(code, message, pointer)


def end_window(conn: Connection, window_id: int, at: datetime, by: str) -> None:
    """End a window now; one that has not begun never was."""
    conn.execute(
        """
        update maintenance set ended_by = %(by)s,
            starts_at = least(starts_at, %(at)s - interval '1 microsecond'),
            ends_at = %(at)s
        where id = %(id)s and ends_at > %(at)s
        """,
        {"id": window_id, "at": at, "by": by},
    )


def suppressions(conn: Connection, park: str) -> list[Suppression]:
    """Suppression by design in a park."""
    rows = conn.execute(
        """
        select s.id, p.code, s.rule, s.cause_rule, s.within, s.reason, s.created_by,
            s.created_at
        from suppression s join park p on p.id = s.park_id
        where p.code = %s order by s.rule, s.cause_rule
        """,
        [park],
    )
    return [Suppression(*row) for row in rows]


def put_suppression(
    conn: Connection, park: str, rule: str, cause_rule: str, rest: tuple[str, str, str]
) -> None:
    """Add a suppression or change its `within`, reason and author (`rest`)."""
    park_id = _park_id(conn, park)
    check_rule(conn, park_id, rule, "/rule")
    check_rule(conn, park_id, cause_rule, "/cause_rule")
    conn.execute(
        """
        insert into suppression (park_id, rule, cause_rule, within, reason, created_by)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (park_id, rule, cause_rule) do update set within = excluded.within,
            reason = excluded.reason, created_by = excluded.created_by
        """,
        [park_id, rule, cause_rule, *rest],
    )


def drop_suppression(conn: Connection, park: str, suppression_id: int) -> None:
    """Remove a suppression; raises NotFoundError."""
    done = conn.execute(
        "delete from suppression s using park p"
        " where p.id = s.park_id and p.code = %s and s.id = %s",
        [park, suppression_id],
    )
    if not done.rowcount:
        kind = "suppression"
        raise NotFoundError(kind, str(suppression_id))
