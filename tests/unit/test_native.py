"""The native JSON format: what is read, what is refused, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Message
from parkpulse.wire import native, times

AT_MS = 1_764_000_000_000
AT_US = AT_MS * 1000


def sample(**values: object) -> dict[str, Any]:
    return {"samples": [{"ts": AT_MS, "values": values}]}


def decode(document: object) -> Message:
    return native.decode(json.dumps(document).encode())


def reason(payload: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        native.decode(payload)
    assert caught.value.reason in reasons.TEXTS
    return caught.value.reason


def test_a_message_becomes_flat_lists() -> None:
    message = decode(
        {
            "seq": 17,
            "sent": AT_MS + 500,
            "samples": [
                {"ts": AT_MS, "values": {"water_level": 1.23, "flow_rate": 4}},
                {"ts": "2025-11-24T16:00:01.000002Z", "values": {"water_level": 1.25}},
            ],
            "radio": {"rsrp": -97},
            "units": {"water_level": "cm"},
        }
    )
    newest = AT_US + 1_000_002
    assert message == Message(
        metrics=["water_level", "flow_rate", "water_level", "rsrp"],
        values=[1.23, 4.0, 1.25, -97.0],
        ts_us=[AT_US, AT_US, newest, newest],
        seq=17,
        sent_us=AT_US + 500_000,
        units={"water_level": "cm"},
    )


def test_a_message_may_have_no_time_at_all() -> None:
    message = decode({"samples": [{"values": {"rsrp": -97}}], "radio": {"snr": 3}})
    assert message.ts_us == [None, None]
    assert message.sent_us is None


def test_null_is_the_same_as_left_out() -> None:
    bare = {"samples": [{"values": {"rsrp": -97}}]}
    nulls = {"seq": None, "sent": None, "radio": None, "units": None}
    assert decode(bare | nulls) == decode(bare)
    assert decode({"samples": None, "radio": {"rsrp": -97}}) == decode(bare)


def test_names_that_nobody_knows_are_passed_over() -> None:
    assert decode(sample(rsrp=-97) | {"firmware": {"a": [1]}}) == decode(
        sample(rsrp=-97)
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (AT_MS, AT_US),
        (AT_MS + 0.25, AT_US + 250),
        (0, 0),
        (-1, -1000),
        ("2025-11-24T16:00:00Z", AT_US),
        ("2025-11-24t16:00:00z", AT_US),
        ("2025-11-25 00:00:00+08:00", AT_US),
        ("2025-11-24T16:00:00.123456789Z", AT_US + 123_456),
    ],
)
def test_times(written: float | str, expected: int) -> None:
    assert times.parse(written, "ts") == expected
    document = {"sent": written, "samples": [{"ts": written, "values": {"rsrp": 1}}]}
    message = decode(document)
    assert (message.sent_us, message.ts_us) == (expected, [expected])


@pytest.mark.parametrize(
    "written",
    [
        "2025-11-24T16:00:00",
        "2025-11-24",
        "2025-13-24T16:00:00Z",
        "2025-11-24T25:00:00Z",
        "2025-W47-1T16:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "1764000000000",
        "",
        "now",
        "٢٠٢٥-11-24T16:00:00Z",
        1e300,
        -1e300,
        253_402_300_800_000,
        True,
        [],
        {},
    ],
)
@pytest.mark.parametrize("field", ["sent", "ts"])
def test_what_is_no_time_with_a_zone_is_refused(field: str, written: object) -> None:
    document = sample(rsrp=-97)
    where = document if field == "sent" else document["samples"][0]
    where[field] = written
    assert reason(json.dumps(document).encode()) == "bad_time"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b'{"samples":[{"values":{"rsrp":01}}]}', "not_json"),
        (b'{"samples":[{"values":{"rsrp":1}}]', "not_json"),
        (b'{"samples":[{"values":{"rsrp":1}}]}x', "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (b'{"note":"\xc3\x28","samples":[{"values":{"rsrp":1}}]}', "not_utf8"),
        (b"[]", "wrong_type"),
        (b"null", "wrong_type"),
        (b"17", "wrong_type"),
        (b'"text"', "wrong_type"),
        (b'{"samples":{}}', "wrong_type"),
        (b'{"samples":[1]}', "wrong_type"),
        (b'{"samples":[{"values":[1]}]}', "wrong_type"),
        (b'{"samples":[{"ts":1}]}', "wrong_type"),
        (b'{"radio":1}', "wrong_type"),
        (b'{"units":[],"samples":[{"values":{"rsrp":1}}]}', "wrong_type"),
        (b"{}", "no_values"),
        (b'{"samples":[]}', "no_values"),
        (b'{"samples":[{"values":{}}],"radio":{}}', "no_values"),
        (b'{"seq":1.5,"samples":[{"values":{"rsrp":1}}]}', "bad_seq"),
        (b'{"seq":-1,"samples":[{"values":{"rsrp":1}}]}', "bad_seq"),
        (b'{"seq":"1","samples":[{"values":{"rsrp":1}}]}', "bad_seq"),
        (b'{"seq":true,"samples":[{"values":{"rsrp":1}}]}', "bad_seq"),
        (b'{"seq":9223372036854775808,"radio":{"rsrp":1}}', "bad_seq"),
        (b'{"seq":1e400,"radio":{"rsrp":1}}', "bad_seq"),
        (b'{"sent":NaN,"radio":{"rsrp":1}}', "bad_time"),
        (b'{"radio":{"rsrp":1,"rsrp":2}}', "duplicate_key"),
        (b'{"radio":{"rsrp":1,"\\u0072srp":2}}', "duplicate_key"),
        (b'{"radio":{"rsrp":1},"radio":{"rsrp":1}}', "duplicate_key"),
        (b'{"seq":1,"seq":1,"radio":{"rsrp":1}}', "duplicate_key"),
        (b"[" * 200_000, "too_deep"),
        (b'{"x":' * 40_000, "too_deep"),
        (b'{"radio":{"rsrp":1},"x":' + b"[" * 200_000, "too_deep"),
        (b" " * (native.MAXIMUM_BYTES + 1), "too_large"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    payload: bytes, expected: str
) -> None:
    assert reason(payload) == expected


def test_a_message_of_the_largest_size_is_read() -> None:
    text = json.dumps(sample(rsrp=-97)).encode()
    assert native.decode(text.ljust(native.MAXIMUM_BYTES)).values == [-97.0]


@pytest.mark.parametrize(("count", "is_read"), [(10_000, True), (10_001, False)])
def test_the_number_of_values_is_limited(count: int, *, is_read: bool) -> None:
    payload = json.dumps(sample(**{str(i): i for i in range(count)})).encode()
    if is_read:
        assert len(native.decode(payload).values) == count
    else:
        assert reason(payload) == "too_large"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"NaN", "not_finite"),
        (b"Infinity", "not_finite"),
        (b"-Infinity", "not_finite"),
        (b"1e400", "not_finite"),
        (b"1" + b"0" * 350, "not_finite"),
        (b"-1" + b"0" * 5000, "not_finite"),
        (b'"1.5"', "not_a_number"),
        (b"true", "not_a_number"),
        (b"null", "not_a_number"),
        (b"[1]", "not_a_number"),
        (b'{"a":1}', "not_a_number"),
    ],
)
@pytest.mark.parametrize("part", [b'"samples":[{"values":%s}]', b'"radio":%s'])
def test_a_value_that_cannot_be_read_is_refused_alone(
    part: bytes, written: bytes, expected: str
) -> None:
    values = b'{"rsrp":-97,"snr":' + written + b"}"
    message = native.decode(b"{" + part.replace(b"%s", values) + b"}")
    assert (message.metrics, message.values) == (["rsrp"], [-97.0])
    (refusal,) = message.refused
    assert refusal.reason == expected
    assert refusal.detail.startswith('"snr": ')
    assert len(refusal.detail) < 200


def test_numbers_are_read_to_the_last_bit() -> None:
    message = native.decode(b'{"radio":{"a":0.1,"b":1e308,"c":5e-324,"d":-0.0}}')
    assert [value.hex() for value in message.values] == [
        (0.1).hex(),
        (1e308).hex(),
        (5e-324).hex(),
        (-0.0).hex(),
    ]


def test_what_json_cannot_say_is_not_written() -> None:
    message = Message(["rsrp"], [float("nan")], [None])
    with pytest.raises(ValueError, match="finite"):
        native.encode(message)


def test_the_radio_part_is_written_as_devices_write_it() -> None:
    message = Message(["water_level"], [1.5], [AT_US], seq=3, sent_us=AT_US)
    payload = native.encode(message, radio={"rsrp": -97.0})
    assert json.loads(payload) == {
        "seq": 3,
        "sent": AT_MS,
        "samples": [{"ts": AT_MS, "values": {"water_level": 1.5}}],
        "radio": {"rsrp": -97.0},
    }
    assert native.decode(payload).ts_us == [AT_US, AT_US]
