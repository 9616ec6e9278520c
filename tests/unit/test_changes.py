"""What counts as a change: states that switch, levels that cross and stay across."""

from __future__ import annotations

import numpy as np
import pytest

from parkpulse.model.registry import Name
from parkpulse.query import changes, tunnel
from parkpulse.query.catalogue import Place


def test_a_state_switches_where_it_differs_from_before() -> None:
    assert changes.switches(np.array([0.0, 0.0, 1.0, 1.0, 0.0])) == [2, 4]
    assert changes.switches(np.array([1.0])) == []


@pytest.mark.parametrize(
    ("levels", "at"),
    [
        ([1.0, 1.9, 2.0, 2.4], 2),
        ([2.4, 2.1, 1.9], 2),
        ([1.0, 2.1, 1.9, 2.2], 3),
        ([1.0, 2.1, 1.9], None),
        ([2.0], None),
        ([], None),
    ],
)
def test_a_level_has_crossed_when_it_ends_on_the_other_side(
    levels: list[float], at: int | None
) -> None:
    assert changes.crossing(np.array(levels), 2.0) == at


@pytest.mark.parametrize(
    ("code", "zh", "metrics", "kind"),
    [
        ("c-1", "燃气舱", set(), "gas"),
        ("sewage-2", "二段", {"methane"}, "sewage"),
        ("c-3", "三段", {"methane", "hydrogen_sulfide"}, "sewage"),
        ("c-4", "四段", {"methane"}, "gas"),
        ("c-5", "五段", {"oxygen"}, "power"),
    ],
)
def test_the_kind_of_a_compartment_is_told_by_words_then_by_what_is_measured(
    code: str, zh: str, metrics: set[str], kind: str
) -> None:
    place = Place(code, None, "compartment", Name(zh, code))
    assert tunnel.kind_of(place, frozenset(metrics)) == kind
