"""SenML packs are resolved, converted and split as RFC 8428 and 8798 say."""

from __future__ import annotations

import json
import math
import time
import tracemalloc
from pathlib import Path
from typing import Any

import cbor2
import pytest

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Message, Telegram
from parkpulse.wire import formats, senml, senml_encode
from parkpulse.wire.context import Context

NOW_US = 1_700_000_000_000_000
VECTORS = {
    vector["id"]: vector
    for vector in map(
        json.loads,
        (Path(__file__).parents[1] / "data" / "senml_vectors.jsonl")
        .read_text()
        .splitlines(),
    )
}


def decoded(payload: bytes) -> Telegram:
    return formats.find("senml").make().decode(payload, Context("", NOW_US))


def of_pack(*records: dict[str, Any]) -> Telegram:
    return decoded(json.dumps(records).encode())


def the_message(*records: dict[str, Any]) -> Message:
    (message,) = of_pack(*records).messages
    return message


def refusal(payload: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decoded(payload)
    return caught.value.reason


def test_the_published_pack_is_resolved_in_time_order() -> None:
    telegram = of_pack(*VECTORS["senml-json-1"]["pack"])
    (message,) = telegram.messages
    assert telegram.about == {"bver": 5, "records": 7}
    assert message.device == "urn:dev:ow:10e2073a0108006"
    rows = list(
        zip(
            message.sources, message.values, message.ts_us, message.metrics, strict=True
        )
    )
    for named in ("resolved_first", "resolved_second"):
        told = VECTORS["senml-json-1"][named]
        at = round(told["t"] * 1e6)
        assert (told["n"], told["v"], at, told["n"].rpartition(":")[2]) in rows
    assert message.ts_us == sorted(each or 0 for each in message.ts_us)


def test_cbor_says_the_same_as_json() -> None:
    payload = bytes.fromhex(VECTORS["senml-cbor-1"]["hex"].replace(" ", ""))
    assert len(payload) == VECTORS["senml-cbor-1"]["bytes"]
    found, wanted = decoded(payload), of_pack(*VECTORS["senml-json-1"]["pack"])
    assert found.about == wanted.about
    assert found.messages[0].metrics == wanted.messages[0].metrics
    assert found.messages[0].ts_us == wanted.messages[0].ts_us
    assert found.messages[0].values == wanted.messages[0].values


def test_texts_and_data_are_events_and_truths_are_numbers() -> None:
    vector = VECTORS["senml-multi-type"]
    message = the_message(*vector["pack"])
    assert message.metrics == ["air_temperature", "open"]
    assert message.values == [23.1, 0.0]
    text, data = message.events
    assert text.detail["text"] == "Machine Room"
    assert data.body.hex() == data.detail["hex"] == vector["vd_bytes"]


def test_a_field_that_must_be_understood_refuses_the_pack() -> None:
    payload = json.dumps(VECTORS["senml-must-reject"]["pack"]).encode()
    assert refusal(payload) == reasons.MUST_UNDERSTAND
    assert of_pack({"n": "a", "v": 1, "foo": 1}).messages[0].values == [1.0]
    assert refusal(cbor2.dumps([{0: "a", 2: 1, "foo_": 1}])) == reasons.MUST_UNDERSTAND


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        ("[]", reasons.NO_VALUES),
        ("{}", reasons.WRONG_TYPE),
        ("[1]", reasons.WRONG_TYPE),
        ('[{"n":"a"}]', reasons.WRONG_TYPE),
        ('[{"n":"a","v":1,"vs":"x"}]', reasons.WRONG_TYPE),
        ('[{"n":"a","v":"1"}]', reasons.WRONG_TYPE),
        ('[{"n":"a","v":true}]', reasons.WRONG_TYPE),
        ('[{"n":"a","vb":1}]', reasons.WRONG_TYPE),
        ('[{"n":"a","vd":"a*"}]', reasons.WRONG_TYPE),
        ('[{"v":1}]', reasons.BAD_NAME),
        ('[{"n":"-a","v":1}]', reasons.BAD_NAME),
        ('[{"n":"水","v":1}]', reasons.BAD_NAME),
        ('[{"n":"a b","v":1}]', reasons.BAD_NAME),
        (f'[{{"n":"{"a" * 513}","v":1}}]', reasons.BAD_NAME),
        ('[{"n":"a","v":1,"v":2}]', reasons.DUPLICATE_KEY),
        ('[{"n":"a","v":NaN}]', reasons.NOT_JSON),
        ('[{"n":"a","v":1,"bver":11}]', reasons.UNSUPPORTED_VERSION),
        ('[{"n":"a","v":1,"bver":"10"}]', reasons.WRONG_TYPE),
        ('[{"n":"a","v":1},{"bver":5,"n":"a","v":1}]', reasons.WRONG_TYPE),
        ('[{"n":"a","v":1,"t":1e300}]', reasons.BAD_TIME),
        ("[" * 100_000, reasons.TOO_DEEP),
        ("[" + " " * 300_000, reasons.TOO_LARGE),
        ("[" + ",".join(["{}"] * 10_001) + "]", reasons.TOO_LARGE),
        ("not json", reasons.NOT_JSON),
        ('[{"n":"a","vs":"\\ud800"}]', reasons.NOT_UTF8),
    ],
)
def test_what_is_no_pack_is_refused(pack: str, reason: str) -> None:
    assert refusal(pack.encode()) == reason


