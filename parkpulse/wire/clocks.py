"""Times of foreign formats, among them those without a zone: UTC+8 unless told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from parkpulse.model import instants

if TYPE_CHECKING:
    from datetime import tzinfo

BEIJING = timezone(timedelta(hours=8))
"""Zone of device clocks that name none."""
_SECONDS = (1e9, 1e11)
_MILLISECONDS = (1e12, 1e14)
_COMPACT = re.compile(r"(\d{8})T?(\d{6})(\.\d{1,6})?(Z?)", re.ASCII)
_USUAL = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ](\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?)"
    r"\s?(Z|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)


def guess(value: object, zone: tzinfo = BEIJING) -> int | None:
    """Read a time by its looks [us since 1970 UTC]; None when it looks like none.

    Epoch seconds or milliseconds (2001 to 5138) as number or digits;
    `20260912T173041Z`, `20260912173041`; `2026-09-12 17:30:41` and RFC 3339.

    Parameters
    ----------
    value
        As sent.
    zone
        Of texts that name none.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_number(value)
    if not isinstance(value, str):
        return None
    written = value.strip()
    try:
        return _from_text(written, zone)
    except (ValueError, OverflowError):
        return None


def _from_number(value: float) -> int | None:
    if _SECONDS[0] <= value < _SECONDS[1]:
        return round(value * instants.SECOND)
    if _MILLISECONDS[0] <= value < _MILLISECONDS[1]:
        return round(value * 1000)
    return None


def _from_text(written: str, zone: tzinfo) -> int | None:
    if compact := _COMPACT.fullmatch(written):
        day, clock, fraction, is_utc = compact.groups()
        at = datetime.strptime(f"{day}{clock}+0000", "%Y%m%d%H%M%S%z")
        at = at.replace(tzinfo=UTC if is_utc else zone)
        return instants.to_us(at) + round(float(fraction or 0) * instants.SECOND)
    if usual := _USUAL.fullmatch(written):
        year, month, day, clock, offset = usual.groups()
        iso = f"{year}-{month:>02}-{day:>02}T{clock:>05}{(offset or '').upper()}"
        at = datetime.fromisoformat(iso)
        return instants.to_us(at if at.tzinfo else at.replace(tzinfo=zone))
    return _from_number(float(written)) if written.isdecimal() else None


def by_pattern(value: str, pattern: str, zone: tzinfo) -> int | None:
    """Read a time by a strptime pattern [us since 1970 UTC]; None when it differs."""
    try:
        at = datetime.strptime(value, pattern)  # noqa: DTZ007 - the zone follows
        return instants.to_us(at if at.tzinfo else at.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return None
