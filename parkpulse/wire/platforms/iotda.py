"""Huawei Cloud IoTDA: what its data forwarding sends (HTTP, AMQP, MQTT).

Source: API reference of IoTDA, "Device Property Reporting" and "Device Message Status".
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

_PROPERTY = "device.property"
_MESSAGE = "device.message"
_STATUS = "device.status"
_TIMES = ("event_time_ms", "event_time")
_ABOUT = ("resource", "event", "event_time", "event_time_ms", "request_id")
_ABOUT_HEADER = ("device_id", "app_id", "product_id", "gateway_id", "node_id", "tags")


class Iotda:
    """Decoder; options `device_id`, `profile`, `profile.<product_id>`."""

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read a message; raises DecodeError."""
        document = documents.mapping(documents.read(payload), "the message")
        data = documents.mapping(document.get("notify_data"), "notify_data")
        header = documents.mapping(data.get("header", {}), "header")
        body = documents.mapping(data.get("body", {}), "body")
        at = _time(document, _TIMES)
        own, imei = header.get("device_id"), header.get("node_id")
        device = reports.device(context, own, imei)
        report = Report(device, documents.text(header.get("product_id")), at, at)
        drafts = Drafts()
        resource = document.get("resource")
        if resource == _PROPERTY:
            _properties(drafts, report, body, context)
        elif resource == _MESSAGE:
            _message(drafts, report, body, context)
        else:
            _other(drafts, report, document, body)
        about = {"platform": "iotda"}
        about |= {name: document[name] for name in _ABOUT if name in document}
        about |= {name: header[name] for name in _ABOUT_HEADER if name in header}
        return Telegram(drafts.messages(), about)


def _time(part: dict[str, Any], names: tuple[str, ...]) -> int | None:
    """Read the first of these times that is there; raises DecodeError `bad_time`."""
    for name in names:
        sent = part.get(name)
        if sent is None or sent == "":
            continue
        at = clocks.guess(sent)
        if at is None:
            detail = f"{name} {documents.shown(sent)} is no time"
            raise DecodeError(reasons.BAD_TIME, detail)
        return at
    return None


def _properties(
    drafts: Drafts, report: Report, body: dict[str, Any], context: Context
) -> None:
    services = body.get("services")
    if not isinstance(services, list):
        detail = f"services must be a list, not {documents.shown(services)}"
        raise DecodeError(reasons.WRONG_TYPE, detail)
    for each in services:
        service = documents.mapping(each, "a service")
        at = _time(service, ("event_time",))
        timed = report if at is None else _at(report, at)
        name = str(service.get("service_id", ""))
        reports.add(drafts, timed, service.get("properties"), context, name)


def _at(report: Report, at: int) -> Report:
    return Report(report.device, report.product, at, report.sent_us)


def _message(
    drafts: Drafts, report: Report, body: dict[str, Any], context: Context
) -> None:
    content = body.get("content")
    if isinstance(content, str):
        content = reports.from_text(content)
    reports.add(drafts, report, content, context)


def _other(
    drafts: Drafts, report: Report, document: dict[str, Any], body: dict[str, Any]
) -> None:
    resource, event = document.get("resource"), document.get("event")
    if not isinstance(resource, str):
        detail = f"resource must be a text, not {documents.shown(resource)}"
        raise DecodeError(reasons.WRONG_TYPE, detail)
    kind = f"{resource}.{event}"
    status = body.get("status")
    if resource == _STATUS and isinstance(status, str):
        kind = status.lower()
    drafts.of(report.device, report.sent_us).event(kind, report.at_us, body)


def encode(
    values: Mapping[str, Any],
    *,
    device: str,
    product: str,
    service: str,
    at: str,
) -> bytes:
    """Write a property report as the platform pushes it.

    Parameters
    ----------
    values
        Properties by name.
    device
        `device_id` of the platform; what follows its first `_` is the node.
    product
        `product_id`.
    service
        `service_id`.
    at
        Event time as `yyyyMMdd'T'HHmmss'Z'`.
    """
    header = {
        "device_id": device,
        "node_id": device.partition("_")[2] or device,
        "product_id": product,
    }
    one = {"service_id": service, "properties": values, "event_time": at}
    return msgspec.json.encode(
        {
            "resource": _PROPERTY,
            "event": "report",
            "event_time": at,
            "notify_data": {"header": header, "body": {"services": [one]}},
        }
    )
