"""The simulated local controller: what it does, refuses, and leaves unanswered."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import msgspec
import pytest

from parkpulse.bus.hearing import Heard
from parkpulse.query import responses
from parkpulse.wire import commands
from simulators.demo import controller, operate, park, response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulators.demo.controller import Controller

NOW = 1_800_000_000.0
PUMP_1 = {"pump": 1}


@pytest.fixture
def pump() -> Controller:
    (found,) = controller.controllers()
    return found


def _tell(
    to: Controller,
    name: str,
    arguments: dict[str, Any],
    now_s: float = NOW,
    command_id: UUID | None = None,
) -> None:
    until = datetime.fromtimestamp(now_s + 30, UTC)
    payload = commands.encode(command_id or uuid4(), name, arguments, until)
    to.hear(payload, now_s)


def _results(to: Controller, now_s: float) -> list[str]:
    found = [msgspec.json.decode(each) for each in to.answers(now_s)]
    return [each["result"] for each in found]


def test_a_pump_is_started_once_and_stopped(pump: Controller) -> None:
    command_id = uuid4()
    for _ in range(2):
        _tell(pump, "start_pump", PUMP_1, command_id=command_id)
    assert _results(pump, NOW) == []
    assert _results(pump, NOW + 5) == ["confirmed"]
    assert pump.is_running(NOW + 5)
    _tell(pump, "start_pump", PUMP_1, NOW + 6)
    assert _results(pump, NOW + 9) == ["refused"], "it runs"
    _tell(pump, "stop_pump", PUMP_1, NOW + 10)
    assert _results(pump, NOW + 15) == ["confirmed"]
    assert not pump.is_running(NOW + 15)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("start_pump", {"pump": 2}, ["refused"]),
        ("start_pump", {"pump": 9}, ["refused"]),
        ("close_barrier", {}, []),
    ],
)
def test_its_script_decides(
    pump: Controller, name: str, arguments: dict[str, Any], expected: list[str]
) -> None:
    _tell(pump, name, arguments)
    assert _results(pump, NOW + 60) == expected
    assert not pump.is_running(NOW + 1)


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"id": 7}', b"\xff"])
def test_what_is_no_command_is_ignored(pump: Controller, payload: bytes) -> None:
    pump.hear(payload, NOW)
    assert pump.answers(NOW + 60) == []


def test_what_has_expired_is_ignored(pump: Controller) -> None:
    late = commands.encode(
        uuid4(), "start_pump", PUMP_1, datetime.fromtimestamp(NOW, UTC)
    )
    pump.hear(late, NOW)
    assert not pump.is_running(NOW)
    assert pump.answers(NOW + 60) == []


def test_it_reports_now_and_then_and_at_once_when_it_changes(pump: Controller) -> None:
    first = pump.report(NOW)
    assert first is not None
    assert msgspec.json.decode(first)["samples"][0]["values"] == {"pump_running": 0}
    assert pump.report(NOW + 30) is None
    _tell(pump, "start_pump", PUMP_1, NOW + 31)
    assert pump.report(NOW + 32) is not None
    assert pump.report(NOW + 40) is None
    assert pump.report(NOW + 32 + controller.REPORT_S) is not None


def test_the_plan_asks_what_the_script_knows(pump: Controller) -> None:
    document = response._document()
    document.pop("rule")
    wanted = responses.read_document(document)
    asked = [(each.name, each.arguments) for each in wanted.commands]
    script = pump.script.behaviours
    assert sorted(map(str, asked)) == sorted(
        str((each.command, each.arguments)) for each in script
    )
    devices = {each.code for each in park.park("demo", int(NOW)).devices}
    assert {each.device for each in wanted.commands} == {pump.device} <= devices
    streams = park.streams(park.park("demo", int(NOW)))
    assert pump.device not in {each.device for each in streams}


def test_the_park_answers_what_its_controllers_hear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[str, bytes]] = []
    ticks = iter([False, False, True])
    moments = iter([NOW + n * 10.0 for n in range(20)])
    monkeypatch.setattr("simulators.demo.operate.time.time", lambda: next(moments))
    monkeypatch.setattr(operate, "Live", lambda *_: SimpleNamespace(due=lambda _: []))
    (topic,) = operate.heard_of("demo")
    until = datetime.fromtimestamp(NOW + 3600, UTC)
    told = iter([[Heard(topic, commands.encode(uuid4(), "start_pump", PUMP_1, until))]])

    def heard() -> Iterable[Heard]:
        return next(told, [])

    demo: Any = SimpleNamespace(code="demo", station=None, streams=None)
    sender: Any = SimpleNamespace(
        send=lambda topic, payload: sent.append((topic, payload))
    )
    stopping: Any = SimpleNamespace(wait=lambda _: next(ticks))
    operate.run_live(demo, int(NOW), sender, heard, stopping)
    assert topic == "parkpulse/v1/demo/pump-underpass/down"
    answers = [payload for to, payload in sent if to == f"{topic}/ack"]
    assert [msgspec.json.decode(each)["result"] for each in answers] == ["confirmed"]
    reports = [to for to, _ in sent if to.endswith("/telemetry")]
    assert reports
