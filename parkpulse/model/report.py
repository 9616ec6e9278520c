"""What a report says, before any language: figures frozen with their evidence."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from parkpulse.errors import InvalidRequestError
from parkpulse.model.alert import Severity
from parkpulse.model.certificates import Attribute
from parkpulse.model.kpi import Kpi, KpiRevision
from parkpulse.model.outlook import Projection
from parkpulse.model.periods import Calendar, Period, Span
from parkpulse.model.registry import Name

ReportKind = Literal["inspection", "monthly", "quarterly"]
Language = Literal["zh", "en"]
FileFormat = Literal["pdf", "xlsx"]
_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")
_YEAR = re.compile(r"[0-9]{4}")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST, _LATEST = 1971, 2199
_MONTHS_A_QUARTER = 3


class Subject(Struct, frozen=True, kw_only=True):
    """The park that a report is of, and the time it speaks about."""

    park: str
    name: Name
    grade: str
    zone: str
    simulated: bool
    period: str
    """As it was asked for: `2026`, `2026-03-31`, `2026-03`, `2026-Q1`."""
    start: datetime
    end: datetime
    now: datetime
    """The park's clock when the report was made."""

    @property
    def is_over(self) -> bool:
        """Whether the period lies wholly behind."""
        return self.now >= self.end


class Inspection(Struct, frozen=True, kw_only=True, tag="inspection"):
    """A data centre in a calendar year or 12 months, for an inspector."""

    subject: Subject
    data_centre: str
    data_centre_name: Name
    commissioned: date
    standard_racks: int
    figures: list[Kpi]
    """Of the whole period, by KPI and category."""
    months: list[Kpi]
    certificates: list[Attribute]
    """Rows of the ledger whose use lies in the period."""
    revisions: list[KpiRevision]
    """Changes of the period's figures and its months, newest first."""
    projections: list[Projection]


class Sensing(Struct, frozen=True):
    """How far the sensors of one kind reported."""

    kind: str
    devices: int
    heard: int
    """Devices with any reading in the period."""
    readings: int
    expected: int
    """Readings that the report intervals of the series promise in the period."""


class Alarms(Struct, frozen=True):
    """Alarms of a severity and how they were answered."""

    severity: Severity
    raised: int
    answered: int
    median_s: float | None
    """Time until somebody answered. [s]"""
    p95_s: float | None


class Arrivals(Struct, frozen=True):
    """The ledger of messages received within the period."""

    received: int
    stored: int
    duplicate: int
    quarantined: int
    dropped_by_broker: int
    values_stored: int
    values_corrected: int
    values_refused: int
    balanced: bool
    refused: dict[str, int]
    """Quarantined messages by reason."""


class CentreMonths(Struct, frozen=True):
    """Monthly figures of one data centre."""

    data_centre: str
    name: Name
    months: list[Kpi]


class ParkReport(Struct, frozen=True, kw_only=True, tag="park"):
    """A park in a month or quarter."""

    subject: Subject
    sensing: list[Sensing]
    alarms: list[Alarms]
    median_s: float | None
    """Time until somebody answered, of all severities. [s]"""
    retroactive: int
    standing: int
    centres: list[CentreMonths]
    arrivals: Arrivals
    flags: dict[str, int]
    """Findings of the quality tests by test."""


Content = Inspection | ParkReport


def encode(content: Content) -> str:
    """Write what a report says as JSON, the same text for the same figures."""
    return msgspec.json.encode(content, order="sorted").decode()


def decode(text: str) -> Content:
    """Read what `encode` wrote."""
    return msgspec.json.decode(text, type=Inspection | ParkReport)


def digest(text: str) -> str:
    """Make the SHA-256 that stands on every page. [hex]."""
    return hashlib.sha256(text.encode()).hexdigest()


class Asked(NamedTuple):
    """A period that a report is asked for."""

    span: Span
    period: Period
    """Of the figures: the whole period's, or the months that it consists of."""


def span(kind: ReportKind, text: str, calendar: Calendar) -> Asked:
    """Read a period: `2026` or the last day of 12 months, `2026-03`, or `2026-Q1`.

    Raises
    ------
    InvalidRequestError
        It is not a period of this kind of report.
    """
    found = _READERS[kind](text)
    if found is None or not _EARLIEST <= int(text[:4]) <= _LATEST:
        wanted = _EXAMPLES[kind]
        code = "unknown_period"
        message = f"{text!r} is no period of this kind of report: {wanted}"
        raise InvalidRequestError(code, message, "/period")
    first, last, period = found
    return Asked(Span(calendar.midnight(first), calendar.midnight(last)), period)


_Read = tuple[date, date, Period]
_EXAMPLES = {
    "inspection": "2026, or 2026-03-31 for the 12 months that end with that day",
    "monthly": "2026-03",
    "quarterly": "2026-Q1",
}


def _year(text: str) -> _Read | None:
    if _YEAR.fullmatch(text) and text != "0000":
        return date(int(text), 1, 1), date(min(int(text) + 1, 9999), 1, 1), "year"
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
    if day is None or not _EARLIEST <= day.year <= _LATEST:
        return None
    end = day + timedelta(days=1)
    try:
        return end.replace(year=end.year - 1), end, "rolling_12_months"
    except ValueError:
        # 29 February: the 12 months begin on 1 March.
        return date(end.year - 1, 3, 1), end, "rolling_12_months"


def _months(first: int, count: int) -> _Read:
    last = first + count
    return (
        date(first // 12, first % 12 + 1, 1),
        date(last // 12, last % 12 + 1, 1),
        ("month"),
    )


def _month(text: str) -> _Read | None:
    found = _MONTH.fullmatch(text)
    if found is None or int(found[1]) == 0 or int(found[1]) > _LATEST:
        return None
    return _months(int(found[1]) * 12 + int(found[2]) - 1, 1)


def _quarter(text: str) -> _Read | None:
    found = _QUARTER.fullmatch(text)
    if found is None or int(found[1]) == 0 or int(found[1]) > _LATEST:
        return None
    quarter = int(found[2]) - 1
    return _months(int(found[1]) * 12 + quarter * _MONTHS_A_QUARTER, _MONTHS_A_QUARTER)


_READERS = {"inspection": _year, "monthly": _month, "quarterly": _quarter}
