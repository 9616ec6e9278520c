"""Commands to local controllers on a real TimescaleDB and a real Mosquitto."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from msgspec import structs

from parkpulse.engine.life import LifeTicker
from parkpulse.errors import ConflictError, IllegalTransitionError, InvalidRequestError
from parkpulse.model.registry import DeviceSpec, SeriesSpec
from parkpulse.notify.commands import Commander
from parkpulse.query import alert_actions, commands, responses
from parkpulse.query.alert_actions import By
from parkpulse.store import events, registry
from parkpulse.store.events import EventRow
from tests.plugins import alerting
from tests.plugins.alerting import PAGE, Bench, rule
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from parkpulse.model.response import Command
    from parkpulse.store.pool import Database
    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_services import BrokerServer

TOPIC = "parkpulse/v1/harbour/pump/down"
PUMP: dict[str, Any] = {
    "code": "pump-1",
    "device": "pump",
    "name": "start_pump",
    "arguments": {"pump": 1},
    "automatic": True,
    "min_severity": "high",
    "zh": "启动",
    "en": "Start",
}
FAN = {**PUMP, "code": "fan", "name": "ventilate", "automatic": False}


@pytest.fixture
def bench(database: Database) -> Bench:
    bench = Bench(database)
    bench.apply(rule())
    pump = DeviceSpec(
        code="pump",
        kind="sensor",
        name=alerting.name("Pump"),
        series=[SeriesSpec(metric="water_level")],
        place="river",
        report_interval_s=60,
    )
    spec = alerting.park(2)
    with database.transaction() as conn:
        registry.apply(conn, structs.replace(spec, devices=[pump]))
    put_plan(bench, PUMP, FAN)
    return bench


def feed(bench: Bench, *samples: tuple[float, float]) -> None:
    """Follow readings, as of their own time."""
    set_clock(bench, "data")
    bench.feed(samples)
    set_clock(bench, "wall")


def set_clock(bench: Bench, clock: str) -> None:
    with bench.database.transaction() as conn:
        conn.execute("update park set clock = %s", [clock])


def tick(bench: Bench) -> None:
    LifeTicker(bench.database, bench.keeper, PAGE).step()


def step(bench: Bench, broker: BrokerServer) -> None:
    commander = Commander(bench.database, broker.url)
    commander.step()
    commander.stop()
    commander.run()


def of_alert(bench: Bench) -> list[Command]:
    with bench.database.transaction() as conn:
        return list(commands.of_alert(conn, UUID(bench.alert().id)).commands)


def ask(bench: Bench, code: str = "fan") -> Command:
    with bench.database.transaction() as conn:
        return commands.request(conn, UUID(bench.alert().id), code, By("Li", "now"))


def history(bench: Bench) -> list[str]:
    return [
        kind.removeprefix("command_")
        for kind in bench.events(kinds=True)
        if kind.startswith("command_")
    ]


def answer(
    bench: Bench, command: Command, result: str, reason: str = "", device: str = "pump"
) -> None:
    """Store a controller's answer as ingest does."""
    now = datetime.now(UTC)
    detail = {"id": str(command.id), "result": result, "reason": reason}
    with bench.database.transaction() as conn:
        (found,) = conn.execute("select id from device where code = %s", [device])
        row = EventRow(bench.park_id, found[0], now, now, "command_ack", detail, b"")
        events.put(conn, [row])


def expire(bench: Bench, seconds: float = 60) -> None:
    with bench.database.transaction() as conn:
        conn.execute(
            "update command set expires_at = now() - make_interval(secs => %s)",
            [seconds],
        )


def downs(listener: Listener) -> list[dict[str, Any]]:
    return [json.loads(body) for topic, body in listener.messages if topic == TOPIC]


def test_an_automatic_command_goes_out_once_for_each_raise(
    bench: Bench, broker: BrokerServer, listener: Listener
) -> None:
    feed(bench, (0, 1.5))
    tick(bench)
    assert of_alert(bench) == []  # not severe enough
    feed(bench, (60, 2.5))
    tick(bench)
    tick(bench)
    (command,) = of_alert(bench)
    assert (command.state, command.requested_by) == ("requested", "engine")
    step(bench, broker)
    step(bench, broker)
    wait_until(lambda: len(downs(listener)) == 1)
    (sent,) = downs(listener)
    assert sent["id"] == str(command.id)
    assert (sent["command"], sent["arguments"]) == ("start_pump", {"pump": 1})
    assert datetime.fromisoformat(sent["expires_at"]) == command.expires_at
    answer(bench, command, "confirmed")
    answer(bench, command, "refused", "too late to change it")
    step(bench, broker)
    (command,) = of_alert(bench)
    assert command.state == "confirmed"
    assert history(bench) == ["requested", "confirmed"]

    feed(bench, (120, 0.5), (180, 2.5))
    tick(bench)
    assert [each.state for each in of_alert(bench)] == ["confirmed", "requested"]


def test_a_person_asks_and_the_controller_refuses(
    bench: Bench, broker: BrokerServer
) -> None:
    bench.feed([(0, 1.5)])
    with pytest.raises(InvalidRequestError):
        ask(bench)  # the clock of this park is its data
    set_clock(bench, "wall")
    command = ask(bench)
    with pytest.raises(ConflictError):
        ask(bench)
    step(bench, broker)
    answer(bench, command, "confirmed", device="gauge-01")  # not the one asked
    step(bench, broker)
    assert of_alert(bench)[0].state == "sent"
    answer(bench, command, "refused", "door is open")
    step(bench, broker)
    (command,) = of_alert(bench)
    assert (command.state, command.reason) == ("refused", "door is open")
    with bench.database.transaction() as conn:
        rows = conn.execute(
            "select actor, detail from alert_event where kind like 'command%'"
            " order by id"
        ).fetchall()
    assert [actor for actor, _ in rows] == ["Li", "pump"]
    assert rows[0][1]["comment"] == "now"
    assert rows[1][1]["reason"] == "door is open"
    assert ask(bench).state == "requested"
    feed(bench, (60, 0.5))
    with pytest.raises(IllegalTransitionError):
        ask(bench, "pump-1")


