"""From logged readings to alerts on a real TimescaleDB."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.model.rule import Scope
from parkpulse.store import batchlog
from tests.plugins.alerting import Bench, rule, seconds, us
from tests.plugins.fix_engine import call_bad

if TYPE_CHECKING:
    from parkpulse.store.pool import Database


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


def test_a_breach_is_raised_worsens_and_clears(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.feed([(0, 0.5), (60, 1.5), (120, 2.5), (180, 1.95), (240, 1.5), (300, 0.9)])
    assert bench.events() == [
        ("raised", 60),
        ("severity", 120),
        ("severity", 240),
        ("cleared", 300),
    ]
    alert = bench.alert()
    assert alert.state == "returned_unacknowledged"
    assert alert.severity == "medium"
    assert (seconds(alert.onset), seconds(alert.raised_at)) == (60, 60)
    assert (alert.value, alert.limit) == (1.5, 1.0)
    assert bench.messages() == [
        "alert.raised",
        "alert.severity",
        "alert.severity",
        "alert.cleared",
    ]


def test_an_on_delay_ends_between_readings_on_the_park_s_clock(bench: Bench) -> None:
    bench.apply(rule(on_delay_s=30))
    bench.feed([(0, 0.5), (60, 1.5)])
    bench.run(89.9)
    assert bench.alerts() == []
    bench.run(90)
    assert bench.events() == [("raised", 90)]
    assert seconds(bench.alert().onset) == 60
    bench.feed([(120, 1.6), (180, 0.5)])
    assert bench.intervals() == [(60, 90, 180)]


def test_a_reading_within_the_on_delay_contradicts(bench: Bench) -> None:
    bench.apply(rule(on_delay_s=90))
    bench.feed([(0, 0.5), (60, 1.5), (120, 0.5), (180, 1.5), (240, 1.5)])
    bench.run(269)
    assert bench.alerts() == []
    bench.run(271)
    assert bench.intervals() == [(180, 270, None)]


def test_a_burst_that_is_over_wakes_nobody(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.feed([(0, 0.5)])
    bench.store([(300, 0.5), (240, 0.8), (180, 2.5), (120, 1.5), (60, 0.7)])
    bench.run(300)
    alert = bench.alert()
    assert alert.retroactive
    assert alert.state == "normal"
    assert alert.severity == "high"
    assert bench.intervals() == [(120, 120, 240)]
    assert bench.events() == [("raised", 120), ("severity", 180), ("cleared", 240)]
    assert bench.messages() == []


def test_a_breach_learnt_late_that_still_holds_calls_with_its_onset(
    bench: Bench,
) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.feed([(0, 0.5)])
    bench.store([(180, 1.4), (120, 1.3), (60, 1.2)])
    bench.run(240)
    alert = bench.alert()
    assert not alert.retroactive
    assert alert.state == "unacknowledged"
    assert seconds(alert.onset) == 60
    assert bench.messages() == ["alert.raised"]


def test_a_breach_of_a_series_that_is_not_fresh_calls_when_it_is(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.store([(0, 0.5), (60, 1.5)])
    bench.run(60 + 901)
    alert = bench.alert()
    assert alert.retroactive
    assert alert.state == "unacknowledged"
    assert bench.messages() == []
    bench.feed([(2000, 1.7)])
    alert = bench.alert()
    assert not alert.retroactive
    assert seconds(alert.onset) == 60
    assert bench.messages() == ["alert.raised"]
    bench.feed([(2060, 0.5)])
    assert bench.messages() == ["alert.raised", "alert.cleared"]


def test_freshness_is_at_least_a_quarter_of_an_hour(bench: Bench) -> None:
    bench.apply(rule())
    bench.store([(0, 1.5)])
    bench.run(899)
    assert not bench.alert().retroactive


def test_a_silent_breach_that_ends_is_over_without_an_answer(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.store([(0, 0.5), (60, 1.5)])
    bench.run(5000)
    bench.store([(120, 0.5)])
    bench.run()
    assert bench.alert().state == "normal"
    assert bench.alert().retroactive
    assert bench.messages() == []


def test_acknowledged_and_cleared_is_normal(bench: Bench) -> None:
    bench.apply(rule())
    bench.feed([(0, 1.5)])
    bench.acknowledge()
    assert bench.alert().state == "acknowledged"
    bench.feed([(60, 0.5)])
    assert bench.alert().state == "normal"
    bench.feed([(120, 1.5)])
    assert [each.state for each in bench.alerts()] == ["normal", "unacknowledged"]


def test_a_returned_alert_is_raised_again_as_the_same(bench: Bench) -> None:
    bench.apply(rule())
    bench.feed([(0, 1.5), (60, 0.5), (120, 1.5)])
    alert = bench.alert()
    assert alert.state == "unacknowledged"
    assert seconds(alert.onset) == 120
    assert alert.cleared_at is None
    assert bench.events() == [("raised", 0), ("cleared", 60), ("raised", 120)]


def test_a_rise_asks_for_another_answer_and_a_fall_does_not(bench: Bench) -> None:
    bench.apply(rule())
    bench.feed([(0, 1.5)])
    bench.acknowledge()
    bench.feed([(60, 2.5)])
    assert bench.alert().state == "unacknowledged"
    assert bench.alert().acknowledged_by is None
    bench.acknowledge("Wang")
    bench.feed([(120, 1.5)])
    assert bench.alert().state == "acknowledged"


def test_late_data_moves_the_onset_and_the_record_keeps_what_was(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.feed([(0, 0.5), (120, 1.5), (180, 1.6)])
    bench.store([(60, 1.2)])
    bench.run()
    assert bench.intervals() == [(60, 60, None)]
    assert seconds(bench.alert().onset) == 60
    assert bench.events() == [("raised", 120), ("revised", 180)]
    assert bench.messages() == ["alert.raised"]


def test_late_data_takes_a_breach_back(bench: Bench) -> None:
    bench.apply(rule(on_delay_s=90))
    bench.add_channel()
    bench.feed([(0, 0.5), (60, 1.5), (180, 1.5)])
    assert bench.intervals() == [(60, 150, None)]
    bench.store([(120, 0.5)])
    bench.run(181)
    assert bench.intervals() == []
    assert bench.alert().state == "returned_unacknowledged"
    assert bench.events(kinds=True) == ["raised", "revised", "cleared"]
    assert bench.messages() == ["alert.raised", "alert.cleared"]
    bench.run(270)
    assert bench.intervals() == [(180, 270, None)]
    assert bench.alert().state == "unacknowledged"


def test_a_correction_brings_a_cleared_breach_back(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.feed([(0, 0.5), (60, 1.5), (120, 0.5)])
    bench.acknowledge()
    assert bench.alert().state == "normal"
    bench.store([(120, 1.6)])
    bench.run(150)
    assert bench.intervals() == [(60, 60, None)]
    alert = bench.alert()
    assert alert.state == "unacknowledged"
    assert alert.cleared_at is None
    assert bench.messages()[-1] == "alert.raised"


def test_what_its_sender_calls_bad_breaches_nothing(bench: Bench) -> None:
    bench.apply(rule())
    bench.feed([(0, 0.5), (60, 1.5), (120, 1.6), (180, 0.5)])
    assert bench.intervals() == [(60, 60, 180)]
    call_bad(bench.database, bench.park_id % 64, bench.series[0], [us(60)])
    bench.run()
    assert bench.intervals() == [(120, 120, 180)]
    call_bad(bench.database, bench.park_id % 64, bench.series[0], [us(120)])
    bench.run()
    assert bench.intervals() == []


def test_late_data_splits_a_breach(bench: Bench) -> None:
    bench.apply(rule())
    bench.feed([(0, 0.5), (60, 1.5), (180, 1.5)])
    bench.store([(120, 0.5)])
    bench.run()
    assert bench.intervals() == [(60, 60, 120), (180, 180, None)]
    assert bench.alert().state == "unacknowledged"
    bench.feed([(240, 0.5)])
    bench.acknowledge()
    bench.store([(121, 1.5), (119, 1.5)])
    bench.run()
    assert bench.intervals() == [(60, 60, 120), (121, 121, 240)]


def test_late_data_joins_two_breaches(bench: Bench) -> None:
    bench.apply(rule(off_delay_s=100))
    bench.feed([(0, 1.5), (60, 0.5), (180, 1.5)])
    assert bench.intervals() == [(0, 0, 160), (180, 180, None)]
    bench.store([(120, 1.5)])
    bench.run()
    assert bench.intervals() == [(0, 0, None)]
    assert bench.alert().state == "unacknowledged"


def test_a_restart_reads_on_and_repeats_nothing(bench: Bench) -> None:
    bench.apply(rule(on_delay_s=90))
    bench.add_channel()
    bench.feed([(0, 0.5), (60, 1.5)])
    bench.restart()
    bench.run(100)
    bench.restart()
    bench.feed([(120, 1.5)])
    bench.restart()
    bench.run(150)
    assert bench.events() == [("raised", 150)]
    bench.restart()
    bench.feed([(180, 0.5)])
    bench.restart()
    bench.run(200)
    assert bench.events() == [("raised", 150), ("cleared", 180)]
    assert bench.messages() == ["alert.raised", "alert.cleared"]


def test_a_snapshot_from_the_past_is_brought_up_to_date(bench: Bench) -> None:
    """Positions are newer than the snapshot; the log still has what lies between."""
    bench.apply(rule(on_delay_s=90))
    bench.feed([(0, 0.5)])
    with bench.database.transaction() as conn:
        kept = conn.execute("select * from engine_snapshot").fetchall()
    assert len(kept) == 1
    bench.feed([(60, 1.5), (120, 1.5)])
    with bench.database.transaction() as conn:
        assert conn.execute("select * from engine_snapshot").fetchall() == kept
    bench.restart()
    bench.run(150)
    assert bench.intervals() == [(60, 150, None)]


@pytest.mark.parametrize("lost", ["batch_log", "engine_snapshot"])
def test_without_log_or_snapshot_the_readings_suffice(bench: Bench, lost: str) -> None:
    bench.apply(rule(on_delay_s=90))
    bench.feed([(0, 0.5), (60, 1.5), (120, 1.5)])
    with bench.database.transaction() as conn:
        conn.execute(f"truncate {lost}")
    bench.restart()
    bench.run(150)
    assert bench.intervals() == [(60, 150, None)]
    bench.feed([(180, 0.5)])
    assert bench.intervals() == [(60, 150, 180)]


def test_batches_read_twice_change_nothing(bench: Bench) -> None:
    bench.apply(rule())
    bench.feed([(0, 0.5), (60, 1.5), (120, 0.5), (180, 2.5)])
    bench.store([(150, 0.4), (90, 1.2)])
    bench.run()
    before = bench.events(), bench.intervals(), bench.alerts()
    with bench.database.transaction() as conn:
        conn.execute("delete from consumer_position")
        conn.execute("truncate engine_snapshot")
    bench.restart()
    bench.run()
    assert (bench.events(), bench.intervals(), bench.alerts()) == before
    with bench.database.transaction() as conn:
        assert batchlog.read(conn, "alerts", range(64), 10) == []


def test_two_writers_may_be_read_in_any_order(bench: Bench) -> None:
    """The raise is not believed before everything that is stored was looked at."""
    bench.apply(rule(on_delay_s=90))
    bench.add_channel()
    bench.feed([(0, 0.5)])
    bench.store_all([(1, 120, 0.5)], writer="ingest-2")
    bench.store_all([(1, 60, 1.5), (1, 180, 1.5)], writer="ingest-1")
    bench.run(180)
    assert bench.alerts() == []


def test_a_rule_put_in_force_looks_at_what_is_there(bench: Bench) -> None:
    bench.feed([(0, 0.5), (60, 2.5)])
    bench.apply(rule())
    bench.run_until(lambda: bool(bench.alerts()), 100)
    alert = bench.alert()
    assert alert.severity == "high"
    assert alert.state == "unacknowledged"


def test_a_changed_limit_is_judged_at_once(bench: Bench) -> None:
    bench.apply(rule())
    bench.feed([(0, 1.5)])
    assert bench.alert().state == "unacknowledged"
    bench.apply(rule(levels=rule().definition.levels[1:]))
    bench.run_until(lambda: bench.alert().state == "returned_unacknowledged", 60)


def test_a_rule_taken_out_of_force_ends_its_alerts(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.feed([(0, 1.5)])
    bench.apply(rule(scope=Scope(devices=["gauge-02"])))
    bench.run_until(lambda: bench.alert().state == "returned_unacknowledged", 60)
    assert bench.events() == [("raised", 0), ("cleared", 60)]
    assert bench.messages() == ["alert.raised", "alert.cleared"]
    assert bench.intervals() == [(0, 0, 60)]


def test_a_park_s_own_rule_replaces_the_shipped_one(bench: Bench) -> None:
    bench.apply(rule(), own=False)
    bench.apply(rule(levels=rule().definition.levels[1:]))
    bench.feed([(0, 1.5), (60, 2.5)])
    assert bench.events() == [("raised", 60)]


def test_channels_hear_what_they_asked_for(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel(least="high")
    bench.feed([(0, 1.5)])
    assert bench.messages() == []
    bench.feed([(60, 2.5), (120, 1.5), (180, 0.5)])
    assert bench.messages() == ["alert.severity", "alert.severity", "alert.cleared"]


def test_the_acknowledgement_is_told_too(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.feed([(0, 1.5)])
    bench.acknowledge()
    assert bench.messages() == ["alert.raised", "alert.acknowledged"]


def test_a_month_of_history_is_read_in_seconds(bench: Bench) -> None:
    bench.apply(rule())
    bench.add_channel()
    bench.feed([(30 * 86400, 0.5)])
    minutes = 20_000
    samples = [
        (minute * 60.0, 1.5 if minute % 1440 < 60 else 0.5) for minute in range(minutes)
    ]
    _store_history(bench, samples)
    bench.run()
    alerts = bench.alerts()
    assert len(alerts) == -(-minutes // 1440)
    assert all(each.retroactive and each.state == "normal" for each in alerts)
    assert all(
        each.cleared_at == each.raised_at + timedelta(hours=1) for each in alerts
    )
    assert bench.messages() == []


def _store_history(bench: Bench, samples: list[tuple[float, float]]) -> None:
    for start in range(0, len(samples), 500):
        bench.store(samples[start : start + 500])
