"""Any sequence of readings, answers and silences keeps to ISA-18.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parkpulse.errors import IllegalTransitionError
from parkpulse.model import alert as life

if TYPE_CHECKING:
    from parkpulse.model.alert import Action, Quiet, QuietAction, State

READINGS: st.SearchStrategy[Action] = st.sampled_from(
    ["raise", "clear", "worsen", "ease"]
)
SILENCES: st.SearchStrategy[QuietAction] = st.sampled_from(
    sorted({action for _, action in life.QUIET_TRANSITIONS})
)


class Alarm(RuleBasedStateMachine):
    """One alarm; `lasts` is what the readings say, `calls` whether one is owed."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State = "normal"
        self.quiet: Quiet | None = None
        self.lasts = False
        self.answered = False

    @rule(action=READINGS)
    def read(self, action: Action) -> None:
        if (action == "raise") == self.lasts:
            return
        self.state = life.after(self.state, action)
        self.lasts = action != "clear"
        self.answered &= action in {"clear", "ease"}

    @rule()
    def acknowledge(self) -> None:
        try:
            life.may_acknowledge(self.state, self.quiet)
        except IllegalTransitionError:
            assert self.quiet or self.state in {"normal", "acknowledged"}
            return
        self.state = life.after(self.state, "acknowledge")
        self.answered = True

    @rule(action=SILENCES)
    def silence(self, action: QuietAction) -> None:
        before = self.quiet
        try:
            self.quiet = life.quiet_after(before, self.state, action)
        except IllegalTransitionError:
            return
        if self.quiet is None:
            self.state = life.after(self.state, "release")
            self.answered = not self.lasts
            assert self.state == ("unacknowledged" if self.lasts else "normal")

    @invariant()
    def the_condition_goes_on_beneath(self) -> None:
        assert self.lasts == (self.state in {"unacknowledged", "acknowledged"})

    @invariant()
    def what_lasts_unanswered_waits(self) -> None:
        if self.lasts and not self.answered:
            assert self.state == "unacknowledged"

    @invariant()
    def what_is_over_is_never_shown_quiet(self) -> None:
        if self.state == "normal":
            assert life.shown(self.state, self.quiet) == "normal"


TestAlarm = Alarm.TestCase
