"""Alerts for people: lists, one in detail, and the acknowledgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from parkpulse.errors import ConflictError, InvalidRequestError, NotFoundError
from parkpulse.model import alert as model
from parkpulse.model import instants
from parkpulse.model.alert import Alert, QuietNow, RuleName
from parkpulse.model.condition import AlertRow, EventRow
from parkpulse.model.definitions import Definition
from parkpulse.model.metrics import METRICS
from parkpulse.model.registry import Name
from parkpulse.query import alert_figures, alert_messages, paging
from parkpulse.store import alert_events, deliveries, outbox, parks, quiet
from parkpulse.store import alerts as store
from parkpulse.store.alerts import After, Search

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.model.alert import EventKind, Quiet, ShownState
    from parkpulse.query.paging import Page
    from parkpulse.store.alert_events import EventView
    from parkpulse.store.alerts import Description
    from parkpulse.store.deliveries import OfAlert
    from parkpulse.store.pool import Connection
    from parkpulse.store.soon import Soon

UNFINISHED: tuple[ShownState, ...] = tuple(
    each for each in model.SHOWN_STATES if each != "normal"
)
"""States of an alert that still wants somebody or something."""
DEFAULT_ORDER = "-raised_at"
ORDERS = tuple(store.ORDERS)
MAXIMUM_ACTOR = 100
MAXIMUM_COMMENT = 2000
MAXIMUM_CHANGED = 1000
_KIND = "alert"
_INVALID = "invalid_value"


@dataclass(frozen=True, slots=True)
class Detail:
    """An alert with its history and all attempts to tell of it, oldest first."""

    alert: Alert
    events: Sequence[EventView]
    deliveries: Sequence[OfAlert]


def views(conn: Connection, rows: Sequence[AlertRow]) -> list[Alert]:
    """Show stored alerts as people see them, in the same order."""
    return views_soon(conn, rows)() if rows else []


def views_soon(conn: Connection, rows: Sequence[AlertRow]) -> Soon[list[Alert]]:
    """Ask as `views` does; in a pipeline the answer comes with others."""
    known_soon = store.descriptions_soon(conn, rows)
    found_soon = quiet.among_soon(
        conn, [row.id for row in rows if row.state != "normal"]
    )

    def shown() -> list[Alert]:
        known, found = known_soon(), found_soon()
        return [
            view(row, known[row.rule_id, row.subject], found.get(row.id))
            for row in rows
        ]

    return shown


def view(
    row: AlertRow, described: Description, reason: QuietNow | None = None
) -> Alert:
    """One alert as people see it, and why it is quiet, if it is."""
    definition = msgspec.json.decode(described.definition, type=Definition)
    metric = METRICS.get(described.metric or "")
    return Alert(
        id=str(row.id),
        rule=RuleName(
            described.rule,
            Name(described.rule_zh, described.rule_en),
            alert_figures.kind(definition),
        ),
        subject=row.subject,
        park=described.park,
        park_name=Name(described.park_zh, described.park_en),
        zone=described.zone,
        place=described.place,
        place_name=_name(described.place_zh, described.place_en),
        device=described.device,
        device_name=_name(described.device_zh, described.device_en),
        series=row.series_id,
        metric=described.metric,
        metric_name=None if metric is None else Name(metric.zh, metric.en),
        unit=alert_figures.unit(definition, metric),
        severity=row.severity,
        level=definition.level(row.severity).name,
        state=model.shown(row.state, state_of(reason)),
        quiet=reason,
        assignee=row.assignee,
        retroactive=row.retroactive,
        onset=instants.from_us(row.onset),
        raised_at=instants.from_us(row.raised),
        cleared_at=_moment(row.cleared),
        acknowledged_at=_moment(row.acknowledged),
        acknowledged_by=row.acknowledged_by,
        value=row.value,
        limit=row.limit,
        direction=definition.direction,
        version=row.version,
    )


def state_of(reason: QuietNow | None) -> Quiet | None:
    """Return the quiet state of an alert; maintenance is none of its own."""
    if reason is None or reason.kind == "maintenance":
        return None
    return reason.kind


def _name(zh: str | None, en: str | None) -> Name | None:
    return None if zh is None or en is None else Name(zh, en)


def _moment(us: int | None) -> datetime | None:
    return None if us is None else instants.from_us(us)


def listed(
    conn: Connection,
    search: Search,
    *,
    order: str = DEFAULT_ORDER,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[Alert]:
    """One page of the alerts that are wanted.

    Parameters
    ----------
    conn
        Open connection.
    search
        Which alerts.
    order
        One of `ORDERS`.
    limit
        Most alerts of the page.
    cursor
        `next` of the page before; None for the first.

    Raises
    ------
    InvalidRequestError
        There is no such order, or the cursor was not made for this list.
    """
    if order not in ORDERS:
        message = f"alerts are sorted by one of {', '.join(ORDERS)}"
        raise InvalidRequestError(_INVALID, message, "sort")
    after = None if cursor is None else _after(order, cursor)
    rows = store.page(conn, search, order, after, limit + 1)
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        key = (model.rank(last.severity), last.raised, str(last.id))
        following = paging.encode(order, key)
    return paging.Page(views(conn, rows[:limit]), following)


def _after(order: str, cursor: str) -> After:
    rank, raised, alert_id = paging.decode(order, cursor, [int, int, str])
    return After(int(rank), int(raised), parse_id(str(alert_id)))


def parse_id(text: str) -> UUID:
    """Read the id of an alert; raises NotFoundError when it cannot be one."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(_KIND, text) from None


