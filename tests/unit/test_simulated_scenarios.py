"""Scenarios: what is shipped, what devices send, and what the truth says of it."""

from __future__ import annotations

import collections
import json
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parkpulse.errors import ConfigError
from parkpulse.model import registry_check
from parkpulse.wire import native
from simulators.faults import RESET_CLOCK_S
from simulators.scenario import document, expected, files, truth
from simulators.scenario.park import Park

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.model.message import Message

HEAD = """
name = { zh = "试", en = "try" }
about = { zh = "试", en = "try" }
start = 2026-06-01T08:00:00+08:00
duration_h = 4
"""
DEVICES = """
[devices]
rain_gauge = 3
water_level = 3
waterlogging = 2
tunnel_controller = 4
"""
START = round(datetime.fromisoformat("2026-06-01T08:00:00+08:00").timestamp())
HOUR = 3600


def park(text: str, seed: int = 7, devices: int | None = None) -> Park:
    return Park(document.read(HEAD + text, "test"), "p", seed, devices)


def event(kind: str, target: str, **more: object) -> str:
    lines = [f"{name} = {json.dumps(value)}" for name, value in more.items()]
    return "\n".join(
        ["[[events]]", f'kind = "{kind}"', f'target = "{target}"', *lines, ""]
    )


def messages(made: Park) -> dict[str, list[tuple[int, Message]]]:
    """What each device sent: when it reached the broker [ms], and what it says."""
    found: dict[str, list[tuple[int, Message]]] = collections.defaultdict(list)
    last = 0
    for block in made.blocks():
        for at, topic, payload in zip(
            block.at_ms.tolist(), block.topics, block.payloads, strict=True
        ):
            assert at >= last
            last = at
            found[topic.split("/")[3]].append((at, native.decode(payload)))
    return found


def values(sent: list[tuple[int, Message]], metric: str) -> dict[int, float]:
    """Values by time [s]."""
    return {
        at // 1_000_000: value
        for _, message in sent
        for name, at, value in zip(
            message.metrics, message.ts_us, message.values, strict=True
        )
        if name == metric and at is not None
    }


@pytest.mark.parametrize("name", document.library())
def test_shipped_scenarios_are_sound(name: str) -> None:
    scenario = document.library()[name]
    assert scenario.name.zh
    assert scenario.about.en
    made = Park(scenario, name, 7)
    spec = made.spec()
    registry_check.check(spec)
    assert spec.simulated
    assert spec.clock == "data"
    codes = {device.code for device in spec.devices}
    places = {place.code for place in spec.places}
    for limits in expected.judged(expected.rules(made)).values():
        assert set(limits.scope.places or []) <= places
    for fault in made.faults:
        assert set(fault.devices) <= codes


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    text = (
        DEVICES
        + "[data_centre]\nstorage_kwh = 1000\n"
        + event("coverage_loss", "*", share=0.5, start_h=1, end_h=2)
    )
    for name in ("one", "two"):
        files.write(park(text), tmp_path / name, lambda _: None)
    files.write(park(text, seed=8), tmp_path / "other", lambda _: None)
    for file in ("messages.jsonl", "truth.json", "park.json"):
        first = (tmp_path / "one" / file).read_bytes()
        assert first == (tmp_path / "two" / file).read_bytes()
    first = (tmp_path / "one" / "messages.jsonl").read_bytes()
    assert first != (tmp_path / "other" / "messages.jsonl").read_bytes()
    lines = [json.loads(line) for line in first.splitlines()]
    assert native.decode(lines[0]["payload"].encode()).values
    assert [each["sent"] for each in lines] == sorted(each["sent"] for each in lines)


def test_fast_writing_is_the_native_format() -> None:
    made = park(DEVICES + "[data_centre]\n")
    for block in made.blocks():
        for payload in block.payloads[:500]:
            decoded, parsed = native.decode(payload), json.loads(payload)
            radio = parsed.pop("radio", {})
            if radio:
                plain = native.decode(json.dumps(parsed).encode())
                assert native.decode(native.encode(plain, radio)) == decoded
            assert b" " not in payload


def test_every_report_is_sent_once_and_some_repeated() -> None:
    sent = messages(park(DEVICES + "[way]\nrepeat = 0.2\nlate = 0.05\n"))
    repeated = 0
    for of_device in sent.values():
        counted = collections.Counter(message.seq for _, message in of_device)
        assert sorted(each for each in counted if each) == list(
            range(1, len(counted) + 1)
        )
        repeated += sum(count == 2 for count in counted.values())
    assert len(sent) == 12
    assert repeated > 20
    tunnel = [message.seq for _, message in sent["tunnel-1"]]
    assert tunnel != sorted(tunnel, key=lambda each: each or 0)


