"""Figures about figures: projections, weather, lasting changes, grades, portfolios."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from parkpulse.model.kpi import KpiName, Verdict
from parkpulse.model.periods import Period
from parkpulse.model.registry import Name

Expectation = Literal["met", "missed", "uncertain"]
DriftFinding = Literal["no_common_hours", "too_few_days"]
WeatherFinding = Literal["no_pue", "no_outdoor_temperature", "too_few_days"]
Rm1Finding = Literal["points_missing", "shares_do_not_sum", "total_below_it"]
PointName = Literal["a", "b", "c", "d", "e"]
Driver = Literal["dry_bulb", "wet_bulb"]
Method = Literal["seasonal", "flat"]
Part = Literal["ups", "distribution", "cooling", "lighting", "other", "unattributed"]


class Trial(Struct, frozen=True):
    """A month that is known, and what would have been said before it."""

    month: date
    forecast: float
    actual: float
    method: Method


class ToDate(Struct, frozen=True):
    """What is known of the year."""

    value: float | None
    numerator_kwh: float
    denominator_kwh: float
    coverage: float


class Projection(Struct, frozen=True):
    """An annual figure as it is expected at the end of the year."""

    kpi: KpiName
    category: int
    start: datetime
    end: datetime
    value: float | None
    low: Annotated[
        float | None,
        Meta(description="5 % quantile; null with less than a year of months before."),
    ]
    high: Annotated[float | None, Meta(description="95 % quantile.")]
    numerator_kwh: float | None
    denominator_kwh: float | None
    certificates_kwh: Annotated[
        float,
        Meta(description="What certificates add to the numerator of the whole year."),
    ]
    target: float | None
    comparison: Literal["lt", "ge"] | None
    in_scope: bool
    headroom_kwh: Annotated[
        float | None,
        Meta(description="Numerator up to the target; negative when it is missed."),
    ]
    lost_from: Annotated[
        date | None,
        Meta(
            description="Month from which the target can no longer be met: a PUE at"
            " its best month from then on, a share at 1. Null: it can to the end."
        ),
    ]
    expectation: Annotated[
        Expectation | None,
        Meta(
            description="Whether all, nothing or a part of the interval meets the"
            " target."
        ),
    ]
    method: Method | None
    to_date: ToDate
    back_test: Annotated[
        list[Trial], Meta(description="At most 12 months, oldest first.")
    ]
    mean_absolute_error: Annotated[float | None, Meta(description="Of `back_test`.")]


class WeatherModel(Struct, frozen=True):
    """Daily overhead = base + per_it E_IT + per_degree max(T - knee, 0)."""

    base_kwh: float
    per_it: float
    per_degree_kwh: float
    knee_degc: float
    r_squared: float
    rmse_kwh: float
    days: int
    driver: Annotated[
        Driver, Meta(description="T: the air's or the wet-bulb temperature.")
    ]


class NormalisedMonth(Struct, frozen=True):
    """PUE of a month as it is, and at the temperatures of the reference."""

    start: datetime
    end: datetime
    days: Annotated[int, Meta(description="Days with energies and temperature.")]
    coverage: Annotated[float, Meta(description="These days / days that have passed.")]
    pue: float
    normalised: float
    facility_kwh: float
    it_kwh: float
    weather_kwh: Annotated[
        float, Meta(description="Cost of the weather beyond the reference.")
    ]
    temperature_degc: float
    reference_degc: float


class WeatherNormalised(Struct, frozen=True):
    """PUE at the mean weather of all years known."""

    category: int | None
    thermometer: Annotated[
        str | None, Meta(description="Device of the outdoor temperature.")
    ]
    model: WeatherModel | None
    months: list[NormalisedMonth]
    finding: Annotated[
        WeatherFinding | None, Meta(description="Why there is no model.")
    ]


class PartShift(Struct, frozen=True):
    """By how much a part of the overhead changed; its meters by device."""

    part: Part
    devices: list[str]
    shift_kw: float


class DriftChange(Struct, frozen=True):
    """A lasting change of the overhead."""

    onset: date
    shift_kw: float
    yearly_kwh: Annotated[
        float, Meta(description="What it makes in a year if it stays.")
    ]
    statistic: Annotated[float, Meta(description="OLS-based CUSUM.")]
    limit: float
    parts: Annotated[list[PartShift], Meta(description="The best explanation first.")]


class Drift(Struct, frozen=True):
    """Whether the overhead changed beyond load, weather and hour of the week."""

    start: datetime
    end: datetime
    hours: Annotated[int, Meta(description="Hours in which everything is known.")]
    elapsed_hours: int
    coverage: float
    thermometer: str | None
    change: DriftChange | None
    finding: Annotated[
        DriftFinding | None, Meta(description="Why nothing can be said.")
    ]
    silent: list[str]


class OperatingPoint(Struct, frozen=True):
    """Power at one of the five operating points."""

    point: PointName
    time_share: float
    total_kw: float
    it_kw: float
    measured_on: date
    source: str


class Rm1(Struct, frozen=True):
    """Ratio by operating points."""

    value: float | None
    grade: int | None
    energy_kwh: float | None
    it_energy_kwh: float | None
    points: list[OperatingPoint]
    finding: Rm1Finding | None


class Rm2(Struct, frozen=True):
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
    grade: Annotated[int | None, Meta(description="Null above the limit of grade 3.")]
    verdict: Annotated[Verdict, Meta(description="Against the limit of grade 3.")]


class GradeLimit(Struct, frozen=True):
    """Greatest ratio of a grade."""

    grade: int
    limit: float


class Gb40879(Struct, frozen=True):
    """Energy efficiency of a data centre by GB 40879."""

    edition: str
    applies: Annotated[bool, Meta(description="More than 100 standard racks.")]
    limits: list[GradeLimit]
    rm1: Rm1
    rm2: list[Rm2]


class DesignedMonth(Struct, frozen=True):
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


class DesignedPue(Struct, frozen=True):
    """The designed PUE (dPUE) at the stated IT load."""

    value: Annotated[
        float | None, Meta(description="Null unless 12 months are predicted.")
    ]
    facility_kwh: float
    it_kwh: float
    it_load_kw: float | None
    source: str | None
    category: Annotated[int | None, Meta(description="Of the measured PUE.")]
    months: list[DesignedMonth]
    difference: Annotated[
        float | None,
        Meta(description="Measured less designed over the months with 95 % coverage."),
    ]


class Member(Struct, frozen=True):
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
    facility_kwh: Annotated[
        float | None, Meta(description="E_DC, the weight in the mean.")
    ]
    coverage: float
    verdict: Verdict
    state: Literal["open", "closed"]
    revision: int


class Group(Struct, frozen=True):
    """One KPI of several data centres."""

    kpi: KpiName
    category: Annotated[
        int | None, Meta(description="Of a WUE; else each centre's highest.")
    ]
    unit: str
    members: list[Member]
    counted: Annotated[int, Meta(description="Members with a value.")]
    ratio_of_sums: float | None
    """Sum of numerators / sum of denominators."""
    weighted_mean: Annotated[
        float | None, Meta(description="Weighted by E_DC, as EU 2024/1364 aggregates.")
    ]
    is_coincident: Annotated[
        bool, Meta(description="All counted members have one period.")
    ]
    is_publishable: Annotated[
        bool, Meta(description="The EU publishes groups of three up.")
    ]


class Portfolio(Struct, frozen=True):
    """KPIs of all data centres together."""

    period: Period
    groups: list[Group]
