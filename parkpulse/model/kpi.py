"""A KPI of a period as people and programs see it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from parkpulse.model.certificates import AttributeKind
from parkpulse.model.periods import Period
from parkpulse.model.registry import Role

KpiName = Literal[
    "pue", "ref", "ref_hourly", "cue_location", "cue_market", "wue", "erf", "cer"
]
UNITS: dict[KpiName, tuple[str, str]] = {
    "cue_location": ("kgCO2/kWh", "kWh"),
    "cue_market": ("kgCO2/kWh", "kWh"),
    "wue": ("L/kWh", "L"),
}
"""Unit of a value and of its numerator where they are not 1 and kWh."""
Verdict = Literal[
    "compliant",
    "not compliant",
    "insufficient data",
    "not applicable",
    "interim: above target",
    "interim: below target",
]


class MeterEvidence(msgspec.Struct, frozen=True):
    """What one meter contributes, within the time that all meters cover."""

    device: str
    metric: str
    role: Role
    kwh: float
    estimated_kwh: float
    covered_s: float
    """Time that this meter covers by itself, measured or estimated. [s]"""


class Rule(msgspec.Struct, frozen=True):
    """The target that a value is compared with."""

    comparison: Literal["lt", "ge"]
    value: float
    coverage_floor: float
    valid_from: date
    commissioned_from: date | None
    min_standard_racks: int
    in_scope: bool
    """Otherwise the comparison is for information."""
    source: str
    source_zh: str = ""
    """In Chinese; empty: as `source`."""


class Factor(msgspec.Struct, frozen=True):
    """An emission factor, in force until the next of its region and kind."""

    region: str
    kind: str
    valid_from: date
    factor: float
    """[kgCO2/kWh]"""
    source: str
    source_zh: str = ""
    """In Chinese; empty: as `source`."""


class EmissionEvidence(msgspec.Struct, frozen=True):
    """What a CUE rests on; None where a factor is missing. [kgCO2]."""

    grid_kg: float | None
    other_kg: float | None
    factors: list[Factor]
    """Of a day; longer periods sum up their days."""


class AttributeEvidence(msgspec.Struct, frozen=True):
    """What a row of the ledger of certificates adds to an annual figure."""

    serial: str
    kind: AttributeKind
    volume_kwh: float
    counted_kwh: float
    """What of it belongs to the period, before it is reduced by coverage."""
    refused: str | None
    """Why it does not count: `not_retired`, `expired`, …"""


class ValueChange(msgspec.Struct, frozen=True):
    """How a closed figure was changed, and why."""

    revision: int
    old_value: float | None
    new_value: float | None
    old_coverage: float
    new_coverage: float
    cause: str
    at: datetime


class Evidence(msgspec.Struct, frozen=True):
    """What a figure rests on."""

    meters: list[MeterEvidence]
    clipped: bool
    """Whether a renewable share was limited to [0, 1]."""
    finding: str | None
    """Why there is no value although there are data: `facility_below_it`, …"""
    rule: Rule | None
    emissions: EmissionEvidence | None = None
    attributes: list[AttributeEvidence] = []
    revisions: list[ValueChange] = []
    """Of the figure since its period was closed, oldest first."""


class Kpi(msgspec.Struct, frozen=True):
    """One KPI of one period [start, end)."""

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
    coverage: float
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
    variant: Literal["PUE", "iPUE"] | None
    """Of a PUE: the annual one, or interim for less than 12 months."""
    unit: str
    numerator_unit: str
    """Of `numerator_kwh` and its estimated part: kWh, of a WUE litres."""


class KpiRevision(msgspec.Struct, frozen=True):
    """A change of a closed figure."""

    id: int
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
