"""Profiles: what the shipped ones read, and what is wrong with those that cannot be."""

from __future__ import annotations

import json
import math
import struct
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from parkpulse.errors import ConfigError, DecodeError
from parkpulse.model import instants, reasons
from parkpulse.model.message import GOOD, MISSING
from parkpulse.wire import cli, formats, profiles
from parkpulse.wire.context import Context
from parkpulse.wire.profiles import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.model.message import Message

GUIDE = Path(__file__).parents[2] / "docs" / "profiles.md"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    profiles.use(tmp_path)
    yield tmp_path
    profiles.use(tmp_path / "none")


def read(name: str, payload: object, topic: str = "") -> list[Message]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    decoder = formats.find(f"profile:{name}").make()
    return decoder.decode(raw, Context(topic)).messages


def values(message: Message) -> dict[str, float]:
    return dict(zip(message.metrics, message.values, strict=True))


def us(written: str) -> int:
    return instants.to_us(datetime.fromisoformat(written))


TASMOTA: dict[str, Any] = {
    "Time": "2018-02-15T17:37:10",
    "ENERGY": {
        "TotalStartTime": "2018-01-01T00:00:00",
        "Total": 6.294,
        "Yesterday": 5.340,
        "Period": 217,
        "Power": 2635,
        "ApparentPower": 2650,
        "ReactivePower": 282,
        "Factor": 0.99,
        "Voltage": 227,
        "Current": 11.661,
    },
}


def test_tasmota() -> None:
    (message,) = read("tasmota", TASMOTA, "tele/plug-1/SENSOR")
    assert message.device == "plug-1"
    assert set(message.ts_us) == {us("2018-02-15T17:37:10+08:00")}
    found = values(message)
    assert found["active_energy_import"] == 6.294
    assert found["active_power"] == 2635
    assert "frequency" not in found
    assert message.sources[0] == "ENERGY.Total"
    (start,) = message.events
    assert (start.kind, start.ts_us) == ("counter_start", us("2018-01-01T00:00+08:00"))


def test_channels_of_tasmota_are_devices() -> None:
    energy = {"Power": [10, 20], "Total": 7.5}
    payload = {"Time": "2018-02-15T17:37:10Z", "ENERGY": energy}
    found = {each.device: each for each in read("tasmota", payload, "tele/p/SENSOR")}
    assert values(found["p"]) == {"active_energy_import": 7.5}
    assert values(found["p:1"]) == {"active_power": 10}
    assert values(found["p:2"]) == {"active_power": 20}


EM1 = {
    "id": 0,
    "current": 22.78,
    "voltage": 224.6,
    "act_power": 5080.3,
    "aprt_power": 5142.4,
    "pf": 0.99,
    "freq": 50.0,
}
EM1DATA = {"id": 0, "total_act_energy": 6644.90, "total_act_ret_energy": 2595.26}


def test_shelly_single_phase() -> None:
    (power,) = read("shelly-em1", EM1, "em-hall/status/em1:0")
    assert power.device == "em-hall:0"
    assert values(power)["active_power"] == 5080.3
    assert set(power.ts_us) == {None}
    assert power.sources[0] == "act_power"
    (energy,) = read("shelly-em1", EM1DATA, "em-hall/status/em1data:0")
    assert energy.device == "em-hall:0"
    expected = {"active_energy_import": 6644.9, "active_energy_export": 2595.26}
    assert values(energy) == expected
    assert set(energy.units.values()) == {"Wh"}


def test_shelly_notification_holds_all_channels() -> None:
    params = {"ts": 1764000000.25, "em1:1": EM1 | {"id": 1}, "em1data:0": EM1DATA}
    payload = {"src": "shellyproem50-1", "method": "NotifyStatus", "params": params}
    found = {each.device: each for each in read("shelly-em1", payload)}
    assert set(found) == {"shellyproem50-1:0", "shellyproem50-1:1"}
    assert set(found["shellyproem50-1:1"].ts_us) == {1_764_000_000_250_000}
    assert values(found["shellyproem50-1:0"])["active_energy_import"] == 6644.9
    (same,) = read("shelly-em1", EM1DATA, "renamed/status/em1data:0")
    (again, _) = read("shelly-em1", payload, "renamed/events/rpc")
    assert same.device == again.device == "renamed:0"


def test_shelly_three_phase() -> None:
    phases = {"a_act_power": 100.0, "b_act_power": -20.0, "c_voltage": 231.5}
    em = {"id": 0, "total_act_power": 80.0, "a_freq": 50, **phases}
    (message,) = read("shelly-em", em, "pro3em/status/em:0")
    assert message.device == "pro3em"
    assert values(message) == {
        "active_power": 80.0,
        "active_power_a": 100.0,
        "active_power_b": -20.0,
        "voltage_c": 231.5,
        "frequency": 50,
    }
    (energy,) = read("shelly-em", {"id": 0, "total_act": 1000, "total_act_ret": 5})
    assert values(energy)["active_energy_import"] == 1000
    assert energy.units["active_energy_import"] == "Wh"
    payload = {"src": "x", "params": {"ts": 1764000000, "em:0": em}}
    assert values(read("shelly-em", payload)[0])["active_power"] == 80.0


