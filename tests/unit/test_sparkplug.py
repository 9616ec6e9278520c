"""Sparkplug B: births explain data, numbers show loss, deaths make values stale."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.wire import formats
from parkpulse.wire.context import Context
from parkpulse.wire.sparkplug import decoder as sparkplug
from parkpulse.wire.sparkplug import encode, names, state, values
from parkpulse.wire.sparkplug.encode import Value
from parkpulse.wire.sparkplug.sparkplug_b_pb2 import Metric, Payload

if TYPE_CHECKING:
    from parkpulse.model.message import Telegram

NOW_MS = 1_700_000_000_000
NOW_US = NOW_MS * 1000
VECTORS = {
    vector["id"]: vector
    for vector in map(
        json.loads,
        (Path(__file__).parents[1] / "data" / "sparkplug_vectors.jsonl")
        .read_text()
        .splitlines(),
    )
}
METER = (
    Value(1.0, values.DOUBLE, "energy/import_kwh", 1),
    Value(2.0, values.FLOAT, "power/active_kw", 2),
)


class Park:
    """A decoder, and edge node gw1 that speaks to it."""

    def __init__(self) -> None:
        self.decoder = sparkplug.Decoder()
        self.now_us = NOW_US

    def hear(self, kind: str, payload: bytes, node: str = "gw1") -> Telegram:
        device = "/meter1" if kind.startswith("D") else ""
        topic = f"spBv1.0/park/{kind}/{node}{device}"
        return self.decoder.decode(payload, Context(topic, self.now_us))

    def births(self, bd_seq: int = 0) -> None:
        self.hear("NBIRTH", encode.node_birth((), NOW_MS, bd_seq))
        self.hear("DBIRTH", encode.payload(METER, NOW_MS, 1))

    def data(self, seq: int, value: float = 3.0, alias: int = 1) -> Telegram:
        told = Value(value, values.DOUBLE, alias=alias, ts_ms=NOW_MS + seq)
        return self.hear("DDATA", encode.payload((told,), NOW_MS + seq, seq))


def heard(vector: dict[str, Any], decoder: sparkplug.Decoder) -> Telegram:
    return decoder.decode(
        bytes.fromhex(vector["hex"]), Context(vector["topic"], NOW_US)
    )


def readings(telegram: Telegram) -> list[tuple[str, int | None, float | None, int]]:
    (message,) = telegram.messages
    return [
        (source, at, None if math.isnan(value) else value, flag)
        for source, at, value, flag in zip(
            message.sources,
            message.ts_us,
            message.values,
            message.quality,
            strict=True,
        )
    ]


def test_the_vectors_one_after_the_other() -> None:
    decoder = sparkplug.Decoder()
    birth = heard(VECTORS["spb-nbirth"], decoder)
    assert (birth.about["seq"], birth.about["bdSeq"]) == (0, 0)
    born = heard(VECTORS["spb-dbirth"], decoder)
    at = (NOW_MS + 1000) * 1000
    assert readings(born) == [
        (name, at, value, 1)
        for name, (_, value) in VECTORS["spb-dbirth"]["metrics"].items()
    ]
    assert born.messages[0].device == "gw1:meter1"
    assert born.messages[0].metrics == [
        "active_energy_import",
        "active_power",
        "air_temperature",
    ]
    assert born.messages[0].units == {"active_power": "kW"}
    told = heard(VECTORS["spb-ddata"], decoder)
    assert readings(told) == [
        ("energy/import_kwh", 1_700_000_059_000_000, 123457.28, 1),
        ("power/active_kw", 1_699_999_940_000_000, 410.0, 1),
        ("env/temp_c", 1_700_000_059_000_000, None, 9),
    ]
    assert told.about["historical"] == ["power/active_kw"]
    death = heard(VECTORS["spb-ndeath"], decoder)
    assert death.about["seq"] is None
    assert [each.device for each in death.messages] == ["gw1", "gw1:meter1"]
    assert [each.events[0].kind for each in death.messages] == ["stale", "stale"]
    assert not any(each.wants_birth for each in (birth, born, told, death))


def test_the_array_of_the_specification() -> None:
    vector = VECTORS["spb-int32array"]
    raw = bytes.fromhex(vector["bytes_value"])
    assert values.array(raw, 24) == vector["values"]
    assert values.pack(vector["values"], 24) == raw


def test_data_without_births_asks_for_them_and_keeps_the_aliases_number() -> None:
    told = heard(VECTORS["spb-ddata"], sparkplug.Decoder())
    assert told.wants_birth
    assert told.about["unknown_aliases"] == [1, 2, 3]
    assert [each[0] for each in readings(told)] == ["alias 1", "alias 2", "alias 3"]
    assert [each[3] for each in readings(told)] == [3, 3, 9]


def test_data_that_name_their_aliases_explain_them() -> None:
    park = Park()
    park.hear("NBIRTH", encode.node_birth((), NOW_MS, 0))
    assert park.hear("DDATA", encode.payload(METER, NOW_MS, 1)).wants_birth
    assert readings(park.data(2))[0][0] == "energy/import_kwh"


def test_a_gap_asks_for_births_when_the_window_is_over() -> None:
    park = Park()
    park.births()
    late = park.data(4)
    assert late.about["missing_seq"] == [2, 3]
    assert not late.wants_birth
    park.now_us += state.WINDOW_US
    assert park.data(5).wants_birth
    assert not park.data(6).wants_birth  # asked already


def test_messages_out_of_order_are_no_gap() -> None:
    park = Park()
    park.births()
    for seq in (3, 2, 5, 4):
        told = park.data(seq)
        assert readings(told)[0][0] == "energy/import_kwh"
    park.now_us += 2 * state.WINDOW_US
    told = park.data(6)
    assert not told.wants_birth
    assert "missing_seq" not in told.about


def test_a_repeated_message_is_no_gap() -> None:
    park = Park()
    park.births()
    first, again, following = park.data(2), park.data(2), park.data(3)
    assert again.about["repeated"]
    assert readings(first) == readings(again)
    assert not (again.wants_birth)
    assert not (following.wants_birth)


def test_a_repeated_birth_changes_nothing() -> None:
    park = Park()
    park.births()
    park.data(2)
    again = park.hear("NBIRTH", encode.node_birth((), NOW_MS, 0))
    assert again.about["repeated"]
    assert not park.data(3).wants_birth


def test_a_node_out_of_step_is_asked_for_its_births() -> None:
    park = Park()
    park.births()
    for seq in range(2, 20):
        park.data(seq)
    assert park.data(5, 99.0).wants_birth


def test_numbers_wrap() -> None:
    park = Park()
    park.births()
    for seq in range(2, 600):
        assert not park.data(seq % 256, seq).wants_birth


def test_a_will_of_an_earlier_connection_is_ignored() -> None:
    park = Park()
    park.births(bd_seq=1)
    told = park.hear("NDEATH", encode.node_death(NOW_MS, 0))
    assert told.about["ignored"] == "stale_will"
    assert not any(each.events for each in told.messages)
    assert park.hear("NDEATH", encode.node_death(NOW_MS, 1)).about["stale"]
    assert park.data(2).wants_birth


def test_a_dead_device_is_stale_until_its_birth() -> None:
    park = Park()
    park.births()
    told = park.hear("DDEATH", encode.payload((), NOW_MS + 5, 2))
    (message,) = told.messages
    assert message.events[0].kind == "stale"
    assert message.events[0].ts_us == NOW_US + 5000
    assert park.data(3).wants_birth
    park.hear("DBIRTH", encode.payload(METER, NOW_MS, 4))
    park.now_us += state.WINDOW_US
    assert not park.data(5).wants_birth


def test_an_nbirth_makes_all_aliases_void() -> None:
    park = Park()
    park.births()
    park.hear("NBIRTH", encode.node_birth((), NOW_MS + 1, 1))
    told = park.data(1)
    assert told.about["unknown_aliases"] == [1]
    assert told.wants_birth


def test_what_is_remembered_outlives_the_decoder() -> None:
    park, heir = Park(), Park()
    park.births()
    heir.decoder.restore(park.decoder.state())
    assert readings(heir.data(2))[0][0] == "energy/import_kwh"
    with pytest.raises(DecodeError):
        heir.decoder.restore(b'{"nodes": 1}')


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "wanted"),
    [
        (values.INT8, "int_value", 0xFF, -1),
        (values.INT8, "int_value", 0xFFFFFFFF, -1),
        (values.INT8, "int_value", 0x7F, 127),
        (values.INT16, "int_value", 0x8000, -32768),
        (values.INT32, "int_value", 0xFFFFFFFB, -5),
        (values.INT64, "long_value", 2**64 - 7, -7),
        (values.UINT8, "int_value", 0xFF, 255),
        (values.UINT16, "int_value", 0xFFFF, 65535),
        (values.UINT32, "int_value", 0xFFFFFFFF, 2**32 - 1),
        (values.UINT32, "long_value", 0xFFFFFFFF, 2**32 - 1),
        (values.UINT64, "long_value", 2**63, 2.0**63),
        (values.BOOLEAN, "boolean_value", True, 1),
        (values.FLOAT, "float_value", 23.1, 23.1),
        (values.DOUBLE, "double_value", 23.1, 23.1),
    ],
)
def test_numbers_by_datatype(
    datatype: int, field: str, raw: float, wanted: float
) -> None:
    metric = Metric()
    setattr(metric, field, raw)
    assert values.read(metric, datatype) == wanted


@pytest.mark.parametrize(
    ("datatype", "content"),
    [
        (22, [-1, 2]),
        (23, [-300, 2]),
        (25, [-(2**40)]),
        (26, [255]),
        (27, [65535]),
        (28, [2**32 - 1]),
        (29, [2**63]),
        (30, [1.5]),
        (31, [23.1, None]),
        (32, [False, False, True, True, False, True, False, False, True]),
        (33, ["a", "水"]),
        (34, [NOW_MS]),
    ],
)
def test_arrays(datatype: int, content: list[Any]) -> None:
    assert values.array(values.pack(content, datatype), datatype) == content


def test_truths_are_packed_from_the_highest_bit() -> None:
    raw = bytes.fromhex("0c000000") + bytes([0x34, 0xD0])
    wanted = [False, False, True, True, False, True, False, False, True, True]
    assert values.array(raw, 32) == [*wanted, False, True]


@pytest.mark.parametrize(
    ("raw", "datatype"), [(b"abc", 24), (b"\x01", 32), (b"\xff\xff\xff\xff\x00", 32)]
)
def test_a_broken_array_is_refused_alone(raw: bytes, datatype: int) -> None:
    told = (Value(raw, datatype, "a"), Value(1.0, values.DOUBLE, "b"))
    (message,) = Park().hear("DBIRTH", encode.payload(told, NOW_MS, 1)).messages
    assert message.metrics == ["b"]
    assert message.refused[0].reason == reasons.WRONG_TYPE


def test_what_is_no_number_is_an_event() -> None:
    told = Payload.FromString(
        encode.payload(
            (
                Value("Fan 3", values.STRING, "label"),
                Value(b"\x01\x02", values.BYTES, "blob"),
                Value(float(NOW_MS), values.DATETIME, "since"),
                Value(values.pack([1, 2], 24), 24, "list"),
            ),
            NOW_MS,
            1,
        )
    )
    table = told.metrics.add(name="table", datatype=values.DATASET).dataset_value
    table.columns.extend(["a", "b"])
    table.types.extend([values.INT8, values.STRING])
    row = table.rows.add()
    row.elements.add(int_value=0xFF)
    row.elements.add(string_value="x")
    kind = told.metrics.add(name="pump", datatype=values.TEMPLATE).template_value
    kind.template_ref = "Pump"
    kind.metrics.add(name="rpm", datatype=values.INT16, int_value=0xFFFF)
    (message,) = Park().hear("DBIRTH", told.SerializeToString()).messages
    assert [each.kind for each in message.events] == [
        "text",
        "data",
        "time",
        "array",
        "dataset",
        "template",
    ]
    assert message.events[1].body == b"\x01\x02"
    assert message.events[2].detail["time"] == "2023-11-14T22:13:20Z"
    assert message.events[3].detail["values"] == [1, 2]
    assert message.events[4].detail["rows"] == [[-1, "x"]]
    assert message.events[5].detail["metrics"] == {"rpm": -1}


def test_quality_transience_and_units() -> None:
    told = (
        Value(1.0, values.DOUBLE, "a", quality=192),
        Value(2.0, values.DOUBLE, "b", quality=0),
        Value(3.0, values.DOUBLE, "c", quality=500),
        Value(4.0, values.DOUBLE, "d", is_transient=True),
        Value(5.0, values.DOUBLE, "power", unit="kW"),
        Value(6.0, values.DOUBLE, "temp", unit="°C"),
        Value(math.inf, values.DOUBLE, "e"),
    )
    telegram = Park().hear("DBIRTH", encode.payload(told, NOW_MS, 1))
    (message,) = telegram.messages
    assert message.metrics == ["a", "b", "c", "power", "air_temperature"]
    assert message.quality == [1, 4, 3, 1, 1]
    assert message.units == {"power": "kW", "air_temperature": "degC"}
    assert telegram.about["transient"] == ["d"]
    assert message.refused[0].reason == reasons.NOT_FINITE


def test_of_two_names_for_one_metric_neither_stands_for_it() -> None:
    told = (
        Value(1.0, values.DOUBLE, "inverter1/active_kw"),
        Value(2.0, values.DOUBLE, "inverter2/active_kw"),
    )
    (message,) = Park().hear("DBIRTH", encode.payload(told, NOW_MS, 1)).messages
    assert message.metrics == ["inverter1/active_kw", "inverter2/active_kw"]
    assert set(message.units.values()) == {"kW"}


def test_hosts_and_commands_are_told_and_not_stored() -> None:
    decoder = sparkplug.Decoder()
    host = sparkplug.host_state(online=True, timestamp_ms=NOW_MS)
    told = decoder.decode(host, Context("spBv1.0/STATE/scada", NOW_US))
    assert told.about["online"] is True
    assert told.about["timestamp"] == NOW_MS
    old = decoder.decode(b"OFFLINE", Context("STATE/scada", NOW_US))
    assert old.about["online"] is False
    command = Park().hear("NCMD", encode.rebirth(NOW_MS))
    assert command.messages == []
    assert command.about["control"] == {encode.REBIRTH: True}


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("", b"", reasons.BAD_TOPIC),
        ("spBv1.0/park/NDATA", b"", reasons.BAD_TOPIC),
        ("spBv1.0/park/NDATA/gw/d", b"", reasons.BAD_TOPIC),
        ("spBv1.0/park/DDATA/gw", b"", reasons.BAD_TOPIC),
        ("spBv1.0/park/DDATA/gw/d", b"\xff", reasons.NOT_PROTOBUF),
        ("spBv1.0/park/DDATA/gw/d", b"\x12\xff\xff\xff\xff\x07", reasons.NOT_PROTOBUF),
        ("spBv1.0/park/DDATA/gw/d", b"\x18\x80\x02", reasons.BAD_SEQ),
        ("spBv1.0/park/DDATA/gw/d", bytes(300_000), reasons.TOO_LARGE),
        ("spBv1.0/park/DDATA/gw/d", b"\x12\x00" * 10_001, reasons.TOO_LARGE),
        ("spBv1.0/park/DDATA/gw/d", b"\x08" + b"\xff" * 9 + b"\x01", reasons.BAD_TIME),
        ("spBv1.0/STATE/host", b"{}", reasons.WRONG_TYPE),
    ],
)
def test_what_is_no_message_is_refused(topic: str, payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        sparkplug.Decoder().decode(payload, Context(topic, NOW_US))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("node", "device", "code"),
    [
        ("gw1", None, "gw1"),
        ("gw1", "m1", "gw1:m1"),
        ("网关", "m 1", None),
        ("a:b", None, None),
        ("a" * 40, "b" * 40, None),
    ],
)
def test_ids_are_safe(node: str, device: str | None, code: str | None) -> None:
    found = names.code(node, device)
    assert found == code or (code is None and len(found) <= 64)
    assert names.code("a:b") != names.code("a", "b")
    assert names.code("网") != names.code("关")


def test_the_number_of_remembered_nodes_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "MAXIMUM_NODES", 3)
    park = Park()
    for number in range(5):
        birth = encode.node_birth((), NOW_MS, 0)
        park.hear("NBIRTH", birth, f"gw{number}")
    assert list(json.loads(park.decoder.state())["nodes"]) == [
        "park/gw2",
        "park/gw3",
        "park/gw4",
    ]


def test_the_number_of_remembered_metrics_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "MAXIMUM_METRICS", 1)
    with pytest.raises(DecodeError) as caught:
        Park().births()
    assert caught.value.reason == reasons.TOO_LARGE


def test_the_format_is_known_to_have_state() -> None:
    assert formats.find("sparkplug").has_state
