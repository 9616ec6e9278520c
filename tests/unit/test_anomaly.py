"""What the detector finds, and how rarely it speaks on quiet series of any kind."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy import stats

from analytics import civil
from analytics.anomaly import explain, novelty, ranks
from analytics.anomaly.detector import ALARM, SUSPECT, WARM_UP, Detector, Found
from benchmarks import detect_faults, detect_scoring, detect_series
from benchmarks.detect_baselines import together
from benchmarks.detect_series import Series

QUIET_SHARE = 1e-4
MINUTE = 60_000_000


def _alone(values: np.ndarray, minutes: int = 30) -> Found:
    count = values.size
    ts = np.arange(count) * minutes * MINUTE
    return Detector(1).step(np.zeros(count, dtype=np.int64), ts, values)


@pytest.fixture(scope="module")
def quiet() -> dict[str, np.ndarray]:
    series = [
        detect_series.quiet(k, s) for k in detect_series.KINDS for s in range(40, 46)
    ]
    scores = together(series)
    return {
        kind: np.concatenate(scores[6 * row : 6 * row + 6])
        for row, kind in enumerate(detect_series.KINDS)
    }


@pytest.mark.parametrize("kind", list(detect_series.KINDS))
def test_quiet_series_hardly_ever_alarm(
    kind: str, quiet: dict[str, np.ndarray]
) -> None:
    """So many alarms would come by chance in 1 of 1,000 runs at the promised share."""
    scores = quiet[kind]
    most = stats.poisson.ppf(0.999, QUIET_SHARE * scores.size)
    assert np.count_nonzero(scores >= ALARM) <= most


def test_all_quiet_series_together_keep_the_promise(
    quiet: dict[str, np.ndarray],
) -> None:
    scores = np.concatenate(list(quiet.values()))
    assert np.count_nonzero(scores >= ALARM) <= QUIET_SHARE * scores.size


@pytest.fixture(scope="module")
def faulty() -> tuple[list[Series], list[np.ndarray]]:
    series = [
        detect_faults.with_faults(
            detect_series.quiet(kind, 300 + seed), detect_faults.FAULTS[kind], seed, 1
        )
        for kind in detect_series.KINDS
        for seed in range(2)
    ]
    return series, together(series)


@pytest.mark.parametrize(
    ("threshold", "least", "most"), [(SUSPECT, 0.8, 1.0), (ALARM, 0.25, 0.15)]
)
def test_faults_are_found_with_one_threshold(
    threshold: float,
    least: float,
    most: float,
    faulty: tuple[list[Series], list[np.ndarray]],
) -> None:
    reached = detect_scoring.judge(*faulty, threshold=threshold)
    assert reached.recall > least
    assert reached.false_per_1000 < most


def _daily(rows: int) -> np.ndarray:
    hour = np.arange(rows) % 48 / 2.0
    rng = np.random.default_rng(5)
    return 100.0 + 20.0 * np.sin(hour * np.pi / 12) + rng.standard_normal(rows)


def test_a_spike_is_one_alarm_and_explained() -> None:
    values = _daily(1600)
    values[1300] = 260.0
    found = _alone(values)
    flags = explain.flags(found)
    assert np.flatnonzero(found.score[1200:] >= SUSPECT).tolist() == [100]
    assert flags[1300] == explain.DOUBTFUL
    assert set(flags[:WARM_UP]) == {explain.NOT_EVALUATED}
    ts = np.arange(1301) * 30 * MINUTE
    case = explain.case(ts, values[:1301], int(found.kind[1300]), found.expected[1300])
    assert explain.text(case, UTC, "en").endswith(
        "Wednesday 02:00, first time in 27 days"
    )
    assert "% above the usual for " in explain.text(case, UTC, "en")
    chinese = explain.text(case, ZoneInfo("Asia/Shanghai"), "zh")
    assert chinese.startswith("比星期三10:00的平常值高")
    assert chinese.endswith("27天来首次")


def test_the_usual_day_follows_summer_time() -> None:
    """A load that rises at 07:00 by the clock is no news after the clocks changed."""
    start = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp()) * 1_000_000
    ts = start + np.arange(3 * 28 * 48) * 30 * MINUTE
    ahead = civil.offsets(ts, ZoneInfo("Europe/Berlin"))
    hour = (ts + ahead) // (60 * MINUTE) % 24
    noise = np.random.default_rng(3).standard_normal(ts.size)
    values = 20.0 + 60.0 * ((hour >= 7) & (hour < 19)) + noise
    both = np.stack([ahead, np.zeros_like(ahead)], axis=1)
    series = np.broadcast_to([0, 1], both.shape)
    found = Detector(2).step(
        series.ravel(), np.repeat(ts, 2), np.repeat(values, 2), both.ravel()
    )
    wrong = np.abs(values[:, None] - found.expected.reshape(both.shape))
    changed = slice(int(np.argmax(ahead > ahead[0])), None)
    by_clock, by_utc = np.count_nonzero(wrong[changed] > 30.0, axis=0)
    assert 4 * by_clock < by_utc


def test_a_lasting_shift_is_few_alarms() -> None:
    values = _daily(1600)
    values[1300:] += 60.0
    found = _alone(values)
    alarms = np.flatnonzero(found.score >= SUSPECT)
    assert 1300 in alarms
    assert np.count_nonzero(alarms >= 1300) <= 4


def test_an_alarm_is_for_what_is_seldom_in_its_own_series() -> None:
    """The same fault is an alarm where it is new, and none where it comes often."""
    seldom, often = _daily(2400), _daily(2400)
    often[150::97] += 60.0
    for values in (seldom, often):
        values[2000] += 60.0
    scores = _beside([seldom, often])
    assert scores[0, 2000] >= ALARM
    assert (scores[1, 1000:] < ALARM).all()


def test_a_frozen_sensor_is_found_and_named() -> None:
    values = _daily(1600)
    values[1300:1500] = values[1300]
    found = _alone(values)
    first = 1300 + int(np.argmax(found.score[1300:1500] >= SUSPECT))
    assert found.score[first] >= SUSPECT
    assert first < 1450


def _beside(columns: list[np.ndarray]) -> np.ndarray:
    """Scores of series of equal length, shape (series, rows)."""
    ts = np.arange(columns[0].size) * 30 * MINUTE
    return np.array(together([Series("", ts, values, ()) for values in columns]))


def test_a_value_unlike_any_before_is_told_once() -> None:
    """It lies between values that are usual, where none ever was."""
    rng = np.random.default_rng(12)
    values = np.where(rng.random(3000) < 0.5, 20.0, 80.0) + rng.standard_normal(3000)
    values[2500:2520] = 50.0 + rng.standard_normal(20)
    scores = _alone(values).score
    assert np.flatnonzero(scores[2400:2600] >= SUSPECT).tolist() == [100]


def test_ranks_are_shares_of_the_past() -> None:
    """Of 1,000 values the median has a share of a half, the largest one of 1/1,000."""
    known, rows = ranks.empty(1, 1), np.zeros(1, dtype=np.int64)
    for size in np.random.default_rng(4).permutation(np.linspace(1.0, 200.0, 1000)):
        ranks.surprise(known, rows, np.array([[size]]))
    tries = [ranks.surprise(known, rows, np.array([[s]]))[0, 0] for s in (100.5, 300.0)]
    assert tries == pytest.approx([np.log10(2.0), 3.0], abs=0.05)


def test_a_few_values_stand_for_all_that_came() -> None:
    """Nothing within the range is far from a remembered value, however old it is."""
    codes, gap, rows = novelty.empty(1).codes, np.zeros(1), np.zeros(1, dtype=np.int64)
    outlier = np.array([40.0])
    values = np.random.default_rng(6).uniform(0.0, 10.0, 3000)
    for value in [outlier, *values[:, None]]:
        away = novelty.distance(codes, rows, value)
        gap = novelty.remember(codes, rows, value, gap, away)
    assert novelty.distance(codes, rows, outlier)[0] == 0.0
    assert novelty.distance(codes, rows, np.array([25.0]))[0] > 14.0
    far = [novelty.distance(codes, rows, np.array([v]))[0] for v in values]
    assert max(far) < 2 * 10.0 / novelty.CODES


def test_a_constant_series_is_quiet() -> None:
    scores = _beside([np.full(2000, value) for value in (0.0, 45.0, -1e300, 1e-300)])
    assert (scores < SUSPECT).all()


def test_size_does_not_matter() -> None:
    values = _daily(2000)
    values[1500] = 260.0
    scores = _beside([scale * values for scale in (1e-200, 1e-9, 1.0, 1e9, 1e200)])
    assert (scores[:, 1500] >= ALARM).all()


def test_missing_repeated_and_late_readings_are_not_judged() -> None:
    values = _daily(1000)
    values[900] = np.nan
    ts = np.arange(1000) * 30 * MINUTE
    ts[910], values[910] = ts[909], values[909]
    ts[920] = ts[20]
    found = Detector(1).step(np.zeros(1000, dtype=np.int64), ts, values)
    assert np.flatnonzero(~found.judged[WARM_UP:]).tolist() == [800, 810, 820]
    assert found.judged[930:].all()


def test_a_clock_set_back_is_followed_after_some_readings() -> None:
    values = _daily(1000)
    ts = np.arange(1000) * 30 * MINUTE
    ts[500:] -= 400 * 30 * MINUTE
    found = Detector(1).step(np.zeros(1000, dtype=np.int64), ts, values)
    assert found.judged[520:].all()


def test_an_old_snapshot_is_refused() -> None:
    snapshot = Detector(2).snapshot()
    snapshot["state"] = snapshot["state"][:, 1:]
    with pytest.raises(ValueError, match="numbers"):
        Detector.restore(snapshot)


def test_scoring_agrees_with_a_worked_example() -> None:
    """NAB: a hit at a window's first row is worth 1, a missed one nothing."""
    series = Series("one", np.arange(1000), np.zeros(1000), ((500, 600),))
    score = np.zeros(1000)
    score[500] = 1.0
    assert detect_scoring.judge([series], [score], threshold=0.5).nab == pytest.approx(
        100
    )
    score[300] = 1.0
    reached = detect_scoring.judge([series], [score], threshold=0.5)
    assert reached.nab == pytest.approx(100 - 11 / 2)