@pytest.mark.parametrize(
    "payload",
    [
        "9fa2006161020aff",  # an array without length
        "81a20061617f61620161ff",  # a text without length
        "9b7fffffffffffffff",  # told lengths beyond what follows
        "bb7fffffffffffffff",
        "815b7fffffffffffffff",
        "81" * 1000,
        "81a200616102c2490100000000000000ff",  # a bignum
        "81a200616102d8236161",  # a regular expression
        "81a200616102d81c00",  # a shared reference
        "81a200616102c4821a7fffffff01",  # 1e2147483647
        "81a200616102c48101",
        "81a20061610201" + "00",  # something follows
        "81a30061610201020a",  # a label twice
        "81a2006161f501",  # `true` is no label, though it equals 1
        "80ff",
        "a0",
        "c0",
        "ff",
    ],
)
def test_what_is_no_cbor_pack_is_refused_in_little_memory(payload: str) -> None:
    tracemalloc.start()
    begin = time.process_time()
    reason = refusal(bytes.fromhex(payload))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reason in {reasons.NOT_CBOR, reasons.WRONG_TYPE, reasons.DUPLICATE_KEY}
    assert peak < 2_000_000
    assert time.process_time() - begin < 5


def test_cbor_numbers_may_be_decimal_fractions_and_half_floats() -> None:
    pack = bytes.fromhex("82a200616102c48221196ab3a200616202f93e00")
    (message,) = decoded(pack).messages
    assert message.values == [273.15, 1.5]


def test_base_fields_hold_until_they_stand_again() -> None:
    first, second = of_pack(
        {"bn": "one:", "bt": 1e9, "bv": 100, "bu": "K", "n": "x", "v": 1, "t": 2},
        {"n": "y", "u": "m", "v": 2},
        {"bn": "two:", "bt": 1.1e9, "bv": 0, "n": "x", "v": 3},
    ).messages
    assert (first.device, second.device) == ("one", "two")
    assert first.metrics == ["y", "x"]
    assert first.values == [102.0, 101.0]
    assert first.ts_us == [10**15, 10**15 + 2_000_000]
    assert first.units == {"x": "K", "y": "m"}
    assert second.units == {"x": "K"}
    assert second.ts_us == [1_100_000_000_000_000]


def test_times_below_2_to_28_count_from_the_receipt() -> None:
    message = the_message(
        {"n": "d:a", "v": 1, "t": 2**28},
        {"n": "d:a", "v": 2, "t": 2**28 - 1},
        {"n": "d:a", "v": 3, "t": -0.5},
        {"n": "d:a", "v": 4},
    )
    assert dict(zip(message.values, message.ts_us, strict=True)) == {
        1.0: 2**28 * 10**6,
        3.0: NOW_US - 500_000,
        4.0: None,
        2.0: NOW_US + (2**28 - 1) * 10**6,
    }
    assert message.values == [1.0, 3.0, 4.0, 2.0]


def test_a_sum_is_a_reading_of_its_own() -> None:
    message = the_message(
        {"bs": 100, "n": "d:pump", "bu": "m3/s", "s": 5}, {"n": "d:pump", "v": 2}
    )
    assert message.metrics == ["pump_sum", "pump", "pump_sum"]
    assert message.values == [105.0, 2.0, 100.0]
    assert message.sources == ["d:pump"] * 3