def test_devices_may_be_many() -> None:
    made = park(DEVICES + "[data_centre]\n", devices=120)
    assert made.devices == 120 + 14
    kinds = collections.Counter(fleet.kind for fleet in made.fleets)
    assert kinds["tunnel_controller"] == 1


def test_samples_may_go_together() -> None:
    single = messages(park(DEVICES))
    together = messages(
        park(DEVICES.replace("[devices]", "samples_per_message = 10\n[devices]"))
    )
    assert len(together["level-1"]) < len(single["level-1"]) / 5
    one, other = (values(each["level-1"], "water_level") for each in (single, together))
    shared = one.keys() & other.keys()
    assert all(abs(one[at] - other[at]) < 0.02 for at in shared)


def test_a_silent_device_says_nothing_and_starts_anew() -> None:
    sent = messages(park(DEVICES + event("silence", "tunnel-1", start_h=1, end_h=2)))
    times = values(sent["tunnel-1"], "oxygen")
    assert not [at for at in times if START + HOUR <= at < START + 2 * HOUR]
    numbers = [m.seq for at, m in sent["tunnel-1"] if at > (START + 2 * HOUR) * 1000]
    assert numbers[0] == 1


@pytest.mark.parametrize("kind", ["coverage_loss", "gateway_outage"])
def test_what_is_held_back_comes_late_and_complete(kind: str) -> None:
    whole = messages(park(DEVICES))
    sent = messages(park(DEVICES + event(kind, "tunnel-*", start_h=1, end_h=2)))
    for device in ("tunnel-1", "tunnel-4"):
        assert values(sent[device], "oxygen") == values(whole[device], "oxygen")
        late = [
            message.seq or 0
            for at, message in sent[device]
            if message.sent_us is not None
            and START + HOUR <= (message.ts_us[0] or 0) / 1e6 < START + 2 * HOUR
            and at >= (START + 2 * HOUR) * 1000
        ]
        assert len(set(late)) == 60
        newest_first = late[0] > late[-1]
        assert newest_first == (kind == "coverage_loss")
    assert values(sent["level-1"], "water_level") == values(
        whole["level-1"], "water_level"
    )


def test_clocks_drift_and_fall_back() -> None:
    text = event("clock_drift", "tunnel-1", start_h=1, end_h=2, size=86400 / 60)
    text += event("clock_reset", "tunnel-2", start_h=1, end_h=2)
    text += event("firmware_restart", "tunnel-3", start_h=2)
    sent = messages(park(DEVICES + text))
    drifting = [at for at in values(sent["tunnel-1"], "oxygen") if at > START + HOUR]
    assert max(np.diff(sorted(drifting))) > 60
    reset = [at for at in values(sent["tunnel-2"], "oxygen") if at < START - HOUR]
    assert min(reset) - RESET_CLOCK_S < 60
    assert len(reset) == 60
    numbers = [m.seq for at, m in sent["tunnel-3"] if at > (START + 2 * HOUR) * 1000]
    assert 1 in numbers


FAULTS = {
    "stuck": {},
    "spike": {"size": 5.0},
    "drift": {"size": 24.0},
    "offset": {"size": -3.0},
    "noise": {"size": 1.0},
}


@pytest.mark.parametrize("kind", FAULTS)
def test_values_are_wrong_during_a_fault_only(kind: str) -> None:
    text = event(kind, "tunnel-1", start_h=1, end_h=2, **FAULTS[kind])
    right = values(messages(park(DEVICES))["tunnel-1"], "oxygen")
    faulty = values(messages(park(DEVICES + text))["tunnel-1"], "oxygen")
    errors = {at: faulty[at] - right[at] for at in right}
    wrong = {at: error for at, error in errors.items() if error}
    assert wrong
    assert all(START + HOUR <= at < START + 2 * HOUR for at in wrong)
    during = [errors[at] for at in sorted(right) if at in wrong or kind == "stuck"]
    match kind:
        case "stuck":
            stuck = {v for at, v in faulty.items() if START + HOUR <= at < START + 7200}
            assert len(stuck) == 1
        case "spike":
            assert during == pytest.approx([5.0] * len(during))
            assert 1 <= len(during) <= 15
        case "drift":
            assert during[-1] == pytest.approx(1.0, abs=0.15)
        case "offset":
            assert during == pytest.approx([-3.0] * 60)
        case _:
            assert 0.6 < np.std(during) < 1.5


def registers(text: str) -> dict[int, float]:
    sent = messages(park(DEVICES + "[data_centre]\n" + text))
    return values(sent["cooling"], "active_energy_import")


