"""Batches of messages on a real TimescaleDB, without a network."""

from __future__ import annotations

import hashlib
import random
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest

from ingest import registrar
from parkpulse.errors import ConfigError
from parkpulse.model import instants, packed
from parkpulse.store import batchlog, quarantine, registry, workers
from parkpulse.wire import native
from tests.integration import ingesting
from tests.integration.ingesting import Bench, now_ms, now_us, park, payload, topic
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from parkpulse.model.message import Message
    from parkpulse.model.packed import LoggedBatch
    from tests.plugins.fix_proxy import Proxy

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


def values(bench: Bench, device: str = "gauge") -> list[tuple[int, float]]:
    """Time [us] and value of the water levels, or what the device has."""
    return [(ts, value) for code, _, ts, value in bench.readings() if code == device]


def logged(bench: Bench) -> list[LoggedBatch]:
    with bench.database.transaction() as connection:
        return batchlog.tail(connection, {}, 1000)


def audited(bench: Bench) -> list[tuple[float, float, str]]:
    return bench.rows(
        b"select old_value, new_value, cause from reading_audit order by at, ts"
    )


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


def encoded(document: object) -> bytes:
    return msgspec.json.encode(document)


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
    "parkpulse/v1/demo/gauge/down/ack": "bad_topic",
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


def test_an_untrusted_clock_takes_the_sent_time(bench: Bench) -> None:
    sent, told = now_ms(), 946_684_800_000
    document = {
        "sent": sent,
        "samples": [
            {"ts": told, "values": {"water_level": 1.0}},
            {"ts": told + 5000, "values": {"water_level": 2.0}},
            {"values": {"battery_voltage": 3.0}},
        ],
    }
    bench.receive(encoded(document), encoded(document), on=topic("drifting"))
    assert bench.readings() == [
        ("drifting", "battery_voltage", sent * 1000, 3.0),
        ("drifting", "water_level", (sent - 5000) * 1000, 1.0),
        ("drifting", "water_level", sent * 1000, 2.0),
    ]
    assert bench.totals().duplicate == 1


def test_an_interval_stamped_with_its_start_is_stored_with_its_end(
    bench: Bench,
) -> None:
    start = now_ms() - 15 * MINUTE_MS
    bench.receive(payload(start, rainfall_interval=0.4), on=topic("rain"))
    assert values(bench, "rain") == [((start + 15 * MINUTE_MS) * 1000, 0.4)]


def test_calibrations_apply_by_their_date(bench: Bench) -> None:
    bench.register(park(clock="data"))
    change = datetime(2026, 1, 1, tzinfo=UTC)
    at = instants.to_us(change) // 1000
    bench.receive(
        payload(at - 1, active_power=10.0),
        payload(at, active_power=10.0),
        payload(at + 1, active_power=10.0),
        on=topic("meter"),
    )
    assert [value for _, value in values(bench, "meter")] == [10.0, 205.0, 205.0]


def test_a_value_without_a_time_takes_the_sent_time(bench: Bench) -> None:
    sent = now_ms()
    bench.receive(encoded({"sent": sent, "samples": [{"values": {"water_level": 1}}]}))
    assert values(bench) == [(sent * 1000, 1.0)]


def test_a_message_without_any_time_takes_its_first_receipt(bench: Bench) -> None:
    raw = encoded({"samples": [{"values": {"water_level": 1.0}}]})
    first = now_us() - instants.HOUR
    times = [first, first + 59 * instants.MINUTE, first + 61 * instants.MINUTE]
    for received in (times[0], times[1]):
        bench.worker.commit([bench.arrival(raw, received_us=received)])
    later = [*times[1:], times[2] + 30 * instants.MINUTE, times[2] + instants.HOUR]
    bench.worker.commit([bench.arrival(raw, received_us=each) for each in later])
    assert values(bench) == [
        (first, 1.0),
        (times[2], 1.0),
        (times[2] + instants.HOUR, 1.0),
    ]
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.duplicate) == (6, 3, 3)


