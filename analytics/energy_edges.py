"""Energies between the meters of a tree, with what is lost below each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from analytics import kpi
from analytics.balance import CONSUMERS, IT, SUPPLY

if TYPE_CHECKING:
    from analytics.arrays import BoolArray
    from analytics.balance import Hours, Tree

Loss = Literal["ups", "distribution", "unattributed"]
SUPPLIES = tuple(kpi.FACILITY)
"""Roles of meters that make up E_DC."""
SOURCES = tuple(role for role, sign in kpi.FACILITY.items() if sign > 0.0)
"""Those of them that bring energy in."""


def sign(role: str) -> float:
    """How a role enters E_DC; 0 for meters behind the supply. [-]."""
    return kpi.FACILITY.get(role, 0.0)


class Edge(NamedTuple):
    """Energy that goes from a meter, or from all supplies, to another. [kWh]."""

    source: int
    target: int
    kwh: float
    loss: Loss | None = None
    """What it is if it goes to no meter; the target is then the source."""


def common(tree: Tree, hours: Hours) -> BoolArray:
    """Hours that all meters of the flow know, shape (h,)."""
    return hours.common([*tree.supplies, *tree.of(*CONSUMERS)])


def edges(tree: Tree, hours: Hours) -> list[Edge]:
    """All energies of the tree over the hours that all its meters know.

    What leaves the boundary (export, load of others) goes from the hub to its meter.
    What leaves a node is what reaches it, unless its children count more: then nothing
    is lost, and the balance says so.
    """
    known = common(tree, hours)
    found = [_supply(tree, hours, known, each) for each in tree.supplies]
    found += [
        Edge(tree.above(each), each, hours.energy([each], known))
        for each in tree.of(*CONSUMERS)
    ]
    for node in [SUPPLY, *tree.of(*CONSUMERS)]:
        found += _lost(tree, hours, known, node)
    return found


def _supply(tree: Tree, hours: Hours, known: BoolArray, index: int) -> Edge:
    energy = hours.energy([index], known)
    if kpi.FACILITY[tree.roles[index]] < 0.0:
        return Edge(SUPPLY, index, energy)
    return Edge(index, SUPPLY, energy)


def _lost(tree: Tree, hours: Hours, known: BoolArray, node: int) -> list[Edge]:
    children = tree.children(node)
    if not children:
        return []
    energy = (
        hours.supply(tree, known) if node == SUPPLY else hours.energy([node], known)
    )
    left = energy - hours.energy(children, known)
    return [Edge(node, node, left, _kind(tree, node))] if left > 0.0 else []


def _kind(tree: Tree, node: int) -> Loss:
    if node == SUPPLY:
        return "unattributed"
    role = tree.roles[node]
    if role == "ups_input":
        return "ups"
    return "distribution" if role in IT else "unattributed"
