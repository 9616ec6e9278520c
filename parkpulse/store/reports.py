"""Reports as they were made, their files, and what only reports ask the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.model.report import Sensing

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from parkpulse.model.report import FileFormat, Language, ReportKind
    from parkpulse.store.pool import Connection


class NewReport(NamedTuple):
    """A report to keep."""

    id: UUID
    park_id: int
    data_centre_id: int | None
    kind: ReportKind
    period: str
    start: datetime
    end: datetime
    made_by: str
    revision_id: int
    content: str
    content_sha256: str


class ReportRow(NamedTuple):
    """A report without what it says."""

    id: UUID
    park: str
    data_centre: str | None
    kind: ReportKind
    period: str
    start: datetime
    end: datetime
    made_at: datetime
    made_by: str
    content_sha256: str
    revised: int
    """Changes of its figures since it was made."""


class Wanted(NamedTuple):
    """Which reports of a park; None stands for all."""

    park: str
    kind: ReportKind | None = None
    data_centre: str | None = None
    id: UUID | None = None


def freeze(conn: Connection) -> None:
    """Have the whole transaction see the same figures; its first statement."""
    conn.execute("set transaction isolation level repeatable read")


def add(conn: Connection, report: NewReport) -> None:
    """Keep a report."""
    conn.execute(
        """
        insert into report (id, park_id, data_centre_id, kind, period, period_start,
            period_end, made_by, revision_id, content, content_sha256)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        report,
    )


def listed(conn: Connection, wanted: Wanted, *, limit: int = 10_000) -> list[ReportRow]:
    """List reports of a park, newest first."""
    rows = conn.execute(
        """
        select r.id, p.code, d.code, r.kind, r.period, r.period_start, r.period_end,
            r.made_at, r.made_by, r.content_sha256, changed.n
        from report r
        join park p on p.id = r.park_id
        left join data_centre d on d.id = r.data_centre_id
        cross join lateral (
            select count(*)::int as n from kpi_revision v
            join data_centre of on of.id = v.data_centre_id
            where of.park_id = r.park_id and v.id > r.revision_id
                and (r.data_centre_id is null or v.data_centre_id = r.data_centre_id)
                and v.period_start >= r.period_start
                and v.period_end <= r.period_end
                and (v.period = 'month'
                    or v.period in ('year', 'rolling_12_months')
                    and r.kind = 'inspection')
        ) changed
        where p.code = %(park)s
            and (%(kind)s::text is null or r.kind = %(kind)s)
            and (%(data_centre)s::text is null or d.code = %(data_centre)s)
            and (%(id)s::uuid is null or r.id = %(id)s)
        order by r.made_at desc, r.id desc limit %(limit)s
        """,
        {**wanted._asdict(), "limit": limit},
    )
    return [ReportRow(*row) for row in rows]


def content(conn: Connection, park: str, report_id: UUID) -> str | None:
    """Read what a report says (JSON); None if the park has no such report."""
    row = conn.execute(
        "select r.content from report r join park p on p.id = r.park_id"
        " where r.id = %s and p.code = %s",
        [report_id, park],
    ).fetchone()
    return None if row is None else str(row[0])


def file(
    conn: Connection, report_id: UUID, language: Language, form: FileFormat
) -> bytes | None:
    """Read a file that was handed out already."""
    row = conn.execute(
        "select body from report_file"
        " where report_id = %s and language = %s and format = %s",
        [report_id, language, form],
    ).fetchone()
    return None if row is None else bytes(row[0])


def keep_file(
    conn: Connection, report_id: UUID, of: tuple[Language, FileFormat], body: bytes
) -> None:
    """Keep a file as it is handed out; one that there is stays."""
    conn.execute(
        "insert into report_file (report_id, language, format, body)"
        " values (%s, %s, %s, %s) on conflict do nothing",
        [report_id, *of, body],
    )


def newest_revision(conn: Connection) -> int:
    """Id of the newest change of a closed figure; 0 without any."""
    ((found,),) = conn.execute(
        "select coalesce(max(id), 0) from kpi_revision"
    ).fetchall()
    return int(found)


def sensing(
    conn: Connection, park_id: int, start: datetime, end: datetime, days: int
) -> list[Sensing]:
    """Count devices and readings by kind of device.

    Readings are those of series with at least four reports a day, of whole UTC days;
    `days` is how many of them have passed.
    """
    rows = conn.execute(
        """
        select d.kind, count(distinct d.id)::int,
            count(distinct d.id) filter (where r.n is not null or exists (
                select from reading where series = s.id
                    and ts >= %(start)s and ts < %(end)s))::int,
            coalesce(sum(r.n) filter (where s.report_interval_s <= 21600), 0)::bigint,
            coalesce(sum(%(days)s * (86400 / s.report_interval_s))
                filter (where s.report_interval_s <= 21600), 0)::bigint
        from device d join series s on s.device_id = d.id
        left join lateral (
            select sum(least(n, 86400 / s.report_interval_s)) as n from rollup_1d
            where series = s.id and ts >= %(start)s and ts < %(end)s
        ) r on true
        where d.park_id = %(park)s and d.state = 'active'
        group by d.kind order by d.kind collate "C"
        """,
        {"park": park_id, "start": start, "end": end, "days": days},
    )
    return [Sensing(*row) for row in rows]


def flags(
    conn: Connection, park_id: int, start: datetime, end: datetime
) -> dict[str, int]:
    """Count the findings of the quality tests by test."""
    rows = conn.execute(
        """
        select f.test, count(*)::int from quality_flag f
        join series s on s.id = f.series join device d on d.id = s.device_id
        where d.park_id = %s and f.ts >= %s and f.ts < %s
        group by f.test order by f.test
        """,
        [park_id, start, end],
    )
    return dict(rows.fetchall())
