"""Messages to readings, without database."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from ingest import outcomes, pipeline, placing, topics
from ingest.arrivals import Arrival
from ingest.formats import Reader
from parkpulse.model import instants
from parkpulse.model.directory import (
    Calibration,
    DeviceEntry,
    Directory,
    ParkEntry,
    SeriesEntry,
)
from parkpulse.model.message import Message

if TYPE_CHECKING:
    from ingest.pipeline import Letter
    from ingest.placing import Values

NOW = 1_790_000_000 * instants.SECOND
RETENTION = 90 * instants.DAY


def directory() -> Directory:
    known = Directory()
    park = ParkEntry(65, "p", "wall", NOW - 60 * instants.DAY, None)
    known.add_park(park)
    for number, (code, is_trusted) in enumerate((("a", True), ("b", False))):
        device = DeviceEntry(number, park, code, is_trusted)
        known.add_device(device)
        known.add_series(device, SeriesEntry(10 * number + 1, "water_level"))
        known.add_series(
            device,
            SeriesEntry(10 * number + 2, "rainfall_interval", 900 * instants.SECOND),
        )
        known.add_series(
            device,
            SeriesEntry(
                10 * number + 3,
                "active_power",
                0,
                (Calibration(NOW - 10, 20.0, 1.0), Calibration(NOW, 40.0, -1.0)),
            ),
        )
    return known


def letter(document: object, device: str = "a", park: str = "p") -> Arrival:
    return Arrival(
        1, NOW, f"parkpulse/v1/{park}/{device}/telemetry", msgspec.json.encode(document)
    )


def placed(*arrivals: Arrival) -> tuple[list[Letter], Values]:
    known = directory()
    letters = pipeline.read(arrivals, known, Reader())
    pipeline.resolve(letters, known)
    values, _ = placing.place(letters, known, {}, {}, RETENTION)
    return letters, values


def one(at: object, **values: float) -> dict[str, object]:
    return {"samples": [{"ts": at, "values": values}]}


def iso(moment_us: int) -> str:
    return instants.from_us(moment_us).isoformat()


def test_readings_carry_series_slot_time_and_value() -> None:
    letters, values = placed(letter(one(iso(NOW), water_level=1.5)))
    assert letters[0].refused == []
    row = [column.tolist() for column in dataclasses.astuple(values)]
    assert row == [[0], [1], [1], [NOW], [1.5], [2]]


def test_units_are_brought_to_the_metrics_own() -> None:
    document = one(iso(NOW), water_level=150) | {"units": {"water_level": "cm"}}
    _, values = placed(letter(document))
    assert values.value.tolist() == [1.5]


def test_an_interval_stamped_with_its_start_moves_to_its_end() -> None:
    at = NOW - instants.HOUR
    _, values = placed(letter(one(iso(at), rainfall_interval=1)))
    assert values.ts.tolist() == [at + 900 * instants.SECOND]


def test_an_untrusted_interval_has_the_sent_time_as_its_end() -> None:
    document = one(0, rainfall_interval=1) | {"sent": iso(NOW)}
    _, values = placed(letter(document, "b"))
    assert values.ts.tolist() == [NOW]


@pytest.mark.parametrize(
    ("offset", "expected"), [(-11, 10.0), (-10, 201.0), (-1, 201.0), (0, 399.0)]
)
def test_the_newest_calibration_before_a_reading_applies(
    offset: int, expected: float
) -> None:
    _, values = placed(letter(one(iso(NOW + offset), active_power=10)))
    assert values.value.tolist() == [expected]


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (NOW + placing.AHEAD_US, None),
        (NOW + placing.AHEAD_US + 1, "clock_future"),
        (NOW - 60 * instants.DAY, None),
        (NOW - 60 * instants.DAY - 1, "clock_past"),
    ],
)
def test_the_time_window_is_closed(at: int, reason: str | None) -> None:
    (found,), values = placed(letter(one(iso(at), water_level=1)))
    assert [each.reason for each in found.refused] == ([reason] if reason else [])
    assert len(values.ts) == (reason is None)


def test_the_retention_counts_from_the_parks_clock() -> None:
    known = directory()
    letters = pipeline.read(
        [letter(one(iso(NOW - 1001), water_level=1))], known, Reader()
    )
    pipeline.resolve(letters, known)
    values, _ = placing.place(letters, known, {}, {}, 1000)
    assert [each.reason for each in letters[0].refused] == ["beyond_retention"]
    assert len(values.ts) == 0


def test_the_observed_time_depends_on_message_and_device_only() -> None:
    known = directory()
    message = Message(["water_level"] * 3, [1.0, 2.0, 3.0], [10, None, 30], sent_us=100)
    trusted, untrusted = known.device("p", "a"), known.device("p", "b")
    assert trusted is not None
    assert untrusted is not None
    assert pipeline.observed(message, trusted, None) == [10, 100, 30]
    assert pipeline.observed(message, untrusted, None) == [80, 100, 100]
    message.sent_us = None
    assert pipeline.observed(message, trusted, 200) == [10, 200, 30]
    assert pipeline.observed(message, untrusted, 200) == [180, 200, 200]


def test_what_is_missing_in_the_registry_is_named() -> None:
    known = directory()
    letters = pipeline.read(
        [
            letter(one(iso(NOW), water_level=1, rsrp=-90)),
            letter(one(iso(NOW), snr=1, mana=1), "new"),
            letter(one(iso(NOW), mana=1), "useless"),
            letter(one(iso(NOW), rsrp=1), "c", park="nowhere"),
        ],
        known,
        Reader(),
    )
    missing = {
        address.device: metrics
        for address, metrics in pipeline.missing(letters, known).items()
    }
    assert missing == {"a": {"rsrp"}, "new": {"snr"}}


def test_details_say_enough_and_not_too_much() -> None:
    values = {f"metric-{number}": 1.0 for number in range(9000)}
    (found,), _ = placed(letter(one(iso(NOW), **values)))
    reason, detail = outcomes.explain(found)
    assert reason == "unknown_metric"
    assert "metric-0" in detail
    assert "and 8995 more" in detail
    assert len(detail) < 500


def test_what_postgresql_cannot_hold_is_made_printable() -> None:
    assert outcomes.printable("a\0b\ud800c") == "a\\x00b\\ud800c"
    assert len(outcomes.printable("水" * 5000)) == 2001


def test_overflow_by_the_calibration_is_refused() -> None:
    document = one(iso(NOW), active_power=1.7e308)
    (found,), values = placed(letter(document))
    assert [each.reason for each in found.refused] == ["not_finite"]
    assert len(values.value) == 0
    assert math.isfinite(np.sum(values.value))


def test_a_letter_may_speak_of_several_devices() -> None:
    known = directory()
    (found,) = pipeline.read([letter(one(iso(NOW), water_level=1))], known, Reader())
    stranger = topics.Address("p", "stranger", "native")
    found.parts += [
        pipeline.Part(
            found.parts[0].address._replace(device="b"),
            Message(["water_level"], [2.0], [None], sent_us=NOW),
        ),
        pipeline.Part(stranger, Message(["water_level"] * 2, [3.0, 4.0], [NOW, NOW])),
    ]
    pipeline.resolve([found], known)
    values, _ = placing.place([found], known, {}, {}, RETENTION)
    assert values.value.tolist() == [1.0, 2.0]
    assert values.letter.tolist() == [0, 0]
    assert [each.reason for each in found.refused] == ["too_many_discovered"] * 2
    assert not found.is_whole
