"""Bodies of SL 651: numbers, times, groups of all functions."""

from __future__ import annotations

import math

import pytest

from parkpulse.errors import DecodeError
from parkpulse.model import instants
from parkpulse.model.message import GOOD, MISSING, SUSPECT
from parkpulse.model.metrics import METRICS
from parkpulse.wire.sl651 import coding, elements
from tests.unit.sl651_frames import (
    HEAD,
    OBSERVED,
    OBSERVED_US,
    STATION,
    framed,
    in_ascii,
    only,
    read,
    report,
    values,
)

STEP_US = 5 * instants.MINUTE


@pytest.mark.parametrize(
    ("data", "decimals", "value", "quality"),
    [
        ("00010490", 3, 10.49, GOOD),
        ("FF00001234", 3, -1.234, GOOD),
        ("FF000123", 1, -12.3, GOOD),
        ("FFFFFF", 1, math.nan, MISSING),
        ("AAAAAAAA", 3, math.nan, MISSING),
        ("", 0, math.nan, MISSING),
        ("09999999", 3, 9999.999, SUSPECT),
        ("9999", 2, 99.99, SUSPECT),
        ("0999", 1, 99.9, GOOD),
        ("00009999", 3, 9.999, GOOD),
        ("099909", 1, 9990.9, GOOD),
        ("000000", 1, 0.0, GOOD),
    ],
)
def test_numbers(data: str, decimals: int, value: float, quality: int) -> None:
    found = coding.number(bytes.fromhex(data), decimals)
    assert found is not None
    assert found[0] == pytest.approx(value, abs=0, rel=0, nan_ok=True)
    assert found[1] == quality


@pytest.mark.parametrize("data", ["1A0000", "FFAB12", "FFFF12", "AAAA12", "C0"])
def test_what_is_no_number(data: str) -> None:
    assert coding.number(bytes.fromhex(data), 1) is None


def test_a_number_that_is_none_is_refused_alone() -> None:
    telegram = report("20191A0000392300010490")
    assert values(telegram) == {"Z": 10.49}
    (refused,) = only(telegram).refused
    assert refused.reason == "not_a_number"
    assert "PJ" in refused.detail


def test_extended_and_reserved_identifiers_keep_their_names() -> None:
    telegram = report("FF1123000000087A110125")
    assert values(telegram) == {"FF11": 0.008, "7A": 12.5}
    assert only(telegram).metrics == ["FF11", "7A"]


def test_a_body_that_ends_within_a_group_keeps_what_came_before() -> None:
    telegram = report("392300010490201900")
    assert values(telegram) == {"Z": 10.49}
    assert [each.reason for each in only(telegram).refused] == ["bad_frame"]


def test_each_observation_time_holds_for_what_follows() -> None:
    telegram = report("38121244F0F02401091500392300010490")
    assert only(telegram).ts_us == [OBSERVED_US, OBSERVED_US - 7 * STEP_US]


def test_an_impossible_observation_time_falls_back_to_the_send_time() -> None:
    body = f"{HEAD}{STATION}F0F0241309153538121244"
    message = only(read(framed(body)))
    assert message.ts_us == [message.sent_us]
    assert message.quality == [SUSPECT]
    assert [each.reason for each in message.refused] == ["bad_time"]


@pytest.mark.parametrize("year", ["00", "59"])
def test_a_clock_that_was_never_set_is_suspect(year: str) -> None:
    body = f"{HEAD}{STATION}F0F0{year}01091535381212443923FFFFFFFF"
    message = only(read(framed(body)))
    assert message.quality == [SUSPECT, MISSING]
    assert message.ts_us[0] is not None


def test_a_message_may_speak_of_several_stations() -> None:
    body = f"{HEAD}{STATION}{OBSERVED}38121244F1F1370102000150{OBSERVED}38121130"
    telegram = read(framed(body))
    assert [each.device for each in telegram.messages] == ["0011223344", "37010200001"]
    assert [each.values for each in telegram.messages] == [[12.44], [11.3]]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("0012345678", "0012345678"),
        ("370102EA60", "37010260000"),
        ("37010200C9", "37010200201"),
        ("A7010200C9", "A7010200C9"),
    ],
)
def test_names_of_stations(address: str, name: str) -> None:
    assert coding.station(bytes.fromhex(address)) == name
    assert coding.address(name).hex().upper() == address


@pytest.mark.parametrize("name", ["", "1234", "37010265536", "00 1122334", "x" * 10])
def test_what_is_no_station(name: str) -> None:
    with pytest.raises(ValueError, match=r"address|hexadecimal"):
        coding.address(name)


def test_gate_codes_and_dry_wells_are_suspect() -> None:
    telegram = report("091A0444000E1A044400091A000150")
    assert only(telegram).quality == [SUSPECT, SUSPECT, GOOD]


def test_a_duration_is_in_hours() -> None:
    assert values(report("05120330")) == {"DT": 3.5}
    assert math.isnan(values(report("0512FFFF"))["DT"])


