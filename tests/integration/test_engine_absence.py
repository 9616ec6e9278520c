"""Silent devices: found in time, cleared, and never because we were deaf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec import structs
from typing_extensions import override

from parkpulse.engine.absence import AbsenceConsumer
from parkpulse.engine.loop import Loop
from parkpulse.model import instants
from parkpulse.model.definitions import Absence, Level, Weekly
from parkpulse.model.packed import ChangeArrays
from parkpulse.model.rule import RuleSpec
from parkpulse.query import backtest
from parkpulse.store import batchlog, registry
from tests.plugins import alerting
from tests.plugins.alerting import PAGE, Bench, us

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.model.packed import Int32Array
    from parkpulse.store.pool import Connection, Database

GAUGES = 3
LEVELS = [Level("low", 2.5), Level("high", 10.0)]


class AbsenceBench(Bench):
    """Devices that report once a minute; ingest is well unless a test says else."""

    now_s = 0.0

    @override
    def restart(self) -> None:
        consumer = AbsenceConsumer(self.database, PAGE)
        self.loop = Loop(self.database, self.keeper, consumer, clock=self.now)

    def now(self) -> datetime:
        return instants.from_us(us(self.now_s))

    def ingest(
        self, at_s: float, *, is_connected: bool = True, age_s: float = 0.0
    ) -> None:
        self.now_s = at_s
        with self.database.transaction() as conn:
            conn.execute(
                "insert into ingest_worker (writer, run, seen_at, connected)"
                " values ('ingest-1', gen_random_uuid(), %(at)s, %(connected)s)"
                " on conflict (writer) do update set seen_at = excluded.seen_at,"
                "  connected = excluded.connected",
                {
                    "at": instants.from_us(us(at_s - age_s)),
                    "connected": is_connected,
                },
            )

    def at(self, *seconds: float) -> None:
        for each in seconds:
            self.ingest(each)
            self.run(each)

    def hear(self, at_s: float, *gauges: int) -> None:
        self.store_all([(gauge, at_s, 1.0) for gauge in gauges])
        self.at(at_s)

    def conditions(self) -> list[tuple[str, datetime, datetime | None]]:
        with self.database.transaction() as conn:
            return conn.execute(
                "select split_part(subject, '/', 2), raised_at, cleared_at"
                " from condition_interval order by subject, raised_at"
            ).fetchall()

    def told(self) -> list[tuple[str, str, str]]:
        return [(a.device or "", a.severity, a.state) for a in self.alerts()]


@pytest.fixture
def bench(database: Database) -> AbsenceBench:
    bench = AbsenceBench(database, gauges=GAUGES)
    rule = RuleSpec("silent", Bench.name("silent"), Absence(LEVELS), "test")
    bench.apply(rule)
    bench.add_channel()
    return bench


def test_a_park_that_is_registered_while_it_starts(
    bench: AbsenceBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at the first start, when the demo's park comes at the same time."""
    load = AbsenceConsumer._load

    def late(self: AbsenceConsumer, conn: Connection) -> None:
        other = structs.replace(alerting.park(1), code="late")
        with bench.database.transaction() as another:
            registry.apply(another, other)
        load(self, conn)

    bench.apply(RuleSpec("all", Bench.name("all"), Absence(LEVELS), "test"), own=False)
    monkeypatch.setattr(AbsenceConsumer, "_load", late)
    bench.restart()
    bench.at(0)
    assert bench.told() == []


def test_silence_is_found_and_ends(bench: AbsenceBench) -> None:
    bench.hear(0, 1, 2, 3)
    bench.hear(100, 2, 3)
    bench.at(149, 150.4)
    assert bench.told() == []
    bench.at(150.5)
    assert bench.told() == [("gauge-01", "low", "unacknowledged")]
    assert bench.events() == [("raised", 150.0)]
    bench.hear(200, 1)
    assert bench.told() == [("gauge-01", "low", "returned_unacknowledged")]
    bench.hear(300, 1, 2, 3)
    assert len(bench.told()) == 1
    assert bench.messages() == ["alert.raised", "alert.cleared"]