def test_what_is_void_is_never_sent(
    bench: Bench, broker: BrokerServer, listener: Listener
) -> None:
    bench.feed([(0, 2.5)])
    tick(bench)
    step(bench, broker)
    assert [each.reason for each in of_alert(bench)] == ["data_clock"]
    set_clock(bench, "wall")
    ask(bench)
    expire(bench)
    step(bench, broker)
    ask(bench)
    feed(bench, (60, 0.5))
    step(bench, broker)
    assert [each.reason for each in of_alert(bench)] == [
        "data_clock",
        "expired",
        "alert_over",
    ]
    feed(bench, (120, 2.5))
    tick(bench)
    take_out_of_service(bench)
    ask(bench)  # a person may, the engine may not
    step(bench, broker)
    wait_until(lambda: len(downs(listener)) == 1)
    *_, automatic, asked = of_alert(bench)
    assert (automatic.state, automatic.reason) == ("withdrawn", "quiet")
    assert asked.state == "sent"
    assert downs(listener)[0]["id"] == str(asked.id)
    assert history(bench).count("withdrawn") == 4
    with bench.database.transaction() as conn:
        rows = conn.execute(
            "select detail->>'reason', detail->'reason_text'->>'zh' from alert_event"
            " where kind = 'command_withdrawn' order by id"
        ).fetchall()
    assert rows[-1] == ("quiet", "告警处于静默")
    assert all(text for _, text in rows)


def take_out_of_service(bench: Bench) -> None:
    by = By("Li", "work on the pump")
    with bench.database.transaction() as conn:
        alert_actions.take_out_of_service(conn, UUID(bench.alert().id), by)


def test_silence_times_out_and_a_late_answer_is_recorded(
    bench: Bench, broker: BrokerServer
) -> None:
    feed(bench, (0, 1.5))
    command = ask(bench)
    step(bench, broker)
    expire(bench, seconds=1)
    step(bench, broker)
    assert of_alert(bench)[0].state == "sent"  # an answer may be on its way
    expire(bench)
    step(bench, broker)
    assert of_alert(bench)[0].state == "timed_out"
    answer(bench, command, "confirmed")
    step(bench, broker)
    assert of_alert(bench)[0].state == "confirmed"
    assert history(bench) == ["requested", "timed_out", "confirmed"]
    with bench.database.transaction() as conn:
        (row,) = conn.execute(
            "select detail -> 'late' from alert_event where kind = 'command_confirmed'"
        )
    assert row[0] is True


def test_an_outage_of_the_broker_delays_and_voids(
    bench: Bench, broker: BrokerServer
) -> None:
    feed(bench, (0, 1.5))
    commander = Commander(bench.database, broker.url)
    first = ask(bench)
    commander.step()
    broker.stop()
    ask(bench, "pump-1")
    commander.step()
    assert [each.state for each in of_alert(bench)] == ["sent", "requested"]
    answer(bench, first, "confirmed")
    commander.step()
    second = ask(bench)
    with bench.database.transaction() as conn:
        conn.execute("update command set expires_at = now() where id = %s", [second.id])
    broker.start()
    wait_until(lambda: _stepped(commander, bench) != "requested", 20)
    assert [each.state for each in of_alert(bench)] == [
        "confirmed",
        "sent",
        "withdrawn",
    ]
    commander.stop()
    commander.run()


def _stepped(commander: Commander, bench: Bench) -> str:
    commander.step()
    return of_alert(bench)[1].state


def test_a_kill_before_the_record_sends_the_same_command_again(
    bench: Bench, broker: BrokerServer, listener: Listener
) -> None:
    feed(bench, (0, 1.5))
    command = ask(bench)
    step(bench, broker)
    with bench.database.transaction() as conn:
        conn.execute("update command set state = 'requested', sent_at = null")
    step(bench, broker)
    wait_until(lambda: len(downs(listener)) == 2)
    assert {each["id"] for each in downs(listener)} == {str(command.id)}


def test_a_new_plan_asks_nothing_of_what_was_raised_before(bench: Bench) -> None:
    put_plan(bench)
    feed(bench, (0, 2.5))
    put_plan(bench, {**PUMP, "min_severity": "low"})
    tick(bench)
    assert of_alert(bench) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "nobody"},
        {"name": "Start Pump"},
        {"timeout_s": 1},
        {"arguments": {"pump": [1]}},
        {"what": 1},
    ],
)
def test_a_plan_that_cannot_be_is_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        put_plan(bench, {**PUMP, **wrong})
    assert caught.value.pointer.startswith("/commands")


def put_plan(bench: Bench, *planned: dict[str, Any]) -> None:
    with bench.database.transaction() as conn:
        wanted = responses.read([], list(planned))
        responses.put(conn, "harbour", "level", wanted, "Li")


def test_answers_of_unknown_commands_change_nothing(
    bench: Bench, broker: BrokerServer
) -> None:
    feed(bench, (0, 1.5))
    command = ask(bench)
    answer(bench, structs.replace(command, id=uuid4()), "confirmed")
    step(bench, broker)
    assert of_alert(bench)[0].state == "sent"
