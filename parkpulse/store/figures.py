"""Figures of the service itself, for monitoring: each with what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, LiteralString, NamedTuple

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection


class Figure(NamedTuple):
    """One figure; its query gives the labels' values, then the value."""

    name: str
    kind: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    meaning: str
    query: LiteralString


Samples = list[tuple[tuple[str, ...], float]]
"""Values of the labels, and the value."""

FIGURES = (
    Figure(
        "parkpulse_messages_total",
        "counter",
        ("outcome",),
        "Messages by what became of them; received = stored + duplicate + quarantined.",
        """
        select o.* from (
            select sum(received) r, sum(stored) s, sum(duplicate) d,
                sum(quarantined) q, sum(dropped_by_broker) b from ledger
        ) l cross join lateral (values ('received', r), ('stored', s),
            ('duplicate', d), ('quarantined', q), ('dropped_by_broker', b)) o
        """,
    ),
    Figure(
        "parkpulse_values_total",
        "counter",
        ("outcome",),
        "Single values in messages by what became of them.",
        """
        select o.* from (
            select sum(values_stored) s, sum(values_duplicate) d,
                sum(values_corrected) c, sum(values_refused) r from ledger
        ) l cross join lateral (values ('stored', s), ('duplicate', d),
            ('corrected', c), ('refused', r)) o
        """,
    ),
    Figure(
        "parkpulse_quarantine_entries",
        "gauge",
        ("state",),
        "Messages in the quarantine.",
        "select state, count(*) from quarantine group by 1",
    ),
    Figure(
        "parkpulse_ingest_connected",
        "gauge",
        ("worker",),
        "1 if the worker was seen in the last 30 s and is connected to the broker.",
        """
        select writer, (connected and seen_at > now() - interval '30 s')::int
        from ingest_worker
        """,
    ),
    Figure(
        "parkpulse_ingest_seen_age_seconds",
        "gauge",
        ("worker",),
        "Since the worker's last sign of life.",
        "select writer, extract(epoch from now() - seen_at) from ingest_worker",
    ),
    Figure(
        "parkpulse_ingest_waiting_messages",
        "gauge",
        ("worker",),
        "Received and not yet committed.",
        "select writer, waiting from ingest_worker",
    ),
    Figure(
        "parkpulse_disk_free_bytes",
        "gauge",
        ("worker",),
        "Free space of the database's disk, as the worker saw it.",
        """
        select writer, disk_free_bytes from ingest_worker
        where disk_free_bytes is not null
        """,
    ),
    Figure(
        "parkpulse_disk_full",
        "gauge",
        ("worker",),
        "1 if the worker takes no messages because the disk is full.",
        "select writer, (disk_state = 'full')::int from ingest_worker",
    ),
    Figure(
        "parkpulse_engine_processes",
        "gauge",
        ("role",),
        "Engine processes that renew their leases, by what they do.",
        """
        select w.role, count(e.owner)
        from unnest(array['alerts', 'figures']) as w (role)
        left join engine e on e.role = w.role and e.until > now()
        group by w.role order by w.role
        """,
    ),
    Figure(
        "parkpulse_processes",
        "gauge",
        ("kind",),
        "Processes that gave a sign of life lately: page and API, delivery, watch.",
        """
        select w.kind, count(p.name)
        from unnest(array['api', 'notify', 'watch']) as w (kind)
        left join process p on p.kind = w.kind and p.until > now()
        group by w.kind order by w.kind
        """,
    ),
    Figure(
        "parkpulse_detector_series",
        "gauge",
        ("state",),
        "Series that rules of anomalies watch, and those of them that are followed.",
        """
        select s.state, s.count from (
            select sum(watched) as watched, sum(followed) as followed
            from detector_load where at > now() - interval '5 minutes') l
        cross join lateral (values ('watched', l.watched), ('followed', l.followed))
            as s (state, count)
        where s.count is not null
        """,
    ),
    Figure(
        "parkpulse_detector_share",
        "gauge",
        (),
        "Share of one core that the detector takes, of the busiest process.",
        """
        select max(share)::float8 from detector_load
        where at > now() - interval '5 minutes' having count(*) > 0
        """,
    ),
    Figure(
        "parkpulse_consumer_unread_batches",
        "gauge",
        ("consumer",),
        "Batches of readings that a consumer of the engine has not read.",
        """
        select c.consumer, sum(greatest(k.n - coalesce(p.n, 0), 0))
        from (select distinct consumer from consumer_position) c
        cross join batch_counter k
        left join consumer_position p
            on (p.consumer, p.slot, p.writer) = (c.consumer, k.slot, k.writer)
        group by 1
        """,
    ),
    Figure(
        "parkpulse_consumer_lag_seconds",
        "gauge",
        ("consumer",),
        "Age of the oldest batch that a consumer has not read; 0 if it has read all.",
        """
        select c.consumer, coalesce(extract(epoch from now() - min(b.at)), 0)
        from (select distinct consumer from consumer_position) c
        cross join batch_counter k
        left join consumer_position p
            on (p.consumer, p.slot, p.writer) = (c.consumer, k.slot, k.writer)
        left join lateral (
            select at from batch_log b
            where b.slot = k.slot and b.writer = k.writer and b.n > coalesce(p.n, 0)
                and k.n > coalesce(p.n, 0)
            order by b.n limit 1
        ) b on true
        group by 1
        """,
    ),
    Figure(
        "parkpulse_outbox_messages",
        "gauge",
        ("state",),
        "Messages to people: waiting (pending), given up (dead), delivered.",
        "select state, count(*) from outbox group by 1",
    ),
    Figure(
        "parkpulse_outbox_overdue_seconds",
        "gauge",
        (),
        "Since the oldest waiting message should have been tried.",
        """
        select coalesce(extract(epoch from now() - min(next_attempt_at)), 0)
        from outbox where state = 'pending' and next_attempt_at < now()
        """,
    ),
    Figure(
        "parkpulse_channels_failing",
        "gauge",
        (),
        "Enabled channels whose last attempts did not arrive.",
        """
        select count(*) from channel
        where enabled and removed_at is null and failures > 0
        """,
    ),
    Figure(
        "parkpulse_alerts_unfinished",
        "gauge",
        ("severity",),
        "Alerts that are not back to normal and acknowledged.",
        "select severity, count(*) from alert where state <> 'normal' group by 1",
    ),
    Figure(
        "parkpulse_devices",
        "gauge",
        ("state",),
        "Registered devices.",
        "select state, count(*) from device group by 1",
    ),
    Figure(
        "parkpulse_series",
        "gauge",
        (),
        "Series of registered devices.",
        "select count(*) from series",
    ),
    Figure(
        "parkpulse_kpi_waiting_hours",
        "gauge",
        (),
        "Hours of data centres whose KPIs are to be computed again.",
        "select count(*) from kpi_dirty",
    ),
    Figure(
        "parkpulse_database_bytes",
        "gauge",
        (),
        "Size of the database.",
        "select pg_database_size(current_database())",
    ),
    Figure(
        "parkpulse_database_connections",
        "gauge",
        (),
        "Connections that clients hold to this database.",
        """
        select count(*) from pg_stat_activity where datname = current_database()
            and backend_type = 'client backend'
        """,
    ),
    Figure(
        "parkpulse_database_clock_seconds",
        "gauge",
        (),
        "Time of the database's clock, as epoch; compare it with the scraper's.",
        "select extract(epoch from clock_timestamp())",
    ),
)


def read(conn: Connection) -> dict[str, Samples]:
    """Read all figures by name."""
    return {each.name: _samples(conn, each.query) for each in FIGURES}


def _samples(conn: Connection, query: LiteralString) -> Samples:
    rows = conn.execute(query).fetchall()
    return [
        (tuple(str(label) for label in labels), float(value or 0))
        for *labels, value in rows
    ]
