"""The score: what is found, missed and made up; and alerts that should follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from parkpulse.errors import ConfigError
from parkpulse.model.rule import Level, Threshold
from simulators.scenario import expected, reported, score, truth
from simulators.scenario.reported import Reported


def at(hour: float) -> str:
    minutes = round(hour * 60)
    return f"2026-06-01T{minutes // 60:02d}:{minutes % 60:02d}:00Z"


def should(
    device: str, onset: float, clear: float | None, **more: object
) -> dict[str, Any]:
    return {
        "rule": "gas",
        "device": device,
        "metric": "methane",
        "report_interval_s": 60,
        "severity": "high",
        "onset": at(onset),
        "clear": None if clear is None else at(clear),
        "peak": 2.0,
        "limit": 1.0,
        "marginal": False,
        "observable": True,
        "affected": False,
        **more,
    }


def event(kind: str, start: float, end: float, *devices: str) -> dict[str, Any]:
    span = {"start": at(start), "end": at(end)}
    return {"kind": kind, "physical": False, "devices": [*devices], **span}


def alert(
    device: str | None, onset: float, cleared: float | None, rule: str = "gas"
) -> dict[str, Any]:
    return {
        "rule": {"code": rule},
        "device": device,
        "metric": "methane",
        "value": 1.5,
        "onset": at(onset),
        "cleared_at": None if cleared is None else at(cleared),
    }


def known(**parts: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "park": "p",
        "rules": ["gas", "flat-line"],
        "data_centre": None,
        "events": [],
        "alerts": [],
        **parts,
    }


def test_an_alert_is_found_missed_or_made_up() -> None:
    true = known(
        alerts=[
            should("a", 2, 3),
            should("b", 2, 3),
            should("c", 2, 3, marginal=True),
            should("d", 2, 3, observable=False),
            should("e", 2, 3, affected=True),
            should("f", 4, None),
        ]
    )
    said = Reported([alert("a", 2.05, 3.1), alert("f", 4.1, None), alert("z", 2, 3)])
    said.alerts.append(alert("y", 2, 3, "a rule of another kind"))
    figures = score.score(true, said)["alerts"]
    assert (figures["expected"], figures["doubtful"]) == (3, 3)
    assert figures["found"] == 2
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["precision"] == pytest.approx(2 / 3)
    assert [each["device"] for each in figures["unjudged"]] == ["y"]
    assert [each["device"] for each in figures["missed"]] == ["b"]
    assert [each["device"] for each in figures["spurious"]] == ["z"]
    assert figures["delay"] == {"median_s": 270.0, "largest_s": 360.0}


def test_the_right_device_at_another_time_is_no_answer() -> None:
    true = known(alerts=[should("a", 2, 3)])
    figures = score.score(true, Reported([alert("a", 5, 6)]))["alerts"]
    assert len(figures["missed"]) == len(figures["spurious"]) == 1


def test_faults_are_detected_by_kind() -> None:
    true = known(
        events=[
            event("stuck", 2, 4, "a", "b"),
            event("chiller_failure", 6, 8, "cooling"),
            event("silence", 2, 4, "c"),
        ]
    )
    said = Reported(
        [
            alert("a", 2.5, 4, "flat-line"),
            alert("x", 2.5, 4, "flat-line"),
            alert(None, 6.5, 9, "pue-high"),
        ]
    )
    faults = score.score(true, said)["faults"]
    assert faults["stuck"]["recall"] == 0.5
    assert faults["stuck"]["precision"] == 0.5
    assert faults["stuck"]["delay"]["median_s"] == 1800
    assert faults["chiller_failure"]["recall"] == 1
    assert faults["chiller_failure"]["rules"] == ["pue-high"]
    assert faults["silence"]["recall"] == 0
    assert faults["silence"]["precision"] is None


def test_alerts_of_absence_answer_to_silence() -> None:
    true = known(events=[event("silence", 2, 4, "c", "d")])
    said = Reported([alert("c", 2.5, 4.1, "absence"), alert("z", 2.5, 4, "absence")])
    figures = score.score(true, said)
    silence = figures["faults"]["silence"]
    assert (silence["recall"], silence["rules"]) == (0.5, ["absence"])
    assert [each["device"] for each in figures["alerts"]["unjudged"]] == ["z"]
    assert figures["alerts"]["spurious"] == []


def kpi(hour: int, value: float | None, coverage: float) -> dict[str, Any]:
    return {
        "kpi": "pue",
        "category": 1,
        "start": at(hour),
        "value": value,
        "coverage": coverage,
        "numerator_kwh": (value or 0) * 100,
        "denominator_kwh": 100,
    }


def test_errors_of_figures_are_told_by_coverage() -> None:
    figures = {"pue": {"1": 1.25}, "renewable_share": 0.3}
    hours = [{"start": at(hour), **figures} for hour in range(4)]
    true = known(data_centre={"code": "dc", "hours": hours, "whole": figures})
    rows = [kpi(0, 1.25, 1.0), kpi(1, 1.26, 1.0), kpi(2, 1.45, 0.6), kpi(3, None, 0)]
    (found,) = score.score(true, Reported([], [*rows, kpi(9, 9.0, 1.0)]))["kpis"]
    assert (found["hours"], found["reported"]) == (4, 3)
    full, high, middle, low = found["error_by_coverage"]
    assert full["hours"] == 2
    assert full["largest_error"] == pytest.approx(0.01)
    assert middle["largest_error"] == pytest.approx(0.2)
    assert high["hours"] == low["hours"] == 0
    assert found["whole"]["reported"] == pytest.approx((1.25 + 1.26 + 1.45) / 3)


def test_a_score_can_be_told() -> None:
    true = known(alerts=[should("a", 2, 3)], events=[event("stuck", 2, 4, "b")])
    told = score.told(score.score(true, Reported([alert("z", 2, 3)])))
    assert "0 of 1 expected alerts found, 1 of 1 without a cause" in told
    assert "stuck: 0 of 1 detected" in told


def test_an_alert_that_came_back_counts_twice() -> None:
    again = alert("a", 6, None)
    kinds = [("raised", 2), ("severity", 2.5), ("cleared", 3), ("raised", 6.2)]
    events = [{"kind": kind, "at": at(hour)} for kind, hour in kinds]
    first, second = reported.stretches(again, events)
    assert (first["onset"], first["cleared_at"]) == (at(2), at(3))
    assert second == again
    assert reported.stretches(again, events[:1]) == [again]


def test_the_service_must_be_there() -> None:
    with pytest.raises(ConfigError, match="does not answer"):
        reported.fetch("http://127.0.0.1:9", known(start=at(0), end=at(1)))
    with pytest.raises(ConfigError, match="no address of a service"):
        reported.fetch("file:///etc/passwd", known())


def test_a_truth_file_must_be_one(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    file = tmp_path / "truth.json"
    for content in (b"no json", b'{"version": 99}'):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="is no truth file"):
            truth.read(file)


def limits(**more: Any) -> Threshold:  # noqa: ANN401 - any of a threshold's
    levels = [Level("medium", 1.0), Level("critical", 2.0)]
    return Threshold("methane", "above", levels, **more)


def found(values: list[float], **more: object) -> list[tuple[int, int | None, str]]:
    conditions = expected.conditions(np.array(values), 0, limits(**more))
    return [
        (
            each.onset_s // 60,
            None if each.clear_s is None else each.clear_s // 60,
            each.severity,
        )
        for each in conditions
    ]


def test_conditions_by_hand() -> None:
    assert found([0, 2, 3, 0, 0]) == [(1, 3, "critical")]
    assert found([0, 1.0, 1.5, 0.95, 1.2, 0.5]) == [(2, 3, "medium"), (4, 5, "medium")]
    assert found([0, 1.5, 0.95, 1.2, 0.5], deadband=0.1) == [(1, 4, "medium")]
    assert found([1.5, 0.0, 1.5, 1.5, 1.5], on_delay_s=120) == [(2, None, "medium")]
    short_first = [1.5, 0.95, 1.5, 1.5, 0.5]
    assert found(short_first, on_delay_s=120, deadband=0.1) == [(2, 4, "medium")]
    assert found([1.5, 0, 1.5, 0, 0], off_delay_s=120) == [(0, 3, "medium")]
    assert found([]) == found([0, 1, 1, 0]) == []
