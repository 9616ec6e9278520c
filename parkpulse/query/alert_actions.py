"""What people do with alerts: acknowledge many, shelve, assign, comment, and the rest.

Everything is a line of the alert's history. An alert whose quiet ends is told as it
then stands.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from parkpulse.errors import (
    IllegalTransitionError,
    InvalidRequestError,
    NotFoundError,
)
from parkpulse.model import alert as model
from parkpulse.model import instants
from parkpulse.model.condition import EventRow
from parkpulse.query import alert_messages, alerts
from parkpulse.store import alert_events, outbox, parks, quiet
from parkpulse.store import alerts as store
from parkpulse.store.quiet import Shelf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Literal
    from uuid import UUID

    from parkpulse.model.alert import Alert, EventKind, QuietAction
    from parkpulse.model.condition import AlertRow
    from parkpulse.store.pool import Connection

ENGINE = "engine"
LONGEST_SHELF = timedelta(days=30)
MOST_AT_ONCE = 500
_INVALID = "invalid_value"


class By(NamedTuple):
    """Who does it, why, and which version of the alert they have seen."""

    actor: str
    comment: str = ""
    version: int | None = None


class Outcome(NamedTuple):
    """What has become of one of several alerts: it, or the code of the problem."""

    id: UUID
    alert: Alert | None
    code: str | None


def acknowledge_many(
    conn: Connection, alert_ids: Sequence[UUID], by: By, page_url: str
) -> list[Outcome]:
    """Acknowledge several alerts; one that cannot be does not hold up the others.

    Raises
    ------
    InvalidRequestError
        Actor or comment is not acceptable.
    """
    alerts.checked_actor(by.actor)
    alerts.check_comment(by.comment)
    wanted = sorted(set(alert_ids))
    store.lock(conn, keys=[], ids=wanted)
    return [_acknowledge(conn, each, by, page_url) for each in wanted]


def _acknowledge(conn: Connection, alert_id: UUID, by: By, page_url: str) -> Outcome:
    try:
        alert = alerts.acknowledge(
            conn, alert_id, by.actor, comment=by.comment, page_url=page_url
        )
    except NotFoundError:
        return Outcome(alert_id, None, "not_found")
    except IllegalTransitionError:
        return Outcome(alert_id, None, "illegal_transition")
    return Outcome(alert_id, alert, None)


def shelve(conn: Connection, alert_id: UUID, by: By, until: datetime) -> Alert:
    """Call nobody for this alert, nor for one that follows it, until a time.

    Parameters
    ----------
    conn
        In a transaction.
    alert_id
        Which alert; its rule and subject are what is shelved.
    by
        Who, and why (a reason must be given).
    until
        On the park's clock, within `LONGEST_SHELF`.

    Raises
    ------
    NotFoundError, ConflictError, IllegalTransitionError, InvalidRequestError
    """
    row, by = _open(conn, alert_id, by)
    now = parks.clocks(conn)[row.park_id]
    if not now < until <= now + LONGEST_SHELF:
        message = f"an alert is shelved for at most {LONGEST_SHELF.days} days from now"
        raise InvalidRequestError(_INVALID, message, "/until")
    _allowed(conn, row, "shelve")
    return _silence(conn, row, by, "shelved", until)


def take_out_of_service(conn: Connection, alert_id: UUID, by: By) -> Alert:
    """Call nobody for this alert, nor for one that follows it, until put back.

    Raises
    ------
    NotFoundError, ConflictError, IllegalTransitionError, InvalidRequestError
    """
    row, by = _open(conn, alert_id, by)
    _allowed(conn, row, "take out of service")
    return _silence(conn, row, by, "out_of_service", None)


def unshelve(conn: Connection, alert_id: UUID, by: By, page_url: str) -> Alert:
    """End shelving before its time; raises as `shelve`."""
    row, by = _open(conn, alert_id, by, needs_reason=False)
    _allowed(conn, row, "unshelve")
    return _release(conn, row, by, "unshelved", page_url)


def return_to_service(conn: Connection, alert_id: UUID, by: By, page_url: str) -> Alert:
    """End being out of service; raises as `shelve`."""
    row, by = _open(conn, alert_id, by, needs_reason=False)
    _allowed(conn, row, "return to service")
    return _release(conn, row, by, "in_service", page_url)


def assign(conn: Connection, alert_id: UUID, by: By, assignee: str | None) -> Alert:
    """Say who takes care of an alert, or with None that nobody does.

    Raises
    ------
    NotFoundError, ConflictError, InvalidRequestError
    """
    row, by = _open(conn, alert_id, by, needs_reason=False)
    if assignee is not None:
        assignee = alerts.checked_actor(assignee, "/assignee")
    detail: dict[str, object] = {"assignee": assignee, "was": row.assignee}
    store.assign(conn, row.id, assignee)
    row, _ = note(conn, replace(row, assignee=assignee), "assigned", by, detail)
    return _shown(conn, row)


def comment(conn: Connection, alert_id: UUID, by: By) -> Alert:
    """Add a comment; raises NotFoundError, ConflictError or InvalidRequestError."""
    row, by = _open(conn, alert_id, by)
    row, _ = note(conn, row, "commented", by, {})
    return _shown(conn, row)


def unshelve_expired(conn: Connection, shelf: Shelf, page_url: str) -> None:
    """End shelving at its time."""
    open_ = store.lock(conn, keys=[(shelf.rule_id, shelf.subject)])
    at = None if shelf.until is None else instants.to_us(shelf.until)
    if open_:
        _release(conn, open_[0], By(ENGINE), "unshelved", page_url, at)
        return
    # What was shelved is over; the shelf ends all the same.
    quiet.drop_shelf(conn, (shelf.rule_id, shelf.subject))


def note_withheld(conn: Connection, alert_id: UUID) -> None:
    """Say in an alert's history that nobody is called for it, and why."""
    row = alerts.locked(conn, alert_id)
    reason = quiet.among(conn, [alert_id]).get(alert_id)
    detail: dict[str, object] = {}
    if reason is not None:
        detail = {"kind": reason.kind, "until": reason.until, "reason": reason.reason}
    note(conn, row, "suppressed", By(reason.actor if reason else ENGINE), detail)
    quiet.note(conn, [alert_id])


