"""Maintenance windows: times in which alerts are recorded and nobody is called."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.query import alerts
from parkpulse.store import parks, quiet
from parkpulse.store.quiet import Window

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.store.pool import Connection
    from parkpulse.store.quiet import Suppression, Within

LONGEST = timedelta(days=366)
_INVALID = "invalid_value"
_LARGEST_ID = 2**31 - 1


class Asked(NamedTuple):
    """A window that somebody wants; None does not restrict its scope."""

    start: datetime
    end: datetime
    reason: str
    by: str
    place: str | None = None
    device: str | None = None
    rule: str | None = None


class Cause(NamedTuple):
    """Alerts of `rule` call nobody while one of `cause_rule` lasts within the same."""

    rule: str
    cause_rule: str
    within: Within
    reason: str
    by: str


def checked_id(number: int) -> int:
    """Return the number; raises NotFoundError when nothing can have it."""
    if not 0 < number <= _LARGEST_ID:
        kind = "maintenance window"
        raise NotFoundError(kind, str(number))
    return number


def add(conn: Connection, park: str, asked: Asked) -> Window:
    """Open a window of [start, end) on the park's clock.

    Raises
    ------
    NotFoundError
        There is no such park.
    InvalidRequestError
        The times, the scope, the reason or the author are not acceptable.
    """
    by = alerts.checked_actor(asked.by, "/by")
    reason = _checked_reason(asked.reason)
    if asked.end <= asked.start:
        code, message = "empty_period", "a window ends after its start"
        raise InvalidRequestError(code, message, "/end")
    if asked.end - asked.start > LONGEST:
        code, message = "period_too_long", f"a window has at most {LONGEST.days} days"
        raise InvalidRequestError(code, message, "/end")
    new = Window(
        0,
        park,
        asked.place,
        asked.device,
        asked.rule,
        asked.start,
        asked.end,
        reason,
        by,
        asked.start,
        None,
    )
    return quiet.window(conn, park, quiet.add_window(conn, new))


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    alerts.check_comment(reason, "/reason")
    if not reason:
        code, message = "missing", "a reason must be given"
        raise InvalidRequestError(code, message, "/reason")
    return reason


def end(conn: Connection, park: str, window_id: int, by: str) -> Window:
    """End a window now; one that is over already stays as it is.

    Raises
    ------
    NotFoundError
        The park has no such window.
    InvalidRequestError
        The author is not acceptable.
    """
    by = alerts.checked_actor(by, "/by")
    quiet.window(conn, park, window_id)
    now = parks.now(conn, park)
    quiet.end_window(conn, window_id, now, by)
    return quiet.window(conn, park, window_id)


def listed(conn: Connection, park: str, *, with_past: bool = False) -> list[Window]:
    """Windows of a park by start; without those that are over unless asked for."""
    return quiet.windows(conn, park, None if with_past else parks.now(conn, park))


def suppressions(conn: Connection, park: str) -> list[Suppression]:
    """Suppression by design in a park; raises NotFoundError."""
    parks.now(conn, park)
    return quiet.suppressions(conn, park)


def suppress(conn: Connection, park: str, asked: Cause) -> None:
    """Add or change a suppression by design.

    Raises
    ------
    NotFoundError
        There is no such park.
    InvalidRequestError
        A rule, the reason or the author is not acceptable.
    """
    by = alerts.checked_actor(asked.by, "/by")
    rest = (asked.within, _checked_reason(asked.reason), by)
    if asked.rule == asked.cause_rule:
        message = "a rule does not suppress itself"
        raise InvalidRequestError(_INVALID, message, "/cause_rule")
    quiet.put_suppression(conn, park, asked.rule, asked.cause_rule, rest)


def unsuppress(conn: Connection, park: str, suppression_id: int) -> None:
    """Remove a suppression by design; raises NotFoundError."""
    quiet.drop_suppression(conn, park, suppression_id)
