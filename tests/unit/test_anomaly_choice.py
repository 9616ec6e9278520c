"""Which series the detector follows when it cannot follow all."""

from __future__ import annotations

import numpy as np

from parkpulse.engine import anomaly_choice
from parkpulse.engine.anomaly_choice import SHARE, Budget
from parkpulse.model.definitions import AnomalyRule, Level, Scope
from parkpulse.store import surroundings
from parkpulse.store.rules import WatchedSeries


def _series(number: int, park: int, metric: str) -> WatchedSeries:
    return WatchedSeries(
        number, metric, 60, park, f"p{park}", number, f"d{number}", "kind", None, []
    )


def test_what_matters_comes_first_and_each_park_has_its_turn() -> None:
    rows = [(1, "level"), (1, "level"), (1, "flow"), (2, "level"), (2, "level")]
    known = surroundings.gathered(
        [_series(number, *each) for number, each in enumerate(rows, 1)]
    )
    every = AnomalyRule([Level("low", 0.999)])
    close = AnomalyRule([Level("low", 0.999)], scope=Scope(devices=["d2"]))
    grave = AnomalyRule([Level("low", 0.99), Level("high", 0.999)])
    watching = [(every, np.arange(5)), (close, np.array([1])), (grave, np.array([4]))]
    # The grave rule's, the named one, then the first and the second of each kind.
    assert anomaly_choice.ranked(watching, known).tolist() == [4, 1, 0, 2, 3]
    assert anomaly_choice.ranked(watching[1:2], known).tolist() == [1]
    assert anomaly_choice.ranked([], known).tolist() == []
    in_turn = anomaly_choice.ranked(watching[:1], known).tolist()
    assert in_turn == [0, 2, 3, 1, 4]


def test_at_first_the_report_intervals_say_how_many_fit() -> None:
    each_second = np.ones(100_000, np.int32)
    fit = anomaly_choice.at_first(each_second)
    assert abs(fit - SHARE / anomaly_choice.COST_S) <= 1
    assert anomaly_choice.at_first(60 * each_second) == 100_000


def test_the_number_follows_the_measured_share() -> None:
    budget = Budget(most=10_000, followed=8000)
    budget.fit(2 * SHARE)
    assert budget.followed == 4000
    budget.fit(0.9 * SHARE)
    assert budget.followed == 4000
    for _ in range(9):
        budget.fit(0.1 * SHARE)
    assert budget.followed == 10_000
    budget.fit(1e9)
    assert budget.followed == 100
    few = Budget(most=3, followed=3)
    few.fit(1e9)
    assert few.followed == 3
