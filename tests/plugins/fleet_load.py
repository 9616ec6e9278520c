"""What a fleet of processes is given to do, and what must have come of it.

Parks of two kinds. In `free` ones gauges report whatever happens; what is stored, the
conditions and the roll-ups must be those of a single process that reads the same in
order. In `paced` ones the next phase is published when all of the last is recorded, so
that it is known which transitions and messages there must be.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from parkpulse import bus
from parkpulse.engine.alerts import AlertConsumer
from parkpulse.engine.rollups import RollupConsumer
from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, ParkSpec, SeriesSpec
from parkpulse.model.rule import Level, RuleSpec, Scope, Threshold
from parkpulse.store import batchlog, ledger, registry, rules
from parkpulse.store.pool import Database
from tests.plugins.alerting import PAGE, name
from tests.plugins.fix_engine import Lab
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.plugins.fix_webhook import Webhook

FREE = ("free-1", "free-2")
PACED = ("paced-1", "paced-2")
PARKS = FREE + PACED
GAUGES = 6
STEP_S = 10
START = datetime(2026, 3, 10, 6, tzinfo=UTC)
PHASES = (("raised", 1.5), ("severity", 2.5), ("cleared", 0.5))
_REPEATED = 10
"""One of so many messages is published twice."""
_WITHIN_S = 180.0
_CONSUMERS = ("alerts", "rollups")


def spec(code: str) -> ParkSpec:
    return ParkSpec(
        code=code,
        name=name(code),
        accept_from=START - timedelta(days=1),
        clock="data",
        devices=[
            DeviceSpec(
                code=f"gauge-{number}",
                kind="flow",
                name=name(f"gauge {number}"),
                series=[SeriesSpec(metric="flow_rate")],
                report_interval_s=STEP_S if code in FREE else 60,
            )
            for number in range(GAUGES)
        ],
    )


RULE = RuleSpec(
    code="flow",
    name=name("flow"),
    source="test",
    definition=Threshold(
        metric="flow_rate",
        direction="above",
        levels=[
            Level("medium", 1.0, name("warning stage")),
            Level("high", 2.0, name("guaranteed stage")),
        ],
        deadband=0.1,
        scope=Scope(device_kinds=["flow"]),
    ),
)


def register(database: Database) -> None:
    for code in PARKS:
        with database.transaction() as conn:
            rules.apply(conn, [RULE], registry.apply(conn, spec(code)))


def _free_value(step: int, gauge: int) -> float:
    return round(1.5 + 1.2 * math.sin(step / 15 + gauge), 6)


@dataclass
class Load:
    """Publishes for all parks, in two threads."""

    mqtt_url: str
    database: Database
    steps: int
    """Of the free parks, `STEP_S` apart."""
    lasts_s: float
    """How long publishing those takes. [s]"""
    least_rounds: int
    """Of the paced parks, at least; they go on until `finish`."""
    sent: dict[str, int] = field(default_factory=Counter)
    """Messages published by park, repeated ones not counted."""
    repeated: int = 0
    rounds: int = 0

    def __post_init__(self) -> None:
        self._failed: list[BaseException] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._guard, args=(work,))
            for work in (self._publish_free, self._publish_paced)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """End after the round that is under way, when all was published."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert not self._failed, self._failed

    def _guard(self, work: Any) -> None:  # noqa: ANN401 - a method of this class
        try:
            with bus.Publisher(self.mqtt_url) as publisher:
                work(publisher)
                publisher.wait_acknowledged(_WITHIN_S)
        except BaseException as error:  # noqa: BLE001 - raised by finish()
            self._failed.append(error)

    def _publish(
        self,
        publisher: bus.Publisher,
        park: str,
        gauge: int,
        at: datetime,
        value: float,
    ) -> None:
        ts = int(at.timestamp() * 1000)
        sample = {"ts": ts, "values": {"flow_rate": value}}
        message = json.dumps({"sent": ts, "samples": [sample]}).encode()
        topic = f"parkpulse/v1/{park}/gauge-{gauge}/telemetry"
        publisher.publish(topic, message)
        self.sent[park] += 1
        if park in FREE and self.sent[park] % _REPEATED == 0:
            publisher.publish(topic, message)
            self.repeated += 1

    def _publish_free(self, publisher: bus.Publisher) -> None:
        began = time.monotonic()
        for step in range(self.steps):
            at = START + timedelta(seconds=step * STEP_S)
            for park in FREE:
                for gauge in range(GAUGES):
                    value = _free_value(step, gauge)
                    self._publish(publisher, park, gauge, at, value)
            due = began + self.lasts_s * step / self.steps
            time.sleep(max(0.0, due - time.monotonic()))

    def _publish_paced(self, publisher: bus.Publisher) -> None:
        while self.rounds < self.least_rounds or not self._over.is_set():
            for phase, (kind, value) in enumerate(PHASES):
                minute = self.rounds * len(PHASES) + phase
                at = START + timedelta(minutes=minute)
                for park in PACED:
                    for gauge in range(GAUGES):
                        self._publish(publisher, park, gauge, at, value)
                self._wait_recorded(kind)
            self.rounds += 1

    def _wait_recorded(self, kind: str) -> None:
        wanted = (self.rounds + 1) * GAUGES * len(PACED)

        def recorded() -> bool:
            time.sleep(0.1)
            return len(events(self.database, PACED, kind)) >= wanted

        wait_until(recorded, _WITHIN_S)