def find(conn: Connection, alert_id: UUID) -> Alert:
    """Return one alert; raises NotFoundError."""
    rows = store.by_ids(conn, [alert_id])
    if not rows:
        raise NotFoundError(_KIND, str(alert_id))
    return views(conn, rows)[0]


def device_of(conn: Connection, park: str, alert_id: UUID) -> str | None:
    """Find the device of an alert of this park, if it is of one.

    Raises
    ------
    NotFoundError
        The park has no such alert.
    """
    found = find(conn, alert_id)
    if found.park != park:
        raise NotFoundError(_KIND, str(alert_id))
    return found.device


def by_ids(conn: Connection, alert_ids: Sequence[UUID]) -> list[Alert]:
    """Those of the alerts that exist, by id."""
    return views(conn, store.by_ids(conn, alert_ids))


def changed_since(conn: Connection, park_id: int, since: datetime) -> list[Alert]:
    """Alerts of a park that changed at or after a wall time, oldest change first."""
    return views(conn, store.changed_since(conn, park_id, since, MAXIMUM_CHANGED))


def counts(conn: Connection) -> dict[int, dict[str, int]]:
    """Unfinished alerts by park id and severity."""
    return store.counts(conn)


def detail(conn: Connection, alert_id: UUID) -> Detail:
    """One alert with everything that happened to it; raises NotFoundError."""
    return Detail(
        find(conn, alert_id),
        alert_events.of_alert(conn, alert_id),
        deliveries.of_alert(conn, alert_id),
    )


def acknowledge(
    conn: Connection,
    alert_id: UUID,
    actor: str,
    *,
    comment: str = "",
    version: int | None = None,
    page_url: str,
) -> Alert:
    """Say that somebody has seen the alert and takes care of it.

    Parameters
    ----------
    conn
        In a transaction.
    alert_id
        Which alert.
    actor
        Who acknowledges.
    comment
        What they say about it.
    version
        The version that they have seen; None if that does not matter.
    page_url
        Address of the page, for the message to the channels.

    Raises
    ------
    NotFoundError
        There is no such alert.
    ConflictError
        The alert has changed since that version.
    IllegalTransitionError
        It is acknowledged or over already.
    InvalidRequestError
        Actor or comment is empty or too long.
    """
    actor = checked_actor(actor)
    check_comment(comment)
    row = locked(conn, alert_id, version)
    reason = quiet.among(conn, [alert_id]).get(alert_id)
    model.may_acknowledge(row.state, state_of(reason))
    state = model.after(row.state, "acknowledge")
    at = free_time(conn, row, "acknowledged")
    row = msgspec.structs.replace(
        row,
        state=state,
        acknowledged=at,
        acknowledged_by=actor,
        version=row.version + 1,
    )
    (event_id,) = alert_events.add(conn, [_acknowledged(row, at, actor, comment)])
    store.save(conn, added=[], changed=[row])
    store.announce(conn, [row.id])
    return _told(conn, row, event_id, at, page_url)


def _told(
    conn: Connection, row: AlertRow, event_id: int, at: int, page_url: str
) -> Alert:
    """Have the channels told of an acknowledgement at a time [us]."""
    (alert,) = views(conn, [row])
    text = alert_messages.body(
        "alert.acknowledged", instants.from_us(at), alert, page_url
    )
    outbox.put(
        conn, [outbox.Message(event_id, row.id, row.park_id, row.severity, text)]
    )
    return alert


def checked_actor(actor: str, pointer: str = "/actor") -> str:
    """Strip a person's name; raises InvalidRequestError."""
    actor = actor.strip()
    if not actor or len(actor) > MAXIMUM_ACTOR or not actor.isprintable():
        message = f"the actor must have 1 to {MAXIMUM_ACTOR} printable characters"
        raise InvalidRequestError(_INVALID, message, pointer)
    return actor


def check_comment(comment: str, pointer: str = "/comment") -> None:
    """Raise InvalidRequestError for a comment that is too long."""
    if len(comment) > MAXIMUM_COMMENT or "\x00" in comment:
        message = f"a comment has at most {MAXIMUM_COMMENT} characters"
        raise InvalidRequestError(_INVALID, message, pointer)


def locked(conn: Connection, alert_id: UUID, version: int | None = None) -> AlertRow:
    """Lock an alert until the commit.

    Raises
    ------
    NotFoundError
        There is no such alert.
    ConflictError
        It has changed since the version that somebody has seen.
    """
    rows = store.lock(conn, keys=[], ids=[alert_id])
    if not rows:
        raise NotFoundError(_KIND, str(alert_id))
    (row,) = rows
    if version is not None and version != row.version:
        message = f"the alert has version {row.version}, not {version}"
        raise ConflictError(message)
    return row


def free_time(
    conn: Connection, row: AlertRow, kind: EventKind, at: int | None = None
) -> int:
    """Tell `at` or the park's time, or the next moment without such an event [us]."""
    if at is None:
        at = instants.to_us(parks.clocks(conn)[row.park_id])
    key = (row.rule_id, row.subject)
    taken = alert_events.times(conn, {key: at})[key]
    while (kind, at) in taken:
        at += 1
    return at


def _acknowledged(row: AlertRow, at: int, actor: str, comment: str) -> EventRow:
    return EventRow(
        alert_id=row.id,
        rule_id=row.rule_id,
        subject=row.subject,
        kind="acknowledged",
        at=at,
        actor=actor,
        severity=row.severity,
        value=None,
        detail={"comment": comment} if comment else {},
    )
