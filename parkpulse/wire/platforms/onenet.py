"""China Mobile OneNET: the new platform's thing model, the legacy data points."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Telegram
from parkpulse.wire import clocks, documents
from parkpulse.wire.platforms import onenet_envelope, reports
from parkpulse.wire.platforms.drafts import Drafts
from parkpulse.wire.platforms.reports import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.wire.context import Context
    from parkpulse.wire.platforms.drafts import Draft
    from parkpulse.wire.platforms.onenet_envelope import Envelope

_IPSO = re.compile(r"(\d+)_\d+_(\d+)", re.ASCII)
# Object and resource of OMA LwM2M and IPSO; what they leave to the maker is not here.
_METRICS = {
    ("3", "9"): "battery_level",
    ("4", "2"): "rsrp",
    ("3303", "5700"): "air_temperature",
    ("3304", "5700"): "relative_humidity",
    ("3316", "5700"): "voltage",
}
_DATA_POINT, _LIFE, _COMMAND = 1, 2, 7
_STATES = {0: "offline", 1: "online"}
_ABOUT = (
    "messageType",
    "notifyType",
    "type",
    "deviceName",
    "dev_id",
    "dev_name",
    "imei",
    "projectId",
    "productId",
    "pid",
)


class Onenet:
    """Decoder; options as for CTWing, and `aes_key` and `token` of the push.

    With `token` a wrong signature is refused; without it none is looked at: the push
    end-point has done so.
    """

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read a message with or without its envelope; raises DecodeError."""
        envelope = onenet_envelope.read(payload)
        about: dict[str, Any] = {"platform": "onenet"}
        content = payload
        if envelope is not None:
            content = _opened(envelope, context)
            about |= {} if envelope.id is None else {"id": envelope.id}
        sent = None if envelope is None else clocks.guess(envelope.time_ms)
        document = documents.read(content)
        drafts = Drafts()
        for each in document if isinstance(document, list) else [document]:
            message = documents.mapping(each, "msg")
            about |= {name: message[name] for name in _ABOUT if name in message}
            if "messageType" in message:
                _thing(drafts, message, sent, context)
            else:
                _legacy(drafts, message, context)
        return Telegram(drafts.messages(), about)


def _opened(envelope: Envelope, context: Context) -> bytes:
    token = context.options.get("token")
    if token is not None and not envelope.is_signed(token):
        detail = "the signature was not made with this token"
        raise DecodeError(reasons.BAD_SIGNATURE, detail)
    return envelope.opened(context.options.get("aes_key"))


def _thing(
    drafts: Drafts, message: dict[str, Any], sent: int | None, context: Context
) -> None:
    data = documents.mapping(message.get("data", {}), "data")
    own = message.get("deviceName", message.get("deviceId"))
    device = reports.device(context, own, message.get("imei"))
    at = clocks.guess(data.get("time"))
    product = documents.text(message.get("productId"))
    report = Report(device, product, sent if at is None else at, sent)
    params = data.get("params")
    if message["messageType"] == "notify" and isinstance(params, dict):
        is_event = message.get("notifyType") == "event"
        _params(drafts, report, params, context, is_event=is_event)
    elif isinstance(params, list):
        _pack(drafts, report, params, context)
    else:
        status = data.get("status")
        kind = status if isinstance(status, str) else str(message["messageType"])
        drafts.of(device, sent).event(kind, report.at_us, data)


def _params(
    drafts: Drafts,
    report: Report,
    params: dict[str, Any],
    context: Context,
    *,
    is_event: bool,
) -> None:
    if reports.profile(context, report.product) is not None:
        reports.add(drafts, report, params, context)
        return
    draft = drafts.of(report.device, report.sent_us)
    if is_event:
        draft.event("event", report.at_us, params)
    for name, param in params.items():
        _param(draft, name, param, report.at_us)


def _param(draft: Draft, name: str, param: object, at: int | None) -> None:
    value = param
    if isinstance(param, dict) and "value" in param:
        value = param["value"]
        own = clocks.guess(param.get("time"))
        at = at if own is None else own
        if "bin_data" in param:
            draft.event("binary", at, {name: param["bin_data"]})
    _point(draft, name, value, at)


def _point(draft: Draft, name: str, value: object, at: int | None) -> None:
    """Add one value; the metric of an IPSO id is that of its object and resource."""
    found = _IPSO.fullmatch(name)
    metric = _METRICS.get((found[1], found[2])) if found else None
    number = documents.number(value)
    if metric is not None and number is not None:
        draft.number(name, number, at, metric=metric)
        return
    texts: dict[str, Any] = {}
    draft.value(name, value, at, texts=texts)
    draft.texts(texts, at)


def _pack(drafts: Drafts, report: Report, params: list[Any], context: Context) -> None:
    """Read what a gateway packs: properties and events of several devices."""
    for each in params:
        part = documents.mapping(each, "a part of params")
        identity = documents.mapping(part.get("identity", {}), "identity")
        device = documents.text(identity.get("deviceName")) or report.device
        product = documents.text(identity.get("productID")) or report.product
        own = Report(device, product, report.at_us, report.sent_us)
        for group, is_event in (("properties", False), ("events", True)):
            values = part.get(group)
            if isinstance(values, dict) and values:
                _params(drafts, own, values, context, is_event=is_event)


def _legacy(drafts: Drafts, point: dict[str, Any], context: Context) -> None:
    own = point.get("dev_id", point.get("dev_name"))
    device = reports.device(context, own, point.get("imei"))
    at = clocks.guess(point.get("at"))
    kind = point.get("type", _DATA_POINT)
    draft = drafts.of(device, at)
    if kind == _DATA_POINT and "ds_id" in point:
        value = point.get("value")
        product = documents.text(point.get("pid"))
        if reports.profile(context, product) is not None:
            report = Report(device, product, at, at)
            content = _bytes(value) if isinstance(value, str) else value
            reports.add(drafts, report, content, context)
        else:
            _point(draft, str(point["ds_id"]), value, at)
    elif kind == _LIFE:
        status = point.get("status")
        known = _STATES.get(status) if isinstance(status, int) else None
        draft.event(known or "status", at, point)
    else:
        draft.event("command_response" if kind == _COMMAND else "other", at, point)


def _bytes(text: str) -> object:
    """Read a text value: hexadecimal, JSON or Base64."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return reports.from_text(text)


def encode(
    values: Mapping[str, tuple[Any, int]], *, device: str, product: str, number: str
) -> bytes:
    """Write a property message of the new platform, without its envelope.

    Parameters
    ----------
    values
        Value and time [ms since 1970 UTC] by name.
    device
        `deviceName`.
    product
        `productId`.
    number
        `data.id`.
    """
    params = {
        name: {"value": value, "time": at} for name, (value, at) in values.items()
    }
    return msgspec.json.encode(
        {
            "projectId": "1",
            "productId": product,
            "deviceName": device,
            "messageType": "notify",
            "notifyType": "property",
            "data": {"id": number, "params": params},
        }
    )
