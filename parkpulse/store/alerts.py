"""Alerts and their history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.model import instants
from parkpulse.model.alert import (
    SEVERITIES,
    SHOWN_STATES,
    Severity,
    ShownState,
)
from parkpulse.model.condition import AlertRow, Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Any, LiteralString
    from uuid import UUID

    from parkpulse.store.pool import Connection
    from parkpulse.store.soon import Soon

CHANNEL = "alert"
"""Notified with the id of each alert that has changed."""

_SELECT = """
    select a.id, a.rule_id, a.subject, a.park_id, a.place_id, a.device_id, a.series_id,
        a.severity, a.state, a.retroactive, a.onset, a.raised_at, a.cleared_at,
        a.acknowledged_at, a.acknowledged_by, a.value, a.limit_value, a.version,
        a.assignee
    from alert a
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which alerts are wanted; None does not restrict."""

    park: str | None = None
    states: Sequence[ShownState] = SHOWN_STATES
    severities: Sequence[Severity] = SEVERITIES
    retroactive: bool | None = None
    since: datetime | None = None
    """Raised then or later."""
    text: str | None = None
    """Part of rule's code or name, subject, or device's name."""
    assignee: str | None = None
    """An empty text means: nobody."""
    rule: str | None = None
    place: str | None = None
    """This place or one within it."""
    device: str | None = None
    quiet: bool | None = None
    """Whether nobody is called, for whatever reason."""


class Description(NamedTuple):
    """What an alert's ids stand for."""

    rule: str
    rule_zh: str
    rule_en: str
    definition: str
    park: str
    park_zh: str
    park_en: str
    zone: str
    place: str | None
    place_zh: str | None
    place_en: str | None
    device: str | None
    device_zh: str | None
    device_en: str | None
    metric: str | None


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else instants.to_us(moment)


def _moment(us: int | None) -> datetime | None:
    return None if us is None else instants.from_us(us)


def _row(columns: tuple[Any, ...]) -> AlertRow:
    return AlertRow(
        id=columns[0],
        rule_id=columns[1],
        subject=columns[2],
        park_id=columns[3],
        place_id=columns[4],
        device_id=columns[5],
        series_id=columns[6],
        severity=columns[7],
        state=columns[8],
        retroactive=columns[9],
        onset=instants.to_us(columns[10]),
        raised=instants.to_us(columns[11]),
        cleared=_us(columns[12]),
        acknowledged=_us(columns[13]),
        acknowledged_by=columns[14],
        value=columns[15],
        limit=columns[16],
        version=columns[17],
        assignee=columns[18],
    )


def lock(
    conn: Connection, keys: Sequence[Key], ids: Iterable[UUID] = ()
) -> list[AlertRow]:
    """Unfinished alerts of the keys and those named by id, locked until the commit."""
    return lock_soon(conn, keys, ids)()


def lock_soon(
    conn: Connection, keys: Sequence[Key], ids: Iterable[UUID] = ()
) -> Soon[list[AlertRow]]:
    """Ask as `lock` does; in a pipeline the answer comes with others."""
    rows = conn.execute(
        _SELECT  # noqa: S608 - both are literals
        + """
        where a.id in (
            select * from unnest(%s::uuid[])
            union
            select u.id
            from unnest(%s::integer[], %s::text[]) as k (rule_id, subject)
            join alert u on u.rule_id = k.rule_id and u.subject = k.subject
                and u.state <> 'normal')
        order by a.id
        for update of a
        """,
        [
            list(ids),
            [rule_id for rule_id, _ in keys],
            [subject for _, subject in keys],
        ],
    )
    return lambda: [_row(row) for row in rows]


def by_ids(conn: Connection, ids: Sequence[UUID]) -> list[AlertRow]:
    """Those of the alerts that exist, by id."""
    rows = conn.execute(_SELECT + "where a.id = any(%s) order by a.id", [list(ids)])
    return [_row(row) for row in rows]


def changed_since(
    conn: Connection, park_id: int, since: datetime, limit: int
) -> list[AlertRow]:
    """Alerts of a park that changed at or after a time, oldest change first."""
    rows = conn.execute(
        _SELECT
        + """
        where a.park_id = %s and a.updated_at >= %s
        order by a.updated_at, a.id limit %s
        """,
        [park_id, since, limit],
    )
    return [_row(row) for row in rows]


