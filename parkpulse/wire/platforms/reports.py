"""One report of one device, whatever the platform: values, bytes, or by a profile."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.wire import documents, profiles

if TYPE_CHECKING:
    from parkpulse.model.message import Message
    from parkpulse.wire.context import Context
    from parkpulse.wire.platforms.drafts import Drafts

_PROFILE = "profile"
_DEVICE = "device_id"
_IMEI = "imei"
_SHOWN_BYTES = 64


@dataclass(frozen=True, slots=True)
class Report:
    """What an envelope says of its content."""

    device: str | None
    product: str | None
    at_us: int | None
    """Time that the platform gives."""
    sent_us: int | None


def device(context: Context, own: object, imei: object) -> str | None:
    """Choose a device's name: the platform's own, or with `device_id=imei` the IMEI.

    Where the chosen one is missing it is the other.
    """
    names = [documents.text(own), documents.text(imei)]
    if context.options.get(_DEVICE) == _IMEI:
        names.reverse()
    return names[0] or names[1]


def profile(context: Context, product: str | None) -> profiles.Profile | None:
    """Find the profile of a product by the options `profile.<product>` and `profile`.

    Raises
    ------
    DecodeError
        `bad_option`: there is none of this name, or its file cannot be used.
    """
    options = context.options
    name = options.get(f"{_PROFILE}.{product}") or options.get(_PROFILE)
    return None if name is None else profiles.by_name(name)


def add(
    drafts: Drafts, report: Report, content: object, context: Context, service: str = ""
) -> None:
    """Add the content of a report, a thing model's values or bytes; raises DecodeError.

    Parameters
    ----------
    drafts
        Get what it says.
    report
        What the envelope says of it.
    content
        An object of values, bytes, or a text that holds either.
    context
        Its options choose the profile.
    service
        Service that the values belong to.
    """
    found = profile(context, report.product)
    if found is not None:
        _by_profile(drafts, report, content, found)
    elif isinstance(content, bytes):
        _transparent(drafts, report, content)
    else:
        draft = drafts.of(report.device, report.sent_us)
        fields = documents.mapping(content, "the content")
        draft.fields(fields, report.at_us, service)


def _by_profile(
    drafts: Drafts, report: Report, content: object, found: profiles.Profile
) -> None:
    given = profiles.Given("", report.device, report.at_us)
    messages: list[Message] = (
        found.reader.read(content, given)
        if isinstance(content, bytes)
        else found.reader.read_document(content, given)
    )
    for message in messages:
        message.sent_us = report.sent_us
        drafts.add(message)


def _transparent(drafts: Drafts, report: Report, content: bytes) -> None:
    """Add bytes that no profile reads: values if they are JSON, else an event."""
    draft = drafts.of(report.device, report.sent_us)
    fields = _json(content)
    if fields is not None:
        draft.fields(fields, report.at_us)
        return
    detail = {"length": len(content), "hex": content[:_SHOWN_BYTES].hex()}
    draft.event("transparent", report.at_us, detail, content)


def _json(content: bytes) -> dict[str, Any] | None:
    try:
        found = documents.read(content)
    except DecodeError:
        return None
    return found if isinstance(found, dict) else None


def from_base64(text: str, what: str) -> bytes:
    """Read Base64; raises DecodeError `wrong_type`."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        detail = f"{what} {documents.shown(text)} is not Base64"
        raise DecodeError(reasons.WRONG_TYPE, detail) from error


def from_text(text: str) -> object:
    """Return what a text holds: an object if it is JSON, bytes if Base64, else itself.

    Its own bytes if it is neither.
    """
    content = text.encode()
    fields = _json(content)
    if fields is not None:
        return fields
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return content
