"""Parameters of the QARTOD tests by metric, and what a finding is."""

from __future__ import annotations

import math
import tomllib
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple, get_args

import msgspec
from msgspec import Struct

from parkpulse.model import freshness

TestName = Literal[
    "gross_range",
    "spike",
    "rate_of_change",
    "flat_line",
    "time_gap",
    "battery",
    "radio",
    "clock",
    "link_rain_level",
    "link_neighbour",
    "link_flood_power",
]
TESTS: tuple[TestName, ...] = get_args(TestName)
"""Tests that the engine runs.

The first five are those of QARTOD; `clock` is of readings that lie ahead of their
receipt, and `link_*` compare sensors with one another.
"""
Pair = tuple[float, float]
_NONE = (math.nan, math.nan)
_NO_SPAN = (-math.inf, math.inf)


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """Suspect and fail thresholds of a metric; what is left out is not tested."""

    source: str = ""
    suspect_span: Pair = _NO_SPAN
    fail_span: Pair = _NO_SPAN
    spike: Pair = _NONE
    rate: Pair = _NONE
    """[unit/s]"""
    flat_s: Pair = _NONE
    rests_at: float = math.nan
    """Value that may stand for as long as it will: no flat line."""


class Limits(NamedTuple):
    """Parameters of a series, each one number."""

    suspect_low: float
    suspect_high: float
    fail_low: float
    fail_high: float
    spike_suspect: float
    spike_fail: float
    rate_suspect: float
    rate_fail: float
    flat_suspect_s: float
    flat_fail_s: float
    rests_at: float
    gap_s: float


class Finding(Struct, frozen=True):
    """A reading that a test found suspect (3) or failed (4)."""

    ts: datetime
    test: TestName
    flag: int


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    metrics: dict[str, Parameters]


@cache
def shipped() -> dict[str, Parameters]:
    """Return the parameters by metric."""
    text = (
        resources.files("parkpulse.model").joinpath("quality.toml").read_text("utf-8")
    )
    return msgspec.convert(tomllib.loads(text), _Document).metrics


def limits(metric: str, report_interval_s: float) -> Limits:
    """Parameters of a series; a gap is longer than its freshness."""
    given = shipped().get(metric, Parameters())
    return Limits(
        *given.suspect_span,
        *given.fail_span,
        *given.spike,
        *given.rate,
        *given.flat_s,
        given.rests_at,
        freshness.freshness_s(report_interval_s),
    )
