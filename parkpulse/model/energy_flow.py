"""Where the energy of a data centre goes, and whether its meters agree."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

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
    estimated_kwh: Annotated[float, Meta(description="Part of it that lies in gaps.")]
    coverage: Annotated[float, Meta(description="Hours that it knows / elapsed hours.")]
    partial_pue: Annotated[
        float | None,
        Meta(
            description="Its energy / the IT energy below it (pPUE, ISO/IEC 30134-2)."
        ),
    ]


class FlowLink(Struct, frozen=True):
    """Energy that goes from one node to another."""

    source: str
    target: str
    kwh: float


class Attribution(Struct, frozen=True):
    """E_DC by what it was used for; null where there are no meters."""

    facility_kwh: float
    it_kwh: float
    ups_kwh: float | None
    distribution_kwh: float | None
    cooling_kwh: float | None
    lighting_kwh: float | None
    other_kwh: float | None
    unattributed_kwh: float


class EnergyFlow(Struct, frozen=True):
    """Energies of the whole hours of the period that all meters know."""

    start: datetime
    end: datetime
    hours: Annotated[int, Meta(description="Whole hours that all meters know.")]
    elapsed_hours: int
    coverage: Annotated[float, Meta(description="hours / elapsed_hours")]
    nodes: list[FlowNode]
    links: list[FlowLink]
    losses: Attribution
    silent: Annotated[
        list[str],
        Meta(
            description="Devices of meters that know no hour; the flow goes without"
            " them."
        ),
    ]


class BalanceRow(Struct, frozen=True):
    """A meter, or the supply, against the meters directly below it."""

    parent: Annotated[
        str | None, Meta(description="Device; null for all supplies together.")
    ]
    children: list[str]
    parent_kwh: float
    children_kwh: float
    difference_kwh: Annotated[
        float,
        Meta(description="Lost or not metered; negative if the children counted more."),
    ]
    difference: Annotated[
        float | None, Meta(description="Share of the parent's energy.")
    ]
    hours: Annotated[int, Meta(description="Whole hours that these meters know.")]
    coverage: float
    limit: Annotated[
        float, Meta(description="Share of the parent's energy that may be lost.")
    ]
    finding: BalanceFinding | None


class Balances(Struct, frozen=True):
    """Each over the whole hours of the period that its own meters know."""

    start: datetime
    end: datetime
    elapsed_hours: int
    tolerance: float
    """Share by which children may exceed their parent. [-]"""
    items: list[BalanceRow]
    silent: list[str]
