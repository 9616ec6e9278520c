"""Anomalies in the engine: scores over restarts, rules, and what people are told."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from analytics.anomaly.detector import Detector
from parkpulse.engine import anomaly as engine_anomaly
from parkpulse.engine.anomalies import cli
from parkpulse.engine.loop import Loop
from parkpulse.engine.rules.found import FoundRules
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.model.definitions import AnomalyRule, Level, Scope
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.query import anomalies
from parkpulse.store import batchlog, detector_states
from parkpulse.store.anomalies import Search
from tests.plugins.finding import all_alerts, anomaly, apply, held
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from tests.plugins.fix_api import Site
    from tests.plugins.fix_engine import Lab, Point

STEP = 5 * instants.MINUTE
COUNT = 640
SHIFT = 600
START = instants.to_us(NOW - timedelta(minutes=5 * COUNT))
RULE = AnomalyRule([Level("low", 0.99), Level("medium", 1.0)], off_delay_s=3600)


def _park() -> ParkSpec:
    return ParkSpec(
        code="quay",
        name=Name(zh="码头", en="Quay"),
        accept_from=NOW - timedelta(days=99),
        clock="data",
        devices=[
            DeviceSpec(
                code=code,
                kind="water_level",
                name=Name(zh=code, en=code),
                report_interval_s=300,
                series=[
                    SeriesSpec(metric="water_level"),
                    SeriesSpec(metric="rainfall_total"),
                ],
            )
            for code in ("a", "b")
        ],
    )


def _values(seed: int, shift: float) -> list[float]:
    """A level with a day's course and noise, and a shift."""
    chance = np.random.default_rng(seed)
    steps = np.arange(COUNT)
    level = 2 + 0.2 * np.sin(steps / 288 * 2 * np.pi) + chance.normal(0, 0.01, COUNT)
    level[SHIFT:] += shift
    found: list[float] = level.tolist()
    return found


def _points(series: int, values: list[float]) -> list[Point]:
    return [(series, START + step * STEP, value) for step, value in enumerate(values)]


