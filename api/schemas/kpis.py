"""KPIs with their evidence, and the changes of closed ones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Answer, Cursor, Moment, Request, Sorted, example
from parkpulse.model.certificates import AttributeKind
from parkpulse.model.kpi import KpiName, Verdict
from parkpulse.model.periods import Period
from parkpulse.model.registry import Role

_KPI: dict[str, Any] = {
    "kpi": "pue",
    "category": 1,
    "period": "year",
    "start": "2025-12-31T16:00:00Z",
    "end": "2026-12-31T16:00:00Z",
    "value": 1.2137,
    "numerator_kwh": 12137000.0,
    "numerator_estimated_kwh": 1200.0,
    "denominator_kwh": 10000000.0,
    "denominator_estimated_kwh": 900.0,
    "coverage": 0.998,
    "covered_s": 28080000.0,
    "estimated_s": 3600.0,
    "elapsed_s": 28136160.0,
    "verdict": "compliant",
    "target": 1.25,
    "comparison": "lt",
    "state": "open",
    "revision": 0,
    "computed_at": "2026-11-22T10:15:00Z",
    "variant": "iPUE",
    "unit": "1",
    "numerator_unit": "kWh",
    "evidence": {
        "meters": [
            {
                "device": "feeder-1",
                "metric": "active_energy_import",
                "role": "grid_import",
                "kwh": 12137000.0,
                "estimated_kwh": 1200.0,
                "covered_s": 28080000.0,
            }
        ],
        "clipped": False,
        "finding": None,
        "rule": {
            "comparison": "lt",
            "value": 1.25,
            "coverage_floor": 0.95,
            "valid_from": "2023-12-28",
            "commissioned_from": "2023-12-28",
            "min_standard_racks": 3000,
            "in_scope": True,
            "source": "Shandong, 2023-12-28, item 14",
            "source_zh": "山东省，2023年12月28日，第14条",
        },
        "emissions": None,
        "attributes": [],
    },
}


class KpisQuery(Sorted):
    """Which rows."""

    sort: Literal["start", "-start"] = "start"
    kpi: KpiName | None = None
    category: int | None = Field(
        default=None,
        ge=0,
        le=3,
        description="Where IT energy is measured: 1 UPS output, 2 PDU output, 3 rack; "
        "of a WUE 1 potable water, 2 all water, 3 less what is reused.",
    )
    period: Period | None = None
    start: Moment | None = Field(default=None, description="Periods that end later.")
    end: Moment | None = Field(default=None, description="Periods that begin earlier.")


class SummaryQuery(Request):
    """All figures are on one page."""

    limit: int = Field(
        default=1000, ge=1, le=1000, description="All are on one page nevertheless."
    )
    cursor: Cursor | None = Field(
        default=None, description="There is no further page: 422 `invalid_cursor`."
    )


class MeterEvidence(Answer):
    """What one meter contributes."""

    device: str
    metric: str
    role: Role
    kwh: float
    estimated_kwh: float = Field(description="Part of it that lies in gaps.")
    covered_s: float


class Target(Answer):
    """What a value is compared with."""

    comparison: Literal["lt", "ge"]
    value: float
    coverage_floor: float
    valid_from: date
    commissioned_from: date | None
    min_standard_racks: int
    in_scope: bool = Field(description="Otherwise compared for information only.")
    source: str
    source_zh: str = Field(
        default="", description="`source` in Chinese; empty: the same."
    )


class Factor(Answer):
    """An emission factor, in force until the next of its region and kind."""

    region: str
    kind: str
    valid_from: date
    factor: float = Field(description="kgCO2/kWh")
    source: str
    source_zh: str = Field(description="In Chinese; empty: as `source`.")


class Emissions(Answer):
    """What a CUE rests on; null where a factor is missing."""

    grid_kg: float | None
    other_kg: float | None
    factors: list[Factor] = Field(description="Of a day; longer periods sum days.")


class Attribute(Answer):
    """What a certificate or contract adds to an annual figure."""

    serial: str
    kind: AttributeKind
    volume_kwh: float
    counted_kwh: float = Field(description="In this period, before coverage.")
    refused: str | None = Field(description="Why it does not count.")


class ValueChange(Answer):
    """How a closed figure was changed, and why."""

    revision: int
    old_value: float | None
    new_value: float | None
    old_coverage: float
    new_coverage: float
    cause: str
    at: datetime


class Evidence(Answer):
    """What a figure rests on."""

    meters: list[MeterEvidence]
    clipped: bool = Field(description="A share was limited to [0, 1].")
    finding: str | None = Field(description="Why there is no value despite data.")
    rule: Target | None
    emissions: Emissions | None = None
    attributes: list[Attribute] = Field(default=[])
    revisions: list[ValueChange] = Field(
        default=[],
        description="Of the figure since its period was closed, oldest first.",
    )


class Kpi(Answer):
    """One KPI of one period `[start, end)`, as ISO/IEC 30134 defines it."""

    model_config = example(_KPI)

    kpi: KpiName
    category: int
    period: Period
    start: datetime
    end: datetime
    value: float | None
    numerator_kwh: float
    numerator_estimated_kwh: float
    denominator_kwh: float
    denominator_estimated_kwh: float
    coverage: float = Field(description="covered_s / elapsed_s")
    covered_s: float
    estimated_s: float
    elapsed_s: float
    verdict: Verdict
    target: float | None
    comparison: Literal["lt", "ge"] | None
    state: Literal["open", "closed"]
    revision: int
    computed_at: datetime
    evidence: Evidence
    variant: Literal["PUE", "iPUE"] | None = Field(
        description="Of a PUE: annual, or interim for less than 12 months."
    )
    unit: str = Field(description="Of the value.")
    numerator_unit: str = Field(
        description="Of numerator_kwh and its estimated part: kWh; of a WUE litres; "
        "a CUE has the grid energy here and its emissions in the evidence."
    )


class KpiRevision(Answer):
    """A change of a closed figure."""

    model_config = example(
        {
            "kpi": "pue",
            "category": 1,
            "period": "month",
            "start": "2026-09-30T16:00:00Z",
            "end": "2026-10-31T16:00:00Z",
            "revision": 1,
            "old_value": 1.2137,
            "new_value": 1.2141,
            "old_coverage": 0.991,
            "new_coverage": 1.0,
            "cause": "late data",
            "at": "2026-11-03T08:00:00Z",
        }
    )

    kpi: KpiName
    category: int
    period: Period
    start: datetime
    end: datetime
    revision: int
    old_value: float | None
    new_value: float | None
    old_coverage: float
    new_coverage: float
    cause: str
    at: datetime


class RevisionsQuery(Sorted):
    """Changes of closed figures, in order of time."""

    sort: Literal["at", "-at"] = "-at"
    kpi: KpiName | None = None
    category: int | None = Field(default=None, ge=0, le=3)
    period: Period | None = None
    start: Moment | None = Field(default=None, description="Of this very period.")
