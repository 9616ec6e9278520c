"""The life cycle of an alert, state by state and action by action (ISA-18.2)."""

from __future__ import annotations

import itertools

import pytest

from parkpulse.errors import IllegalTransitionError
from parkpulse.model import alert
from parkpulse.model.alert import (
    ACTIONS,
    QUIETS,
    STATES,
    Action,
    Quiet,
    QuietAction,
    State,
)

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
    (U, "release"): U,
    (A, "release"): U,
    (R, "release"): N,
    (N, "release"): N,
}
S: Quiet = "shelved"
D: Quiet = "suppressed_by_design"
X: Quiet = "out_of_service"
QUIET_LEGAL: dict[tuple[Quiet | None, QuietAction], Quiet | None] = {
    (None, "shelve"): S,
    (S, "shelve"): S,
    (S, "unshelve"): None,
    (None, "suppress"): D,
    (D, "unsuppress"): None,
    (None, "take out of service"): X,
    (S, "take out of service"): X,
    (D, "take out of service"): X,
    (X, "return to service"): None,
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


@pytest.mark.parametrize("quiet", [None, *QUIETS])
@pytest.mark.parametrize("action", sorted({action for _, action in QUIET_LEGAL}))
@pytest.mark.parametrize("state", STATES)
def test_every_quiet_action(
    quiet: Quiet | None, action: QuietAction, state: State
) -> None:
    key = quiet, action
    is_over = state == "normal" and QUIET_LEGAL.get(key) is not None
    if key in QUIET_LEGAL and not is_over:
        assert alert.quiet_after(quiet, state, action) == QUIET_LEGAL[key]
        return
    with pytest.raises(IllegalTransitionError) as error:
        alert.quiet_after(quiet, state, action)
    assert error.value.current == alert.shown(state, quiet)


def test_what_is_quiet_is_shown_so_and_not_acknowledged() -> None:
    assert alert.shown(U, S) == "shelved"
    assert alert.shown(N, S) == "normal"
    alert.may_acknowledge(U, None)
    for state, quiet in [(U, S), (R, X), (A, None), (N, S)]:
        with pytest.raises(IllegalTransitionError):
            alert.may_acknowledge(state, quiet)


def test_severities_are_ranked() -> None:
    assert [alert.rank(each) for each in alert.SEVERITIES] == [0, 1, 2, 3]
