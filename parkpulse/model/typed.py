"""Times as people type them on a command line."""

from __future__ import annotations

from datetime import date, datetime

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.model.periods import Calendar

_REACH = range(1900, 2200)
"""Years of times that can be meant; computing with others may leave the calendar."""


def moment(text: str, pointer: str) -> datetime:
    """Read a time with a zone (RFC 3339).

    Parameters
    ----------
    text
        What was typed.
    pointer
        Name of the option, for the error.

    Raises
    ------
    InvalidRequestError
        It is none, or out of reach.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        code, message = "not_a_time", f"{text!r} is no time with zone (RFC 3339)"
        raise InvalidRequestError(code, message, pointer)
    _check_reach(text, found.year, pointer)
    return found


def _check_reach(text: str, year: int, pointer: str) -> None:
    if year not in _REACH:
        code, message = "invalid_value", f"{text!r} is out of reach"
        raise InvalidRequestError(code, message, pointer)


def day_or_moment(text: str, zone: str, pointer: str) -> datetime:
    """Read a day, which means its midnight in a zone, or a time with a zone.

    Raises
    ------
    InvalidRequestError
        It is neither, or out of reach, or there is no such zone.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return moment(text, pointer)
    _check_reach(text, day.year, pointer)
    return instants.from_us(Calendar(zone).midnight(day))