_HUSHED = """
    with hushed as materialized (
        select alert_id, kind
        from alert_quiet_of_many(array(
            select u.id from alert u join park on park.id = u.park_id
            where (u.state <> 'normal' or %(quiet)s::boolean is not null)
                and (%(park)s::text is null or park.code = %(park)s))))
"""
"""Why alerts are quiet, asked once for all that the answer may turn on."""
_SHELVED = """
    with hushed as materialized (
        select u.id as alert_id, q.kind
        from alert_quiet q
        join alert u on u.rule_id = q.rule_id and u.subject = q.subject
        join park on park.id = u.park_id
        where u.state <> 'normal'
            and (%(park)s::text is null or park.code = %(park)s))
"""
"""Only by a person's word, without looking for windows and causes."""
_AUDIBLE = """
    with hushed as materialized (
        select null::uuid as alert_id, null::text as kind where false)
"""
"""Nothing, where the answer does not turn on it."""


def _hushed(search: Search) -> LiteralString:
    """Choose what the answer turns on of why alerts are quiet."""
    wanted = {*search.states}
    if search.quiet is not None:
        return _HUSHED
    if wanted == {"normal"} or {"normal", *wanted} == {*SHOWN_STATES}:
        return _AUDIBLE
    if wanted <= {"normal", "shelved", "out_of_service"}:
        return _SHELVED
    return _HUSHED


_RANK = "array_position(array['low', 'medium', 'high', 'critical'], a.severity)"
ORDERS: Mapping[str, tuple[LiteralString, LiteralString]] = {
    "-raised_at": (
        "(a.raised_at, a.id) < (%(raised)s, %(id)s)",
        "a.raised_at desc, a.id desc",
    ),
    "raised_at": (
        "(a.raised_at, a.id) > (%(raised)s, %(id)s)",
        "a.raised_at, a.id",
    ),
    "-severity": (
        f"({_RANK} - 1, a.raised_at, a.id) < (%(rank)s, %(raised)s, %(id)s)",
        f"{_RANK} desc, a.raised_at desc, a.id desc",
    ),
    "severity": (
        f"({_RANK} - 1, a.raised_at, a.id) > (%(rank)s, %(raised)s, %(id)s)",
        f"{_RANK}, a.raised_at, a.id",
    ),
}
"""Orders of a list; the least severe has rank 0."""


class After(NamedTuple):
    """The last alert of the page before."""

    rank: int
    raised: int
    id: UUID


def page(
    conn: Connection, search: Search, order: str, after: After | None, limit: int
) -> list[AlertRow]:
    """Return alerts that are wanted, in an order of `ORDERS`."""
    beyond, sorting = ORDERS[order]
    rows = conn.execute(
        _hushed(search)  # noqa: S608 - all parts are literals
        + _SELECT
        + """
        join park on park.id = a.park_id
        join rule r on r.id = a.rule_id
        left join device d on d.id = a.device_id
        where (%(park)s::text is null or park.code = %(park)s)
            and (a.state = any(%(states)s) and (a.state = 'normal' or a.id not in (
                    select alert_id from hushed where kind <> 'maintenance'))
                or a.state <> 'normal' and a.id in (
                    select alert_id from hushed where kind = any(%(states)s)))
            and (%(quiet)s::boolean is null
                or %(quiet)s = (a.id in (select alert_id from hushed)))
            and (%(assignee)s::text is null or coalesce(a.assignee, '') = %(assignee)s)
            and (%(rule)s::text is null or r.code = %(rule)s)
            and (%(device)s::text is null or d.code = %(device)s)
            and (%(place)s::text is null or exists (
                select from place area where area.park_id = a.park_id
                    and area.code = %(place)s
                    and place_is_within(a.place_id, area.id)))
            and a.severity = any(%(severities)s)
            and (%(retroactive)s::boolean is null or a.retroactive = %(retroactive)s)
            and (%(since)s::timestamptz is null or a.raised_at >= %(since)s)
            and (%(text)s::text is null or position(lower(%(text)s) in lower(concat_ws(
                ' ', r.code, r.name_zh, r.name_en, a.subject, d.name_zh, d.name_en
            ))) > 0)
            and (%(id)s::uuid is null or """
        + beyond
        + ") order by "
        + sorting
        + " limit %(limit)s",
        {
            "park": search.park,
            "states": list(search.states),
            "severities": list(search.severities),
            "retroactive": search.retroactive,
            "since": search.since,
            "text": search.text,
            "quiet": search.quiet,
            "assignee": search.assignee,
            "rule": search.rule,
            "device": search.device,
            "place": search.place,
            "rank": after and after.rank,
            "raised": after and instants.from_us(after.raised),
            "id": after and after.id,
            "limit": limit,
        },
    )
    return [_row(row) for row in rows]


