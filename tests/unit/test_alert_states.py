"""The life cycle of an alert, state by state and action by action (ISA-18.2)."""

from __future__ import annotations

import itertools

import pytest

from parkpulse.errors import IllegalTransitionError
from parkpulse.model import alert
from parkpulse.model.alert import ACTIONS, STATES, Action, State

N: State = "normal"
U: State = "unacknowledged"
A: State = "acknowledged"
R: State = "returned_unacknowledged"

LEGAL: dict[tuple[State, Action], State] = {
    (N, "raise"): U,
    (U, "acknowledge"): A,
    (U, "clear"): R,
    (U, "worsen"): U,
    (U, "ease"): U,
    (A, "clear"): N,
    (A, "worsen"): U,
    (A, "ease"): A,
    (R, "acknowledge"): N,
    (R, "raise"): U,
}


@pytest.mark.parametrize(("before", "action"), list(itertools.product(STATES, ACTIONS)))
def test_every_action_in_every_state(before: State, action: Action) -> None:
    expected = LEGAL.get((before, action))
    if expected is not None:
        assert alert.after(before, action) == expected
        return
    with pytest.raises(IllegalTransitionError) as error:
        alert.after(before, action)
    assert (error.value.current, error.value.wanted) == (before, action)


def test_every_state_is_reached_and_left() -> None:
    assert set(LEGAL.values()) == set(STATES)
    assert {before for before, _ in LEGAL} == set(STATES)


def test_severities_are_ranked() -> None:
    assert [alert.rank(each) for each in alert.SEVERITIES] == [0, 1, 2, 3]