def test_the_same_payload_of_another_device_is_another_message(bench: Bench) -> None:
    raw = encoded({"samples": [{"values": {"water_level": 1.0}}]})
    bench.worker.commit([bench.arrival(raw), bench.arrival(raw, topic("drifting"))])
    assert bench.totals().stored == 2


@pytest.mark.parametrize(
    ("offset_ms", "is_stored"), [(4 * MINUTE_MS, True), (6 * MINUTE_MS, False)]
)
def test_the_future_begins_five_minutes_ahead(
    bench: Bench, offset_ms: int, *, is_stored: bool
) -> None:
    bench.receive(payload(now_ms() + offset_ms, water_level=1.0))
    assert bool(bench.readings()) is is_stored
    assert [e.reason for e in bench.quarantine()] == (
        [] if is_stored else ["clock_future"]
    )


def test_a_data_clock_is_the_newest_sent_time(bench: Bench) -> None:
    bench.register(park("past", clock="data"))
    start = instants.to_us(datetime(2024, 2, 19, tzinfo=UTC)) // 1000
    bench.receive(
        payload(start, water_level=1.0),
        payload(start + DAY_MS, water_level=2.0),
        encoded(
            {
                "sent": start + DAY_MS,
                "samples": [
                    {"ts": start + 2 * DAY_MS, "values": {"water_level": 9.0}},
                    {"ts": start - 100 * DAY_MS, "values": {"water_level": 9.0}},
                    {"ts": start + 2 * DAY_MS - DAY_MS, "values": {"water_level": 2.0}},
                ],
            }
        ),
        on=topic("gauge", "past"),
    )
    assert bench.rows(b"select data_now from park where code = 'past'") == [
        (datetime(2024, 2, 20, tzinfo=UTC),)
    ]
    assert [value for _, value in values(bench)] == [1.0, 2.0]
    (entry,) = bench.quarantine()
    assert "clock_future" in (entry.reason, *entry.detail.split())
    assert "beyond_retention" in entry.detail
    totals = bench.totals()
    assert (totals.stored, totals.duplicate) == (2, 1)


def test_a_wild_sent_time_does_not_move_a_data_clock(bench: Bench) -> None:
    bench.register(park("past", clock="data"))
    bench.receive(
        payload("2059-01-01T00:00:00Z", water_level=9.0),
        payload("2024-02-19T00:00:00Z", water_level=1.0),
        on=topic("gauge", "past"),
    )
    assert [value for _, value in values(bench)] == [1.0]
    assert [entry.reason for entry in bench.quarantine()] == ["clock_future"]


def test_a_restarted_worker_knows_how_far_a_data_clock_stands(bench: Bench) -> None:
    bench.register(park("past", clock="data"))
    bench.receive(
        payload("2024-02-19T00:00:00Z", water_level=1.0), on=topic("gauge", "past")
    )
    again = Bench(bench.database._url, "ingest-2")
    untimely = encoded(
        {"samples": [{"ts": "2024-02-20T00:00:00Z", "values": {"water_level": 1.0}}]}
    )
    again.receive(untimely, on=topic("gauge", "past"))
    assert [entry.reason for entry in again.quarantine()] == ["clock_future"]
    again.close()


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


def test_a_message_that_the_database_refuses_is_found_and_quarantined(
    bench: Bench,
) -> None:
    with bench.database.transaction() as connection:
        connection.execute("alter table reading add check (value <> 66)")
    levels = [*range(60, 71), 66]
    now = now_ms()
    bench.receive(*(payload(now + i, water_level=v) for i, v in enumerate(levels)))
    assert sorted(value for _, value in values(bench)) == [
        *range(60, 66),
        *range(67, 71),
    ]
    entries = bench.quarantine()
    assert [entry.reason for entry in entries] == ["refused_by_database"] * 2
    assert "check constraint" in entries[0].detail
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.quarantined) == (12, 10, 2)
    assert totals.values_refused == 2
    mids = [each.mid for each in bench.receiver.acknowledged]
    assert mids == sorted(mids)
    assert len(mids) == 12