def counts(conn: Connection) -> dict[int, dict[str, int]]:
    """Unfinished alerts by park id and severity."""
    found: dict[int, dict[str, int]] = {}
    rows = conn.execute(
        """
        select park_id, severity, count(*) from alert where state <> 'normal'
        group by park_id, severity
        """
    )
    for park_id, severity, count in rows:
        found.setdefault(park_id, {})[severity] = count
    return found


def descriptions_soon(
    conn: Connection, alerts: Sequence[AlertRow]
) -> Soon[dict[Key, Description]]:
    """Ask what the ids of the alerts stand for, by key."""
    rows = conn.execute(
        """
        select distinct on (a.rule_id, a.subject) a.rule_id, a.subject,
            r.code, r.name_zh, r.name_en, r.definition::text,
            park.code, park.name_zh, park.name_en, park.zone,
            place.code, place.name_zh, place.name_en,
            d.code, d.name_zh, d.name_en, s.metric
        from unnest(%s::integer[], %s::text[], %s::integer[], %s::integer[],
                %s::integer[], %s::integer[])
            as a (rule_id, subject, park_id, place_id, device_id, series_id)
        join rule r on r.id = a.rule_id
        join park on park.id = a.park_id
        left join place on place.id = a.place_id
        left join device d on d.id = a.device_id
        left join series s on s.id = a.series_id
        """,
        [
            [each.rule_id for each in alerts],
            [each.subject for each in alerts],
            [each.park_id for each in alerts],
            [each.place_id for each in alerts],
            [each.device_id for each in alerts],
            [each.series_id for each in alerts],
        ],
    )
    return lambda: {(row[0], row[1]): Description(*row[2:]) for row in rows}


def save(
    conn: Connection, added: Iterable[AlertRow], changed: Iterable[AlertRow]
) -> None:
    """Write changed alerts, insert new ones.

    A subject has one unfinished alert at most, so those that end come first.
    """
    with conn.cursor() as cursor:
        cursor.executemany(
            "update alert set severity = %s, state = %s, retroactive = %s, onset = %s,"
            "  raised_at = %s, cleared_at = %s, acknowledged_at = %s,"
            "  acknowledged_by = %s, value = %s, limit_value = %s, version = %s,"
            "  updated_at = clock_timestamp()"
            " where id = %s",
            [
                (*_changing(each), each.id)
                for each in sorted(
                    changed, key=lambda each: (each.state != "normal", each.id)
                )
            ],
        )
        cursor.executemany(
            "insert into alert (id, rule_id, subject, park_id, place_id, device_id,"
            "  series_id, severity, state, retroactive, onset, raised_at, cleared_at,"
            "  acknowledged_at, acknowledged_by, value, limit_value, version)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
            "  %s, %s)",
            [
                (
                    each.id,
                    each.rule_id,
                    each.subject,
                    each.park_id,
                    each.place_id,
                    each.device_id,
                    each.series_id,
                    *_changing(each),
                )
                for each in sorted(added, key=lambda each: each.id)
            ],
        )


def _changing(row: AlertRow) -> tuple[object, ...]:
    return (
        row.severity,
        row.state,
        row.retroactive,
        instants.from_us(row.onset),
        instants.from_us(row.raised),
        _moment(row.cleared),
        _moment(row.acknowledged),
        row.acknowledged_by,
        row.value,
        row.limit,
        row.version,
    )


def assign(conn: Connection, alert_id: UUID, assignee: str | None) -> None:
    """Say who takes care of an alert; None for nobody."""
    conn.execute(
        "update alert set assignee = %s where id = %s and assignee is distinct from %s",
        [assignee, alert_id, assignee],
    )


def announce(conn: Connection, ids: Iterable[UUID]) -> None:
    """Notify followers of the alerts once this transaction commits."""
    conn.execute(
        "select pg_notify(%s, id) from unnest(%s::text[]) as id",
        [CHANNEL, [str(each) for each in ids]],
    )