def test_relative_levels_become_absolute_by_the_base() -> None:
    groups = "F5C0" + "0031" * 12 + "F6C0" + "000A" * 12
    telegram = report(groups, level_base_1="10.0")
    message = only(telegram)
    assert message.metrics == ["water_level"] * 12 + ["relative_water_level_2"] * 12
    assert message.values == pytest.approx([10.49] * 12 + [0.1] * 12)
    assert message.ts_us[11] == OBSERVED_US + 11 * STEP_US


@pytest.mark.parametrize(
    ("step", "step_us"),
    [("000005", STEP_US), ("000100", instants.HOUR), ("010000", instants.DAY)],
)
def test_uniform_series(step: str, step_us: int) -> None:
    body = f"{HEAD}{STATION}{OBSERVED}0418{step}1A19000012FFFFFF000034"
    for function in ("31", "38"):
        message = only(read(framed(body, function)))
        assert message.sources == ["P1"] * 3
        assert message.values[0::2] == [1.2, 3.4]
        assert message.quality == [GOOD, MISSING, GOOD]
        wanted = [OBSERVED_US + n * step_us for n in range(3)]
        assert message.ts_us == wanted


def test_a_series_that_is_cut_off_says_so() -> None:
    body = f"{HEAD}{STATION}{OBSERVED}04180000051A190000120000"
    message = only(read(framed(body, "31")))
    assert message.values == [1.2]
    assert [each.reason for each in message.refused] == ["bad_frame"]


@pytest.mark.parametrize("step", ["000000", "000005"])
def test_a_series_of_hourly_groups(step: str) -> None:
    groups = "F460" + "05" * 12 + "F5C0" + "0031" * 12
    message = only(read(framed(f"{HEAD}{STATION}{OBSERVED}0418{step}{groups}", "38")))
    assert message.values == [0.5] * 12 + [0.49] * 12
    assert message.ts_us[0] == OBSERVED_US


def test_a_time_step_that_is_none_is_refused() -> None:
    body = f"{HEAD}{STATION}{OBSERVED}04180000FA1A19000012"
    message = only(read(framed(body, "31")))
    assert not message.values
    assert [each.reason for each in message.refused] == ["bad_time"]


def test_the_status_word_has_two_inverse_bits() -> None:
    telegram = read(framed(f"{HEAD}F1F10011223344452000000000", "46"))
    named = telegram.about["status_named"]
    assert named["door_open"]
    assert named["pump_running"]
    assert not named["mains_off"]
    other = report("452000000483").about
    assert other["status_bits"] == [0, 1, 7, 10]
    assert not other["status_named"]["door_open"]
    assert not other["status_named"]["pump_running"]


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("4C", "pump_control"),
        ("4D", "valve_control"),
        ("4E", "gate_control"),
        ("4F", "quota_control"),
        ("E0", "other"),
    ],
)
def test_control_functions_are_kept_raw(function: str, kind: str) -> None:
    telegram = read(framed(f"{HEAD}F1F100112233440105", function))
    (event,) = only(telegram).events
    assert (event.kind, event.body) == (kind, b"\x01\x05")
    assert telegram.about["raw"] == "0105"


@pytest.mark.parametrize("function", ["2F", "47", "48", "4A", "51"])
def test_functions_that_only_say_that_they_came(function: str) -> None:
    body = HEAD if function == "2F" else f"{HEAD}F1F10011223344"
    telegram = read(framed(body, function))
    assert not telegram.messages
    assert telegram.about["serial"] == 7
    assert bool(telegram.reply) == (function != "2F")


def test_parameters_of_the_station() -> None:
    body = (
        f"{HEAD}F1F10011223344"
        "0120"
        "05000000"
        "0228"
        "0011223344"
        "0310"
        "1234"
        "0C08"
        "02"
        "0D40"
        "8001000000000000"
        "0F18"
        "313233"
        "0E06"
        "001122334403"
    )
    telegram = read(framed(body, "41"), secrets="show")
    assert telegram.about["parameters"] == {
        "01": "5.0.0.0",
        "02": "0011223344",
        "03": "1234",
        "0C": 2,
        "0D": "8001000000000000",
        "0F": "123",
        "0E": "001122334403",
    }
    (event,) = only(telegram).events
    assert "03" not in event.detail, "no password among the events"
    assert "03" not in read(framed(body, "41")).about["parameters"]
    assert "password" not in read(framed(body, "41")).about


def test_run_parameters_have_decimals() -> None:
    body = f"{HEAD}F1F10011223344200808282300010000301BFF02002108"
    telegram = read(framed(body, "43"))
    assert telegram.about["parameters"] == {"20": 8, "28": 10.0, "30": -0.2}
    assert telegram.about["rest"] == "2108"


def test_version_and_counters() -> None:
    version = read(framed(f"{HEAD}F1F1001122334403563132", "45"))
    assert version.about["text"] == "V12"
    counters = read(framed(f"{HEAD}F1F10011223344" + "0102" * 32, "50"))
    assert counters.about["counters"] == [0x0102] * 32


