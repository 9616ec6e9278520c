"""Meters against each other, losses, pPUE and GB 40879 by hand-computed answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import balance, energy_edges, gb40879
from analytics.balance import SUPPLY, Hours, Tree

# grid 130 + PV 20 -> UPS in 110 -> UPS out 104 -> PDU 102 -> rack 100; cooling 30,
# lighting 4: 6 of the supply are not metered.
ROLES = [
    "grid_import",
    "pv",
    "ups_input",
    "ups_output",
    "pdu_output",
    "rack",
    "cooling",
    "lighting",
]
PARENTS = [-1, -1, 0, 2, 3, 4, 0, 0]
ENERGY = [130.0, 20.0, 110.0, 104.0, 102.0, 100.0, 30.0, 4.0]
TREE = Tree(ROLES, PARENTS)


def _hours(energy: list[float], count: int = 3) -> Hours:
    amount = np.tile(np.array(energy), (count, 1))
    return Hours(amount, np.zeros_like(amount), np.ones_like(amount, bool))


def test_balances_of_a_tree() -> None:
    found = balance.check(TREE, _hours(ENERGY))
    assert [(b.parent, b.children, b.difference_kwh, b.finding) for b in found] == [
        (SUPPLY, (2, 6, 7), 18.0, None),
        (2, (3,), 18.0, None),
        (3, (4,), 6.0, None),
        (4, (5,), 6.0, None),
    ]


@pytest.mark.parametrize(
    ("ups_output", "finding"),
    [
        (112.1, None),
        (112.3, "children_above_parent"),
        (93.6, None),
        (93.4, "loss_above_limit"),
    ],
)
def test_limits_of_a_balance(ups_output: float, finding: str | None) -> None:
    energy = [*ENERGY[:3], ups_output, *ENERGY[4:]]
    found = {b.parent: b for b in balance.check(TREE, _hours(energy))}
    # 2 % more than 110, or 15 % less.
    assert found[2].finding == finding


def test_only_common_hours_are_compared() -> None:
    hours = _hours(ENERGY)
    hours.known[0, 3] = False
    hours.amount[0, 3] = 999.0
    found = {b.parent: b for b in balance.check(TREE, hours)}
    assert (found[2].hours, found[2].difference_kwh) == (2, 12.0)
    assert found[4].hours == 3
    hours.known[:, 3] = False
    found = {b.parent: b for b in balance.check(TREE, hours)}
    assert found[2].finding == "no_common_hours"


def test_losses_of_a_tree() -> None:
    found = balance.losses(TREE, _hours(ENERGY))
    assert (found.facility, found.it) == (450.0, 300.0)
    assert (found.ups, found.distribution) == (18.0, 12.0)
    assert (found.cooling, found.lighting, found.other) == (90.0, 12.0, None)
    assert found.unattributed == pytest.approx(18.0)


def test_without_a_tree_the_levels_speak() -> None:
    flat = Tree(ROLES, [-1] * len(ROLES))
    assert balance.it_ends(flat) == ([3], [5])
    assert balance.losses(flat, _hours(ENERGY)).distribution == 12.0


def test_a_hall_without_rack_meters_ends_at_its_pdu() -> None:
    roles = ["grid_import", "ups_output", "pdu_output", "pdu_output", "rack"]
    tree = Tree(roles, [-1, 0, 1, 1, 2])
    assert balance.it_ends(tree) == ([1], [3, 4])


def test_partial_pue() -> None:
    hours = _hours(ENERGY)
    assert balance.partial_pue(TREE, hours, 2) == pytest.approx(1.10)
    assert balance.partial_pue(TREE, hours, 4) == pytest.approx(1.02)
    assert math.isnan(balance.partial_pue(TREE, hours, 6))


def test_a_ring_of_meters_ends() -> None:
    tree = Tree(["cooling", "cooling", "rack"], [1, 0, 1])
    assert math.isnan(balance.partial_pue(tree, _hours([1.0, 1.0, 1.0]), 2))


def test_energies_between_meters() -> None:
    found = energy_edges.edges(TREE, _hours(ENERGY, 1))
    lost = {each.loss: each.kwh for each in found if each.loss}
    assert lost == {"unattributed": 6.0, "ups": 6.0, "distribution": 2.0}
    pairs = {(e.source, e.target): e.kwh for e in found if not e.loss}
    assert pairs[0, SUPPLY] == 130.0
    assert pairs[SUPPLY, 6] == 30.0
    assert pairs[4, 5] == 100.0


def test_export_leaves_the_hub() -> None:
    tree = Tree(["grid_import", "grid_export", "rack"], [-1, -1, -1])
    found = energy_edges.edges(tree, _hours([100.0, 10.0, 80.0], 1))
    assert (SUPPLY, 1, 10.0) in [each[:3] for each in found]
    assert balance.losses(tree, _hours([100.0, 10.0, 80.0], 1)).facility == 90.0


energies = st.lists(st.floats(0.0, 1e6, allow_subnormal=False), min_size=8, max_size=8)


@settings(max_examples=60)
@given(energies)
def test_the_parts_sum_to_the_whole(energy: list[float]) -> None:
    hours = _hours(energy)
    found = balance.losses(TREE, hours)
    parts = (found.ups, found.distribution, found.cooling, found.lighting)
    total = found.it + found.unattributed + sum(each or 0.0 for each in parts)
    assert total == pytest.approx(found.facility, abs=1e-6)


@settings(max_examples=60)
@given(energies)
def test_what_reaches_a_node_leaves_it(energy: list[float]) -> None:
    found = energy_edges.edges(TREE, _hours(energy, 1))
    for node in (2, 3, 4):
        out = sum(e.kwh for e in found if e.source == node)
        assert out >= energy[node] or out == pytest.approx(energy[node])


SHARE = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
IT_KW = np.full(5, 1000.0)
TOTAL_KW = np.array([1500.0, 1400.0, 1300.0, 1200.0, 1150.0])


def test_rm1_of_five_operating_points() -> None:
    # 150 + 280 + 390 + 300 + 172.5 = 1292.5 kW of the mean.
    assert gb40879.annual_energy(TOTAL_KW, SHARE) == pytest.approx(8760 * 1292.5)
    assert gb40879.rm1(TOTAL_KW, IT_KW, SHARE) == pytest.approx(1.2925)
    assert math.isnan(gb40879.rm1(TOTAL_KW, IT_KW * 0.0, SHARE))
    assert gb40879.is_sound(TOTAL_KW, IT_KW)
    assert not gb40879.is_sound(TOTAL_KW * 0.8, IT_KW)


@pytest.mark.parametrize(
    ("power", "share"),
    [(TOTAL_KW[:4], SHARE[:4]), (TOTAL_KW, SHARE * 0.9), (TOTAL_KW, SHARE * np.nan)],
)
def test_operating_points_that_are_none(
    power: np.ndarray[tuple[int], np.dtype[np.float64]],
    share: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    with pytest.raises(ValueError, match=r"GB 40879|sum to 1"):
        gb40879.annual_energy(power, share)


@pytest.mark.parametrize(
    ("ratio", "grade"),
    [
        (1.0, 1),
        (1.20, 1),
        (1.2000001, 2),
        (1.30, 2),
        (1.50, 3),
        (1.5000001, None),
        (math.nan, None),
    ],
)
def test_grades_are_of_the_unrounded_ratio(ratio: float, grade: int | None) -> None:
    assert gb40879.grade(ratio) == grade
