"""Projections, weather, lasting changes, grades and portfolios."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.common import Moment, Request
from api.schemas.derived import answer
from parkpulse.model import outlook
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


Projection = answer(
    outlook.Projection,
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
    },
)

WeatherNormalised = answer(
    outlook.WeatherNormalised,
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
    },
)

Drift = answer(
    outlook.Drift,
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
            "parts": [{"part": "cooling", "devices": ["cooling"], "shift_kw": 11.6}],
        },
        "finding": None,
        "silent": [],
    },
)

Gb40879 = answer(
    outlook.Gb40879,
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
    },
)

DesignedPue = answer(
    outlook.DesignedPue,
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
    },
)

Portfolio = answer(
    outlook.Portfolio,
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
    },
)