def test_what_a_centre_asks_for() -> None:
    period = "24010915240109160418000005F460"
    down = framed(f"{HEAD}{period}", "38", "05")
    frame = bytearray(down[:-2])
    frame[2:8] = bytes.fromhex("001122334401")
    frame[11] |= 0x80
    about = read(bytes(frame) + b"\0\0", crc="accept").about
    assert about["direction"] == "down"
    assert about["period"] == {
        "start": "2024-01-09T07:00:00Z",
        "end": "2024-01-09T08:00:00Z",
    }
    assert about["elements"] == ["F460"]
    assert about["time_step_s"] == 300


def test_a_picture_and_a_batch_are_kept_raw() -> None:
    picture = report("F3F3FFD8FF00")
    (event,) = only(picture).events
    assert (event.kind, event.body) == ("picture", b"\xff\xd8\xff\x00")
    assert event.ts_us == OBSERVED_US
    (batch,) = only(report("FDF60102")).events
    assert (batch.kind, batch.body) == ("velocity_batch", b"\x01\x02")


def test_every_element_has_a_metric_and_a_size() -> None:
    others = {elements.STEP, elements.STATUS}
    assert set(elements.ELEMENTS) == set(range(1, 0x76)) - others
    without = {each.source for each in elements.ELEMENTS.values()} - {
        each.source for each in elements.ELEMENTS.values() if each.metric in METRICS
    }
    assert without == {"GN", "GS"}
    for index in range(1, 9):
        assert elements.level_of_hour(index)[1] in METRICS


# ASCII


ASCII_HEAD = b"0007240109153500ST 0011223344 H TT 2401091535 "


def test_ascii_values() -> None:
    body = ASCII_HEAD + b"Z -1.234 PJ M VT 12.44 ZB 9999.999 XYZ 5 ZT 00000400 "
    telegram = read(in_ascii(body))
    message = only(telegram)
    assert message.sources == ["Z", "PJ", "VT", "ZB", "XYZ"]
    assert message.quality == [GOOD, MISSING, GOOD, SUSPECT, GOOD]
    assert message.values[0] == -1.234
    assert telegram.about["status"] == 1024
    assert telegram.about["class"] == "48"
    assert telegram.about["mode"] == "ascii"
    assert message.ts_us == [OBSERVED_US] * 5


def test_ascii_groups_of_an_hour() -> None:
    body = ASCII_HEAD + b"DRP " + b"05" * 11 + b"FF DRZ1 " + b"0031" * 12 + b" PT 3.5 "
    message = only(read(in_ascii(body, "34")))
    assert message.values[:2] == [0.5, 0.5]
    assert message.quality[11] == MISSING
    assert message.values[12] == 0.49
    assert message.sources[-1] == "PT"


def test_ascii_series_of_several_elements() -> None:
    body = ASCII_HEAD + b"DRN05 PN05 Z 0.5 10.1 M 10.2 0.7 10.3 "
    message = only(read(in_ascii(body, "31")))
    assert message.sources == ["PN05", "Z"] * 3
    assert message.values[1::2] == [10.1, 10.2, 10.3]
    assert message.quality[2] == MISSING
    assert message.ts_us[4:] == [OBSERVED_US + 2 * STEP_US] * 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"Z wet VT 12.44 ", "not_a_number"),
        (b"DRP 0G ", "not_a_number"),
        (b"ST 12 H ", "bad_frame"),
        (b"DRN05 ", "bad_frame"),
        (b"\xff\xff 1 ", "bad_frame"),
    ],
)
def test_what_ascii_cannot_say(body: bytes, reason: str) -> None:
    message = only(read(in_ascii(ASCII_HEAD + body)))
    assert [each.reason for each in message.refused] == [reason]


def test_ascii_text_and_picture_are_raw() -> None:
    telegram = read(in_ascii(b"0007240109153500RGZS Z 1.2 NN", "35"))
    assert telegram.about["text"] == "Z 1.2 NN"
    picture = read(in_ascii(ASCII_HEAD + b"PIC \xff\xd8 \x00", "36"))
    assert only(picture).events[0].body == b"\xff\xd8 \x00"


def test_ascii_parameters_version_and_status() -> None:
    head = b"0007240109153500ST 0011223344 "
    assert read(in_ascii(head + b"20 08 28 10.000 ", "43")).about["parameters"] == {
        "20": "08",
        "28": "10.000",
    }
    assert read(in_ascii(head + b"03V12", "45")).about["text"] == "V12"
    assert read(in_ascii(head + b"ZT 00000080 ", "46")).about["status"] == 0x80
    assert read(in_ascii(head + b"0001" * 32, "50")).about["counters"] == [1] * 32


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("crc", "sometimes"),
        ("hour_time", "noon"),
        ("level_base_1", "deep"),
        ("level_base_2", "nan"),
        ("confirm", "loudly"),
    ],
)
def test_an_option_that_means_nothing(option: str, value: str) -> None:
    with pytest.raises(DecodeError, match="bad_option"):
        report("38121244", **{option: value})
