"""What is dropped when it has been kept long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.store.meters import FOREVER_US

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.store.pool import Connection
    from parkpulse.store.soon import Soon


def raw_horizon(conn: Connection) -> int:
    """Tell before which instant [us since 1970 UTC] readings may be gone.

    It stays where it is until the end of the transaction.
    """
    return raw_horizon_soon(conn)()


def raw_horizon_soon(conn: Connection) -> Soon[int]:
    """Ask as `raw_horizon` does; in a pipeline the answer comes with others."""
    rows = conn.execute(
        """
        select case when isfinite(horizon)
            then (extract(epoch from horizon) * 1000000)::bigint else %s end
        from raw_horizon for share
        """,
        [-FOREVER_US],
    )

    def horizon() -> int:
        row = rows.fetchone()
        return int(row[0]) if row else -FOREVER_US

    return horizon


class Horizons(NamedTuple):
    """Before which instants rows may be gone. [us since 1970 UTC]."""

    readings: int
    minutes: int
    """Of the tier of 1 minute."""
    hours: int
    """Of the tier of 1 hour."""


def horizons(conn: Connection) -> Horizons:
    """Tell what is kept whole; nothing moves until the end of the transaction."""
    row = conn.execute(
        """
        select
            case when isfinite(horizon)
                then (extract(epoch from horizon) * 1000000)::bigint else %(never)s end,
            case when isfinite(minutes)
                then (extract(epoch from minutes) * 1000000)::bigint else %(never)s end,
            case when isfinite(hours)
                then (extract(epoch from hours) * 1000000)::bigint else %(never)s end
        from raw_horizon for share
        """,
        {"never": -FOREVER_US},
    ).fetchone()
    return Horizons(*map(int, row or 3 * (-FOREVER_US,)))


def drop_readings(conn: Connection, horizon: datetime, before: datetime) -> None:
    """Move the horizon and drop the chunks of readings that lie before `before`.

    Without such chunks the horizon stays: older data may still come, by a replay.
    """
    due = conn.execute(
        "select from show_chunks('reading', older_than => %s::timestamptz) limit 1",
        [before],
    )
    if due.fetchone() is None:
        return
    conn.execute("update raw_horizon set horizon = greatest(horizon, %s)", [horizon])
    conn.execute(
        "select drop_chunks('reading', older_than => %s::timestamptz)", [before]
    )


def drop_minutes(conn: Connection, before: datetime) -> None:
    """Move their horizon and drop the 1-minute roll-ups before it, by whole chunks."""
    due = conn.execute(
        "select from show_chunks('rollup_1m', older_than => %s::timestamptz) limit 1",
        [before],
    )
    if due.fetchone() is None:
        return
    conn.execute("update raw_horizon set minutes = greatest(minutes, %s)", [before])
    conn.execute(
        "select drop_chunks('rollup_1m', older_than => %s::timestamptz)", [before]
    )


def drop_years(conn: Connection, before: datetime) -> None:
    """Drop what is kept longest: coarse roll-ups, findings, KPIs, what devices said."""
    conn.execute(
        """
        update raw_horizon set hours = greatest(hours, %(before)s)
        where exists (
            select from show_chunks('rollup_1h', older_than => %(before)s::timestamptz)
        )
        """,
        {"before": before},
    )
    for statement in (
        "select drop_chunks('rollup_1h', older_than => %s::timestamptz)",
        "select drop_chunks('rollup_1d', older_than => %s::timestamptz)",
        "select drop_chunks('quality_flag', older_than => %s::timestamptz)",
        "select drop_chunks('anomaly', older_than => %s::timestamptz)",
        "delete from kpi where period_end < %s",
        "delete from meter_hour where hour < %s",
        "delete from kpi_revision where at < %s",
        "delete from reading_audit where at < %s",
        "delete from condition_interval where cleared_at < %s",
        "delete from event where ts < %s",
    ):
        conn.execute(statement, [before])


def drop_records(conn: Connection, before: datetime) -> None:
    """Forget what was received and what people did."""
    for statement in (
        "delete from ledger where hour < %s",
        "delete from quarantine_count where hour < %s",
        "delete from outage where began_at < %s",
        "delete from audit where at < %s",
    ):
        conn.execute(statement, [before])


def drop_deliveries(conn: Connection, before: datetime) -> None:
    """Forget attempts to deliver, and messages once nothing is to come of them."""
    conn.execute("delete from delivery where at < %s", [before])
    conn.execute(
        """
        delete from outbox o where created_at < %s and state <> 'pending'
            and not exists (select from delivery d where d.outbox_id = o.id)
            and not exists (
                select from alert a where a.id = o.alert_id and a.state <> 'normal')
        """,
        [before],
    )


def drop_quarantine(conn: Connection, before: datetime) -> None:
    """Forget messages that could not be read; how many there were stays."""
    conn.execute("delete from quarantine where at < %s", [before])


def is_alone(conn: Connection) -> bool:
    """Whether no other process is at this now; holds until the commit."""
    row = conn.execute("select pg_try_advisory_xact_lock(727571700000002)").fetchone()
    return bool(row and row[0])


def oldest_queued(conn: Connection) -> datetime | None:
    """Earliest hour that waits for its KPIs."""
    row = conn.execute("select min(hour) from kpi_dirty").fetchone()
    found: datetime | None = row[0] if row else None
    return found
