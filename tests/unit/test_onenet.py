"""Messages of OneNET: things, legacy points, signatures and ciphers."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from parkpulse.model import reasons
from parkpulse.model.message import Telegram
from parkpulse.wire.platforms import onenet, onenet_envelope
from tests.unit.platform_messages import SENT, SENT_MS, decode, refused, values

TOKEN = "token"


def thing(**changes: object) -> dict[str, Any]:
    return {
        "projectId": "990909090",
        "productId": "00001",
        "deviceName": "iot-0001",
        "messageType": "notify",
        "notifyType": "property",
        "imei": "509830501643080",
        **changes,
    }


PARAMS = {
    "WF": {"value": 23.6, "time": 1524448722123},
    "3_0_20": {"time": 1612768757420, "value": 4, "bin_data": "A0AA"},
    "3303_0_5700": {"time": 1612768757420, "value": "21.5"},
}


def sealed(content: object, token: str = TOKEN) -> bytes:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return onenet_envelope.seal(
        raw, token=token, nonce="abcdefgh", time_ms=SENT_MS, number="3799902"
    )


def test_onenet_thing_model() -> None:
    content = thing(data={"id": "12345", "params": PARAMS})
    telegram = decode("onenet", sealed(content), token="token")
    (message,) = telegram.messages
    assert values(telegram) == {"WF": 23.6, "3_0_20": 4, "3303_0_5700": 21.5}
    assert message.metrics == ["WF", "3_0_20", "air_temperature"]
    assert message.ts_us == [1524448722123000, 1612768757420000, 1612768757420000]
    assert (message.device, message.sent_us) == ("iot-0001", SENT)
    assert [each.kind for each in message.events] == ["binary"]
    assert telegram.about["id"] == "3799902"
    assert refused("onenet", sealed(content, "forged"), token="token") == (
        reasons.BAD_SIGNATURE
    )
    (message,) = decode("onenet", content, device_id="imei").messages
    assert message.device == "509830501643080"


def test_onenet_events_nest_one_level_deeper() -> None:
    params = {"alarm": {"value": {"level": 3, "text": "high"}, "time": 1524448722123}}
    content = thing(notifyType="event", data={"params": params})
    telegram = decode("onenet", sealed(content))
    assert values(telegram) == {"alarm.level": 3}
    found = [each.kind for each in telegram.messages[0].events]
    assert found == ["event", "text"]


def test_onenet_life_cycle_and_packs() -> None:
    data: dict[str, Any] = {"status": "offline", "time": 1524448722123}
    life = thing(messageType="lifeCycle", data=data)
    (event,) = decode("onenet", sealed(life)).messages[0].events
    assert (event.kind, event.ts_us) == ("offline", 1524448722123000)
    parts = [
        {
            "identity": {"productID": "p", "deviceName": f"sub-{n}"},
            "properties": {"a": {"value": n, "time": 1524448722123}},
        }
        for n in (1, 2)
    ]
    found = decode("onenet", sealed(thing(data={"params": parts}))).messages
    assert [(each.device, each.values) for each in found] == [
        ("sub-1", [1]),
        ("sub-2", [2]),
    ]


POINT = {
    "at": 1555904805407,
    "imei": "861931046156398",
    "type": 1,
    "ds_id": "3300_0_5700",
    "value": -115,
    "dev_id": 523444202,
}


def test_onenet_legacy() -> None:
    raw = (
        b'{ "at":1555904805407,"type":1,"ds_id":"3304_0_5700","value":41.5,"dev_id":5 }'
    )
    signed = onenet_envelope.signature("t", "C1z3?giR", raw)
    rest = json.dumps({"msg_signature": signed, "nonce": "C1z3?giR"}).encode()
    payload = b'{"msg": ' + raw + b", " + rest[1:]
    (message,) = decode("onenet", payload, token="t").messages
    assert message.metrics == ["relative_humidity"]
    assert (message.device, message.ts_us) == ("5", [1555904805407000])
    changed = payload.replace(b"41.5", b"41.6")
    assert refused("onenet", changed, token="t") == reasons.BAD_SIGNATURE
    two = {"msg": [POINT, POINT | {"dev_id": 6}], "msg_signature": "", "nonce": ""}
    found = decode("onenet", two).messages
    assert [each.device for each in found] == ["523444202", "6"]
    assert values(Telegram(found[:1])) == {"3300_0_5700": -115}
    named = {key: value for key, value in POINT.items() if key != "dev_id"}
    one = {"msg": named | {"dev_name": "n", "pid": "p"}}
    assert decode("onenet", one).messages[0].device == "n"
    state = {"msg": {"type": 2, "status": 1, "at": 1555904805407, "dev_id": 5}}
    assert decode("onenet", state).messages[0].events[0].kind == "online"
    command = {"msg": {"type": 7, "at": 1555904805407, "dev_id": 5}}
    assert decode("onenet", command).messages[0].events[0].kind == "command_response"


def test_onenet_hexadecimal_text_by_profile() -> None:
    raw = b"R\x01" + b"8" * 15 + struct.pack(">IHhbHB", 1764000000, 3600, -9, 7, 1, 1)
    point = POINT | {"value": (raw + b"\0\0\0\5").hex(), "ds_id": "3300_0_5750"}
    (message,) = decode("onenet", {"msg": point}, profile="nb-rain-gauge").messages
    assert message.values[-1] == 1.0
    (message,) = decode("onenet", {"msg": point}).messages
    assert [each.kind for each in message.events] == ["text"]


def test_onenet_secure_mode() -> None:
    key = "0123456789abcdef"
    content = json.dumps(thing(data={"params": PARAMS})).encode()
    payload = sealed(onenet_envelope.encrypted(content, key))
    telegram = decode("onenet", payload, aes_key=key, token="token")
    assert values(telegram)["WF"] == 23.6
    assert refused("onenet", payload) == reasons.BAD_CIPHER
    for wrong in ("fedcba9876543210", "short", "0" * 43):
        assert refused("onenet", payload, aes_key=wrong) == reasons.BAD_CIPHER


def test_onenet_legacy_cipher() -> None:
    """The layout of the platform's SDK: 16 random bytes, length, text."""
    raw = bytes(range(32))
    key = base64.b64encode(raw).decode().rstrip("=")
    content = json.dumps(POINT).encode()
    plain = b"r" * 16 + len(content).to_bytes(4) + content + b"trailing product id"
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    cipher = encryptor.update(padder.update(plain) + padder.finalize())
    text = base64.b64encode(cipher + encryptor.finalize())
    signed = onenet_envelope.signature(TOKEN, "n", text)
    payload = {"enc_msg": text.decode(), "msg_signature": signed, "nonce": "n"}
    assert onenet_envelope.is_key(key)
    telegram = decode("onenet", payload, aes_key=key, token=TOKEN)
    assert values(telegram) == {"3300_0_5700": -115}


def test_what_a_simulator_writes_is_read() -> None:
    written = onenet.encode({"a": (1, SENT_MS)}, device="d", product="p", number="1")
    (message,) = decode("onenet", sealed(written), token="token").messages
    assert (message.device, message.values, message.ts_us) == ("d", [1], [SENT])
