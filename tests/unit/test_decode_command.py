"""`parkpulse decode`: its inputs, its JSON, its refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from parkpulse.wire import inputs
from parkpulse.wire.cli import decode
from tests.unit.sl651_frames import HEAD, OBSERVED, STATION, framed, packet

TOPIC = "parkpulse/v1/demo/well-7/telemetry"
NATIVE = '{"seq":3,"sent":1764000000000,"samples":[{"values":{"water_level":1.5}}]}'
REPORT = framed(f"{HEAD}{STATION}{OBSERVED}381212443923FFFFFFFF")
RECEIVED = "2024-01-09T08:00:00Z"


def ran(*arguments: str, stdin: bytes | str | None = None) -> Result:
    return CliRunner().invoke(decode, arguments, input=stdin)


def told(*arguments: str, stdin: bytes | str | None = None) -> Any:  # noqa: ANN401 - JSON
    result = ran(*arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_message_is_one_object() -> None:
    found = told("--format", "sl651", "--hex", REPORT.hex(), "--received", RECEIVED)
    assert set(found) == {"readings", "message"}
    level = {
        "device": "0011223344",
        "metric": "water_level",
        "value": None,
        "unit": "m",
        "ts": "2024-01-09T07:35:00Z",
        "quality": 9,
        "source": "Z",
    }
    voltage = {"metric": "battery_voltage", "value": 12.44, "unit": "V"}
    voltage |= {"quality": 1, "source": "VT"}
    assert found["readings"] == [level | voltage, level]
    message = found["message"]
    assert (message["station"], message["serial"]) == ("0011223344", 7)
    assert message["sent_at"] == "2024-01-09T07:35:00Z"
    assert message["reply"].startswith("7E7E0011223344011234328008020007240109160000")


def test_the_device_of_a_native_message_is_the_topics() -> None:
    found = told("--format", "native", "--topic", TOPIC, stdin=NATIVE)
    assert found["message"] == {"seq": 3, "sent_at": "2025-11-24T16:00:00Z"}
    (reading,) = found["readings"]
    assert reading["device"] == "well-7"
    assert reading["ts"] == "2025-11-24T16:00:00Z"


def test_a_message_without_time_has_its_receipt() -> None:
    payload = '{"samples":[{"values":{"water_level":1.5}}]}'
    for received in ("1764000000000", "2025-11-24T16:00:00Z"):
        found = told("--format", "native", "--received", received, stdin=payload)
        assert found["readings"][0]["ts"] == "2025-11-24T16:00:00Z"
        assert found["readings"][0]["device"] is None


def test_units_refusals_and_events_are_told() -> None:
    payload = (
        '{"samples":[{"values":{"water_level":150,"rsrp":"x"}}],'
        '"units":{"water_level":"cm"}}'
    )
    found = told("--format", "native", stdin=payload)
    assert found["readings"][0]["unit"] == "cm"
    assert found["message"]["refused"][0]["reason"] == "not_a_number"
    text = framed(f"{HEAD}F2F25A20312E32", "35").hex()
    message = told("--format", "sl651", "--hex", text)["message"]
    assert message["text"] == "Z 1.2"
    assert message["events"][0]["kind"] == "text"


@pytest.mark.parametrize("separator", ["\n", "\r\n\n  "])
def test_lines_of_hex_are_messages(separator: str, tmp_path: Path) -> None:
    lines = separator.join([REPORT.hex(" "), REPORT.hex().upper()])
    file = tmp_path / "frames.txt"
    file.write_text(lines)
    for arguments, stdin in (
        (["--hex", lines], None),
        (["--hex", REPORT.hex(), "--hex", REPORT.hex()], None),
        (["--file", str(file)], None),
        (["--file", "-"], lines),
        ([], lines),
    ):
        found = told("--format", "sl651", *arguments, stdin=stdin)
        assert [len(each["readings"]) for each in found] == [2, 2]


def test_raw_bytes_are_cut_into_frames() -> None:
    found = told("--format", "sl651", stdin=REPORT + b"\r\n" + REPORT)
    assert [len(each["readings"]) for each in found] == [2, 2]


def test_fragments_are_told_as_the_whole() -> None:
    body = f"{HEAD}{STATION}{OBSERVED}F3F3FFD8FF01"
    first, last = packet(1, 2, body[:30]), packet(2, 2, body[30:], "03")
    found = told("--format", "sl651", "--hex", f"{first.hex()}\n{last.hex()}")
    assert found["message"]["picture"]["is_jpeg"]
    waiting = told("--format", "sl651", "--hex", last.hex())
    assert waiting["message"]["awaits"]
    assert waiting["message"]["packets"]["missing"] == 1
    assert not waiting["readings"]


def test_each_message_may_have_its_topic() -> None:
    first, second = TOPIC, TOPIC.replace("7", "8")
    line = f"{first} {NATIVE}"
    for arguments, stdin in (
        ([], f"{line}\n{second} {NATIVE}"),
        (["--topic", first, "--topic", second], f"{NATIVE}\n{NATIVE}"),
        ([], f"{first} {NATIVE.encode().hex()}\n{second} {NATIVE.encode().hex()}"),
    ):
        both = told("--format", "native", *arguments, stdin=stdin)
        devices = [each["readings"][0]["device"] for each in both]
        assert devices == ["well-7", "well-8"]
    assert told("--format", "native", stdin=line)["readings"][0]["device"] == "well-7"


def test_json_lines_and_arrays_are_messages() -> None:
    both = told("--format", "native", stdin=f"{NATIVE}\n\n{NATIVE}\n")
    assert both == told("--format", "native", stdin=f"[{NATIVE},{NATIVE}]")
    assert len(both) == 2
    pretty = json.dumps(json.loads(NATIVE), indent=2)
    assert told("--format", "native", stdin=pretty) == both[0]


def test_a_refused_message_is_an_error_with_its_reason() -> None:
    broken = REPORT[:-1] + bytes((REPORT[-1] ^ 1,))
    result = ran("--format", "sl651", "--hex", broken.hex(), "--json")
    assert result.exit_code == 1
    error = json.loads(result.output)["error"]
    assert error["reason"] == "bad_crc"
    assert error["zh"]
    assert error["en"]
    plain = ran("--format", "sl651", "--hex", broken.hex())
    assert plain.exit_code == 1
    assert plain.output.startswith("refused: bad_crc: ")
    option = ("--option", "crc=accept")
    found = told("--format", "sl651", "--hex", broken.hex(), *option)
    assert found["message"]["crc_valid"] is False


def test_one_refused_message_of_several_leaves_the_others() -> None:
    result = ran("--format", "sl651", "--hex", f"{REPORT.hex()}\n00", "--json")
    assert result.exit_code == 1
    right, wrong = json.loads(result.output)
    assert len(right["readings"]) == 2
    assert wrong["error"]["reason"] == "bad_frame"
    batch = ran("--format", "native", "--json", stdin=f'[{NATIVE},{{"seq":-1}}]')
    assert batch.exit_code == 1
    assert [set(each) for each in json.loads(batch.output)] == [
        {"readings", "message"},
        {"error"},
    ]


@pytest.mark.parametrize(
    ("arguments", "stdin", "reason"),
    [
        (["--format", "morse"], b"", "unknown_format"),
        (["--format", "sl651", "--hex", "7E7"], None, "wrong_type"),
        (["--format", "sl651", "--hex", ""], None, "wrong_type"),
        (["--format", "sl651"], b"", "bad_frame"),
        (["--format", "native"], b"[" * 100_000, "not_json"),
        (["--format", "native"], b"[1,2]", "wrong_type"),
        (["--format", "native"], b"\xff\xfe", "not_utf8"),
        (["--format", "sl651"], b"~" * (inputs.MAXIMUM_BYTES + 1), "too_large"),
    ],
)
def test_what_is_refused(
    arguments: list[str], stdin: bytes | None, reason: str
) -> None:
    result = ran(*arguments, "--json", stdin=stdin)
    assert result.exit_code == 1
    found = json.loads(result.output)["error"]["reason"]
    assert found == reason or (reason, found) == ("not_json", "too_deep")


def _vectors(name: str) -> list[dict[str, Any]]:
    path = Path(__file__).parents[1] / "data" / f"{name}_vectors.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("vector", _vectors("sl651"), ids=lambda each: each["id"])
def test_vectors_of_sl651(vector: dict[str, Any]) -> None:
    result = ran("--format", "sl651", "--hex", vector["hex"], "--json")
    assert result.exit_code == (0 if vector["crc"] else 1)
    found = json.loads(result.output)
    assert ("error" in found) == (not vector["crc"])
    for source, value in vector.get("values", {}).items():
        (reading,) = (each for each in found["readings"] if each["source"] == source)
        assert reading["value"] == value
        assert reading["quality"] == (9 if value is None else reading["quality"])


@pytest.mark.parametrize("vector", _vectors("senml"), ids=lambda each: each["id"])
def test_vectors_of_senml(vector: dict[str, Any]) -> None:
    given = vector["hex"] if "hex" in vector else json.dumps(vector["pack"])
    result = ran("--format", "senml", "--json", stdin=given)
    is_refused = vector["id"] == "senml-must-reject"
    assert result.exit_code == int(is_refused)
    found = json.loads(result.output)
    assert bool(found.get("readings")) != is_refused


def test_vectors_of_sparkplug() -> None:
    told_in_turn = [each for each in _vectors("sparkplug") if "topic" in each]
    lines = "\n".join(f"{each['topic']} {each['hex']}" for each in told_in_turn)
    found = told("--format", "sparkplug", "--hex", lines)
    assert [each["message"]["seq"] for each in found[:3]] == [0, 1, 2]
    data = {each["source"]: each["value"] for each in found[2]["readings"]}
    assert data["energy/import_kwh"] == 123457.28
    assert data["env/temp_c"] is None


@pytest.mark.parametrize("vector", _vectors("platforms"), ids=lambda each: each["id"])
def test_vectors_of_platforms(vector: dict[str, Any]) -> None:
    platform = vector["id"].split("-")[0].replace("huawei", "iotda")
    found = told("--format", platform, stdin=json.dumps(vector["body"]))
    assert found["readings"] or found["message"]["events"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--hex", "00"],
        ["--format", "native", "--option", "crc"],
        ["--format", "native", "--received", "yesterday"],
        ["--format", "native", "--file", "/nowhere/at/all"],
        ["--format", "native", "--file", "-", "--hex", "00"],
    ],
)
def test_wrong_use(arguments: list[str]) -> None:
    assert ran(*arguments).exit_code == 2


def test_people_get_a_table_without_control_characters() -> None:
    result = ran("--format", "sl651", "--hex", REPORT.hex())
    assert "battery_voltage  12.44  V" in result.output
    text = framed(f"{HEAD}F2F21B5B324A", "35").hex()
    shown = ran("--format", "sl651", "--hex", text)
    assert "\x1b" not in shown.output


def test_the_real_command() -> None:
    command = [str(Path(sys.executable).with_name("parkpulse")), "decode"]
    arguments = ["--format", "sl651", "--json", "--hex", REPORT.hex()]
    done = subprocess.run([*command, *arguments], capture_output=True, check=True)
    assert json.loads(done.stdout)["message"]["function"] == "32"