def _scores(lab: Lab) -> list[tuple[int, int, float]]:
    with lab.database.transaction() as conn:
        rows = conn.execute("select series, ts, score from anomaly order by 1, 2")
        return [
            (series, (instants.to_us(ts) - START) // STEP, round(score, 5))
            for series, ts, score in rows
        ]


def _offline(values: list[float]) -> list[tuple[int, float]]:
    """Score with the detector alone, whose days are those of the park."""
    ts = START + np.arange(COUNT) * STEP
    ahead = np.full(COUNT, 8 * 3600 * instants.SECOND)
    found = Detector(1).step(np.zeros(COUNT, np.int64), ts, np.array(values), ahead)
    at = np.flatnonzero(found.score >= 0.99)
    return [(int(n), round(float(found.score[n]), 5)) for n in at]


def test_scores_are_those_of_the_detector_whatever_restarts(lab: Lab) -> None:
    series = lab.register(_park())
    apply(lab, "odd", RULE)
    a, b = _values(1, 1.0), _values(2, 0.0)
    rows = [
        *_points(series["a", "water_level"], a),
        *_points(series["b", "water_level"], b),
    ]
    rows.sort(key=lambda each: each[1])
    chance = random.Random(1)  # noqa: S311 - a test's repeatable choice
    loop = lab.loop(anomaly(lab))
    for at in range(0, len(rows), 128):
        lab.put(rows[at : at + 333])
        loop.step()
        lab.now += timedelta(minutes=4)
        with lab.database.transaction() as conn:
            batchlog.prune(conn, ["anomaly"], keep_s=0)
        if chance.random() < 0.4:
            # It dies after positions that it has not saved a state for.
            loop = lab.loop(anomaly(lab))
    expected = [
        *((series["a", "water_level"], *each) for each in _offline(a)),
        *((series["b", "water_level"], *each) for each in _offline(b)),
    ]
    assert _scores(lab) == expected
    assert any(step >= SHIFT for _, step, _ in expected)
    with lab.database.transaction() as conn:
        (kept,) = conn.execute("select count(*) from batch_log").fetchone() or ()
    # What the newest saved state holds is no longer kept.
    assert kept < len(rows) // 128


def test_at_most_so_many_series_are_followed_and_told_of(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = lab.register(_park())
    apply(lab, "odd", RULE)
    grave = [Level("low", 0.99), Level("high", 1.0)]
    apply(lab, "grave", AnomalyRule(grave, scope=Scope(devices=["b"])))
    monkeypatch.setattr(engine_anomaly, "MEASURED_S", 0.0)
    rules = FoundRules(lab.database, "https://park.example", "anomaly")
    consumer = engine_anomaly.AnomalyConsumer(rules, most=1)
    for device in ("a", "b"):
        lab.put(_points(series[device, "water_level"], _values(1, 1.0)))
        lab.step(consumer)
    assert {row[0] for row in _scores(lab)} == {series["b", "water_level"]}
    with lab.database.transaction() as conn:
        told = detector_states.told(conn)
    assert (told.watched, told.followed) == (2, 1)


def _run(lab: Lab, rule: AnomalyRule, devices: str = "a") -> int:
    series = lab.register(_park())
    apply(lab, "odd", rule)
    points = [
        point
        for number, device in enumerate(devices, 1)
        for point in _points(series[device, "water_level"], _values(number, 1.0))
    ]
    points.sort(key=lambda each: each[1])
    consumer = anomaly(lab)
    for at in range(0, len(points), 160):
        lab.put(points[at : at + 160])
        lab.step(consumer)
    return series["a", "water_level"]


def test_a_rule_calls_and_the_anomaly_is_explained(lab: Lab) -> None:
    _run(lab, RULE, "ab")
    found = held(lab)
    assert {row[0] for row in found} == {"quay/a/water_level", "quay/b/water_level"}
    first = found[0]
    assert SHIFT <= (first[1] - START) // STEP <= SHIFT + 12
    assert first[3] is not None
    assert first[3] - first[1] >= instants.HOUR
    assert {each.rule.code for each in all_alerts(lab)} == {"odd"}
    with lab.database.transaction() as conn:
        page = anomalies.page(conn, Search("quay"), limit=1, cursor=None)
        (newest,) = page.items
        rest = anomalies.page(conn, Search("quay"), limit=100, cursor=page.next)
        with pytest.raises(InvalidRequestError):
            anomalies.page(conn, Search("quay"), limit=1, cursor="x")
    assert newest.expected is not None
    assert newest.value > newest.expected
    assert "first time in" in newest.reason.en
    assert "首次" in newest.reason.zh
    assert len(rest.items) + 1 == len(_scores(lab)) >= 2
    assert newest not in rest.items


def test_only_what_a_rule_watches_is_scored(lab: Lab) -> None:
    _run(lab, AnomalyRule([Level("low", 0.99)], scope=Scope(devices=["b"])))
    assert _scores(lab) == []


def test_over_http_and_by_command(
    site: Site, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    series = _run(site.lab, RULE)
    with site.lab.database.transaction() as conn:
        site.context.live.reload(conn)
    found = site.items("/parks/quay/anomalies", device="a", metric="water_level")
    assert [each["series"] for each in found] == [series] * len(_scores(site.lab))
    assert site.items("/parks/quay/anomalies", device="b") == []
    assert site.items("/parks/quay/anomalies", end=instants.from_us(START)) == []
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    run = CliRunner().invoke
    listed = run(cli.anomalies, ["quay", "--json"])
    assert listed.exit_code == 0, listed.output
    shown = json.loads(listed.output)
    assert [each["ts"] for each in shown] == [each["ts"] for each in found]
    lines = run(cli.anomalies, ["quay", "--from", NOW.isoformat()])
    assert (lines.stdout, lines.stderr) == ("", "There are no such anomalies.\n")
    assert isinstance(
        run(cli.anomalies, ["quay", "--to", "noon"]).exception, InvalidRequestError
    )


def test_a_new_rule_follows_more_series_and_forgets_none(lab: Lab) -> None:
    series = lab.register(_park())
    apply(lab, "odd", AnomalyRule([Level("low", 0.99)], scope=Scope(devices=["a"])))
    consumer = anomaly(lab)
    loop = Loop(lab.database, lab.keeper, consumer, clock=lambda: lab.now)
    values = _values(1, 1.0)
    points = _points(series["a", "water_level"], values)
    lab.put(points[:300])
    loop.step()
    apply(lab, "odd", AnomalyRule([Level("low", 0.99)]))
    lab.put(points[300:])
    while len(_scores(lab)) < len(_offline(values)):
        loop.step()
    assert [row[1:] for row in _scores(lab)] == _offline(values)
