"""Ingest's pure parts against naive models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import fold, outcomes, pipeline, placing
from ingest.arrivals import Arrival
from ingest.fold import OnDifference
from ingest.formats import Reader
from parkpulse.model import instants
from parkpulse.model.directory import (
    Calibration,
    DeviceEntry,
    Directory,
    ParkEntry,
    SeriesEntry,
)
from parkpulse.store.ledger import Counts

if TYPE_CHECKING:
    from ingest.placing import Values
    from parkpulse.model.packed import ByteArray

Key = tuple[int, int]
SMALL = st.integers(0, 3)
ROWS = st.lists(st.tuples(SMALL, SMALL, st.sampled_from([0.0, 1.0, 2.0])), max_size=30)
STORED = st.dictionaries(st.tuples(SMALL, SMALL), st.sampled_from([0.0, 1.0, 2.0]))


@given(ROWS, STORED, st.sampled_from(OnDifference))
def test_folding_equals_taking_one_value_after_the_other(
    rows: list[tuple[int, int, float]],
    stored: dict[Key, float],
    on_difference: OnDifference,
) -> None:
    kinds, before = [], []
    held = dict(stored)
    for series, ts, value in rows:
        old = held.get((series, ts))
        before.append(old)
        if old is None:
            kinds.append(fold.NEW)
        elif old == value:
            kinds.append(fold.DUPLICATE)
        elif on_difference is OnDifference.REPLACE:
            kinds.append(fold.CORRECTED)
        else:
            kinds.append(fold.KEPT)
            continue
        held[series, ts] = value
    series_column = np.array([row[0] for row in rows], np.int32)
    ts_column = np.array([row[1] for row in rows], np.int64)
    value_column = np.array([row[2] for row in rows], np.float64)
    folded = fold.fold(series_column, ts_column)
    keys = [
        (int(series_column[index]), int(ts_column[index])) for index in folded.first
    ]
    assert keys == sorted({(series, ts) for series, ts, _ in rows})
    exists = np.array([key in stored for key in keys], np.bool_)
    values = np.array([stored.get(key, np.nan) for key in keys])
    found = fold.classify(folded, value_column, exists, values, on_difference)
    assert found.kind.tolist() == kinds
    assert [None if np.isnan(old) else old for old in found.before] == before
    final = fold.final(folded, value_column, exists, values, on_difference)
    assert dict(zip(keys, final.tolist(), strict=True)) == {
        key: held[key] for key in keys
    }


CALIBRATIONS = st.dictionaries(
    st.integers(0, 3),
    st.dictionaries(
        st.integers(-5, 5), st.tuples(st.integers(1, 3), st.integers(-2, 2))
    ),
)


@given(
    CALIBRATIONS,
    st.lists(st.tuples(st.integers(0, 3), st.integers(-7, 7), st.integers(-9, 9))),
)
def test_calibration_equals_looking_up_each_value(
    dated: dict[int, dict[int, tuple[int, int]]], rows: list[tuple[int, int, int]]
) -> None:
    known = Directory()
    device = DeviceEntry(1, ParkEntry(1, "p", "wall", 0, None), "d", True)  # noqa: FBT003 - a field
    for row, metric in enumerate(("water_level", "flow_rate", "rsrp", "snr")):
        calibrations = [
            Calibration(since, float(scale), float(offset))
            for since, (scale, offset) in sorted(dated.get(row, {}).items())
        ]
        known.add_series(device, SeriesEntry(row, metric, 0, tuple(calibrations)))
    expected = []
    for row, ts, value in rows:
        valid = [since for since in dated.get(row, {}) if since <= ts]
        scale, offset = dated[row][max(valid)] if valid else (1, 0)
        expected.append(float(scale * value + offset))
    found = placing.calibrate(
        known.columns(),
        np.array([row for row, _, _ in rows], np.int64),
        np.array([ts for _, ts, _ in rows], np.int64),
        np.array([value for _, _, value in rows], np.float64),
    )
    assert found.tolist() == expected


NOW = 1_790_000_000 * instants.SECOND
TIMES = st.sampled_from(
    [None, 0, NOW // 1000, NOW // 1000 - 60_000, "2059-01-01T00:00:00Z", "soon", True]
)
SAMPLES = st.fixed_dictionaries(
    {
        "values": st.dictionaries(
            st.sampled_from(["water_level", "rsrp", "mana", "rainfall_interval"]),
            st.sampled_from([0, 1.5, -90, 1e9, "1", None, True]),
            max_size=4,
        )
    },
    optional={"ts": TIMES},
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "seq": st.sampled_from([0, -1, None, 1.5]),
        "sent": TIMES,
        "samples": st.lists(SAMPLES, max_size=3),
        "units": st.sampled_from([{}, {"water_level": "cm"}, {"rsrp": "kWh"}, 7]),
    },
).map(msgspec.json.encode) | st.binary(max_size=20)
TOPICS = st.builds(
    "parkpulse/v1/{}/{}/{}".format,
    st.sampled_from(["p", "data", "nowhere", ""]),
    st.sampled_from(["d", "untrusted", "unregistered"]),
    st.sampled_from(["telemetry", "telemetry", "telemetry", "raw/x", "down/ack"]),
)


def directory() -> Directory:
    known = Directory()
    parks = [
        ParkEntry(1, "p", "wall", NOW - 365 * instants.DAY, None),
        ParkEntry(2, "data", "data", 0, None),
    ]
    for park in parks:
        known.add_park(park)
        for number, is_trusted in enumerate((True, False)):
            code = "d" if is_trusted else "untrusted"
            device = DeviceEntry(10 * park.id + number, park, code, is_trusted)
            known.add_device(device)
            for offset, metric in enumerate(("water_level", "rainfall_interval")):
                series_id = 10 * device.id + offset
                known.add_series(device, SeriesEntry(series_id, metric))
    return known


def judge(values: Values, held: dict[Key, float]) -> ByteArray:
    """What a store would make of the values, one after the other."""
    kinds = []
    for series, ts, value in zip(
        values.series.tolist(), values.ts.tolist(), values.value.tolist(), strict=True
    ):
        old = held.get((series, ts))
        same = fold.DUPLICATE if old == value else fold.CORRECTED
        kinds.append(fold.NEW if old is None else same)
        held[series, ts] = value
    return np.array(kinds, np.uint8)


@settings(max_examples=300)
@given(st.lists(st.lists(st.tuples(TOPICS, MESSAGES), max_size=8), max_size=4))
def test_every_message_and_every_value_has_exactly_one_outcome(
    batches: list[list[tuple[str, bytes]]],
) -> None:
    known = directory()
    held: dict[Key, float] = {}
    total = Counts()
    values_in = number = 0
    for batch in batches:
        arrivals = [
            Arrival(number + index, NOW + index, topic, raw)
            for index, (topic, raw) in enumerate(batch, 1)
        ]
        received = outcomes.received(arrivals, number, known)
        number += len(arrivals)
        letters = pipeline.read(arrivals, known, Reader())
        pipeline.resolve(letters, known)
        receipts = {
            index: letters[index].arrival.received_us
            for index in pipeline.untimed(letters)
        }
        values, _ = placing.place(letters, known, {}, receipts, 90 * instants.DAY)
        kinds = judge(values, held)
        counts = outcomes.count(letters, values.letter, kinds)
        values_in += sum(
            len(part.message.values) + len(part.message.refused)
            for each in letters
            for part in each.parts
        )
        for each in outcomes.add(received, counts).values():
            assert each.is_balanced
            for name in total.__slots__:
                setattr(total, name, getattr(total, name) + getattr(each, name))
        in_quarantine = outcomes.quarantined("w", letters)
        assert len(in_quarantine) == sum(bool(each.refused) for each in letters)
        assert sum(each.is_whole for each in in_quarantine) == sum(
            each.quarantined for each in counts.values()
        )
    assert total.received == sum(map(len, batches))
    assert total.is_balanced
    assert values_in == (
        total.values_stored
        + total.values_duplicate
        + total.values_corrected
        + total.values_refused
    )
