"""Killing ingest, engine and notify under load loses nothing and doubles nothing."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from parkpulse import bus
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.model.rule import Level, RuleSpec, Scope, Threshold
from parkpulse.store import registry, rules
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_chain import Chain
    from tests.plugins.fix_webhook import Webhook

_DEVICES = 20
_WITHIN_S = 120.0


class Pace(NamedTuple):
    """How fast the load is."""

    step_ms: int
    """Every device reports so often, in real time as in its own."""
    block: int
    """Readings a device stays on one side of the limit."""


def _name(text: str) -> Name:
    return Name(zh=text, en=text)


def _device(number: int) -> str:
    return f"gauge-{number}"


def _register(chain: Chain) -> None:
    devices = [
        DeviceSpec(
            code=_device(number),
            kind="water_level",
            name=_name(_device(number)),
            series=[SeriesSpec(metric="water_level")],
            report_interval_s=60,
        )
        for number in range(_DEVICES)
    ]
    park = ParkSpec(
        code="harbour",
        name=_name("harbour"),
        accept_from=datetime.now(UTC) - timedelta(days=1),
        devices=devices,
    )
    rule = RuleSpec(
        code="stage",
        name=_name("stage"),
        source="test",
        definition=Threshold(
            metric="water_level",
            direction="above",
            levels=[Level(severity="high", limit=1.5)],
            scope=Scope(device_kinds=["water_level"]),
        ),
    )
    with chain.database.transaction() as conn:
        rules.apply(conn, [rule], registry.apply(conn, park))


@dataclass
class Load:
    """Publishes readings that cross the limit again and again; remembers receipts."""

    url: str
    pace: Pace
    start_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    stop: threading.Event = field(default_factory=threading.Event)
    sent: dict[tuple[str, int], tuple[float, bus.Receipt]] = field(default_factory=dict)
    steps: int = 0
    lasted_s: float = 0.0

    def value(self, step: int) -> float:
        return 2.0 if (step // self.pace.block) % 2 else 1.0

    def run(self) -> None:
        began = time.monotonic()
        with bus.Publisher(self.url) as publisher:
            while not self.stop.is_set():
                self._publish(publisher, self.steps)
                self.steps += 1
                self.lasted_s = time.monotonic() - began
                due_s = self.steps * self.pace.step_ms / 1000
                self.stop.wait(max(due_s - self.lasted_s, 0.0))
            publisher.wait_acknowledged(_WITHIN_S)

    def _publish(self, publisher: bus.Publisher, step: int) -> None:
        ts = self.start_ms + step * self.pace.step_ms
        sample = {"ts": ts, "values": {"water_level": self.value(step)}}
        message = {"seq": step, "sent": ts, "samples": [sample]}
        for number in range(_DEVICES):
            topic = f"parkpulse/v1/harbour/{_device(number)}/telemetry"
            receipt = publisher.publish(topic, json.dumps(message).encode())
            self.sent[_device(number), ts] = (self.value(step), receipt)

    def acknowledged(self) -> dict[tuple[str, int], float]:
        return {
            key: value
            for key, (value, receipt) in self.sent.items()
            if receipt.state is bus.State.TAKEN
        }

    def onsets(self) -> list[int]:
        """When each device rises above the limit. [ms]"""
        return [
            self.start_ms + step * self.pace.step_ms
            for step in range(self.pace.block, self.steps, 2 * self.pace.block)
        ]


def _kill_in_turn(chain: Chain, rounds: int) -> None:
    for _ in range(rounds):
        for name in ("ingest", "engine", "notify"):
            time.sleep(0.7)
            chain.kill(name)
            chain.start(name)


def _count_stored(chain: Chain) -> int:
    with chain.database.transaction() as conn:
        ((count,),) = conn.execute("select count(*) from reading").fetchall()
    return int(count)


def _stored(chain: Chain) -> dict[tuple[str, int], float]:
    with chain.database.transaction() as conn:
        rows = conn.execute(
            "select d.code, (extract(epoch from r.ts) * 1000)::bigint, r.value"
            " from reading r join series s on s.id = r.series"
            " join device d on d.id = s.device_id"
        ).fetchall()
    return {(device, ts): value for device, ts, value in rows}


def _breaches(chain: Chain) -> list[tuple[str, int]]:
    """Device and onset of each interval in which the condition held. [ms]"""
    with chain.database.transaction() as conn:
        rows = conn.execute(
            "select d.code, (extract(epoch from c.onset) * 1000)::bigint"
            " from condition_interval c join alert a on a.id = c.alert_id"
            " join device d on d.id = a.device_id"
            # Shipped rules have their own opinion of such a gauge.
            " join rule on rule.id = c.rule_id and rule.park_id is not null"
        ).fetchall()
    return sorted((device, onset) for device, onset in rows)


def _count_raised(chain: Chain) -> int:
    with chain.database.transaction() as conn:
        rows = conn.execute(
            "select from alert_event e join rule on rule.id = e.rule_id"
            " where e.kind = 'raised' and rule.park_id is not null"
        )
        return len(rows.fetchall())


def _outbox(chain: Chain) -> dict[str, str]:
    with chain.database.transaction() as conn:
        rows = conn.execute("select id::text, state from outbox").fetchall()
    return dict(rows)


def _load_and_kill(chain: Chain, webhook: Webhook, rounds: int, pace: Pace) -> None:
    _register(chain)
    words = ("notify", "channels", "add", "duty", "--url", webhook.url, "--json")
    webhook.secret = json.loads(chain.run(*words))["secret"]
    load = Load(chain.broker.url, pace)
    publishing = threading.Thread(target=load.run)
    publishing.start()
    _kill_in_turn(chain, rounds)
    load.stop.set()
    publishing.join()

    wanted = load.acknowledged()
    assert len(wanted) == load.steps * _DEVICES
    wait_until(lambda: _count_stored(chain) >= len(wanted), _WITHIN_S)
    assert _stored(chain) == wanted
    _ledger_adds_up(chain, len(wanted))
    _alerts_tell_every_breach_once(chain, load)
    _every_message_was_delivered(chain, webhook)
    told = len(_outbox(chain))
    sys.stdout.write(
        f"{3 * rounds} kills in {load.lasted_s:.0f} s, {len(wanted)} messages,"
        f" {len(load.onsets()) * _DEVICES} breaches, {told} times told, and"
        f" {len(webhook.accepted()) - told} times again\n"
    )


def _ledger_adds_up(chain: Chain, readings: int) -> None:
    ledger = chain.get("/ledger", park="harbour")
    assert ledger["balanced"] is True
    totals = ledger["totals"]
    assert totals["stored"] == readings
    assert totals["quarantined"] == 0
    assert totals["received"] == totals["stored"] + totals["duplicate"]


def _alerts_tell_every_breach_once(chain: Chain, load: Load) -> None:
    wanted = sorted(
        (_device(number), onset)
        for number in range(_DEVICES)
        for onset in load.onsets()
    )

    wait_until(lambda: _breaches(chain) == wanted, _WITHIN_S)
    assert _count_raised(chain) == len(wanted)


def _every_message_was_delivered(chain: Chain, webhook: Webhook) -> None:
    wait_until(
        lambda: set(_outbox(chain).values()) <= {"delivered"},
        _WITHIN_S,
    )
    outbox = set(_outbox(chain))
    assert outbox
    received = [each.headers["webhook-id"] for each in webhook.accepted()]
    assert set(received) == outbox
    for each in webhook.accepted():
        each.verify(webhook.secret)


def test_kills_under_load(chain: Chain, webhook: Webhook) -> None:
    _load_and_kill(chain, webhook, rounds=2, pace=Pace(step_ms=10, block=25))


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_kills_under_load(chain: Chain, webhook: Webhook) -> None:
    """4,000 messages a second, some two minutes and what it takes to catch up."""
    _load_and_kill(chain, webhook, rounds=34, pace=Pace(step_ms=5, block=200))