@pytest.mark.parametrize(
    ("name", "unit", "value", "metric", "wanted", "wanted_unit"),
    [
        ("relative_humidity", "%", 0.55, "relative_humidity", 55.0, None),
        ("humidity", "%RH", 55, "relative_humidity", 55.0, None),
        ("battery_level", "%EL", 80, "battery_level", 80.0, None),
        ("valve", "%", 0.5, "valve", 0.5, "/"),
        ("power", "kW", 1.2, "power", 1200.0, "W"),
        ("active_power", "kW", 1.1, "active_power", 1100.0, None),
        ("active_kw", None, 1.1, "active_power", 1100.0, None),
        ("import_kwh", "kWh", 123456.78, "active_energy_import", 123456.78, None),
        ("import_kwh", "J", 3.6e6, "active_energy_import", 1.0, None),
        ("energy", "kWh", 2, "energy", 7.2e6, "J"),
        ("water_level", "mm", 1234, "water_level", 1.234, None),
        ("temp", "K", 300, "air_temperature", 26.85, None),
        ("rsrp", "dBW", -127, "rsrp", -97.0, None),
        ("level", "dBm", 30, "level", 0.0, "dBW"),
        ("pressure", "hPa", 1013.25, "pressure", 101325.0, "Pa"),
        ("voltage", "mV", 3600, "voltage", 3.6, None),
        ("voltage", "Cel", 3.6, "voltage", 3.6, "Cel"),
        ("flow_rate", "l/s", 20, "flow_rate", 0.02, None),
        ("speed", "km/h", 36, "speed", 10.0, "m/s"),
        ("thing", "furlong", 2, "thing", 2.0, "furlong"),
    ],
)
def test_units_are_brought_to_the_metrics_or_the_registrys_own(
    name: str,
    unit: str | None,
    value: float,
    metric: str,
    wanted: float,
    wanted_unit: str | None,
) -> None:
    record = {"n": name, "v": value} | ({"u": unit} if unit else {})
    message = the_message(record)
    assert message.metrics == [metric]
    assert message.values == [wanted]
    assert message.units.get(metric) == wanted_unit


def test_of_two_names_for_one_metric_the_first_stands_for_it() -> None:
    message = the_message(
        {"bn": "d:", "bu": "V", "n": "l1/voltage", "v": 230},
        {"n": "l2/voltage", "v": 231},
    )
    assert message.metrics == ["voltage", "l2/voltage"]


def test_two_units_of_one_unknown_metric_cannot_stand_side_by_side() -> None:
    message = the_message({"n": "x", "u": "m", "v": 1}, {"n": "x", "u": "K", "v": 2})
    assert message.values == [1.0]
    assert message.refused[0].reason == reasons.UNKNOWN_UNIT


def test_what_is_not_finite_is_refused_alone() -> None:
    pack = cbor2.dumps([{0: "a", 2: math.nan}, {0: "a", 2: 1}, {0: "b", 2: 10**400}])
    assert refusal(pack) == reasons.NOT_CBOR  # no bignums
    (message,) = decoded(cbor2.dumps([{0: "a", 2: math.nan}, {0: "a", 2: 1}])).messages
    assert message.values == [1.0]
    assert [each.reason for each in message.refused] == [reasons.NOT_FINITE]
    (message,) = decoded(b'[{"n":"a","v":1' + b"0" * 5000 + b"}]").messages
    assert [each.reason for each in message.refused] == [reasons.NOT_FINITE]


@pytest.mark.parametrize(
    ("base", "own", "device", "metric"),
    [
        ("urn:dev:ow:10e2:", "temp", "urn:dev:ow:10e2", "temp"),
        ("urn:dev:ow:10e2", "", "urn:dev:ow:10e2", "value"),
        ("", "urn:dev:ow:10e2:temp", "urn:dev:ow:10e2", "temp"),
        ("", "urn:dev:mac:10e2_temp", "urn:dev:mac:10e2", "temp"),
        ("", "building/3/temp", "building:3", "temp"),
        ("site/3/", "energy/import_kwh", "site:3", "energy/import_kwh"),
        ("", "temp", None, "temp"),
        ("gw", "/temp", "gw", "temp"),
    ],
)
def test_a_name_is_device_and_metric(
    base: str, own: str, device: str | None, metric: str
) -> None:
    assert senml.split(base, own) == (device, metric)


def test_a_long_name_becomes_an_id_of_its_own() -> None:
    one, two = senml.device_id("a" * 100), senml.device_id("a" * 101)
    assert one != two
    assert len(one) == len(two) == 64


def test_what_is_encoded_says_the_same_in_both_forms() -> None:
    message = Message(
        ["voltage", "x"], [230.5, 1.0], [NOW_US, NOW_US + 1000], units={"x": "m"}
    )
    pack = senml_encode.records(message, "urn:dev:mac:1:")
    for payload in (senml_encode.to_json(pack), senml_encode.to_cbor(pack)):
        (found,) = decoded(payload).messages
        assert found.device == "urn:dev:mac:1"
        assert found.metrics == message.metrics
        assert found.values == message.values
        assert found.ts_us == message.ts_us
        assert found.units == message.units
