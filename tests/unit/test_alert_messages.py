"""Messages of alerts in Chinese and English."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from parkpulse.model.alert import Alert, RuleName
from parkpulse.model.definitions import (
    Definition,
    Level,
    QualityRule,
    Rate,
    Threshold,
)
from parkpulse.model.metrics import METRICS
from parkpulse.model.registry import Name
from parkpulse.query import alert_figures, alert_messages

if TYPE_CHECKING:
    from parkpulse.query.alert_messages import MessageType

ONSET = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)
ALERT = Alert(
    id="0198",
    rule=RuleName("tunnel-oxygen-low", Name("管廊氧气过低", "Tunnel oxygen low")),
    subject="demo park/o2/oxygen",
    park="demo.park:1",
    park_name=Name("示范园区", "Demonstration park"),
    zone="Asia/Shanghai",
    place="c1",
    place_name=Name("电力舱", "Power compartment"),
    device="o2",
    device_name=Name("1 号测氧仪", "Oxygen meter 1"),
    series=1,
    metric="oxygen",
    metric_name=Name("氧气", "Oxygen"),
    unit="%vol",
    severity="critical",
    level=None,
    state="acknowledged",
    retroactive=False,
    onset=ONSET,
    raised_at=ONSET,
    cleared_at=ONSET + timedelta(minutes=5),
    acknowledged_at=ONSET,
    acknowledged_by="李雷",
    value=17.123456789,
    limit=18.0,
    direction="below",
    version=3,
)
URL = "https://park.example/base/#/demo.park%3A1/alerts/0198"


def text(kind: MessageType, language: str, alert: Alert = ALERT) -> list[str]:
    body = alert_messages.body(kind, ONSET, alert, "https://park.example/base/")
    message = msgspec.json.decode(body)
    assert message["type"] == kind
    lines: list[str] = message["data"]["text"][language].splitlines()
    return lines


def test_english() -> None:
    assert text("alert.cleared", "en") == [
        "[Cleared CRITICAL] Tunnel oxygen low",
        "Where: Demonstration park · Power compartment · Oxygen meter 1",
        "Value: Oxygen 17.1235 %vol, below 18 %vol",
        "Since: 2026-07-02 00:30:00 (Asia/Shanghai)",
        "Cleared: 2026-07-02 00:35:00 (Asia/Shanghai)",
        URL,
    ]


def test_chinese() -> None:
    assert text("alert.acknowledged", "zh") == [
        "【告警已确认 红(特别严重)】管廊氧气过低",
        "位置:示范园区 · 电力舱 · 1 号测氧仪",
        "数值:氧气 17.1235 %vol,低于 18 %vol",
        "开始:2026-07-02 00:30:00 (Asia/Shanghai)",
        "确认人:李雷",
        URL,
    ]


@pytest.mark.parametrize("kind", ["alert.raised", "alert.severity"])
def test_what_is_not_over_names_no_end(kind: MessageType) -> None:
    for language in ("zh", "en"):
        assert len(text(kind, language)) == 5


def test_without_place_and_device_the_park_remains() -> None:
    alert = msgspec.structs.replace(ALERT, place_name=None, device_name=None)
    assert text("alert.raised", "en", alert)[1] == "Where: Demonstration park"


def test_the_body_carries_the_alert_as_the_api_has_it() -> None:
    body = alert_messages.body("alert.raised", ONSET, ALERT, "https://park.example")
    data = msgspec.json.decode(body)["data"]
    same = msgspec.json.decode(msgspec.json.encode(ALERT))
    assert {key: data[key] for key in same} == same
    assert set(data) - set(same) == {"text", "url"}
    assert len(body.encode()) < 20_000


def figured(kind: str, *, unit: str | None, value: float, limit: float) -> Alert:
    rule = msgspec.structs.replace(ALERT.rule, kind=kind)
    return msgspec.structs.replace(
        ALERT, rule=rule, unit=unit, value=value, limit=limit, direction="above"
    )


@pytest.mark.parametrize(
    ("kind", "unit", "value", "limit", "zh", "en"),
    [
        ("rate", "m/h", 0.72, 0.5, "0.72 m/h,高于 0.5 m/h", "0.72 m/h, above 0.5 m/h"),
        ("quality", None, 3.0, 3.0, "可疑", "suspect"),
        ("quality", None, 4.0, 3.0, "不合格", "fail"),
        ("threshold", "degC", 41.0, 40.0, "41 °C,高于 40 °C", "41 °C, above 40 °C"),
        ("balance", None, 0.123, 0.05, "12.3%,高于 5%", "12.3%, above 5%"),
        (
            "absence",
            None,
            5.0,
            2.5,
            "5 个上报间隔,高于 2.5 个上报间隔",
            "5 report intervals, above 2.5 report intervals",
        ),
    ],
)
def test_value_and_limit_are_written_as_what_they_are(
    kind: str, unit: str | None, value: float, limit: float, zh: str, en: str
) -> None:
    alert = figured(kind, unit=unit, value=value, limit=limit)
    assert text("alert.raised", "zh", alert)[2] == f"数值:氧气 {zh}"
    assert text("alert.raised", "en", alert)[2] == f"Value: Oxygen {en}"


def test_a_hatch_is_open() -> None:
    alert = msgspec.structs.replace(
        figured("threshold", unit="1", value=1.0, limit=0.5),
        metric="hatch_open",
        metric_name=Name("井盖", "Hatch"),
    )
    assert text("alert.raised", "zh", alert)[2] == "数值:井盖 打开"
    assert text("alert.raised", "en", alert)[2] == "Value: Hatch open"


LEVELS = [Level("low", 1.0)]


@pytest.mark.parametrize(
    ("definition", "unit"),
    [
        (Threshold("water_level", "above", LEVELS), "m"),
        (Rate("water_level", "above", LEVELS, 600.0), "m/h"),
        (Rate("air_temperature", "above", LEVELS, 600.0, 60.0), "degC/min"),
        (Rate("water_level", "above", LEVELS, 600.0, 600.0), "m/(600 s)"),
        (QualityRule(["flat_line"], [Level("low", 3.0)]), None),
    ],
)
def test_the_unit_is_of_value_and_limit(
    definition: Definition, unit: str | None
) -> None:
    metric = METRICS[getattr(definition, "metric", "active_power")]
    assert alert_figures.unit(definition, metric) == unit
    assert alert_figures.unit(definition, None) is None


def test_the_kind_is_the_definitions() -> None:
    assert alert_figures.kind(Rate("water_level", "above", LEVELS, 600.0)) == "rate"