def test_long_silence_gets_worse_and_comes_again(bench: AbsenceBench) -> None:
    bench.hear(0, 1, 2, 3)
    for at in range(60, 700, 60):
        bench.hear(at, 2, 3)
    assert bench.events() == [("raised", 150.0), ("severity", 600.0)]
    bench.hear(700, 1, 2, 3)
    for at in range(760, 941, 60):
        bench.hear(at, 2, 3)
    assert bench.events(kinds=True) == ["raised", "severity", "cleared", "raised"]


@pytest.mark.parametrize("why", ["disconnected", "dead"])
def test_while_we_are_deaf_nobody_is_silent(bench: AbsenceBench, why: str) -> None:
    bench.hear(0, 1, 2, 3)
    for at in range(60, 660, 60):
        if why == "disconnected":
            bench.ingest(at, is_connected=False)
        else:
            bench.ingest(at, age_s=20)
        bench.run(at)
    bench.at(660, 700)
    assert bench.told() == []
    # Each deadline began anew at 660 s, once.
    bench.hear(720, 2, 3)
    bench.at(811)
    assert bench.events() == [("raised", 810.0)]


def test_ten_deaf_minutes_of_100_000_devices_wake_nobody(bench: AbsenceBench) -> None:
    with bench.database.transaction() as conn:
        conn.execute(
            "with made as (insert into device"
            "  (park_id, code, kind, name_zh, name_en, report_interval_s)"
            "  select %s, 'many-' || n, 'many', 'n', 'n', 60"
            "  from generate_series(1, 100000) as n returning id)"
            " insert into series (device_id, metric, kind, report_interval_s)"
            " select id, 'water_level', 'gauge', 60 from made",
            [bench.park_id],
        )
        found = conn.execute("select id from series order by id").fetchall()
    series = np.array(found, np.int32).ravel()

    def hear(at_s: float, which: Int32Array) -> None:
        count = len(which)
        changes = ChangeArrays(
            which, np.full(count, us(at_s)), np.ones(count), np.zeros(count, np.uint8)
        )
        with bench.database.transaction() as conn:
            batchlog.append(conn, "ingest-1", {bench.park_id % 64: changes})
        bench.at(at_s)

    bench.restart()
    hear(0, series)
    for at in range(60, 661, 60):
        bench.ingest(at, is_connected=False)
        bench.run(at)
    bench.at(661, 700)
    hear(720, series[5:])
    bench.at(810)
    assert bench.told() == []
    bench.at(812)
    assert len(bench.told()) == 5


def test_a_blink_moves_no_deadline(bench: AbsenceBench) -> None:
    bench.hear(0, 1, 2, 3)
    bench.hear(100, 2, 3)
    for at in (140, 151):
        bench.ingest(at, is_connected=False)
        bench.run(at)
    bench.at(152)
    assert bench.told() == []
    bench.at(156)
    assert bench.events() == [("raised", 150.0)]


def test_a_restart_forgets_nothing(bench: AbsenceBench) -> None:
    bench.hear(0, 1, 2, 3)
    bench.hear(100, 2, 3)
    bench.restart()
    bench.at(120, 151)
    bench.restart()
    bench.at(152)
    assert bench.events() == [("raised", 150.0)]
    bench.restart()
    bench.hear(160, 1)
    assert bench.events() == [("raised", 150.0), ("cleared", 160.0)]


def test_a_rule_that_is_switched_off_ends_its_alerts(bench: AbsenceBench) -> None:
    bench.hear(0, 1, 2, 3)
    bench.at(151)
    assert len(bench.told()) == GAUGES
    off = RuleSpec(
        "silent", Bench.name("silent"), Absence(LEVELS), "test", enabled=False
    )
    bench.apply(off)
    bench.run_until(
        lambda: all(state.startswith("returned") for *_, state in bench.told()), 152
    )