def test_a_message_on_which_the_program_fails_is_quarantined(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = native.decode

    def fails(raw: bytes) -> Message:
        if b"poison" in raw:
            raise ZeroDivisionError(raw)
        return decode(raw)

    monkeypatch.setattr(native, "decode", fails)
    now = now_ms()
    good = [payload(now + number, water_level=1.0) for number in range(9)]
    bench.receive(*good[:5], b"poison", *good[5:])
    assert len(bench.readings()) == 9
    (entry,) = bench.quarantine()
    assert (entry.reason, entry.device) == ("internal_error", "gauge")
    assert "ZeroDivisionError" in entry.detail
    totals = bench.totals("demo")
    assert (totals.received, totals.stored, totals.quarantined) == (10, 9, 1)
    assert [each.number for each in bench.receiver.acknowledged] == [*range(1, 11)]


def test_nothing_is_lost_or_acknowledged_while_the_database_is_away(
    database_url: str, bench: Bench, proxy: Callable[[int], Proxy]
) -> None:
    port = urlsplit(database_url).port or 0
    gate = proxy(port)
    away = Bench(database_url.replace(f":{port}/", f":{gate.port}/"), "ingest-2")
    away.receive(payload(water_level=1.0))
    gate.cut()
    later = [away.arrival(payload(battery_voltage=v)) for v in (3.0, 3.1)]
    committing = threading.Thread(target=away.worker.commit, args=(later,))
    committing.start()
    committing.join(1.0)
    assert committing.is_alive()
    assert len(away.receiver.acknowledged) == 1
    assert len(bench.readings()) == 1
    gate.heal()
    committing.join(30.0)
    assert not committing.is_alive()
    assert len(away.receiver.acknowledged) == 3
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.is_balanced) == (3, 3, True)
    away.close()


def test_a_stop_while_the_database_is_away_leaves_the_rest_to_the_broker(
    database_url: str, proxy: Callable[[int], Proxy], bench: Bench
) -> None:
    port = urlsplit(database_url).port or 0
    gate = proxy(port)
    away = Bench(database_url.replace(f":{port}/", f":{gate.port}/"), "ingest-2")
    gate.cut()
    away.inbox.put(away.arrival(payload(water_level=1.0)))
    working = threading.Thread(target=away.worker.run)
    working.start()
    wait_until(lambda: len(away.inbox) == 0)
    away.stop.set()
    working.join(30.0)
    assert not working.is_alive()
    assert away.receiver.acknowledged == []
    assert bench.readings() == []
    away.close()


def test_a_commit_whose_answer_was_lost_is_not_counted_twice(bench: Bench) -> None:
    arrivals = [bench.arrival(payload(water_level=1.0)), bench.arrival(b"junk")]
    bench.worker.commit(arrivals)
    bench.worker._committed = 0  # as if the connection had been lost in the commit
    bench.worker.commit(arrivals)
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.quarantined) == (2, 1, 1)
    assert (totals.duplicate, len(bench.quarantine())) == (0, 1)
    bench.receive(payload(battery_voltage=3.0))
    assert bench.totals().stored == 2


def test_only_one_process_can_be_a_worker(bench: Bench) -> None:
    bench.receive(payload(water_level=1.0))
    other = Bench(bench.database._url, "ingest-1")
    with pytest.raises(ConfigError, match="--worker"):
        bench.receive(payload(battery_voltage=3.0))
    bench.worker._next_report = 0.0
    with pytest.raises(ConfigError, match="--worker"):
        bench.worker._report()
    other.receive(payload(battery_voltage=3.0))
    assert bench.totals().stored == 2
    other.close()


