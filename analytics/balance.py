"""The meter tree as a balance: children against parents, and where energy is lost.

All sums are over the hours that every meter concerned knows, so that both sides of a
balance speak of the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from analytics import kpi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import BoolArray, FloatArray

Finding = Literal["children_above_parent", "loss_above_limit", "no_common_hours"]
SUPPLY = -1
"""Stands for all supplies together."""
TOLERANCE = 0.02
"""Children may count so much more than their parent: errors of two class 1 meters."""
LOSS_LIMITS = {"ups_input": 0.15}
"""What may be lost below a meter, by its role; `LOSS_LIMIT` elsewhere. Our decision."""
LOSS_LIMIT = 0.05
IT = tuple(kpi.IT_ROLES.values())
CONSUMERS = ("ups_input", *IT, "cooling", "lighting", "other")
"""Roles of meters that stand behind the supply."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Meters of a data centre.

    Parameters
    ----------
    roles
        Role of each of the m meters.
    parents
        Index of the meter above each, -1 if there is none.
    """

    roles: Sequence[str]
    parents: Sequence[int]

    def of(self, *roles: str) -> list[int]:
        """Indexes of the meters with these roles."""
        return [index for index, role in enumerate(self.roles) if role in roles]

    def above(self, index: int) -> int:
        """Meter behind the supply that stands above; `SUPPLY` if none does."""
        parent = self.parents[index]
        if parent < 0 or self.roles[parent] not in CONSUMERS:
            return SUPPLY
        return parent

    def children(self, index: int) -> list[int]:
        """Meters behind the supply that stand directly below this one."""
        return [each for each in self.of(*CONSUMERS) if self.above(each) == index]

    @property
    def supplies(self) -> list[int]:
        """Meters that make up E_DC."""
        return self.of(*kpi.FACILITY)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hourly energies of m meters.

    Parameters
    ----------
    amount, estimated : arrays, shape (h, m)
        Energy, and the part of it that is estimated. [kWh]
    known : array, shape (h, m)
        Whether the whole hour is measured or estimated.
    """

    amount: FloatArray
    estimated: FloatArray
    known: BoolArray

    def common(self, meters: Sequence[int]) -> BoolArray:
        """Hours that all these meters know, shape (h,)."""
        common: BoolArray = np.all(self.known[:, list(meters)], axis=1)
        return common

    def energy(self, meters: Sequence[int], hours: BoolArray) -> float:
        """Sum of these meters in these hours. [kWh]."""
        return float(self.amount[hours][:, list(meters)].sum())

    def supply(self, tree: Tree, hours: BoolArray) -> float:
        """E_DC in these hours. [kWh]."""
        return sum(
            kpi.FACILITY[tree.roles[each]] * self.energy([each], hours)
            for each in tree.supplies
        )


class Balance(NamedTuple):
    """A meter, or the supply, against the meters directly below it."""

    parent: int
    children: tuple[int, ...]
    hours: int
    """Hours that all of them know."""
    parent_kwh: float
    children_kwh: float
    limit: float
    """Share of the parent's energy that may be lost. [-]"""
    finding: Finding | None

    @property
    def difference_kwh(self) -> float:
        """Lost or not metered; negative if the children counted more."""
        return self.parent_kwh - self.children_kwh


def check(tree: Tree, hours: Hours, tolerance: float = TOLERANCE) -> list[Balance]:
    """Compare every meter that has others below it with their sum, the supply first.

    Parameters
    ----------
    tree
        The meters.
    hours
        Their energies.
    tolerance
        Share by which children may exceed their parent. [-]
    """
    parents = [SUPPLY, *tree.of(*CONSUMERS)]
    found = [_balance(tree, hours, each, tolerance) for each in parents]
    return [each for each in found if each is not None]