def test_registers_are_reset_swapped_rolled_over_and_wrongly_scaled() -> None:
    right = registers("")
    at, end = START + HOUR, START + 2 * HOUR
    reset = registers(event("register_reset", "cooling", start_h=1))
    assert reset[at] == 0
    assert reset[at - 900] == right[at - 900]
    assert reset[end] == pytest.approx(right[end] - right[at], abs=0.11)
    swapped = registers(event("meter_swap", "cooling", start_h=1, size=500.0))
    assert swapped[at] == 500
    rolled = registers(event("register_rollover", "cooling", start_h=1, size=1e4))
    assert rolled[at] == 0
    assert 1e4 - 2000 < rolled[at - 900] < 1e4
    scaled = registers(event("wrong_ct_ratio", "cooling", start_h=1, end_h=2, size=0.5))
    counted = right[end] - right[at]
    assert scaled[end] - scaled[at] == pytest.approx(counted / 2, abs=0.2)
    later = end + 3600
    assert scaled[later] - scaled[end] == pytest.approx(
        right[later] - right[end], abs=0.2
    )


def test_physical_events_are_true() -> None:
    text = "[weather]\nnatural_storms = false\n"
    text += event("gas", "tunnel-1", start_h=1, end_h=2)
    text += event("fan_failure", "tunnel-1", start_h=0.5, end_h=3)
    text += event("flood", "level-2", start_h=1, end_h=3)
    sent = messages(park(DEVICES + text))
    assert max(values(sent["tunnel-1"], "methane").values()) > 1.5
    assert max(values(sent["tunnel-2"], "methane").values()) < 0.5
    level = values(sent["level-2"], "water_level")
    assert max(level.values()) > min(level.values()) + 0.4


def test_the_truth_of_a_data_centre() -> None:
    text = "[data_centre]\nstorage_kwh = 4000\nwind_kw = 1000\ngenerator = true\n"
    text += event("chiller_failure", "cooling", start_h=1, end_h=2, size=1.0)
    text += event("ups_inefficiency", "ups-a", start_h=2, end_h=3)
    text += event("lost_feeder", "grid-a", start_h=2, end_h=3)
    text += event("generator_test", "generator", start_h=3, size=1e6)
    usual, made = park(DEVICES + text.split("[[events]]")[0]), park(DEVICES + text)
    before = truth.document(usual)["data_centre"]["hours"]
    centre = truth.document(made)["data_centre"]
    hours = centre["hours"]
    assert [each["start"][11:16] for each in hours] == [
        "00:00", "01:00", "02:00", "03:00"
    ]  # fmt: skip
    energy = [each["energy_kwh"] for each in hours]
    assert energy[1]["cooling"] > 1.1 * before[1]["energy_kwh"]["cooling"]
    loss = energy[2]["ups-a-in"] - energy[2]["ups-a"]
    assert loss > 2 * (energy[0]["ups-a-in"] - energy[0]["ups-a"])
    # The powers fall from and rise to the usual within five minutes.
    assert energy[2]["grid-a"] < 0.1 * energy[0]["grid-a"]
    assert energy[3]["generator"] == pytest.approx(1000, rel=0.1)
    for each in hours:
        assert each["pue"]["1"] < each["pue"]["2"] < each["pue"]["3"]
        own = sum(each["energy_kwh"][name] for name in ("pv", "wind", "generator"))
        grid = each["energy_kwh"]["grid-a"] + each["energy_kwh"]["grid-b"]
        assert each["total_kwh"] == pytest.approx(own + grid)
    assert centre["whole"]["total_kwh"] == pytest.approx(
        sum(each["total_kwh"] for each in hours)
    )
    counted = values(messages(made)["cooling"], "active_energy_import")
    assert counted[START + 2 * HOUR] - counted[START] == pytest.approx(
        energy[0]["cooling"] + energy[1]["cooling"], abs=0.11
    )


def test_an_event_that_befalls_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"event 1 \(gas of level-1\) befalls no"):
        park(DEVICES + event("gas", "level-1", start_h=1))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("duration_h = 3", "Cannot overwrite a value"),
        (DEVICES + event("comet", "*", start_h=1), "comet"),
        (DEVICES + event("stuck", "*", start_h=2, end_h=1), "must end after"),
        ("[devices]\nrain_gauges = 3", "rain_gauges"),
        (DEVICES + "[[storms]]\nstart_h = 1\nduration_h = 1", "either return_period"),
    ],
)
def test_a_wrong_scenario_is_explained(text: str, where: str) -> None:
    with pytest.raises(ConfigError, match=where):
        document.read(HEAD + text, "test")


def test_what_is_not_shipped_must_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"there is no scenario 'none'.*typhoon-night"
    ):
        document.find("none", tmp_path / "none")
