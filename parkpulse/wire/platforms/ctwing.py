"""China Telecom CTWing (AEP): what the platform pushes to a subscriber.

Shapes: domain knowledge of public captures; `dataReport` with transparent, flat and
nested payload, batches, events, command receipts, going online and offline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Telegram
from parkpulse.wire import clocks, documents
from parkpulse.wire.platforms import reports
from parkpulse.wire.platforms.drafts import Drafts
from parkpulse.wire.platforms.reports import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.wire.context import Context

_ABOUT = (
    "messageType",
    "deviceId",
    "IMEI",
    "productId",
    "tenantId",
    "protocol",
    "topic",
    "upPacketSN",
)
_TRANSPARENT = "APPdata"
_BATCH = "dataReportTupUnion"
_DATA = "dataReport"
_EVENT = "eventReport"
_STATES = {0: "offline", 1: "online"}


class Ctwing:
    """Decoder; options `device_id`, `profile`, `profile.<productId>`."""

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read a message, or a list of them; raises DecodeError."""
        document = documents.read(payload)
        drafts = Drafts()
        envelopes = document if isinstance(document, list) else [document]
        for each in envelopes:
            _add(drafts, documents.mapping(each, "the message"), context)
        about: dict[str, Any] = {"platform": "ctwing"}
        if isinstance(document, dict):
            about |= {name: document[name] for name in _ABOUT if name in document}
        return Telegram(drafts.messages(), about)


def _add(drafts: Drafts, envelope: dict[str, Any], context: Context) -> None:
    kind = envelope.get("messageType", _DATA)
    report = _report(envelope, context)
    if kind == _BATCH:
        _batch(drafts, envelope, context)
    elif kind == _DATA:
        _data(drafts, report, envelope, context)
    elif kind == _EVENT:
        _event(drafts, report, envelope)
    elif isinstance(kind, str):
        _other(drafts, report, kind, envelope)
    else:
        detail = f"messageType must be a text, not {documents.shown(kind)}"
        raise DecodeError(reasons.WRONG_TYPE, detail)


def _report(envelope: dict[str, Any], context: Context) -> Report:
    at = clocks.guess(envelope.get("timestamp"))
    device = reports.device(context, envelope.get("deviceId"), envelope.get("IMEI"))
    return Report(device, documents.text(envelope.get("productId")), at, at)


def _data(
    drafts: Drafts, report: Report, envelope: dict[str, Any], context: Context
) -> None:
    payload = envelope.get("payload")
    if isinstance(payload, str):
        payload = reports.from_text(payload)
    service = str(envelope.get("serviceId", ""))
    if isinstance(payload, dict):
        if isinstance(payload.get("serviceData"), dict):
            service = str(payload.get("serviceId", service))
            payload = payload["serviceData"]
        elif isinstance(payload.get(_TRANSPARENT), str):
            payload = reports.from_base64(payload[_TRANSPARENT], _TRANSPARENT)
    reports.add(drafts, report, payload, context, service)


def _batch(drafts: Drafts, envelope: dict[str, Any], context: Context) -> None:
    """Read a batch: each part is a payload, or an envelope of its own."""
    payload = envelope.get("payload")
    parts = payload if isinstance(payload, list) else [payload]
    outer = {name: value for name, value in envelope.items() if name != "payload"}
    for part in parts:
        inner = part if isinstance(part, dict) and "payload" in part else None
        whole = outer | (inner or _timed(part)) | {"messageType": _DATA}
        _add(drafts, whole, context)


def _timed(part: object) -> dict[str, Any]:
    """Give a part its own time if it has one beside its service's values."""
    if isinstance(part, dict) and "serviceData" in part and "timestamp" in part:
        return {"payload": part, "timestamp": part["timestamp"]}
    return {"payload": part}


def _event(drafts: Drafts, report: Report, envelope: dict[str, Any]) -> None:
    content = envelope.get("eventContent", envelope.get("payload"))
    draft = drafts.of(report.device, report.sent_us)
    if isinstance(content, dict):
        values = content.get("serviceData", content)
        if isinstance(values, dict):
            draft.fields(values, report.at_us, str(envelope.get("serviceId", "")))
    named = ("eventType", "serviceId", "eventContent", "payload")
    detail = {name: envelope[name] for name in named if name in envelope}
    draft.event("event", report.at_us, detail)


def _other(drafts: Drafts, report: Report, kind: str, envelope: dict[str, Any]) -> None:
    draft = drafts.of(report.device, report.sent_us)
    if kind == "deviceOnlineOfflineReport":
        state = envelope.get("eventType")
        known = _STATES.get(state) if isinstance(state, int) else None
        draft.event(known or kind, report.at_us, {"eventType": state})
    elif kind == "commandResponse":
        detail = {name: envelope.get(name) for name in ("taskId", "result")}
        draft.event("command_response", report.at_us, detail)
    else:
        draft.event(kind, report.at_us, envelope)


def encode(
    values: Mapping[str, Any],
    *,
    device: str,
    product: str,
    sent_ms: int,
    service: str = "",
) -> bytes:
    """Write a `dataReport` as the platform pushes it; nested if it names a service."""
    content = {"serviceId": service, "serviceData": values} if service else values
    return msgspec.json.encode(
        {
            "upPacketSN": -1,
            "upDataSN": -1,
            "topic": "v1/up/ad19prof" if service else "v1/up/ad19",
            "timestamp": sent_ms,
            "tenantId": "1",
            "serviceId": "",
            "protocol": "lwm2m",
            "productId": product,
            "payload": content,
            "messageType": _DATA,
            "deviceType": "",
            "deviceId": device,
            "assocAssetId": "",
            "IMSI": "undefined",
            "IMEI": "",
        }
    )