def test_a_device_was_heard_when_its_batch_came(bench: AbsenceBench) -> None:
    """Not when the engine reads it, which may be later."""
    with bench.database.transaction() as conn:
        conn.execute("update park set clock = 'wall'")
    bench.loop.step()
    consumer = bench.loop.consumer
    assert isinstance(consumer, AbsenceConsumer)
    consumer._silence.received[:] = 0
    bench.store([(0, 1.0)])
    with bench.database.transaction() as conn:
        (row,) = conn.execute(
            "update batch_log set at = now() - interval '30 s' returning at"
        )
    bench.loop.step()
    assert consumer._silence.received.tolist() == [instants.to_us(row[0]), 0, 0]


# The bench begins on a Sunday, at 08:00 in its park.
MORNINGS = [Weekly(days=[1, 7], start="08:05", end="08:20")]


def _scheduled(levels: list[Level]) -> RuleSpec:
    definition = Absence(levels, schedule=MORNINGS)
    return RuleSpec("silent", Bench.name("silent"), definition, "test")


def test_silence_counts_only_at_its_times(bench: AbsenceBench) -> None:
    bench.apply(_scheduled(LEVELS))
    bench.restart()
    bench.hear(0, 1, 2, 3)
    # Silence begins anew with the window: 300 s and 150 s of its limit.
    bench.hear(290, 2, 3)
    bench.at(449)
    assert bench.told() == []
    bench.hear(449.5, 2, 3)
    bench.at(450.6)
    assert bench.events() == [("raised", 450.0)]
    bench.restart()
    for at in range(500, 1200, 100):
        bench.hear(at, 2, 3)
    assert bench.events() == [("raised", 450.0), ("severity", 900.0)]
    # Gauges 2 and 3 would be due after the window.
    bench.at(1199, 1200.6)
    assert bench.events()[2:] == [("cleared", 1200.0)]
    assert {state for *_, state in bench.told()} == {"returned_unacknowledged"}
    bench.restart()
    day = 86400
    bench.at(1300, 7200, day, day + 300, day + 449)
    assert len(bench.told()) == 1
    bench.hear(day + 449.5, 2)
    bench.at(day + 450.6)
    assert bench.events()[3:] == [("raised", day + 450.0)] * 2
    bench.hear(day + 500, 1)
    bench.hear(day + 1000, 1)
    bench.at(day + 1300, day + 1301, day + 1302)
    assert sorted((at - day, kind) for kind, at in bench.events()[3:]) == [
        *[(450, "raised")] * 2,
        (500, "cleared"),
        (599.5, "raised"),
        (900, "severity"),
        (1049.5, "severity"),
        (1150, "raised"),
        *[(1200, "cleared")] * 3,
    ]


def test_an_engine_that_was_away_ends_what_its_window_ended(
    bench: AbsenceBench,
) -> None:
    bench.apply(_scheduled([Level("low", 2.5)]))
    bench.restart()
    bench.hear(0, 1, 2, 3)
    for at in range(300, 1200, 100):
        bench.hear(at, 2, 3)
    bench.restart()
    bench.hear(5000, 1)
    assert bench.events() == [("raised", 450.0), ("cleared", 1200.0)]


def test_a_back_test_says_what_the_engine_says(bench: AbsenceBench) -> None:
    wanted = _scheduled(LEVELS)
    bench.apply(wanted)
    bench.restart()
    bench.hear(0, 1, 2, 3)
    for at in range(60, 2000, 60):
        bench.hear(at, 1, *([2] if at < 700 else []))
    day = 86400
    for at in range(day - 60, day + 2000, 60):
        bench.at(at)
    bench.hear(day + 2100, 1, 2)
    with bench.database.transaction() as conn:
        start, end = instants.from_us(us(0)), instants.from_us(us(day + 2100.0))
        found = backtest.run(conn, wanted, start, end)
    assert found.alerts == 5
    assert (
        sorted(
            (each.device, each.raised_at, each.cleared_at) for each in found.occurrences
        )
        == bench.conditions()
    )
    assert [each.severity for each in found.occurrences].count("low") == 1
