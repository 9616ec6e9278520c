"""Messages of alerts in Chinese and English."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from parkpulse.model.alert import Alert, RuleName
from parkpulse.model.registry import Name
from parkpulse.query import alert_messages

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
