"""Which target binds, what a change of a row is, and rows that become sums again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analytics.kpi import Formula, Sums
from parkpulse.engine import kpi_rows
from parkpulse.engine.kpi_rows import Judge, Table
from parkpulse.model import instants
from parkpulse.model.periods import Calendar, Period
from parkpulse.store.meters import TargetRow, Tree

if TYPE_CHECKING:
    from parkpulse.store.kpis import Record

PUE = Formula("pue", 1, (0, 1), (1.0, 0.0), (0.0, 1.0))
DAY = instants.DAY
CALENDAR = Calendar("UTC")
START = CALENDAR.midnight(date(2025, 1, 1))


def _target(number: int, value: float, start: str, **scope: object) -> TargetRow:
    row = TargetRow(
        number, "pue", "lt", value, 0.95, date.fromisoformat(start), None, None, 0, "x"
    )
    return row._replace(**scope)  # type: ignore[arg-type]


def _judge(*targets: TargetRow, clock: int = START + 999 * DAY) -> Judge:
    tree = Tree(1, "dc", 1, "park", "UTC", date(2024, 5, 1), 2000, ())
    ordered = sorted(targets, key=lambda row: row.valid_from, reverse=True)
    return Judge(tree, CALENDAR, ordered, clock)


def _table(numerator: float, denominator: float, days: int, covered: float) -> Table:
    time = round(days * DAY * covered)
    one = np.ones(1)
    sums = Sums(
        one * numerator,
        one * 0.0,
        one * denominator,
        one * 0.0,
        np.array([time]),
        np.zeros(1, np.int64),
        np.full(1, 2**62),
        np.full(1, -(2**62)),
        np.array([[[numerator, 0.0, 1.0], [denominator, 0.0, 2.0]]]),
    )
    return Table(np.array([START]), np.array([START + days * DAY]), sums, [7, 9])


def _record(
    judge: Judge,
    numerator: float = 120.0,
    *,
    formula: Formula = PUE,
    period: Period = "year",
    covered: float = 1.0,
) -> Record:
    days = {"year": 365, "day": 1}.get(period, 31)
    table = _table(numerator, 100.0, days, covered)
    (record,) = judge.records(formula, period, table)
    return record


def test_the_newest_target_in_force_on_the_last_day_binds() -> None:
    older = _target(1, 1.5, "2020-01-01")
    newer = _target(2, 1.25, "2025-12-31")
    future = _target(3, 1.1, "2026-01-01")
    assert _record(_judge(older, newer, future)).target == 1.25
    ended = newer._replace(valid_to=date(2025, 12, 31))
    assert _record(_judge(older, ended)).target == 1.5
    assert _record(_judge(future)).target is None
    assert _record(_judge(future)).verdict == "not applicable"


def test_a_target_out_of_scope_is_for_information() -> None:
    large = _target(1, 1.25, "2023-12-28", min_standard_racks=3000)
    new = _target(2, 1.3, "2023-12-28", commissioned_from=date(2024, 5, 2))
    for target in (large, new):
        record = _record(_judge(target))
        assert (record.verdict, record.target) == ("not applicable", target.value)
    fitting = _target(3, 1.4, "2020-01-01", min_standard_racks=2000)
    assert _record(_judge(large, new, fitting)).target == 1.4
    on_the_day = new._replace(commissioned_from=date(2024, 5, 1))
    assert _record(_judge(on_the_day)).verdict == "compliant"


@pytest.mark.parametrize(
    ("numerator", "covered", "passed_days", "verdict"),
    [
        (124.9, 1.0, 365, "compliant"),
        (125.0, 1.0, 365, "not compliant"),
        (125.0, 0.94, 365, "insufficient data"),
        (99.0, 1.0, 365, "insufficient data"),
        (124.9, 0.99, 364, "compliant"),
        (124.9, 0.9, 330, "interim: below target"),
        (125.0, 0.9, 330, "interim: above target"),
    ],
)
def test_a_year_is_judged_when_it_has_passed(
    numerator: float, covered: float, passed_days: int, verdict: str
) -> None:
    judge = _judge(_target(1, 1.25, "2020-01-01"), clock=START + passed_days * DAY)
    assert _record(judge, numerator, covered=covered).verdict == verdict


def test_a_day_is_only_compared() -> None:
    judge = _judge(_target(1, 1.25, "2020-01-01"))
    assert _record(judge, period="day").verdict == "interim: below target"


def test_a_period_closes_two_hours_after_its_end() -> None:
    end = START + DAY
    for clock, state in (
        (end + 2 * instants.HOUR - 1, "open"),
        (end + 2 * instants.HOUR, "closed"),
    ):
        assert _record(_judge(clock=clock), period="day").state == state


def test_elapsed_time_of_an_open_period_is_what_has_passed() -> None:
    record = _record(_judge(clock=START + DAY // 2), period="day", covered=0.25)
    assert (record.elapsed_us, record.coverage) == (DAY // 2, 0.5)
    # Readings a little ahead of the clock never make more than the whole.
    record = _record(_judge(clock=START + DAY // 8), period="day", covered=0.25)
    assert (record.elapsed_us, record.coverage) == (DAY // 4, 1.0)


def test_findings_and_limits_are_told() -> None:
    evidence = _record(_judge(), 99.0).evidence
    assert '"finding":"facility_below_it"' in evidence
    table = _table(100.0, 130.0, 31, 1.0)._replace(meter_ids=[7, 9])
    swapped = Formula("ref", 0, (0, 1), (1.0, 0.0), (0.0, 1.0))
    (record,) = _judge().records(swapped, "month", table)
    assert "clipped" not in record.evidence
    record = _record(_judge(), 300.0, formula=swapped, period="month")
    assert (record.value, '"clipped":true' in record.evidence) == (1.0, True)


def test_rows_become_the_same_sums_again() -> None:
    record = _record(_judge())
    exact = record._replace(estimated_us=5, gap_start_us=1, gap_end_us=9)
    never = record._replace(estimated_us=5, gap_start_us=None, gap_end_us=None)
    table = kpi_rows.table([record, exact, never])
    assert table.meter_ids == [7, 9]
    assert table.sums.gap_start.tolist() == [2**62, 1, -(2**62)]
    assert table.sums.gap_end.tolist() == [-(2**62), 9, 2**62]
    assert table.sums.numerator.tolist() == [120.0] * 3
    assert table.sums.meter[0].tolist() == [[120.0, 0.0, 1.0], [100.0, 0.0, 2.0]]


def _reconciled(old: Record | None, new: Record) -> kpi_rows.Changes:
    stored = {} if old is None else {old.key: old}
    return kpi_rows.reconcile(stored, [new], "late readings")


def test_an_equal_row_is_not_written() -> None:
    record = _record(_judge())
    assert _reconciled(record, record) == ([], [])
    spaced = record._replace(evidence=record.evidence.replace(":", " : "))
    assert _reconciled(spaced, record) == ([], [])


def test_an_open_row_is_overwritten() -> None:
    old = _record(_judge(), 110.0)._replace(state="open", revision=3)
    changes = _reconciled(old, _record(_judge(), 120.0))
    assert [record.revision for record in changes.records] == [3]
    assert changes.revisions == []


def test_a_change_of_a_closed_row_is_a_revision() -> None:
    old = _record(_judge(), 110.0)._replace(revision=3)
    changes = _reconciled(old, _record(_judge(), 120.0))
    assert [record.revision for record in changes.records] == [4]
    (revision,) = changes.revisions
    assert (revision.old_value, revision.new_value) == (1.1, 1.2)
    assert (revision.revision, revision.cause) == (4, "late readings")


def test_a_closed_row_never_opens_again() -> None:
    old = _record(_judge(), 110.0)
    earlier = _record(_judge(clock=START + 9 * DAY), 120.0)
    (written,) = _reconciled(old, earlier).records
    assert (earlier.state, written.state) == ("open", "closed")
    assert _reconciled(old, old._replace(state="open")) == ([], [])


def test_more_evidence_for_the_same_figure_is_no_revision() -> None:
    old = _record(_judge())._replace(evidence='{"meters":[]}', revision=1)
    changes = _reconciled(old, _record(_judge()))
    assert [record.revision for record in changes.records] == [1]
    assert changes.revisions == []


def test_what_nothing_covers_is_begun_only_while_it_is_awaited() -> None:
    later, now = _judge(), _judge(clock=START + DAY)
    for judge, period, begun in (
        (later, "day", False),
        (now, "day", True),
        (now, "hour", False),
    ):
        record = _record(judge, period=period, covered=0.0)  # type: ignore[arg-type]
        assert bool(_reconciled(None, record).records) is begun