def test_a_message_lost_inside_shows_as_a_difference(bench: Bench) -> None:
    bench.receive(payload(water_level=1.0))
    bench.arrival(b"never committed")
    bench.receive(payload(battery_voltage=3.0))
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.is_balanced) == (3, 2, False)


def test_what_the_broker_drops_enters_the_ledger_once(bench: Bench) -> None:
    for total in (100, 100, 107, 107, 3):  # then the broker begins anew
        bench.receiver.dropped_by_broker = total
        bench.worker._next_report = 0.0
        bench.worker._report()
    totals = bench.totals("?")
    assert (totals.dropped_by_broker, totals.is_balanced) == (10, True)


def test_a_worker_gives_signs_of_life(bench: Bench) -> None:
    bench.inbox.put(bench.arrival(b"waiting"))
    bench.worker._next_report = 0.0
    bench.worker._report()
    with bench.database.transaction() as connection:
        (worker,) = workers.workers(connection)
    assert (worker.writer, worker.is_connected, worker.waiting) == ("ingest-1", True, 1)


def test_two_workers_may_store_the_same_readings_at_once(
    bench: Bench, database_url: str
) -> None:
    benches = [Bench(database_url, f"ingest-{n}") for n in (2, 3)]
    now = now_ms()
    messages = [
        payload(now - second * 1000, water_level=second % 7, battery_voltage=3.0)
        for second in range(200)
    ]

    def work(each: Bench) -> None:
        shuffled = messages.copy()
        random.Random(id(each)).shuffle(shuffled)  # noqa: S311 - no secret
        for start in range(0, 200, 20):
            each.receive(*shuffled[start : start + 20])

    threads = [threading.Thread(target=work, args=(each,)) for each in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
        assert not thread.is_alive()
    totals = bench.totals()
    assert (totals.received, totals.stored, totals.duplicate) == (400, 200, 200)
    assert (totals.values_stored, totals.values_corrected) == (400, 0)
    assert len(bench.readings()) == 400
    assert sum(len(batch) for batch in logged(bench)) == 400
    for each in benches:
        each.close()


class Model:
    """What is stored and counted, one value after the other."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, int], float] = {}
        self.audits: list[tuple[float, float]] = []
        self.stored = 0
        self.duplicate = 0

    def take(self, metric: str, at_us: int, value: float) -> None:
        before = self.values.get((metric, at_us))
        if before is None:
            self.stored += 1
        elif before == value:
            self.duplicate += 1
        else:
            self.audits.append((before, value))
        self.values[metric, at_us] = value


def test_the_store_equals_a_naive_model(bench: Bench) -> None:
    draw = random.Random(20261122)  # noqa: S311 - no secret
    now = now_ms()
    model = Model()
    for _ in range(25):
        batch = []
        for _ in range(draw.randint(1, 30)):
            at = now - 1000 * draw.randint(0, 40)
            metric = draw.choice(["water_level", "battery_voltage"])
            value = float(draw.randint(0, 2))
            batch.append(payload(at, **{metric: value}))
            model.take(metric, at * 1000, value)
        bench.receive(*batch)
    assert {(m, ts): v for _, m, ts, v in bench.readings()} == model.values
    totals = bench.totals()
    assert totals.values_stored == model.stored
    assert totals.values_duplicate == totals.duplicate == model.duplicate
    assert totals.values_corrected == len(model.audits)
    assert totals.stored == model.stored + len(model.audits)
    assert totals.is_balanced
    found = bench.rows(b"select old_value, new_value from reading_audit")
    assert sorted(found) == sorted(model.audits)
    assert followed(bench) == sorted(model.values.values())


def followed(bench: Bench) -> list[float]:
    """Values that somebody knows who has only read the batch log."""
    known: dict[tuple[int, int], float] = {}
    for batch in logged(bench):
        keys = zip(batch.series.tolist(), batch.ts.tolist(), strict=True)
        known |= dict(zip(keys, batch.value.tolist(), strict=True))
    return sorted(known.values())
