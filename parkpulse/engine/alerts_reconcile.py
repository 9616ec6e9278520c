"""What follows for alerts when a condition held at other times than was recorded.

Pure: from the recorded and the computed intervals of one (rule, subject) to changed
alerts, lines of history, and messages. History is only added to: what late data has
changed is told by events `revised`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace
from uuid_utils import compat

from parkpulse.engine import alerts_match
from parkpulse.model import alert as life
from parkpulse.model import instants
from parkpulse.model.condition import AlertRow, EventRow, Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from parkpulse.model.alert import EventKind, Severity
    from parkpulse.model.condition import Key
    from parkpulse.model.definitions import Definition
    from parkpulse.query.alert_messages import MessageType

ACTOR = "engine"


class Origin(NamedTuple):
    """What alerts of one key are about."""

    rule_id: int
    subject: str
    park_id: int
    place_id: int | None
    device_id: int | None
    series_id: int | None
    definition: Definition

    @property
    def key(self) -> Key:
        """What distinguishes it."""
        return self.rule_id, self.subject


class News(NamedTuple):
    """A new line of history, the alert after it, and what to tell the channels."""

    event: EventRow
    alert: AlertRow
    message: MessageType | None


@dataclass
class Record:
    """Alerts of one key, and what is added to their record.

    Parameters
    ----------
    origin
        What the alerts are about.
    now
        The park's clock. [us]
    is_fresh
        Whether the series' newest reading is within its freshness.
    alerts
        The unfinished alert, if any, and those of the recorded intervals, by id.
    times
        Kind and time [us] of events that exist already.
    """

    origin: Origin
    now: int
    is_fresh: bool
    alerts: dict[UUID, AlertRow]
    times: set[tuple[EventKind, int]]
    added: set[UUID] = field(default_factory=set)
    changed: set[UUID] = field(default_factory=set)
    news: list[News] = field(default_factory=list)

    def unfinished(self) -> AlertRow | None:
        """Return the alert that is not over, of which there is at most one."""
        open_ = (each for each in self.alerts.values() if each.state != "normal")
        return next(open_, None)

    def put(self, alert: AlertRow) -> AlertRow:
        """Take a new alert, or the next version of a known one."""
        if alert.id in self.alerts:
            alert = replace(alert, version=self.alerts[alert.id].version + 1)
            self.changed.add(alert.id)
        else:
            self.added.add(alert.id)
        self.alerts[alert.id] = alert
        return alert

    def note(
        self,
        alert: AlertRow,
        kind: EventKind,
        at: int,
        *,
        severity: Severity,
        value: float | None = None,
        message: MessageType | None = None,
        detail: dict[str, object] | None = None,
    ) -> None:
        """Add a line; one that late data brings back again is `revised`."""
        detail = dict(detail or {})
        if kind != "revised" and (kind, at) in self.times:
            detail |= {"again": kind, "at": instants.from_us(at)}
            kind = "revised"
        if kind == "revised":
            at = self._free(self.now)
        self.times.add((kind, at))
        event = EventRow(
            alert_id=alert.id,
            rule_id=alert.rule_id,
            subject=alert.subject,
            kind=kind,
            at=at,
            actor=ACTOR,
            severity=severity,
            value=value,
            detail=detail,
        )
        self.news.append(News(event, alert, message))

    def _free(self, at: int) -> int:
        while ("revised", at) in self.times:
            at += 1
        return at


def reconcile(
    record: Record, old: Sequence[Interval], new: Sequence[Interval]
) -> list[Interval]:
    """Bring a record up to what the readings say now.

    Parameters
    ----------
    record
        Alerts of the key; what follows is added to it.
    old
        Recorded intervals, by time.
    new
        Computed intervals of the same span of time, by time.

    Returns
    -------
    list
        The computed intervals, each with its alert.
    """
    pairs, gone = alerts_match.match(old, new)
    for each in gone:
        _withdraw(record, each)
    return [_take(record, pair) for pair in pairs]


def _take(record: Record, pair: alerts_match.Pair) -> Interval:
    old, new = pair
    if old is None:
        return _begin(record, new)
    new = replace(new, alert_id=old.alert_id, retroactive=old.retroactive)
    if new.same_course(old):
        return _call_late(record, new)
    if _is_revised(old, new):
        _note_revised(record, old, new)
    if new.cleared is None:
        if old.cleared is None:
            return _continue(record, old, new)
        return _resume(record, old, new)
    if old.cleared is None:
        return _finish(record, old, new)
    return _correct(record, old, new)


def end(record: Record, old: Interval) -> None:
    """End a condition that nobody watches any more, now."""
    alert = record.alerts[_id(old)]
    detail: dict[str, object] = {"reason": "no longer watched"}
    _clear(record, alert, record.now, is_silent=old.retroactive, detail=detail)


def _begin(record: Record, new: Interval) -> Interval:
    """Record a condition that was not known."""
    is_over = new.cleared is not None
    is_silent = is_over or not record.is_fresh
    alert = None if is_over else record.unfinished()
    if alert is None:
        alert = _new_alert(record.origin, new, is_silent=is_silent)
        alert = replace(alert, state="normal" if is_over else "unacknowledged")
    else:
        alert = _raised(record, alert, new)
    alert = record.put(alert)
    first = new.steps[0]
    detail: dict[str, object] = {"onset": instants.from_us(new.onset)}
    if is_silent:
        detail["retroactive"] = True
    record.note(
        alert,
        "raised",
        new.raised,
        severity=first.severity,
        value=first.value,
        message=None if is_silent else "alert.raised",
        detail=detail,
    )
    _note_steps(record, alert, new, new.steps[1:])
    if new.cleared is not None:
        severity = new.severity
        record.note(alert, "cleared", new.cleared, severity=severity, detail=detail)
    return replace(new, alert_id=alert.id, retroactive=is_silent)


def _continue(record: Record, old: Interval, new: Interval) -> Interval:
    """Go on with a condition that lasts, perhaps with another severity."""
    alert = record.alerts[_id(old)]
    alert = _with_course(alert, new)
    if new.severity != alert.severity:
        worse = life.rank(new.severity) > life.rank(alert.severity)
        state = life.after(alert.state, "worsen" if worse else "ease")
        if state != alert.state:
            alert = replace(alert, acknowledged=None, acknowledged_by=None)
        alert = replace(_with_severity(record, alert, new), state=state)
        message: MessageType | None = None if old.retroactive else "alert.severity"
    else:
        message = None
    alert = record.put(alert)
    noted = len(record.news)
    _note_steps(record, alert, new, _further(old, new))
    if message is not None:
        _tell(record, alert, message, since=noted)
    return _call_late(record, new)


def _tell(record: Record, alert: AlertRow, message: MessageType, since: int) -> None:
    """Send a message with the last line noted, or with one of its own."""
    if len(record.news) == since:
        record.note(alert, "revised", record.now, severity=alert.severity)
    record.news[-1] = record.news[-1]._replace(message=message, alert=alert)


def _finish(record: Record, old: Interval, new: Interval) -> Interval:
    """End a condition that lasted as far as was known."""
    alert = record.alerts[_id(old)]
    alert = _with_severity(record, _with_course(alert, new), new)
    alert = record.put(alert)
    _note_steps(record, alert, new, _further(old, new))
    _clear(record, alert, new.cleared or record.now, is_silent=old.retroactive)
    return new


def _resume(record: Record, old: Interval, new: Interval) -> Interval:
    """Take back that a condition had cleared."""
    alert = record.alerts[_id(new)]
    other = record.unfinished()
    if alert.state == "normal" and other is not None:
        alert = other
    is_silent = not record.is_fresh
    alert = replace(
        _raised(record, alert, new), retroactive=alert.retroactive and is_silent
    )
    alert = record.put(alert)
    _note_steps(record, alert, new, _further(old, new))
    if not is_silent:
        _tell(record, alert, "alert.raised", since=0)
    return replace(new, alert_id=alert.id, retroactive=is_silent)


def _correct(record: Record, old: Interval, new: Interval) -> Interval:
    """Move a condition that is over."""
    alert = record.alerts[_id(old)]
    if (alert.raised, alert.cleared) == (old.raised, old.cleared):
        alert = _with_severity(record, _with_course(alert, new), new)
        record.put(replace(alert, cleared=new.cleared))
    return new


def _withdraw(record: Record, old: Interval) -> None:
    """Take back a condition that, as is known now, never was."""
    alert = record.alerts[_id(old)]
    _note_revised(record, old, None)
    if old.cleared is None:
        _clear(record, alert, record.now, is_silent=old.retroactive)


def _call_late(record: Record, new: Interval) -> Interval:
    """Call for a condition that was recorded silently and now proves to last.

    Somebody who has acknowledged it need not be called.
    """
    alert = record.alerts[_id(new)]
    is_wanted = new.retroactive and new.cleared is None and record.is_fresh
    if not is_wanted or alert.state == "acknowledged":
        return new
    alert = record.put(replace(alert, retroactive=False))
    record.note(
        alert,
        "revised",
        record.now,
        severity=alert.severity,
        message="alert.raised",
        detail={"retroactive": False},
    )
    return replace(new, retroactive=False)


def _clear(
    record: Record,
    alert: AlertRow,
    at: int,
    *,
    is_silent: bool,
    detail: dict[str, object] | None = None,
) -> None:
    # Nobody was called for a retroactive alert, so nobody has to answer.
    state = "normal" if alert.retroactive else life.after(alert.state, "clear")
    alert = record.put(replace(alert, state=state, cleared=at))
    message: MessageType | None = None if is_silent else "alert.cleared"
    record.note(
        alert, "cleared", at, severity=alert.severity, message=message, detail=detail
    )


def _note_steps(
    record: Record, alert: AlertRow, new: Interval, steps: Iterable[Any]
) -> None:
    detail: dict[str, object] = {}
    if new.cleared is not None and new.alert_id is None:
        detail["retroactive"] = True
    for step in steps:
        if ("severity", step.ts) not in record.times:
            record.note(
                alert,
                "severity",
                step.ts,
                severity=step.severity,
                value=step.value,
                detail=detail,
            )


def _note_revised(record: Record, old: Interval, new: Interval | None) -> None:
    alert = record.alerts[_id(old)]
    record.note(
        alert,
        "revised",
        record.now,
        severity=alert.severity,
        detail={"was": _brief(old), "is": None if new is None else _brief(new)},
    )


def _brief(interval: Interval) -> dict[str, object]:
    cleared = interval.cleared
    return {
        "onset": instants.from_us(interval.onset),
        "raised_at": instants.from_us(interval.raised),
        "cleared_at": None if cleared is None else instants.from_us(cleared),
        "severity": interval.severity,
    }


def _is_revised(old: Interval, new: Interval) -> bool:
    """Tell whether more has changed than that time went on."""
    return (
        (old.onset, old.raised) != (new.onset, new.raised)
        or old.steps != new.steps[: len(old.steps)]
        or old.cleared not in {None, new.cleared}
    )


def _further(old: Interval, new: Interval) -> list[Any]:
    """Severities that the old interval did not have, but for the first."""
    known = set(old.steps)
    return [step for step in new.steps[1:] if step not in known]


def _with_course(alert: AlertRow, new: Interval) -> AlertRow:
    return replace(alert, onset=new.onset, raised=new.raised)


def _with_severity(record: Record, alert: AlertRow, new: Interval) -> AlertRow:
    if new.severity == alert.severity:
        return alert
    level = record.origin.definition.level(new.severity)
    return replace(
        alert, severity=new.severity, value=new.steps[-1].value, limit=level.limit
    )


def _raised(record: Record, alert: AlertRow, new: Interval) -> AlertRow:
    """Return the alert raised again by a further interval."""
    last = new.steps[-1]
    return replace(
        alert,
        state=life.after(alert.state, "raise"),
        onset=new.onset,
        raised=new.raised,
        cleared=None,
        acknowledged=None,
        acknowledged_by=None,
        severity=last.severity,
        value=last.value,
        limit=record.origin.definition.level(last.severity).limit,
    )


def _new_alert(origin: Origin, new: Interval, *, is_silent: bool) -> AlertRow:
    last = new.steps[-1]
    return AlertRow(
        id=compat.uuid7(),
        rule_id=origin.rule_id,
        subject=origin.subject,
        park_id=origin.park_id,
        place_id=origin.place_id,
        device_id=origin.device_id,
        series_id=origin.series_id,
        severity=last.severity,
        state="unacknowledged",
        retroactive=is_silent,
        onset=new.onset,
        raised=new.raised,
        cleared=new.cleared,
        acknowledged=None,
        acknowledged_by=None,
        value=last.value,
        limit=origin.definition.level(last.severity).limit,
        version=0,
    )


def _id(interval: Interval) -> UUID:
    if interval.alert_id is None:
        message = "a recorded interval has no alert"
        raise ValueError(message)
    return interval.alert_id
