"""Batches of messages on a real TimescaleDB, without a network."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from ingest import registrar
from parkpulse.model import packed
from parkpulse.store import quarantine, registry
from tests.integration import ingesting
from tests.integration.ingesting import (
    Bench,
    audited,
    encoded,
    logged,
    now_ms,
    park,
    payload,
    topic,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID


MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


def test_a_message_is_stored_counted_logged_and_acknowledged(bench: Bench) -> None:
    at = now_ms()
    bench.receive(payload(at, water_level=1.5, battery_voltage=3.6))
    assert bench.readings() == [
        ("gauge", "battery_voltage", at * 1000, 3.6),
        ("gauge", "water_level", at * 1000, 1.5),
    ]
    totals = bench.totals("demo")
    assert (totals.received, totals.stored, totals.values_stored) == (1, 1, 2)
    assert [each.mid for each in bench.receiver.acknowledged] == [1]
    (batch,) = logged(bench)
    assert (batch.writer, batch.n, len(batch)) == ("ingest-1", 1, 2)
    assert sorted(batch.value.tolist()) == [1.5, 3.6]
    assert batch.flag.tolist() == [0, 0]
    assert bench.quarantine() == []


def test_a_repeated_message_is_a_duplicate(bench: Bench) -> None:
    message = payload(water_level=1.5, battery_voltage=3.6)
    bench.receive(message)
    bench.receive(message)
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.duplicate) == (2, 1, 1)
    assert (totals.values_stored, totals.values_duplicate) == (2, 2)
    assert len(bench.receiver.acknowledged) == 2
    assert len(logged(bench)) == 1
    assert audited(bench) == []


def test_another_value_for_a_key_replaces_the_old_one(bench: Bench) -> None:
    at = now_ms()
    bench.receive(payload(at, water_level=1.5))
    bench.receive(payload(at, water_level=1.75, battery_voltage=3.6))
    assert values(bench) == [(at * 1000, 3.6), (at * 1000, 1.75)]
    totals = bench.totals()
    assert (totals.stored, totals.duplicate) == (2, 0)
    assert (totals.values_stored, totals.values_corrected) == (2, 1)
    assert audited(bench) == [(1.5, 1.75, "correction")]
    batch = logged(bench)[1]
    flags = dict(zip(batch.value.tolist(), batch.flag.tolist(), strict=True))
    assert flags == {1.75: packed.CORRECTION, 3.6: 0}


def test_one_batch_may_hold_repeats_and_corrections(bench: Bench) -> None:
    at = now_ms()
    levels = (1.0, 1.0, 2.0, 1.0, 3.0)
    bench.receive(*(payload(at, water_level=level) for level in levels))
    assert values(bench) == [(at * 1000, 3.0)]
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.duplicate) == (5, 4, 1)
    assert (totals.values_stored, totals.values_corrected) == (1, 3)
    assert audited(bench) == [
        (1.0, 2.0, "correction"),
        (2.0, 1.0, "correction"),
        (1.0, 3.0, "correction"),
    ]
    (batch,) = logged(bench)
    assert (batch.value.tolist(), batch.flag.tolist()) == ([3.0], [0])


def test_a_value_that_comes_back_to_the_stored_one_changes_nothing(
    bench: Bench,
) -> None:
    at = now_ms()
    bench.receive(payload(at, water_level=1.0))
    bench.receive(payload(at, water_level=2.0), payload(at, water_level=1.0))
    assert values(bench) == [(at * 1000, 1.0)]
    assert audited(bench) == [(1.0, 2.0, "correction"), (2.0, 1.0, "correction")]
    assert len(logged(bench)) == 1


def test_disordered_readings_are_stored_and_the_late_ones_marked(bench: Bench) -> None:
    now = now_ms()
    bench.receive(payload(now, water_level=3.0))
    bench.receive(
        payload(now - 2 * MINUTE_MS, water_level=1.0),
        payload(now + MINUTE_MS, water_level=4.0),
        payload(now - MINUTE_MS, water_level=2.0),
    )
    assert [value for _, value in values(bench)] == [1.0, 2.0, 3.0, 4.0]
    assert logged(bench)[1].value.tolist() == [1.0, 2.0, 4.0]
    assert logged(bench)[1].flag.tolist() == [packed.LATE, packed.LATE, 0]


def sample(**of: object) -> dict[str, Any]:
    at = now_ms()
    return {"sent": at, "samples": [{"ts": at, "values": of}]}


def text(value: str) -> bytes:
    return payload(water_level=1.5).replace(b":1.5", f":{value}".encode())


BAD = {
    "not JSON": (b"water level: 3", "not_json"),
    "empty": (b"", "not_json"),
    "invalid UTF-8": (b'{"samples":"\xff\xfe"}', "not_utf8"),
    "a list": (b"[]", "wrong_type"),
    "wrong type": (b'{"samples":17}', "wrong_type"),
    "NaN": (text("NaN"), "not_finite"),
    "infinity": (text("Infinity"), "not_finite"),
    "too large for a float": (text("1e999"), "not_finite"),
    "a number as text": (text('"1.5"'), "not_a_number"),
    "a bool as a number": (text("true"), "not_a_number"),
    "null": (text("null"), "not_a_number"),
    "unknown metric": (payload(mana=1.0), "unknown_metric"),
    "odd characters": (b'{"radio":{"a\\u0000b\\ud800":1}}', "unknown_metric"),
    "unknown unit": (
        encoded(sample(water_level=1.0) | {"units": {"water_level": "furlong"}}),
        "unknown_unit",
    ),
    "unit of another quantity": (
        encoded(sample(water_level=1.0) | {"units": {"water_level": "kWh"}}),
        "unknown_unit",
    ),
    "implausible": (payload(water_level=1e6), "implausible"),
    "overflow by the unit": (
        encoded(sample(active_power=1e308) | {"units": {"active_power": "MW"}}),
        "not_finite",
    ),
    "10 MB": (b'{"x":"' + b"a" * 10_000_000 + b'"}', "too_large"),
    "nested": (b"[" * 100_000, "too_deep"),
    "a name twice": (b'{"radio":{"rsrp":-90,"rsrp":-91}}', "duplicate_key"),
    "time without zone": (
        payload("2026-01-01T00:00:00", water_level=1.0),
        "bad_time",
    ),
    "bad seq": (encoded(sample(water_level=1.0) | {"seq": -1}), "bad_seq"),
    "no values": (b"{}", "no_values"),
    "year 2059": (payload("2059-06-01T00:00:00Z", water_level=1.0), "clock_future"),
    "year 2000": (payload("2000-01-01T00:00:00Z", water_level=1.0), "clock_past"),
    "year 9999": (payload("9999-12-31T23:59:59Z", water_level=1.0), "clock_future"),
    "year 1": (payload("0001-01-01T00:00:00Z", water_level=1.0), "clock_past"),
    "four months old": (
        payload(now_ms() - 120 * DAY_MS, water_level=1.0),
        "beyond_retention",
    ),
}


def test_bad_input_of_every_kind_is_quarantined_and_the_service_lives(
    bench: Bench,
) -> None:
    now = now_ms()
    for number, (raw, _) in enumerate(BAD.values()):
        bench.receive(raw, payload(now - number, battery_voltage=3.0))
    by_hash = {entry.sha256: entry for entry in bench.quarantine()}
    found = {
        name: by_hash[hashlib.sha256(raw).digest()] for name, (raw, _) in BAD.items()
    }
    assert {name: entry.reason for name, entry in found.items()} == {
        name: reason for name, (_, reason) in BAD.items()
    }
    for name, entry in found.items():
        assert (entry.park, entry.device, entry.format) == ("demo", "gauge", "native")
        assert (entry.source, entry.is_whole) == ("demo/native", True)
        assert entry.detail
        assert entry.topic.decode() == topic()
        assert entry.length == len(BAD[name][0])
        assert raw_of(bench, entry.id) == BAD[name][0][: 64 * 1024]
    count = len(BAD)
    assert {metric for _, metric, _, _ in bench.readings()} == {"battery_voltage"}
    assert len(bench.readings()) == count
    totals = bench.totals()
    assert (totals.received, totals.stored) == (2 * count, count)
    assert totals.quarantined == count
    assert len(bench.receiver.acknowledged) == 2 * count


def raw_of(bench: Bench, entry_id: UUID) -> bytes:
    with bench.database.transaction() as connection:
        kept = quarantine.get(connection, entry_id)
    assert kept is not None
    return kept.raw


TOPICS = {
    "parkpulse/v1//gauge/telemetry": "bad_topic",
    "parkpulse/v1/demo//telemetry": "bad_topic",
    "parkpulse/v1/demo/gauge/": "bad_topic",
    "parkpulse/v1/demo/gauge": "bad_topic",
    "parkpulse/v1/demo/gauge/telemetry/": "bad_topic",
    "parkpulse/v1/demo/gauge/temeletry": "bad_topic",
    "parkpulse/v1/demo/ga uge/telemetry": "bad_topic",
    "parkpulse/v1/demo/水位/telemetry": "bad_topic",
    f"parkpulse/v1/demo/{'x' * 65}/telemetry": "bad_topic",
    "parkpulse/v1/demo/gauge/down/nak": "bad_topic",
    "parkpulse/v1/demo/gauge/raw/carrier-pigeon": "unknown_format",
    "parkpulse/v1/atlantis/gauge/telemetry": "unknown_park",
}


def test_a_bad_topic_is_quarantined(bench: Bench) -> None:
    for name in TOPICS:
        bench.receive(payload(water_level=1.0), on=name)
    entries = bench.quarantine()
    assert {entry.topic.decode(): entry.reason for entry in entries} == TOPICS
    for entry in entries:
        is_readable = entry.reason == "unknown_park"
        assert entry.source == ("?/native" if is_readable else "?/unknown")
        assert entry.park is None
    assert bench.totals("?").quarantined == len(TOPICS)
    assert bench.readings() == []


def test_what_we_publish_ourselves_is_acknowledged_and_not_counted(
    bench: Bench,
) -> None:
    ours = bench.arrival(b"{}", "parkpulse/v1/demo/gauge/down")
    bench.number -= 1
    bench.worker.commit([ours._replace(number=0)])
    bench.worker.commit([ours._replace(number=0), bench.arrival(payload(rsrp=-90))])
    assert len(bench.receiver.acknowledged) == 3
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.is_balanced) == (1, 1, True)


def test_the_good_values_of_a_message_are_kept(bench: Bench) -> None:
    document = sample(water_level=150, battery_voltage="3.6", rsrp=-90, mana=1, snr=900)
    document["units"] = {"water_level": "cm", "rsrp": "dB"}
    bench.receive(encoded(document))
    assert [(metric, value) for _, metric, _, value in bench.readings()] == [
        ("water_level", 1.5)
    ]
    (entry,) = bench.quarantine()
    assert (entry.reason, entry.is_whole, entry.refused) == ("not_a_number", False, 4)
    for word in ("battery_voltage", "mana", "unknown_metric", "rsrp", "snr"):
        assert word in entry.detail
    totals = bench.totals()
    assert (totals.stored, totals.quarantined) == (1, 0)
    assert (totals.values_stored, totals.values_refused) == (1, 4)


def test_an_unknown_device_is_discovered_and_its_readings_kept(bench: Bench) -> None:
    bench.receive(payload(water_level=1.0), on=topic("new:1"))
    bench.receive(payload(rsrp=-90), on=topic("new:1"))
    assert bench.rows(b"select state from device where code = 'new:1'") == [
        ("discovered",)
    ]
    assert [(code, metric) for code, metric, _, _ in bench.readings()] == [
        ("new:1", "rsrp"),
        ("new:1", "water_level"),
    ]
    assert bench.totals("demo").stored == 2


def test_a_device_that_says_nothing_useful_is_not_registered(bench: Bench) -> None:
    bench.receive(payload(mana=1.0), on=topic("new"))
    bench.receive(b"junk", on=topic("new"))
    assert bench.rows(b"select 1 from device where code = 'new'") == []
    assert [entry.reason for entry in bench.quarantine()] == [
        "unknown_metric",
        "not_json",
    ]


def test_only_so_many_devices_are_discovered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registrar, "MOST_DISCOVERED_AN_HOUR", 3)
    for number in range(5):
        bench.receive(payload(water_level=1.0), on=topic(f"new-{number}"))
    bench.receive(payload(water_level=2.0), on=topic("new-1"))
    entries = bench.quarantine()
    assert [entry.reason for entry in entries] == ["too_many_discovered"] * 2
    assert "new-3" in entries[0].detail
    totals = bench.totals("demo")
    assert (totals.stored, totals.quarantined, totals.values_refused) == (4, 2, 2)


def test_what_is_described_later_is_known_at_once(bench: Bench) -> None:
    bench.receive(payload(water_level=1.0))
    second = park("second", devices=[ingesting.device("g", "water_level")])
    third = park("third", devices=[ingesting.device("g", "water_level")])
    with bench.database.transaction() as connection:
        registry.apply(connection, second)
    bench.receive(payload(water_level=1.0), on=topic("g", "second"))
    with bench.database.transaction() as connection:
        registry.apply(connection, third)
    for code in ("second", "third"):
        bench.receive(payload(rsrp=-90), on=topic("g", code))
    assert bench.totals("second").stored == 2
    assert bench.totals("third").stored == 1


def test_after_a_limit_quarantined_messages_are_only_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "KEPT_AN_HOUR", 5)
    for _ in range(3):
        bench.receive(b"junk", b"more junk", b"{}")
    assert sorted(entry.reason for entry in bench.quarantine()) == [
        *["no_values"] * 3,
        *["not_json"] * 5,
    ]
    assert bench.totals().quarantined == 9
    assert bench.rows(
        b"select reason, sum(n)::int from quarantine_count group by reason order by 1"
    ) == [("no_values", 3), ("not_json", 6)]


def test_names_from_outside_do_not_multiply_the_limit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "KEPT_AN_HOUR", 5)
    for number in range(9):
        bench.receive(payload(rsrp=-90), on=topic(f"d{number}", f"park{number}"))
    assert len(bench.quarantine()) == 5
