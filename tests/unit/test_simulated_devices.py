"""Devices: their past, their present, and what goes wrong with them."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from typing_extensions import override

from parkpulse.wire import native
from simulators import history, radio
from simulators.faults import RESET_CLOCK_S, Faults
from simulators.live import Live
from simulators.messages import Numbering, Outgoing
from simulators.station import Station
from simulators.streams import Source, Stream

DAY = 86400
BEGAN = 1_795_338_000
NOW = BEGAN + 12_345
LEVEL = Stream("level", ("water_level",), 300, 31, 15, radio=True)
RAIN = Stream("rain", ("rainfall_total",), 300, 31, 30, 2, radio=True)
METER = Stream("meter", ("active_power", "active_energy_import"), 3600, 400, 60)
STREAMS = [LEVEL, RAIN, METER]
FAULTLESS = Faults(3, "level", "rain", 0, 0, 0, 0, 0, 0)
Readings = collections.Counter[tuple[str, str, int, float]]


class Ramp(Source):
    """Every metric says the time."""

    seed = 3
    began_s = BEGAN

    @override
    def reading(self, device: str, metric: str, times_s: np.ndarray) -> np.ndarray:
        return times_s / 2.0


def station(faults: Faults = FAULTLESS) -> Station:
    return Station(Ramp(), faults, Numbering())


def readings(outgoing: list[Outgoing]) -> Readings:
    """What is in messages; each key and value with how often it came."""
    found: Readings = collections.Counter()
    for device, payload in outgoing:
        message = native.decode(payload)
        assert not message.refused
        for metric, value, at in zip(
            message.metrics, message.values, message.ts_us, strict=True
        ):
            if metric not in {"battery_voltage", "rsrp", "snr"}:
                assert at is not None
                found[device, metric, at // 1_000_000, value] += 1
    return found


def past(
    stored: dict[tuple[str, str], int], faults: Faults = FAULTLESS
) -> list[Outgoing]:
    at_work = station(faults)
    return [
        message
        for chunk in history.plan(STREAMS, stored, NOW)
        for message in history.messages_of(at_work, chunk)
    ]


def test_the_past_is_complete_and_in_order() -> None:
    found = readings(past({}))
    assert set(found.values()) == {1}
    for stream in STREAMS:
        for metric in stream.metrics:
            times = [key[2] for key in found if key[:2] == (stream.device, metric)]
            assert times == sorted(times)
            assert set(np.diff(times)) == {stream.history_s}
            assert NOW - stream.history_s < times[-1] <= NOW
            oldest = NOW - stream.history_days * DAY
            assert oldest < times[0] <= oldest + stream.history_s


def test_messages_of_the_past_are_accepted() -> None:
    for _, payload in past({}):
        assert len(payload) < native.MAXIMUM_BYTES
        assert len(native.decode(payload).values) < native.MAXIMUM_VALUES


def test_the_past_goes_on_where_it_was_interrupted() -> None:
    whole = past({})
    first = whole[: len(whole) // 3]
    stored: dict[tuple[str, str], int] = {}
    for device, metric, at, _ in readings(first):
        stored[device, metric] = max(at, stored.get((device, metric), 0))
    rest = past(stored)
    assert readings(first) + readings(rest) == readings(whole)


def test_nothing_is_missing_when_all_is_stored() -> None:
    stored = {(each.device, metric): NOW for each in STREAMS for metric in each.metrics}
    assert past(stored) == []


def test_sending_the_past_again_changes_no_value() -> None:
    faults = Faults(3, "level", "rain")
    once, again = readings(past({}, faults)), readings(past({}, faults))
    assert once == again


def test_devices_are_silent_for_some_hours_of_their_past_only() -> None:
    faults = Faults(
        3, "none", "none", gap_radio=0.2, gap_wired=0.05, outage=0, repeat=0
    )
    found, whole = readings(past({}, faults)), readings(past({}))
    missing = whole - found
    assert not found - whole
    assert 0.005 < len(missing) / len(whole) < 0.05
    assert all(at < BEGAN for _, _, at, _ in missing)


def test_a_clock_that_was_reset_says_so() -> None:
    faults = Faults(
        3, "level", "none", gap_radio=0, gap_wired=0, repeat=0, reset_past=1
    )
    wrong = [key for key in readings(past({}, faults)) if key[2] < BEGAN - 500 * DAY]
    assert {(device, at) for device, _, at, _ in wrong} == {("level", RESET_CLOCK_S)}


def test_a_repeat_is_the_same_message() -> None:
    faults = Faults(3, "none", "none", gap_radio=0, gap_wired=0, repeat=0.3)
    sent = past({}, faults)
    twice = [count for count in collections.Counter(sent).values() if count > 1]
    assert 0.2 < len(twice) / len(set(sent)) < 0.4
    assert set(twice) == {2}


def run(live: Live, start: int, seconds: int, step: int = 1) -> list[Outgoing]:
    return [
        message
        for now in range(start + 1, start + seconds + 1, step)
        for message in live.due(now)
    ]


def test_live_sends_everything_once() -> None:
    sent = run(Live(station(), STREAMS, NOW), NOW, 3600)
    found = readings(sent)
    assert set(found.values()) == {1}
    for stream in STREAMS:
        for metric in stream.metrics:
            times = [key[2] for key in found if key[:2] == (stream.device, metric)]
            assert set(np.diff(times)) == {stream.live_s}
            assert all(at % stream.live_s == 0 for at in times)
            assert NOW < times[0] <= NOW + stream.live_s
            assert times[-1] > NOW + 3600 - stream.send_s - 20
    # A meter's register on the hour is what the energy of the hour is taken from.
    assert any(at % 3600 == 0 for device, _, at, _ in found if device == "meter")


def test_live_goes_on_where_the_past_ends() -> None:
    found = readings(past({})) + readings(run(Live(station(), STREAMS, NOW), NOW, 300))
    for stream in STREAMS:
        times = sorted({key[2] for key in found if key[0] == stream.device})
        assert max(np.diff(times)) <= stream.history_s


def test_messages_are_numbered() -> None:
    sent = run(Live(station(), STREAMS, NOW), NOW, 600)
    for device in ("level", "rain", "meter"):
        numbers = [
            native.decode(payload).seq for code, payload in sent if code == device
        ]
        assert numbers == list(range(1, len(numbers) + 1))


def test_battery_and_signal_go_along_now_and_then() -> None:
    sent = run(Live(station(), STREAMS, NOW), NOW, 1900)
    state = [
        native.decode(payload) for _, payload in sent if b"battery_voltage" in payload
    ]
    assert 6 <= len(state) <= 8
    assert all("active_power" not in message.metrics for message in state)


def test_without_network_a_device_keeps_its_readings_and_sends_them_newest_first() -> (
    None
):
    faults = Faults(3, "none", "none", repeat=0, outage=0.9)
    sent = run(Live(station(faults), STREAMS, NOW), NOW, 4 * 3600)
    found = readings(sent)
    assert set(found.values()) == {1}
    times = sorted({at for device, _, at, _ in found if device == "level"})
    assert set(np.diff(times)) == {15}
    messages = [
        native.decode(payload).ts_us for code, payload in sent if code == "level"
    ]
    bursts = [
        [at for at in each if at is not None] for each in messages if len(each) > 9
    ]
    assert bursts
    assert all(each[0] > each[1] for each in bursts)


def test_meters_have_no_radio() -> None:
    faults = Faults(3, "none", "none", outage=1.0)
    assert all(faults.has_network(METER, at) for at in range(NOW, NOW + 7200, 60))
    assert not all(faults.has_network(LEVEL, at) for at in range(NOW, NOW + 7200, 60))


def test_a_machine_that_slept_sends_what_it_missed() -> None:
    live = Live(station(), STREAMS, NOW)
    before = run(live, NOW, 60)
    after = [*live.due(NOW + 5 * 3600), *run(live, NOW + 5 * 3600, 120)]
    found = readings(before) + readings(after)
    assert set(found.values()) == {1}
    for stream in STREAMS:
        times = sorted({key[2] for key in found if key[0] == stream.device})
        assert max(np.diff(times)) <= max(stream.history_s, stream.live_s)
        assert times[-1] > NOW + 5 * 3600
    assert max(len(native.decode(payload).values) for _, payload in after) <= 301


def volts_at(device: str, time_s: int) -> float:
    installed_s = radio.installed_s(3, device)
    return radio.state(3, device, time_s, installed_s)["battery_voltage"]


@pytest.mark.parametrize("device", ["a", "b", "c", "d"])
def test_a_battery_keeps_its_voltage_and_then_gives_way(device: str) -> None:
    volts = [volts_at(device, BEGAN + day * DAY) for day in range(701)]
    assert 3.05 < min(volts) < 3.2
    assert 3.6 < max(volts) < 3.7
    assert np.mean(np.array(volts) < 3.45) < 0.25
    rises = np.diff(volts) > 0.01
    assert rises.sum() == 1


def test_signal_is_that_of_a_narrow_band_radio() -> None:
    states = [radio.state(3, "a", BEGAN + 1000 * n, 0) for n in range(300)]
    assert all(-130 < state["rsrp"] < -70 for state in states)
    assert all(-20 < state["snr"] < 30 for state in states)
    assert len({state["rsrp"] for state in states}) > 3


def test_one_battery_falls_below_the_limit_before_live_operation_begins() -> None:
    sent = [native.decode(payload) for code, payload in past({}) if code == "rain"]
    volts = [
        value
        for message in sent
        for metric, value in zip(message.metrics, message.values, strict=True)
        if metric == "battery_voltage"
    ]
    assert volts == sorted(volts, reverse=True)
    assert volts[0] > 3.25
    assert 3.1 < volts[-1] < 3.2