def _balance(tree: Tree, hours: Hours, parent: int, tolerance: float) -> Balance | None:
    children = tree.children(parent)
    above = tree.supplies if parent == SUPPLY else [parent]
    if not children or not above:
        return None
    common = hours.common([*above, *children])
    energy = (
        hours.supply(tree, common)
        if parent == SUPPLY
        else hours.energy([parent], common)
    )
    below = hours.energy(children, common)
    role = "" if parent == SUPPLY else tree.roles[parent]
    limit = LOSS_LIMITS.get(role, LOSS_LIMIT)
    count = int(np.count_nonzero(common))
    finding = _finding(energy, below, tolerance, limit) if count else "no_common_hours"
    return Balance(parent, tuple(children), count, energy, below, limit, finding)


def _finding(
    energy: float, below: float, tolerance: float, limit: float
) -> Finding | None:
    if below - energy > tolerance * abs(energy):
        return "children_above_parent"
    if energy - below > limit * abs(energy):
        return "loss_above_limit"
    return None


class Losses(NamedTuple):
    """Where E_DC goes, over the hours that all meters know. [kWh]."""

    facility: float
    it: float
    ups: float | None
    """Difference of UPS inputs and outputs; None if one of them has no meter."""
    distribution: float | None
    """Between the first and the last place where IT energy is metered."""
    cooling: float | None
    lighting: float | None
    other: float | None
    hours: int

    @property
    def unattributed(self) -> float:
        """What no meter explains; negative if meters count more than the supply."""
        parts = (self.ups, self.distribution, self.cooling, self.lighting, self.other)
        return self.facility - self.it - sum(each or 0.0 for each in parts)


def losses(tree: Tree, hours: Hours) -> Losses:
    """Attribute E_DC to IT, UPS, distribution, cooling, lighting and other loads."""
    first, last = it_ends(tree)
    used = [*tree.supplies, *tree.of(*CONSUMERS)]
    common = hours.common(used)

    def of(*roles: str) -> float | None:
        meters = tree.of(*roles)
        return hours.energy(meters, common) if meters else None

    ups_in, ups_out = of("ups_input"), of("ups_output")
    has_ups = ups_in is not None and ups_out is not None
    it = hours.energy(last, common)
    return Losses(
        facility=hours.supply(tree, common),
        it=it,
        ups=(ups_in or 0.0) - (ups_out or 0.0) if has_ups else None,
        distribution=hours.energy(first, common) - it if first != last else None,
        cooling=of("cooling", "delivered_cooling"),
        lighting=of("lighting"),
        other=of("other"),
        hours=int(np.count_nonzero(common)),
    )


def it_ends(tree: Tree) -> tuple[list[int], list[int]]:
    """Meters where IT energy is first and last measured.

    By the tree where every deeper meter names the one above it, else all meters of
    the first and of the last role.
    """
    meters = tree.of(*IT)
    ranks = [IT.index(tree.roles[each]) for each in meters]
    if not meters:
        return [], []
    top = [m for m, rank in zip(meters, ranks, strict=True) if rank == min(ranks)]
    roots = [m for m in meters if tree.above(m) not in meters]
    if set(roots) - set(top):
        deep = [m for m, rank in zip(meters, ranks, strict=True) if rank == max(ranks)]
        return top, deep
    parents = {tree.above(each) for each in meters}
    return roots, [m for m in meters if m not in parents]


def partial_pue(tree: Tree, hours: Hours, boundary: int) -> float:
    """Return the pPUE of what a meter feeds: its energy / the IT energy below. [-].

    NaN where no IT energy is metered below it or they share no hour.
    """
    below = [each for each in it_ends(tree)[1] if _stands_below(tree, each, boundary)]
    if not below:
        return float("nan")
    common = hours.common([boundary, *below])
    it = hours.energy(below, common)
    return hours.energy([boundary], common) / it if it > 0.0 else float("nan")


def _stands_below(tree: Tree, index: int, boundary: int) -> bool:
    # As many steps as there are meters, for a tree with a ring has no end.
    for _ in tree.roles:
        index = tree.above(index)
        if index in {boundary, SUPPLY}:
            break
    return index == boundary