def events(
    database: Database, parks: Sequence[str], kind: str | None = None
) -> list[tuple[Any, ...]]:
    """(id, alert, park, subject, kind, time) of what our rule did, in order."""
    with database.transaction() as conn:
        return conn.execute(
            "select e.id, e.alert_id, p.code, e.subject, e.kind, e.at"
            " from alert_event e join rule r on r.id = e.rule_id"
            " join park p on p.id = r.park_id"
            " where p.code = any(%s) and (%s::text is null or e.kind = %s)"
            " order by e.id",
            [list(parks), kind, kind],
        ).fetchall()


def check(load: Load, webhook: Webhook, reference: str) -> dict[str, int]:
    """Compare all that came of a load with what must have; return counts.

    Parameters
    ----------
    load
        That has finished.
    webhook
        The only channel's.
    reference
        URL of an empty database with the migrations, for the single process.
    """
    database = load.database
    wait_until(lambda: _is_read(database), _WITHIN_S)
    counts = _check_ledger(load)
    counts |= _check_against_single(load, reference)
    counts |= _check_paced(load)
    counts |= _check_outbox(database, webhook)
    return counts


def _is_read(database: Database) -> bool:
    """Whether all that is logged was consumed."""
    time.sleep(0.1)
    with database.transaction() as conn:
        heads = batchlog.heads(conn)
        return all(batchlog.positions(conn, each) == heads for each in _CONSUMERS)


def _check_ledger(load: Load) -> dict[str, int]:
    now = datetime.now(UTC)

    def totals() -> ledger.Counts:
        with load.database.transaction() as conn:
            hours = [
                row
                for park in PARKS
                for row in ledger.hours(conn, now - timedelta(hours=9), now, park)
            ]
        return ledger.total(hours)

    wanted = sum(load.sent.values())
    wait_until(lambda: totals().stored >= wanted, _WITHIN_S)
    wait_until(lambda: totals().is_balanced, _WITHIN_S)
    found = totals()
    assert found.stored == found.values_stored == wanted
    assert found.quarantined == found.values_refused == found.values_corrected == 0
    # What was under way when a worker went came again.
    assert found.duplicate >= load.repeated
    return {
        "stored": found.stored,
        "repeated": load.repeated,
        "redelivered": found.duplicate - load.repeated,
    }


def _check_against_single(load: Load, reference: str) -> dict[str, int]:
    single = Database(reference, name="single process")
    single.open()
    try:
        _run_single(single, load)
        wanted = _figures(single)
        wait_until(lambda: _figures(load.database) == wanted, _WITHIN_S)
    finally:
        single.close()
    return {name: len(rows) for name, rows in wanted.items()}