def tell_withheld(conn: Connection, alert_id: UUID, page_url: str) -> None:
    """Tell of an alert that is not quiet any more."""
    row = alerts.locked(conn, alert_id)
    if not quiet.forget(conn, alert_id):
        return
    row, event_id = note(conn, row, "unsuppressed", By(ENGINE), {})
    _tell(conn, row, event_id, page_url)


def note(
    conn: Connection,
    row: AlertRow,
    kind: EventKind,
    by: By,
    detail: dict[str, object],
    at: int | None = None,
) -> tuple[AlertRow, int]:
    """Write the next version of an alert and a line of its history.

    Returns
    -------
    AlertRow, int
        The alert as it is now, and the id of the line.
    """
    at = alerts.free_time(conn, row, kind, at)
    row = replace(row, version=row.version + 1)
    if by.comment:
        detail = {**detail, "comment": by.comment}
    event = EventRow(
        alert_id=row.id,
        rule_id=row.rule_id,
        subject=row.subject,
        kind=kind,
        at=at,
        actor=by.actor,
        severity=row.severity,
        value=None,
        detail=detail,
    )
    (event_id,) = alert_events.add(conn, [event])
    store.save(conn, added=[], changed=[row])
    store.announce(conn, [row.id])
    return row, event_id


def _open(
    conn: Connection, alert_id: UUID, by: By, *, needs_reason: bool = True
) -> tuple[AlertRow, By]:
    """Check who acts and lock the alert."""
    by = by._replace(actor=alerts.checked_actor(by.actor), comment=by.comment.strip())
    alerts.check_comment(by.comment)
    if needs_reason and not by.comment:
        code, message = "missing", "a comment or reason must be given"
        raise InvalidRequestError(code, message, "/comment")
    return alerts.locked(conn, alert_id, by.version), by


def _allowed(conn: Connection, row: AlertRow, action: QuietAction) -> None:
    """Raise IllegalTransitionError unless the alert can take the action."""
    shelf = quiet.shelf(conn, (row.rule_id, row.subject))
    reason = quiet.among(conn, [row.id]).get(row.id)
    present = alerts.state_of(reason) if shelf is None else shelf.kind
    model.quiet_after(present, row.state, action)


def _silence(
    conn: Connection,
    row: AlertRow,
    by: By,
    kind: Literal["shelved", "out_of_service"],
    until: datetime | None,
) -> Alert:
    since = parks.clocks(conn)[row.park_id]
    shelf = Shelf(row.rule_id, row.subject, kind, since, until, by.actor, by.comment)
    quiet.put_shelf(conn, shelf)
    quiet.remember(conn, [row.id], noted=True)
    detail: dict[str, object] = {} if until is None else {"until": until}
    row, _ = note(conn, row, kind, by, detail)
    return _shown(conn, row)


def _release(
    conn: Connection,
    row: AlertRow,
    by: By,
    kind: EventKind,
    page_url: str,
    at: int | None = None,
) -> Alert:
    quiet.drop_shelf(conn, (row.rule_id, row.subject))
    state = model.after(row.state, "release")
    if state == "unacknowledged":
        row = replace(row, acknowledged=None, acknowledged_by=None)
    row, event_id = note(conn, replace(row, state=state), kind, by, {}, at)
    quiet.forget(conn, row.id)
    _tell(conn, row, event_id, page_url)
    return _shown(conn, row)


def _tell(conn: Connection, row: AlertRow, event_id: int, page_url: str) -> None:
    """Call for an alert that lasts; say of one that was told that it is over."""
    if row.state == "unacknowledged" and not row.retroactive:
        kind: alert_messages.MessageType = "alert.raised"
    elif row.cleared is not None and outbox.is_told(conn, row.id):
        kind = "alert.cleared"
    else:
        return
    now = parks.clocks(conn)[row.park_id]
    body = alert_messages.body(kind, now, _shown(conn, row), page_url)
    message = outbox.Message(event_id, row.id, row.park_id, row.severity, body)
    outbox.put(conn, [message])


def _shown(conn: Connection, row: AlertRow) -> Alert:
    (alert,) = alerts.views(conn, [row])
    return alert