def image(**registers: float) -> bytes:
    found = bytearray(0x4C * 2)
    for name, value in registers.items():
        struct.pack_into(">f", found, int(name[1:], 16) * 2, value)
    return bytes(found)


def test_eastron_register_images() -> None:
    registers = {"r0000": 230.5, "r0006": 2.5, "r000C": 500.0, "r0034": 1500.0}
    payload = image(**registers, r0046=50.0, r0048=123456.0, r004A=7.5)
    three = values(read("eastron-sdm630-registers", payload)[0])
    assert (three["voltage_a"], three["current_a"]) == (230.5, 2.5)
    assert (three["active_power_a"], three["active_power"]) == (500.0, 1500.0)
    one = values(read("eastron-sdm120-registers", payload)[0])
    assert (one["voltage"], one["active_power"]) == (230.5, 500.0)
    for found in (one, three):
        assert found["active_energy_import"] == 123456.0
        assert found["active_energy_export"] == 7.5
    with pytest.raises(DecodeError, match="at least 152"):
        read("eastron-sdm120-registers", payload[:-1])


def test_eastron_by_a_gateway() -> None:
    flat = {"id": "sdm-1", "ts": 1764000000, "Power": 0, "Import": 12.5, "VoltageL1": 1}
    (message,) = read("eastron-json", flat)
    assert message.device == "sdm-1"
    assert values(message) == {
        "active_power": 0,
        "active_energy_import": 12.5,
        "voltage_a": 1,
    }
    (inner,) = read("eastron-json", {"name": "m", "data": {"total_power": "15.5"}})
    assert (inner.device, values(inner)) == ("m", {"active_power": 15.5})
    assert inner.sources == ["total_power"]


def packed(kind: str, samples: bytes, count: int, rsrp: int = -1150) -> bytes:
    head = kind.encode() + b"\x01" + b"862592051651472"
    return (
        head + struct.pack(">IHhbHB", 1764000000, 3600, rsrp, 7, 300, count) + samples
    )


def test_water_level_sensor() -> None:
    rows = [(1234, 0), (-2147483648, 0), (999, 1), (1240, 0)]
    samples = b"".join(struct.pack(">iBB", *row, 0) for row in rows)
    (message,) = read("nb-water-level", packed("W", samples, 4))
    assert message.device == "862592051651472"
    assert message.metrics == [
        "battery_voltage",
        "rsrp",
        "snr",
        *["water_level"] * 3,
    ]
    assert message.values[:4] == [3600, -115.0, 7, 1234]
    assert math.isnan(message.values[4])
    assert message.quality == [GOOD] * 4 + [MISSING, GOOD]
    start = 1764000000 * instants.SECOND
    step = 300 * instants.SECOND
    assert message.ts_us[3:] == [start, start + step, start + 3 * step]
    assert message.units == {"battery_voltage": "mV", "water_level": "mm"}


