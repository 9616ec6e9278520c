"""What follows from each kind of answer."""

from __future__ import annotations

import random

import pytest

from parkpulse.notify import schedule
from parkpulse.notify.schedule import Outcome, Step

DAY_S = 86400.0


def _rng(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - repeatable, guards nothing


def answer(status: int | None, asked_s: float | None = None) -> Outcome:
    return Outcome(status, None, asked_s, 1.0)


@pytest.mark.parametrize(
    ("status", "attempts", "expected"),
    [
        (200, 1, Step.DELIVERED),
        (204, 9, Step.DELIVERED),
        (None, 1, Step.PAUSE),
        (None, 99, Step.PAUSE),
        (429, 99, Step.PAUSE),
        (502, 99, Step.PAUSE),
        (503, 99, Step.PAUSE),
        (504, 99, Step.PAUSE),
        (500, 1, Step.RETRY),
        (500, 99, Step.RETRY),
        (408, 99, Step.RETRY),
        (409, 99, Step.RETRY),
        (425, 99, Step.RETRY),
        (301, 1, Step.RETRY),
        (301, 3, Step.DEAD),
        (400, 2, Step.RETRY),
        (404, 3, Step.DEAD),
        (410, 1, Step.GONE),
    ],
)
def test_step(status: int | None, attempts: int, expected: Step) -> None:
    assert schedule.step(answer(status), attempts, 60.0) is expected


@pytest.mark.parametrize("status", [None, 429, 500, 503, 408])
def test_what_may_pass_is_tried_for_more_than_a_day(status: int | None) -> None:
    assert schedule.step(answer(status), 500, DAY_S) is not Step.DEAD
    assert schedule.step(answer(status), 500, 4 * DAY_S) is Step.DEAD


def test_what_cannot_be_sent_is_given_up() -> None:
    outcome = Outcome(None, "no URL", None, 0.0, hopeless=True)
    assert schedule.step(outcome, 1, 0.0) is Step.DEAD


def test_pauses_double_up_to_five_minutes_with_jitter() -> None:
    rng = _rng(1)
    pauses = [schedule.backoff_s(n, rng) for n in range(1, 2000)]
    for n, pause in enumerate(pauses, start=1):
        full = min(2.0 ** min(n - 1, 20), 300.0)
        assert full / 2 <= pause <= full
    assert len(set(pauses[20:])) > 1000


@pytest.mark.parametrize(
    ("asked_s", "least", "most"),
    [(None, 0.5, 1.0), (0.0, 0.5, 1.0), (120.0, 120.0, 120.0), (1e9, 3600.0, 3600.0)],
)
def test_what_a_receiver_asks_for_counts_within_reason(
    asked_s: float | None, least: float, most: float
) -> None:
    found = schedule.pause_s(answer(503, asked_s), 1, _rng(1))
    assert least <= found <= most


def test_a_receiver_that_was_down_for_an_hour_waits_at_most_five_minutes() -> None:
    rng = _rng(2)
    now, failures = 0.0, 0
    while now < 3600.0:
        failures += 1
        now += schedule.pause_s(answer(None), failures, rng)
    assert now < 3600.0 + 300.0
