"""Instants as whole microseconds since 1970 UTC, as arrays and messages have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
"""One second. [us]"""
MINUTE = 60 * SECOND
"""One minute. [us]"""
HOUR = 3600 * SECOND
"""One hour. [us]"""
DAY = 24 * HOUR
"""24 hours. [us]"""
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime."""
    return (moment - EPOCH) // _MICROSECOND


def from_us(moment_us: int) -> datetime:
    """Datetime in UTC of microseconds since 1970.

    Raises
    ------
    OverflowError
        The instant is not within the years 1 to 9999.
    """
    return EPOCH + timedelta(microseconds=moment_us)
