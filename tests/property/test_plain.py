"""The fast lane says the same of every message as the slow one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import outcomes, pipeline, placing, plain
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

if TYPE_CHECKING:
    from ingest.plain import Messages
    from parkpulse.store.ledger import Counts, Key

NOW = 1_790_000_000 * instants.SECOND
NOW_MS = NOW // 1000
RETENTION = 90 * instants.DAY
TIMES = st.sampled_from(
    [NOW_MS, NOW_MS - 60_000, NOW_MS + 10**7, 0, 10**17, 1.5, "2026-01-01T00:00:00Z"]
)
VALUES = st.dictionaries(
    st.sampled_from(["water_level", "water_level", "rainfall_interval", "mana", "é"]),
    st.sampled_from([0, 1.5, -0.25, 1e9, 2, "1", None]),
    max_size=3,
)
SAMPLES = st.fixed_dictionaries({"values": VALUES}, optional={"ts": TIMES})
DOCUMENTS = st.fixed_dictionaries(
    {"samples": st.lists(SAMPLES, max_size=3)},
    optional={
        "seq": st.sampled_from([0, 7, -1, None, 2**63]),
        "sent": TIMES,
        "units": st.just({"water_level": "cm"}),
        "radio": st.just({"rsrp": -90}),
        "other": st.just(1),
    },
)
PLAIN = st.builds(
    lambda at, level: {"samples": [{"ts": at, "values": {"water_level": level}}]},
    st.sampled_from([NOW_MS, NOW_MS - 1]),
    st.sampled_from([0.5, 1, 1e9]),
)
TWICE = b'{"samples":[{"ts":1790000000000,"values":{"water_level":1,"water_level":2}}]}'
PAYLOADS = st.one_of(
    PLAIN.map(msgspec.json.encode),
    DOCUMENTS.map(msgspec.json.encode),
    st.sampled_from(
        [TWICE, b'{"samples":[{"ts":1790000000000,"values":{"\\u0077":1}}]}']
    ),
    st.binary(max_size=9),
)
TOPICS = st.builds(
    "parkpulse/v1/{}/{}/{}".format,
    st.sampled_from(["p", "p", "data", "nowhere"]),
    st.sampled_from(["d", "d", "untrusted", "retired", "stranger", "a/b"]),
    st.sampled_from(["telemetry", "telemetry", "telemetry", "raw/x", "x/telemetry"]),
)


def directory() -> Directory:
    known = Directory()
    for park in (
        ParkEntry(1, "p", "wall", NOW - 365 * instants.DAY, None),
        ParkEntry(2, "data", "data", 0, None),
    ):
        known.add_park(park)
        for number, code in enumerate(("d", "untrusted", "retired")):
            device = DeviceEntry(10 * park.id + number, park, code, code != "untrusted")
            device.is_retired = code == "retired"
            known.add_device(device)
            dated = (Calibration(NOW - instants.DAY, 2.0, 1.0),)
            known.add_series(device, SeriesEntry(device.id, "water_level", 0, dated))
            rain = SeriesEntry(device.id + 100, "rainfall_interval", instants.MINUTE)
            known.add_series(device, rain)
    return known


def told(
    arrivals: list[Arrival], messages: Messages
) -> tuple[list[list[float]], dict[Key, Counts], list[str]]:
    """Values and places in order, ledger, and reasons in the quarantine."""
    known = directory()
    rest = [arrivals[position] for position in messages.rest]
    letters = pipeline.read(rest, known, Reader())
    pipeline.resolve(letters, known)
    receipts = dict.fromkeys(pipeline.untimed(letters), NOW)
    placed, _ = placing.place(letters, known, {}, receipts, RETENTION)
    values = messages.joined(placed)
    position = np.concatenate([messages.rest, messages.position]).astype(int)
    kind = np.arange(len(values.ts), dtype=np.uint8) % 3
    counts = outcomes.add(
        outcomes.received(arrivals, 0, known),
        outcomes.count(letters, values.letter, kind),
        outcomes.count_plain(messages, len(letters), values.letter, kind, known),
    )
    columns = (position[values.letter], values.series, values.ts, values.value)
    reasons = [each.reason for each in outcomes.quarantined("w", letters)]
    return [column.tolist() for column in columns], counts, reasons


@settings(max_examples=150)
@given(st.lists(st.tuples(TOPICS, PAYLOADS), min_size=1, max_size=12))
def test_the_fast_lane_changes_nothing(batch: list[tuple[str, bytes]]) -> None:
    arrivals = [
        Arrival(index, NOW + index, topic, raw)
        for index, (topic, raw) in enumerate(batch, 1)
    ]
    fast = plain.sort_out(arrivals, directory(), RETENTION)
    assert told(arrivals, fast) == told(arrivals, plain.leave(arrivals))


def test_what_is_usual_takes_the_fast_lane() -> None:
    payload = b'{"seq":7,"samples":[{"ts":%d,"values":{"water_level":1}}]}' % NOW_MS
    arrivals = [
        Arrival(index, NOW, f"parkpulse/v1/p/{device}/telemetry", payload)
        for index, device in enumerate(("d", "stranger", "d", "untrusted"), 1)
    ]
    messages = plain.sort_out(arrivals, directory(), RETENTION)
    assert messages.position.tolist() == [0, 2]
    assert list(messages.rest) == [1, 3]
    assert messages.seq.tolist() == [7, 7]
    assert messages.values.value.tolist() == [3.0, 3.0]
