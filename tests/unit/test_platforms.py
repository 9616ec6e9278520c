"""Messages of the carriers' platforms: every shape that they push."""

from __future__ import annotations

import base64
import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest

from parkpulse.model import radio, reasons
from parkpulse.model.message import MISSING
from parkpulse.wire import clocks
from parkpulse.wire.platforms import ctwing, iotda
from tests.unit.platform_messages import SENT, SENT_MS, decode, refused, values

DATA = Path(__file__).parents[1] / "data"
# Captured messages of public projects, see the ids.
TRANSPARENT = (
    "AQFWMS4wAAAAACMAAAAH/wAlODYyNTkyMDUxNjUxNDcyAAEAMjUAODAAAAAAAAABAQAAAAEAAASD"
)
NESTED = {
    "serviceId": "notification",
    "serviceData": {
        "TData": 30,
        "SNR": 1,
        "RSRP": 114,
        "IMEI": "860374051096202",
        "Cell_ID": "38848339",
        "CSQ": 5,
        "Battery_Level": 100,
        "Alarm_Status": 2,
    },
}


VECTORS = {
    each["id"]: each
    for each in map(
        json.loads, (DATA / "platforms_vectors.jsonl").read_text().splitlines()
    )
}


@pytest.mark.parametrize(
    ("name", "vector", "told"),
    [
        ("ctwing", "ctwing-nested", {"rsrp": -114, "battery_level": 100, "TData": 30}),
        ("iotda", "huawei-property", {"heartRate": 78, "spo2": 100}),
        ("onenet", "onenet-legacy", {"3300_0_5700": -115}),
    ],
)
def test_captured_messages(name: str, vector: str, told: dict[str, float]) -> None:
    (message,) = decode(name, VECTORS[vector]["body"]).messages
    found = dict(zip(message.metrics, message.values, strict=True))
    assert told.items() <= found.items()


def test_a_captured_transparent_message() -> None:
    vector = VECTORS["ctwing-transparent"]
    (message,) = decode("ctwing", vector["body"]).messages
    assert message.events[0].body.hex() == vector["appdata_hex"]


def envelope(payload: object, **changes: object) -> dict[str, Any]:
    return {
        "upPacketSN": -1,
        "topic": "v1/up/ad19prof",
        "timestamp": SENT_MS,
        "tenantId": "10461180",
        "serviceId": "",
        "protocol": "lwm2m",
        "productId": "15014772",
        "payload": payload,
        "messageType": "dataReport",
        "deviceId": "acf7",
        "IMSI": "undefined",
        "IMEI": "860374051096202",
        **changes,
    }


def test_ctwing_nested() -> None:
    telegram = decode("ctwing", envelope(NESTED))
    (message,) = telegram.messages
    found = values(telegram)
    assert found["RSRP"] == -114
    assert found["Battery_Level"] == 100
    assert "IMEI" not in found
    named = dict(zip(message.sources, message.metrics, strict=True))
    assert named["RSRP"] == "rsrp"
    assert named["Battery_Level"] == "battery_level"
    assert named["TData"] == "TData"
    assert set(message.ts_us) == {SENT}
    assert (message.device, message.sent_us, message.events) == ("acf7", SENT, [])
    assert telegram.about["productId"] == "15014772"


def test_ctwing_flat_and_integer_service() -> None:
    flat = envelope({"liquid_level": 402, "on": True, "none": None}, serviceId=7)
    (message,) = decode("ctwing", flat).messages
    assert message.sources == ["liquid_level", "on", "none"]
    assert message.values[:2] == [402, 1]
    assert math.isnan(message.values[2])
    assert message.quality == [1, 1, MISSING]


def test_names_that_imply_a_unit() -> None:
    (message,) = decode(
        "ctwing", envelope({"active_power_kw": 5, "Power_W": 7})
    ).messages
    told = list(zip(message.sources, message.metrics, strict=True))
    assert told == [("active_power_kw", "active_power"), ("Power_W", "Power_W")]
    assert message.units == {"active_power": "kW"}


def test_ctwing_transparent() -> None:
    (message,) = decode("ctwing", envelope({"APPdata": TRANSPARENT})).messages
    (event,) = message.events
    assert event.kind == "transparent"
    assert event.body == base64.b64decode(TRANSPARENT)
    assert event.detail["length"] == 57
    inner = base64.b64encode(b'{"water_level": 1.5, "ts": 1700000000}').decode()
    (message,) = decode("ctwing", envelope({"APPdata": inner})).messages
    assert (message.metrics, message.values) == (["water_level"], [1.5])
    assert message.ts_us == [1_700_000_000_000_000]
    assert refused("ctwing", envelope({"APPdata": "§"})) == reasons.WRONG_TYPE