def test_rain_gauge() -> None:
    samples = struct.pack(">III", 8, 5, 3)
    (message,) = read("nb-rain-gauge", packed("R", samples, 3, rsrp=1140))
    assert values(message)["rsrp"] == -114.0
    assert message.values[3:] == [1.6, 1.0, 0.6]
    assert message.ts_us[3] == 1764000000 * instants.SECOND
    assert message.ts_us[5] == (1764000000 - 600) * instants.SECOND


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", reasons.WRONG_TYPE),
        (packed("R", b"", 0), reasons.WRONG_TYPE),
        (packed("W", b"\0" * 5, 1), reasons.WRONG_TYPE),
        (b"W" * 300_000, reasons.TOO_LARGE),
    ],
)
def test_what_a_binary_profile_refuses(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read("nb-water-level", payload)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", reasons.NOT_JSON),
        (b"[" * 100_000, reasons.TOO_DEEP),
        (b"\xff", reasons.NOT_UTF8),
        (b"{}", reasons.NO_VALUES),
        (b'{"Time":"yesterday","ENERGY":{"Power":1}}', reasons.BAD_TIME),
    ],
)
def test_what_a_json_profile_refuses(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read("tasmota", payload)
    assert caught.value.reason == reason


def test_a_value_that_is_no_number_is_refused_alone() -> None:
    energy = {"Power": {"a": 1}, "Voltage": "230.1", "Current": 1e400}
    text = json.dumps({"ENERGY": energy}).replace("Infinity", "1" + "0" * 400)
    (message,) = read("tasmota", text.encode())
    assert values(message) == {"voltage": 230.1}
    found = {each.reason for each in message.refused}
    assert found == {reasons.NOT_A_NUMBER, reasons.NOT_FINITE}


VALUE = '[[values]]\nmetric = "water_level"\npath = "a"\n'
BINARY = 'kind = "binary"\n[[values]]\nmetric = "water_level"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind = 1", "kind"),
        ('kind = "xml"', "xml"),
        ('kind = "json"', "values"),
        ('kind = "json"\nvalues = []', "values: there is none"),
        ('kind = "json"\npace = 1\n' + VALUE, "pace"),
        ('kind = "json"\n' + VALUE.replace('"a"', '"a["'), "values[0].path"),
        ('kind = "json"\n' + VALUE.replace('"a"', '["a", "b["]'), "values[0].path"),
        ('kind = "json"\n' + VALUE.replace("water_", "wine_"), "wine_level"),
        ('kind = "json"\n' + VALUE + 'unit = "kWh"', "values[0].unit"),
        ('kind = "json"\n' + VALUE + 'scale = "2"', "values[0].scale"),
        ('kind = "json"\n' + VALUE + 'unit = "cm"\n' + VALUE, "two units"),
        (
            'kind = "json"\ntime = { path = "t", zone = "Mars/Olympus" }\n' + VALUE,
            "time.zone",
        ),
        (BINARY + 'at = 0\ntype = "u7"', "values[0].type"),
        (BINARY + 'at = -1\ntype = "u8"', "values[0]: at"),
        (BINARY + 'at = 0\ntype = "f32"\nbits = [0, 1]', "values[0].bits"),
        ("= =", "TOML"),
    ],
)
def test_errors_name_file_field_and_reason(
    text: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        profiles.load(path)
    assert "mine.toml" in str(caught.value)
    if told != "TOML":
        assert told in str(caught.value)


def test_own_profiles_come_first_and_are_read_anew(own: Path) -> None:
    path = own / "tasmota.yaml"
    path.write_text("kind: json\nvalues:\n- {metric: voltage, path: u}\n")
    assert values(read("tasmota", {"u": 230})[0]) == {"voltage": 230}
    path.write_text("kind: json\nvalues:\n- {metric: current, path: other}\n")
    assert values(read("tasmota", {"other": 2})[0]) == {"current": 2}
    path.write_text("kind: json\n")
    with pytest.raises(DecodeError, match="values"):
        read("tasmota", {"u": 1})
    path.unlink()
    assert values(read("tasmota", TASMOTA)[0])["voltage"] == 227


@pytest.mark.parametrize("name", ["none", "../tasmota", "", "tasmota.toml"])
def test_unknown_profiles(name: str, own: Path) -> None:
    assert own.is_dir()
    with pytest.raises(ConfigError, match="there is no profile"):
        profiles.find(name)
    with pytest.raises(DecodeError) as caught:
        formats.find(f"profile:{name}")
    assert caught.value.reason == reasons.UNKNOWN_FORMAT


def test_shipped_profiles_say_what_they_are() -> None:
    for name in profiles.names():
        assert profiles.find(name).specification.description, name


def blocks(language: str) -> list[str]:
    parts = GUIDE.read_text("utf-8").split(f"```{language}\n")[1:]
    return [part.partition("```")[0] for part in parts]


def test_the_worked_example_of_the_guide(own: Path) -> None:
    toml, *_ = blocks("toml")
    payload, told = blocks("json")
    (own / "tank-sensor.toml").write_text(toml)
    (own / "message.json").write_text(payload)
    typed = f"--profile {own}/tank-sensor.toml --file {own}/message.json --json"
    topic = ["--topic", "tanks/t-17/state"]
    asked = CliRunner().invoke(cli.decode, [*typed.split(), *topic])
    assert json.loads(asked.output) == json.loads(told)


def test_zones() -> None:
    assert schema.zone("+08:00").utcoffset(None) == timedelta(hours=8)
    assert schema.zone("-03:30").utcoffset(None) == -timedelta(hours=3.5)
    assert str(schema.zone("Asia/Shanghai")) == "Asia/Shanghai"


def test_decode_with_a_profile_file(own: Path) -> None:
    path = own / "mine.yaml"
    path.write_text("kind: json\nvalues:\n- {metric: voltage, path: u}\n")
    run = CliRunner().invoke
    found = run(cli.decode, ["--profile", str(path), "--json"], input='{"u": 230}')
    (reading,) = json.loads(found.output)["readings"]
    assert (reading["metric"], reading["value"], reading["unit"]) == (
        "voltage",
        230,
        "V",
    )
    assert reading["source"] == "u"
    pushed = '{"messageType": "dataReport", "deviceId": "d", "payload": {"u": 231}}'
    arguments = ["--format", "ctwing", "--profile", str(path), "--json"]
    (reading,) = json.loads(run(cli.decode, arguments, input=pushed).output)["readings"]
    assert (reading["device"], reading["metric"], reading["value"]) == (
        "d",
        "voltage",
        231,
    )
    assert run(cli.decode, ["--json"], input="{}").exit_code == 2
    path.write_text("kind: json\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        run(cli.decode, ["--profile", str(path)], input="{}", catch_exceptions=False)
