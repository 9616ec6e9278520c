"""Times as senders write them: epoch milliseconds or RFC 3339 with zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_MILLISECOND = 1000
EARLIEST_MS = -62_135_596_800_000
LATEST_MS = 253_402_300_799_999


def parse(written: float | str, what: str) -> int:
    """Read a time [us since 1970 UTC]; finer than a microsecond is cut off.

    Parameters
    ----------
    written
        Epoch milliseconds, or RFC 3339 with zone.
    what
        Name of the field, for the error.

    Raises
    ------
    DecodeError
        `bad_time`: it is no time between the years 1 and 9999, or has no zone.
    """
    if isinstance(written, str):
        return _from_text(written, what)
    if not EARLIEST_MS <= written <= LATEST_MS:
        message = f"{what} {written!r:.40} is not within the years 1 to 9999"
        raise DecodeError(reasons.BAD_TIME, message)
    if isinstance(written, int):
        return written * _MILLISECOND
    return round(written * _MILLISECOND)


def _from_text(written: str, what: str) -> int:
    if not _RFC_3339.fullmatch(written):
        message = f"{what} {written!r:.60} is not RFC 3339 with zone"
        raise DecodeError(reasons.BAD_TIME, message)
    try:
        # In UTC, for a time may be within the years 1 to 9999 only in its own zone.
        return instants.to_us(datetime.fromisoformat(written.upper()).astimezone(UTC))
    except (ValueError, OverflowError) as error:
        message = f"{what} {written!r:.60} is no time: {error}"
        raise DecodeError(reasons.BAD_TIME, message) from error


def write(moment_us: int) -> int | str:
    """Write a time as epoch milliseconds, or as RFC 3339 if they would lose something.

    Raises
    ------
    OverflowError
        The instant is not within the years 1 to 9999.
    """
    milliseconds, rest = divmod(moment_us, _MILLISECOND)
    if not rest:
        return milliseconds
    return instants.from_us(moment_us).isoformat().replace("+00:00", "Z")