def test_ctwing_transparent_by_profile() -> None:
    head = b"W\x01" + b"862592051651472"
    raw = head + struct.pack(">IHhbHB", 1764000000, 3600, -1150, 7, 300, 1)
    raw += struct.pack(">iBB", 1234, 0, 0)
    payload = envelope({"APPdata": base64.b64encode(raw).decode()})
    for option in ("profile", "profile__15014772"):
        (message,) = decode("ctwing", payload, **{option: "nb-water-level"}).messages
        assert message.device == "862592051651472"
        assert message.sent_us == SENT
        assert message.units["water_level"] == "mm"
        assert message.values[-1] == 1234
    (other,) = decode("ctwing", payload, profile__1="nb-water-level").messages
    assert [each.kind for each in other.events] == ["transparent"]
    assert refused("ctwing", payload, profile="none") == reasons.BAD_OPTION
    flat = envelope({"a": 1})
    assert refused("ctwing", flat, profile="nb-water-level") == reasons.WRONG_TYPE


def test_ctwing_json_profile_knows_platform_device_and_time() -> None:
    payload = envelope({"Power": 5, "Import": 7.5})
    (message,) = decode("ctwing", payload, profile="eastron-json").messages
    assert (message.device, message.ts_us) == ("acf7", [SENT, SENT])
    assert message.metrics == ["active_power", "active_energy_import"]


def test_ctwing_device_choice() -> None:
    telegram = decode("ctwing", envelope({"a": 1}), device_id="imei")
    assert telegram.messages[0].device == "860374051096202"
    unknown = envelope({"a": 1}, IMEI="undefined")
    (message,) = decode("ctwing", unknown, device_id="imei").messages
    assert message.device == "acf7"


def test_ctwing_own_time_of_the_device() -> None:
    payload = envelope({"sample_time": "2020-12-03 08:00:00", "a": 1, "time": 30})
    (message,) = decode("ctwing", payload).messages
    assert message.sources == ["a", "time"]
    assert set(message.ts_us) == {clocks.guess("2020-12-03T00:00:00Z")}


def test_ctwing_batches() -> None:
    parts = [
        {"serviceId": "s1", "serviceData": {"a": 1}, "timestamp": SENT_MS - 60_000},
        {"serviceId": "s2", "serviceData": {"b": 2}},
    ]
    batch = envelope(parts, messageType="dataReportTupUnion")
    (message,) = decode("ctwing", batch).messages
    assert message.sources == ["a", "b"]
    assert message.ts_us == [SENT - 60_000_000, SENT]
    inner = [{"deviceId": f"d{n}", "payload": {"a": n}} for n in range(3)]
    batch = envelope(inner, messageType="dataReportTupUnion")
    found = decode("ctwing", batch).messages
    assert [(each.device, each.values) for each in found] == [
        ("d0", [0]),
        ("d1", [1]),
        ("d2", [2]),
    ]
    found = decode("ctwing", [envelope({"a": 1}), envelope({"b": 2})]).messages
    assert [each.sources for each in found] == [["a", "b"]]


def test_the_same_property_of_two_services() -> None:
    services = [
        {"service_id": name, "properties": {"level": n}}
        for n, name in enumerate(("tank", "sump"))
    ]
    document = huawei(services, event_time="20260912T173041Z")
    (message,) = decode("iotda", document).messages
    assert message.sources == ["level", "sump.level"]
    assert message.metrics == ["level", "sump.level"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"messageType": "deviceOnlineOfflineReport", "eventType": 1}, "online"),
        ({"messageType": "deviceOnlineOfflineReport", "eventType": 0}, "offline"),
        (
            {
                "messageType": "commandResponse",
                "taskId": 1,
                "result": {"resultCode": "DELIVERED", "resultDetail": ""},
            },
            "command_response",
        ),
        ({"messageType": "somethingNew"}, "somethingNew"),
    ],
)
def test_ctwing_events(changes: dict[str, Any], kind: str) -> None:
    document = envelope(None, **changes)
    (message,) = decode("ctwing", document).messages
    (event,) = message.events
    assert (event.kind, event.ts_us, message.values) == (kind, SENT, [])


def test_ctwing_event_report() -> None:
    document = envelope(None, messageType="eventReport", eventType=2)
    document["eventContent"] = {"water_level": 2.5, "text": "high"}
    (message,) = decode("ctwing", document).messages
    assert (message.metrics, message.values) == (["water_level"], [2.5])
    assert [each.kind for each in message.events] == ["text", "event"]


def huawei(services: object, **changes: object) -> dict[str, Any]:
    header = {"device_id": "p_n", "node_id": "860374051096202", "product_id": "p"}
    return {
        "resource": "device.property",
        "event": "report",
        "notify_data": {"header": header, "body": {"services": services}},
        **changes,
    }


@pytest.mark.parametrize(
    ("own", "ms", "top", "expected"),
    [
        ("20260912T173041Z", "2026-09-12T17:30:50.632Z", None, "2026-09-12T17:30:41Z"),
        (None, "2026-09-12T17:30:50.632Z", "20200101T000000Z", None),
        ("", None, "20260912T173041Z", "2026-09-12T17:30:41Z"),
    ],
)
def test_iotda_times(
    own: str | None, ms: str | None, top: str | None, expected: str | None
) -> None:
    service = {"service_id": "M", "properties": {"heartRate": 78}, "event_time": own}
    document = huawei([service], event_time_ms=ms, event_time=top)
    (message,) = decode("iotda", document).messages
    assert message.ts_us == [clocks.guess(expected or ms)]
    assert message.device == "p_n"
    assert decode("iotda", document, device_id="imei").messages[0].device == (
        "860374051096202"
    )


