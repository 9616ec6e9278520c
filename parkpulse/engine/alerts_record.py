"""Writes what follows from computed conditions: alerts, their history, messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.engine import alerts_reconcile
from parkpulse.engine.alerts_reconcile import Record
from parkpulse.model import instants
from parkpulse.query import alert_messages
from parkpulse.query import alerts as query
from parkpulse.store import alert_events, alerts, conditions, outbox, pool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from parkpulse.engine.alerts_reconcile import News, Origin
    from parkpulse.model.alert import Alert
    from parkpulse.model.condition import AlertRow, Interval, Key
    from parkpulse.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Finding:
    """Recorded and computed intervals of one key, which differ.

    Parameters
    ----------
    origin
        What its alerts are about.
    now
        The park's clock. [us]
    is_fresh
        Whether the series' newest reading is within its freshness.
    old, new
        Intervals over the same span of time, by time.
    """

    origin: Origin
    now: int
    is_fresh: bool
    old: Sequence[Interval]
    new: Sequence[Interval]


def write(
    conn: Connection, findings: Sequence[Finding], page_url: str
) -> dict[Key, list[Interval]]:
    """Record findings; return the computed intervals with their alerts."""
    if not findings:
        return {}
    records = _open(conn, findings)
    final = {
        key: alerts_reconcile.reconcile(record, finding.old, finding.new)
        for (key, record), finding in zip(records.items(), findings, strict=True)
    }
    intervals = {
        each.origin.key: (list(each.old), final[each.origin.key]) for each in findings
    }
    _write(conn, list(records.values()), intervals, page_url)
    return final


def end(conn: Connection, findings: Sequence[Finding], page_url: str) -> None:
    """End conditions that nobody watches any more; `old` is the one that lasts."""
    if not findings:
        return
    records = _open(conn, findings)
    for finding, record in zip(findings, records.values(), strict=True):
        alerts_reconcile.end(record, finding.old[0])
    intervals = {each.origin.key: (list(each.old), list(each.new)) for each in findings}
    _write(conn, list(records.values()), intervals, page_url)


def _open(conn: Connection, findings: Sequence[Finding]) -> dict[Key, Record]:
    """Lock the alerts of the findings and make a record of each, in order."""
    ids = [each.alert_id for finding in findings for each in finding.old]
    with pool.pipelined(conn):
        locked = alerts.lock_soon(
            conn,
            [each.origin.key for each in findings],
            [each for each in ids if each is not None],
        )
        times_soon = alert_events.times_soon(
            conn, {each.origin.key: _earliest(each) for each in findings}
        )
    by_key: dict[Key, dict[UUID, AlertRow]] = {}
    for row in locked():
        by_key.setdefault((row.rule_id, row.subject), {})[row.id] = row
    times = times_soon()
    return {
        each.origin.key: Record(
            origin=each.origin,
            now=each.now,
            is_fresh=each.is_fresh,
            alerts=by_key.get(each.origin.key, {}),
            times=times[each.origin.key],
        )
        for each in findings
    }


def _earliest(finding: Finding) -> int:
    return min([finding.now, *(each.raised for each in finding.new)])


def _write(
    conn: Connection,
    records: Sequence[Record],
    intervals: Mapping[Key, tuple[list[Interval], list[Interval]]],
    page_url: str,
) -> None:
    """Write alerts and the lines of their history, and put messages into the outbox.

    All goes out at once: on a busy machine each wait for an answer is a change of
    processes and takes longer than the statement.
    """
    news = [each for record in records for each in record.news]
    about = [each.alert for each in news if each.message is not None]
    with pool.pipelined(conn):
        _save(conn, records, intervals)
        ids = alert_events.add_soon(conn, [each.event for each in news])
        views = query.views_soon(conn, about)
        routes = outbox.routes_soon(conn, {each.id for each in about})
    told = [
        (event_id, each)
        for event_id, each in zip(ids(), news, strict=True)
        if each.message is not None
    ]
    messages = [
        outbox.Message(
            event_id,
            each.alert.id,
            each.alert.park_id,
            each.alert.severity,
            _body(each, view, page_url),
        )
        for (event_id, each), view in zip(told, views(), strict=True)
    ]
    outbox.send(conn, messages, routes())


def _save(
    conn: Connection,
    records: Sequence[Record],
    intervals: Mapping[Key, tuple[list[Interval], list[Interval]]],
) -> None:
    added = [each.alerts[one] for each in records for one in each.added]
    changed = [
        each.alerts[one] for each in records for one in each.changed - each.added
    ]
    alerts.save(conn, added, changed)
    alerts.announce(conn, [each.id for each in (*added, *changed)])
    conditions.replace(conn, intervals)


def _body(news: News, view: Alert, page_url: str) -> str:
    kind = news.message or "alert.raised"
    at = instants.from_us(news.event.at)
    return alert_messages.body(kind, at, view, page_url)
