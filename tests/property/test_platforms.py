"""Whatever platforms push and profiles meet: readings or a DecodeError, no more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkpulse.errors import DecodeError
from parkpulse.wire import formats, profiles
from parkpulse.wire.context import Context

NAMES = ["ctwing", "onenet", "iotda", *(f"profile:{each}" for each in profiles.names())]
KEYS = st.sampled_from(
    [
        "messageType",
        "payload",
        "APPdata",
        "serviceData",
        "serviceId",
        "deviceId",
        "IMEI",
        "timestamp",
        "msg",
        "nonce",
        "signature",
        "enc_msg",
        "data",
        "params",
        "value",
        "time",
        "notifyType",
        "identity",
        "properties",
        "resource",
        "notify_data",
        "header",
        "body",
        "services",
        "event_time",
        "content",
        "ENERGY",
        "Time",
        "Power",
        "em1:0",
        "em:0",
        "ts",
        "id",
        "src",
        "at",
        "type",
        "ds_id",
    ]
) | st.text(max_size=3)
TEXTS = st.sampled_from(
    [
        "dataReport",
        "dataReportTupUnion",
        "eventReport",
        "deviceOnlineOfflineReport",
        "notify",
        "lifeCycle",
        "event",
        "device.property",
        "device.message",
        "AQID",
        "20260912T173041Z",
    ]
) | st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6)
    ),
    max_leaves=25,
)


def check(name: str, payload: bytes, options: dict[str, str]) -> None:
    try:
        telegram = formats.find(name).make().decode(payload, Context(options=options))
    except DecodeError:
        return
    for message in telegram.messages:
        count = len(message.values)
        assert count or message.events or message.refused
        assert len(message.metrics) == len(message.ts_us) == count
        assert len(message.sources) == len(message.quality) == count
        assert message.device is None or message.device


@pytest.mark.parametrize("name", NAMES)
@given(document=st.dictionaries(KEYS, JSON, max_size=8), profile=st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_json(name: str, document: dict[str, Any], *, profile: bool) -> None:
    options = {"profile": "tasmota", "aes_key": "0123456789abcdef"} if profile else {}
    check(name, json.dumps(document).encode(), options)


@pytest.mark.parametrize("name", NAMES)
@given(payload=st.binary(max_size=400))
@settings(max_examples=15, deadline=None)
def test_any_bytes(name: str, payload: bytes) -> None:
    check(name, payload, {})
    check(name, b"W\x01" + payload, {})