def test_iotda_messages_and_states() -> None:
    header = {"device_id": "d", "product_id": "p"}
    body: dict[str, Any] = {"topic": "t", "content": {"water_level": 1.5}}
    document = {
        "resource": "device.message",
        "event": "report",
        "event_time": "20260912T173041Z",
        "notify_data": {"header": header, "body": body},
    }
    assert values(decode("iotda", document)) == {"water_level": 1.5}
    body["content"] = '{"water_level": 2.5}'
    assert values(decode("iotda", document)) == {"water_level": 2.5}
    body["content"] = base64.b64encode(b"\x01\x02").decode()
    (event,) = decode("iotda", document).messages[0].events
    assert (event.kind, event.body) == ("transparent", b"\x01\x02")
    document |= {"resource": "device.status", "event": "update"}
    body["status"] = "OFFLINE"
    assert decode("iotda", document).messages[0].events[0].kind == "offline"
    document |= {"resource": "device", "event": "create"}
    assert decode("iotda", document).messages[0].events[0].kind == "device.create"


@pytest.mark.parametrize("name", ["ctwing", "onenet", "iotda"])
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", reasons.NOT_JSON),
        (b"\xff", reasons.NOT_UTF8),
        (b"7", reasons.WRONG_TYPE),
        (b"[" * 100_000, reasons.TOO_DEEP),
        (b'"' + b"x" * 300_000 + b'"', reasons.TOO_LARGE),
    ],
)
def test_what_all_refuse(name: str, payload: bytes, reason: str) -> None:
    assert refused(name, payload) == reason


@pytest.mark.parametrize(
    ("name", "document", "reason"),
    [
        ("ctwing", {"messageType": 7}, reasons.WRONG_TYPE),
        ("ctwing", envelope(7), reasons.WRONG_TYPE),
        ("ctwing", envelope({}), reasons.NO_VALUES),
        (
            "ctwing",
            envelope({f"v{n}": n for n in range(10_001)}),
            reasons.TOO_LARGE,
        ),
        ("iotda", huawei(None), reasons.WRONG_TYPE),
        ("iotda", huawei([], event_time="now"), reasons.BAD_TIME),
        ("iotda", huawei([], resource=None), reasons.WRONG_TYPE),
        ("onenet", {"msg": 7}, reasons.BAD_CIPHER),
        ("onenet", {"msg": "{"}, reasons.NOT_JSON),
    ],
)
def test_what_is_refused(name: str, document: object, reason: str) -> None:
    assert refused(name, document) == reason


def test_what_simulators_write_is_read() -> None:
    written = ctwing.encode({"a": 1}, device="d", product="p", sent_ms=SENT_MS)
    assert values(decode("ctwing", written)) == {"a": 1}
    written = ctwing.encode(
        {"a": 1}, device="d", product="p", sent_ms=SENT_MS, service="s"
    )
    assert values(decode("ctwing", written)) == {"a": 1}
    at = "20260912T173041Z"
    written = iotda.encode({"a": 1}, device="p_n", product="p", service="s", at=at)
    assert decode("iotda", written).messages[0].ts_us == [clocks.guess(at)]


@pytest.mark.parametrize(
    ("sent", "dbm"),
    [(114, -114), (200, -200), (-115, -115), (-1150, -115), (0, 0), (255, 255)],
)
def test_sign_and_scale_of_rsrp(sent: float, dbm: float) -> None:
    assert radio.rsrp_dbm(sent) == dbm
    assert radio.rsrp_dbm(radio.rsrp_dbm(sent)) == dbm


@pytest.mark.parametrize(
    ("sent", "iso"),
    [
        (1_700_000_000, "2023-11-14T22:13:20+00:00"),
        (1_700_000_000_500, "2023-11-14T22:13:20.500000+00:00"),
        ("1700000000", "2023-11-14T22:13:20+00:00"),
        ("20231115061320", "2023-11-14T22:13:20+00:00"),
        ("20231114T221320Z", "2023-11-14T22:13:20+00:00"),
        ("2023/11/15 06:13:20", "2023-11-14T22:13:20+00:00"),
        ("2023-11-14T22:13:20.5z", "2023-11-14T22:13:20.500000+00:00"),
        ("2023-11-15 06:13", "2023-11-14T22:13:00+00:00"),
        (30, None),
        (True, None),
        ("20231345000000", None),
        ("2023-02-30 00:00:00", None),
        ("soon", None),
        (None, None),
        (math.inf, None),
    ],
)
def test_times_by_their_looks(sent: object, iso: str | None) -> None:
    expected = None if iso is None else clocks.guess(iso)
    assert clocks.guess(sent) == expected
    assert (expected is None) == (iso is None)
