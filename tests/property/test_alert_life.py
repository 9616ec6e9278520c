"""Alerts under any sequence of new, moved and withdrawn conditions and of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from parkpulse.engine import alerts_reconcile
from parkpulse.engine.alerts_reconcile import News, Origin, Record
from parkpulse.model import alert as life
from parkpulse.model.condition import Interval, Step
from parkpulse.model.rule import Level, Threshold

if TYPE_CHECKING:
    from uuid import UUID

    from parkpulse.model.alert import EventKind, Severity
    from parkpulse.model.condition import AlertRow

THRESHOLD = Threshold(
    metric="water_level",
    direction="above",
    levels=[Level("low", 1.0), Level("medium", 2.0), Level("critical", 3.0)],
)
ORIGIN = Origin(1, "harbour/gauge/water_level", 1, None, 1, 1, THRESHOLD)
SPAN = 60


@st.composite
def courses(draw: st.DrawFn) -> list[Interval]:
    """What readings may say of the time up to SPAN."""
    edges = draw(st.lists(st.integers(0, SPAN), max_size=8, unique=True).map(sorted))
    found = []
    for start, stop in zip(edges[::2], [*edges[1::2], None], strict=False):
        last = SPAN if stop is None else stop - 1
        times = draw(st.sets(st.integers(start, last), max_size=2))
        steps = tuple(
            Step(ts, draw(severities), float(ts)) for ts in sorted({start, *times})
        )
        found.append(
            Interval(onset=start, raised=start, cleared=stop, steps=_distinct(steps))
        )
    return found


severities: st.SearchStrategy[Severity] = st.sampled_from(["low", "medium", "critical"])


def _distinct(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    kept = [steps[0]]
    for step in steps[1:]:
        if step.severity != kept[-1].severity:
            kept.append(step)
    return tuple(kept)


class Life(RuleBasedStateMachine):
    """One (rule, subject); every rule is a transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.now = SPAN
        self.intervals: list[Interval] = []
        self.alerts: dict[UUID, AlertRow] = {}
        self.times: set[tuple[EventKind, int]] = set()
        self.news: list[News] = []
        self.told: dict[UUID, str] = {}

    @rule(course=courses(), is_fresh=st.booleans(), later=st.integers(0, 3))
    def learn(self, course: list[Interval], is_fresh: bool, later: int) -> None:  # noqa: FBT001
        self.now += later
        record = Record(
            ORIGIN,
            self.now,
            is_fresh,
            alerts=dict(self.alerts),
            times=self.times,
        )
        before = self.intervals
        self.intervals = alerts_reconcile.reconcile(record, before, course)
        assert [self._course(each) for each in self.intervals] == [
            self._course(each) for each in course
        ]
        self.alerts = record.alerts
        self.news += record.news
        if all(each.cleared is not None for each in (*before, *course)):
            assert not any(each.message for each in record.news)
        for each in record.news:
            self._hear(each)

    @staticmethod
    def _course(each: Interval) -> tuple[object, ...]:
        return each.onset, each.raised, each.cleared, each.steps

    def _hear(self, news: News) -> None:
        if news.message is None:
            return
        before = self.told.get(news.alert.id, "alert.cleared")
        if news.message == "alert.raised":
            assert before == "alert.cleared"
        else:
            assert before != "alert.cleared", news.message
        self.told[news.alert.id] = news.message

    @precondition(lambda self: self._unfinished(("unacknowledged",)))
    @rule()
    def acknowledge(self) -> None:
        self._answer("unacknowledged")

    @precondition(lambda self: self._unfinished(("returned_unacknowledged",)))
    @rule()
    def acknowledge_what_returned(self) -> None:
        self._answer("returned_unacknowledged")

    def _answer(self, state: str) -> None:
        (alert,) = self._unfinished((state,))
        self.now += 1
        self.alerts[alert.id] = replace(
            alert,
            state=life.after(alert.state, "acknowledge"),
            acknowledged=self.now,
            acknowledged_by="Li",
            version=alert.version + 1,
        )

    def _unfinished(self, states: tuple[str, ...]) -> list[AlertRow]:
        return [each for each in self.alerts.values() if each.state in states]

    @invariant()
    def at_most_one_is_unfinished(self) -> None:
        assert sum(each.state != "normal" for each in self.alerts.values()) <= 1

    @invariant()
    def what_lasts_has_an_alert_that_stands(self) -> None:
        lasting = [each for each in self.intervals if each.cleared is None]
        standing = self._unfinished(("unacknowledged", "acknowledged"))
        assert [each.alert_id for each in lasting] == [each.id for each in standing]
        for interval, alert in zip(lasting, standing, strict=True):
            assert alert.severity == interval.severity
            assert (alert.onset, alert.raised) == (interval.onset, interval.raised)
            assert alert.cleared is None
            known = self.told.get(alert.id, "alert.cleared") != "alert.cleared"
            assert known != interval.retroactive

    @invariant()
    def what_is_over_is_known_to_be_over(self) -> None:
        for alert in self.alerts.values():
            if alert.state in {"normal", "returned_unacknowledged"}:
                assert alert.cleared is not None
                assert self.told.get(alert.id, "alert.cleared") == "alert.cleared"

    @invariant()
    def every_line_of_history_is_its_own(self) -> None:
        keys = [(each.event.kind, each.event.at) for each in self.news]
        assert len(keys) == len(set(keys))

    @invariant()
    def every_alert_began_with_a_line(self) -> None:
        lines = {each.event.alert_id for each in self.news}
        assert set(self.alerts) == lines


TestLife = Life.TestCase
