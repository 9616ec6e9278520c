"""Where the energy of a data centre goes, and whether its meters agree."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from parkpulse.model.registry import Name, Role

NodeKind = Literal["supply", "hub", "meter", "loss"]
LossKind = Literal["ups", "distribution", "unattributed"]
BalanceFinding = Literal["children_above_parent", "loss_above_limit", "no_common_hours"]


class FlowNode(Struct, frozen=True):
    """A meter, all supplies together, or what no meter below explains."""

    id: str
    kind: NodeKind
    device: str | None
    name: Name
    role: Role | None
    loss: LossKind | None
    kwh: float
    estimated_kwh: float
    coverage: float
    """Hours that it knows / elapsed hours; of a loss those of the whole flow."""
    partial_pue: float | None
    """Its energy / the IT energy below it (pPUE, ISO/IEC 30134-2)."""


class FlowLink(Struct, frozen=True):
    """Energy that goes from one node to another."""

    source: str
    target: str
    kwh: float


class Attribution(Struct, frozen=True):
    """E_DC by what it was used for; None where there are no meters. [kWh]."""

    facility_kwh: float
    it_kwh: float
    ups_kwh: float | None
    distribution_kwh: float | None
    cooling_kwh: float | None
    lighting_kwh: float | None
    other_kwh: float | None
    unattributed_kwh: float


class EnergyFlow(Struct, frozen=True):
    """Energies of the whole hours in [start, end) that all meters know."""

    start: datetime
    end: datetime
    hours: int
    elapsed_hours: int
    coverage: float
    nodes: list[FlowNode]
    links: list[FlowLink]
    losses: Attribution
    silent: list[str]
    """Devices of meters that know no hour at all; the flow goes without them."""


class BalanceRow(Struct, frozen=True):
    """A meter, or the supply, against the meters directly below it."""

    parent: str | None
    """Its device; None for all supplies together."""
    children: list[str]
    parent_kwh: float
    children_kwh: float
    difference_kwh: float
    difference: float | None
    """Of the parent's energy. [-]"""
    hours: int
    coverage: float
    limit: float
    """Share of the parent's energy that may be lost. [-]"""
    finding: BalanceFinding | None


class Balances(Struct, frozen=True):
    """Each over the whole hours in [start, end) that its own meters know."""

    start: datetime
    end: datetime
    elapsed_hours: int
    tolerance: float
    """Share by which children may exceed their parent. [-]"""
    items: list[BalanceRow]
    silent: list[str]
