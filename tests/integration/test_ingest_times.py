"""Clocks, stamps and dated calibrations, on a real TimescaleDB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from parkpulse.model import instants
from tests.integration import ingesting
from tests.integration.ingesting import (
    Bench,
    encoded,
    now_ms,
    now_us,
    park,
    payload,
    topic,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


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