def _run_single(database: Database, load: Load) -> None:
    """Let one process read all of it, in order."""
    register(database)
    lab = Lab(database)
    for park in PARKS:
        with database.transaction() as conn:
            rows = conn.execute(
                "select d.code, s.id, p.id from series s"
                " join device d on d.id = s.device_id"
                " join park p on p.id = d.park_id where p.code = %s",
                [park],
            ).fetchall()
        series = {code: series_id for code, series_id, _ in rows}
        lab.parks[park] = rows[0][2]
        consumer = AlertConsumer(database, PAGE)
        points = [
            (series[f"gauge-{gauge}"], instants.to_us(at), value)
            for gauge, at, value in _points(load, park)
        ]
        lab.put(points, park)
        lab.set_clock(park, instants.from_us(points[-1][1]))
        lab.now = datetime.now(UTC)
        lab.step(consumer)
    rollups = RollupConsumer()
    loop = lab.loop(rollups)
    for _ in range(3):
        while loop.step():
            pass
        lab.now += timedelta(minutes=1)


def _points(load: Load, park: str) -> list[tuple[int, datetime, float]]:
    if park in FREE:
        return [
            (gauge, START + timedelta(seconds=step * STEP_S), _free_value(step, gauge))
            for step in range(load.steps)
            for gauge in range(GAUGES)
        ]
    values = [value for _ in range(load.rounds) for _, value in PHASES]
    return [
        (gauge, START + timedelta(minutes=minute), value)
        for minute, value in enumerate(values)
        for gauge in range(GAUGES)
    ]


def _figures(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that is a function of the readings, in order."""
    time.sleep(0.2)
    parks = [list(PARKS)]
    with database.transaction() as conn:
        return {
            "readings": conn.execute(
                "select p.code, d.code, t.ts, value, quality from reading t"
                " join series s on s.id = t.series join device d on d.id = s.device_id"
                " join park p on p.id = d.park_id where p.code = any(%s)"
                " order by p.code, d.code, t.ts",
                parks,
            ).fetchall(),
            "buckets": conn.execute(
                "select p.code, d.code, size, t.ts, n, sum, min, max, first, last"
                " from (select 60 as size, * from rollup_1m"
                "  union all select 3600, * from rollup_1h"
                "  union all select 86400, * from rollup_1d) t"
                " join series s on s.id = t.series join device d on d.id = s.device_id"
                " join park p on p.id = d.park_id where p.code = any(%s)"
                " order by p.code, d.code, size, t.ts",
                parks,
            ).fetchall(),
            "conditions": conn.execute(
                "select p.code, c.subject, c.onset, c.cleared_at, c.steps"
                " from condition_interval c join rule r on r.id = c.rule_id"
                " join park p on p.id = r.park_id where p.code = any(%s)"
                " order by 1, 2, 3",
                parks,
            ).fetchall(),
        }


def _check_paced(load: Load) -> dict[str, int]:
    """Each transition once, in order, at its time."""
    found = events(load.database, PACED)
    courses: dict[tuple[str, str], list[tuple[str, datetime]]] = {}
    for _, _, park, subject, kind, at in found:
        courses.setdefault((park, subject), []).append((kind, at))
    kinds = [kind for _ in range(load.rounds) for kind, _ in PHASES]
    wanted = [
        (kind, START + timedelta(minutes=minute)) for minute, kind in enumerate(kinds)
    ]
    assert len(courses) == GAUGES * len(PACED)
    assert all(course == wanted for course in courses.values()), courses
    with load.database.transaction() as conn:
        sent = conn.execute(
            "select alert_event_id from outbox where alert_event_id = any(%s)"
            " order by 1",
            [[row[0] for row in found]],
        ).fetchall()
    assert [row[0] for row in sent] == [row[0] for row in found], "each told once"
    return {"transitions": len(found), "rounds": load.rounds}


def _check_outbox(database: Database, webhook: Webhook) -> dict[str, int]:
    def states() -> dict[str, str]:
        time.sleep(0.1)
        with database.transaction() as conn:
            rows = conn.execute("select id::text, state from outbox").fetchall()
        return dict(rows)

    wait_until(lambda: set(states().values()) == {"delivered"}, _WITHIN_S)
    outbox = states()
    accepted = webhook.accepted()
    for each in accepted:
        each.verify(webhook.secret)
    came = [each.headers["webhook-id"] for each in accepted]
    assert set(came) == set(outbox)
    return {"messages": len(outbox), "sent again": len(came) - len(outbox)}
