"""From a breach to a local controller that answers, through all processes."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from parkpulse import bus
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.model.rule import Level, RuleSpec, Scope, Threshold
from parkpulse.store import registry, rules
from parkpulse.wire import commands
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_chain import Chain
    from tests.plugins.fix_listener import Listener

_WITHIN_S = 60.0
_DOWN = "parkpulse/v1/harbour/pump/down"
_PLANNED = {
    "device": "pump",
    "name": "start_pump",
    "arguments": {"pump": 1},
    "zh": "启动",
    "en": "Start",
}


def _device(code: str) -> DeviceSpec:
    return DeviceSpec(
        code=code,
        kind="water_level",
        name=Name(zh=code, en=code),
        series=[SeriesSpec(metric="water_level")],
        report_interval_s=60,
    )


def _register(chain: Chain) -> None:
    name = Name(zh="harbour", en="harbour")
    park = ParkSpec(
        code="harbour",
        name=name,
        accept_from=datetime.now(UTC) - timedelta(days=1),
        devices=[_device("gauge"), _device("pump")],
    )
    definition = Threshold(
        metric="water_level",
        direction="above",
        levels=[Level(severity="high", limit=1.5)],
        deadband=0.1,
        scope=Scope(devices=["gauge"]),
    )
    spec = RuleSpec(code="stage", name=name, source="test", definition=definition)
    with chain.database.transaction() as conn:
        rules.apply(conn, [spec], registry.apply(conn, park))
    by_itself = {**_PLANNED, "code": "by-itself", "automatic": True}
    by_hand = {**_PLANNED, "code": "by-hand"}
    body = {"actor": "Li", "commands": [by_itself, by_hand]}
    path = "/api/v1/parks/harbour/response-plans/stage"
    assert httpx.put(f"{chain.url}{path}", json=body).is_success


def _publish(chain: Chain, topic: str, payload: bytes) -> None:
    with bus.Publisher(chain.broker.url) as publisher:
        receipt = publisher.publish(topic, payload)
        assert publisher.wait(receipt, _WITHIN_S) is bus.State.TAKEN


def _told(listener: Listener) -> list[dict[str, Any]]:
    return [json.loads(body) for topic, body in listener.messages if topic == _DOWN]


def _state(chain: Chain, alert: str, number: int) -> str:
    found = chain.get(f"/alerts/{alert}/commands")["commands"]
    return str(found[number]["state"]) if len(found) > number else "none"


def test_a_controller_is_asked_and_answers(chain: Chain, listener: Listener) -> None:
    _register(chain)
    now = int(time.time() * 1000)
    sample = {"ts": now, "values": {"water_level": 1.8}}
    reading = json.dumps({"seq": 1, "sent": now, "samples": [sample]}).encode()
    _publish(chain, "parkpulse/v1/harbour/gauge/telemetry", reading)
    wait_until(lambda: len(_told(listener)) == 1, _WITHIN_S)
    (asked,) = _told(listener)
    assert (asked["command"], asked["arguments"]) == ("start_pump", {"pump": 1})
    answer = commands.answer(asked["id"], "confirmed")
    _publish(chain, f"{_DOWN}/ack", answer)
    (alert,) = chain.get("/parks/harbour/alerts")["items"]
    wait_until(lambda: _state(chain, alert["id"], 0) == "confirmed", _WITHIN_S)

    body = {"actor": "Li", "code": "by-hand"}
    asked_again = chain.post(f"/alerts/{alert['id']}/commands", body)
    assert asked_again.status_code == 201, asked_again.text
    wait_until(lambda: len(_told(listener)) == 2, _WITHIN_S)
    answer = commands.answer(asked_again.json()["id"], "refused", "runs already")
    _publish(chain, f"{_DOWN}/ack", answer)
    wait_until(lambda: _state(chain, alert["id"], 1) == "refused", _WITHIN_S)
    events = chain.get(f"/alerts/{alert['id']}")["events"]
    assert [each["kind"] for each in events] == [
        "raised",
        "command_requested",
        "command_confirmed",
        "command_requested",
        "command_refused",
    ]
    assert events[-1]["detail"]["reason"] == "runs already"
