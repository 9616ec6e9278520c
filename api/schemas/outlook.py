"""Projections, weather, lasting changes, grades and portfolios."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from api.schemas.common import Answer, Moment, Name, Request, example
from parkpulse.model.kpi import KpiName, Verdict
from parkpulse.model.outlook import (
    DriftFinding,
    Driver,
    Expectation,
    Method,
    Part,
    PointName,
    Rm1Finding,
    WeatherFinding,
)
from parkpulse.model.periods import Period


class ProjectionQuery(Request):
    """Which figure."""

    kpi: Literal["pue", "ref"] = "pue"
    category: int | None = Field(
        default=None,
        ge=0,
        le=3,
        description="Of the PUE; without it the highest that there is.",
    )


class Nothing(Request):
    """No parameters."""


class Trial(Answer):
    """A month that is known, and what would have been said before it."""

    month: date
    forecast: float
    actual: float
    method: Method


class ToDate(Answer):
    """What is known of the year."""

    value: float | None
    numerator_kwh: float
    denominator_kwh: float
    coverage: float


class Projection(Answer):
    """An annual figure as it is expected at the end of the year."""

    model_config = example(
        {
            "kpi": "pue",
            "category": 3,
            "start": "2025-12-31T16:00:00Z",
            "end": "2026-12-31T16:00:00Z",
            "value": 1.2391,
            "low": 1.2352,
            "high": 1.2433,
            "numerator_kwh": 12391000.0,
            "denominator_kwh": 10000000.0,
            "certificates_kwh": 0.0,
            "target": 1.25,
            "comparison": "lt",
            "in_scope": True,
            "headroom_kwh": 109000.0,
            "lost_from": None,
            "expectation": "met",
            "method": "seasonal",
            "to_date": {
                "value": 1.2417,
                "numerator_kwh": 11000000.0,
                "denominator_kwh": 8858822.0,
                "coverage": 0.997,
            },
            "back_test": [
                {
                    "month": "2026-10-01",
                    "forecast": 1.221,
                    "actual": 1.2195,
                    "method": "seasonal",
                }
            ],
            "mean_absolute_error": 0.0041,
        }
    )

    kpi: KpiName
    category: int
    start: datetime
    end: datetime
    value: float | None
    low: float | None = Field(
        description="5 % quantile; null with less than a year of months before."
    )
    high: float | None = Field(description="95 % quantile.")
    numerator_kwh: float | None
    denominator_kwh: float | None
    certificates_kwh: float = Field(
        description="What certificates add to the numerator of the whole year."
    )
    target: float | None
    comparison: Literal["lt", "ge"] | None
    in_scope: bool
    headroom_kwh: float | None = Field(
        description="Numerator up to the target; negative when it is missed."
    )
    lost_from: date | None = Field(
        description="Month from which the target can no longer be met: a PUE at its "
        "best month from then on, a share at 1. Null: it can to the end."
    )
    expectation: Expectation | None = Field(
        description="Whether all, nothing or a part of the interval meets the target."
    )
    method: Method | None
    to_date: ToDate
    back_test: list[Trial] = Field(description="At most 12 months, oldest first.")
    mean_absolute_error: float | None = Field(description="Of `back_test`.")


class WeatherModel(Answer):
    """Daily overhead = base + per_it E_IT + per_degree max(T - knee, 0)."""

    base_kwh: float
    per_it: float
    per_degree_kwh: float
    knee_degc: float
    r_squared: float
    rmse_kwh: float
    days: int
    driver: Driver = Field(description="T: the air's or the wet-bulb temperature.")


class NormalisedMonth(Answer):
    """PUE of a month as it is, and at the temperatures of the reference."""

    start: datetime
    end: datetime
    days: int = Field(description="Days with energies and temperature.")
    coverage: float = Field(description="These days / days that have passed.")
    pue: float
    normalised: float
    facility_kwh: float
    it_kwh: float
    weather_kwh: float = Field(description="Cost of the weather beyond the reference.")
    temperature_degc: float
    reference_degc: float


class WeatherNormalised(Answer):
    """PUE at the mean weather of all years known."""

    model_config = example(
        {
            "category": 3,
            "thermometer": "weather-1",
            "model": {
                "base_kwh": 5100.0,
                "per_it": 0.098,
                "per_degree_kwh": 602.0,
                "knee_degc": 10.0,
                "r_squared": 0.97,
                "rmse_kwh": 410.0,
                "days": 395,
                "driver": "dry_bulb",
            },
            "months": [
                {
                    "start": "2026-06-30T16:00:00Z",
                    "end": "2026-07-31T16:00:00Z",
                    "days": 31,
                    "coverage": 1.0,
                    "pue": 1.281,
                    "normalised": 1.268,
                    "facility_kwh": 3971000.0,
                    "it_kwh": 3100000.0,
                    "weather_kwh": 40300.0,
                    "temperature_degc": 28.9,
                    "reference_degc": 26.7,
                }
            ],
            "finding": None,
        }
    )

    category: int | None
    thermometer: str | None = Field(description="Device of the outdoor temperature.")
    model: WeatherModel | None
    months: list[NormalisedMonth]
    finding: WeatherFinding | None = Field(description="Why there is no model.")


class PartShift(Answer):
    """By how much a part of the overhead changed; its meters by device."""

    part: Part
    devices: list[str]
    shift_kw: float


class DriftChange(Answer):
    """A lasting change of the overhead."""

    onset: date
    shift_kw: float
    yearly_kwh: float = Field(description="What it makes in a year if it stays.")
    statistic: float = Field(description="OLS-based CUSUM.")
    limit: float
    parts: list[PartShift] = Field(description="The best explanation first.")


class Drift(Answer):
    """Whether the overhead changed beyond load, weather and hour of the week."""

    model_config = example(
        {
            "start": "2026-03-31T16:00:00Z",
            "end": "2026-10-31T16:00:00Z",
            "hours": 5100,
            "elapsed_hours": 5136,
            "coverage": 0.993,
            "thermometer": "weather-1",
            "change": {
                "onset": "2026-08-14",
                "shift_kw": 11.8,
                "yearly_kwh": 103368.0,
                "statistic": 4.1,
                "limit": 1.95,
                "parts": [
                    {"part": "cooling", "devices": ["cooling"], "shift_kw": 11.6}
                ],
            },
            "finding": None,
            "silent": [],
        }
    )

    start: datetime
    end: datetime
    hours: int = Field(description="Hours in which everything is known.")
    elapsed_hours: int
    coverage: float
    thermometer: str | None
    change: DriftChange | None
    finding: DriftFinding | None = Field(description="Why nothing can be said.")
    silent: list[str]


class OperatingPoint(Answer):
    """Power at one of the five operating points."""

    point: PointName
    time_share: float
    total_kw: float
    it_kw: float
    measured_on: date
    source: str


class Rm1(Answer):
    """Ratio by operating points."""

    value: float | None
    grade: int | None
    energy_kwh: float | None
    it_energy_kwh: float | None
    points: list[OperatingPoint]
    finding: Rm1Finding | None


class Rm2(Answer):
    """Ratio by meters over a year: a row of the annual PUE."""

    period: Period
    category: int
    start: datetime
    end: datetime
    value: float | None
    energy_kwh: float
    it_energy_kwh: float
    coverage: float
    state: Literal["open", "closed"]
    revision: int
    grade: int | None = Field(description="Null above the limit of grade 3.")
    verdict: Verdict = Field(description="Against the limit of grade 3.")


class GradeLimit(Answer):
    """Greatest ratio of a grade."""

    grade: int
    limit: float


class Gb40879(Answer):
    """Energy efficiency of a data centre by GB 40879."""

    model_config = example(
        {
            "edition": "GB 40879-2021",
            "applies": True,
            "limits": [{"grade": 1, "limit": 1.2}],
            "rm1": {
                "value": None,
                "grade": None,
                "energy_kwh": None,
                "it_energy_kwh": None,
                "points": [],
                "finding": "points_missing",
            },
            "rm2": [
                {
                    "period": "year",
                    "category": 1,
                    "start": "2025-12-31T16:00:00Z",
                    "end": "2026-12-31T16:00:00Z",
                    "value": 1.214,
                    "energy_kwh": 12140000.0,
                    "it_energy_kwh": 10000000.0,
                    "coverage": 0.998,
                    "state": "open",
                    "revision": 0,
                    "grade": 2,
                    "verdict": "interim: below target",
                }
            ],
        }
    )

    edition: str
    applies: bool = Field(description="More than 100 standard racks.")
    limits: list[GradeLimit]
    rm1: Rm1
    rm2: list[Rm2]


class DesignedMonth(Answer):
    """A month of the design energy model, and the newest such month measured."""

    month: int
    designed: float
    facility_kwh: float
    it_kwh: float
    measured_start: datetime | None
    measured: float | None
    measured_facility_kwh: float | None
    measured_it_kwh: float | None
    coverage: float


class DesignedPue(Answer):
    """The designed PUE (dPUE) at the stated IT load."""

    model_config = example(
        {
            "value": 1.21,
            "facility_kwh": 12100000.0,
            "it_kwh": 10000000.0,
            "it_load_kw": 1141.6,
            "source": "design report, revision 3",
            "category": 1,
            "months": [
                {
                    "month": 1,
                    "designed": 1.15,
                    "facility_kwh": 976700.0,
                    "it_kwh": 849315.0,
                    "measured_start": "2025-12-31T16:00:00Z",
                    "measured": 1.17,
                    "measured_facility_kwh": 992000.0,
                    "measured_it_kwh": 848000.0,
                    "coverage": 0.999,
                }
            ],
            "difference": 0.02,
        }
    )

    value: float | None = Field(description="Null unless 12 months are predicted.")
    facility_kwh: float
    it_kwh: float
    it_load_kw: float | None
    source: str | None
    category: int | None = Field(description="Of the measured PUE.")
    months: list[DesignedMonth]
    difference: float | None = Field(
        description="Measured less designed over the months with 95 % coverage."
    )


class PortfolioQuery(Request):
    """Which periods of which parks."""

    period: Period = "rolling_12_months"
    park: list[str] = Field(
        default=[], max_length=1000, description="Codes; without any all parks."
    )
    at: Moment | None = Field(
        default=None,
        description="Instant that the period holds (of rolling months, their last "
        "day); without it the newest period of each data centre.",
    )


class Member(Answer):
    """A data centre of a portfolio."""

    park: str
    data_centre: str
    name: Name
    category: int
    start: datetime
    end: datetime
    value: float | None
    numerator_kwh: float
    denominator_kwh: float
    facility_kwh: float | None = Field(description="E_DC, the weight in the mean.")
    coverage: float
    verdict: Verdict
    state: Literal["open", "closed"]
    revision: int


class Group(Answer):
    """One KPI of several data centres."""

    kpi: KpiName
    category: int | None = Field(description="Of a WUE; else each centre's highest.")
    unit: str
    members: list[Member]
    counted: int = Field(description="Members with a value.")
    ratio_of_sums: float | None
    weighted_mean: float | None = Field(
        description="Weighted by E_DC, as EU 2024/1364 aggregates."
    )
    is_coincident: bool = Field(description="All counted members have one period.")
    is_publishable: bool = Field(description="The EU publishes groups of three up.")


class Portfolio(Answer):
    """KPIs of all data centres together."""

    model_config = example(
        {
            "period": "rolling_12_months",
            "groups": [
                {
                    "kpi": "pue",
                    "category": None,
                    "unit": "1",
                    "members": [],
                    "counted": 2,
                    "ratio_of_sums": 1.68,
                    "weighted_mean": 1.7714,
                    "is_coincident": True,
                    "is_publishable": False,
                }
            ],
        }
    )

    period: Period
    groups: list[Group]
