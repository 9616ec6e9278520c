"""The native JSON format: one object a message, samples with values by metric.

A message that cannot be read is refused whole; a value that cannot be read is refused
alone. Messages are decoded by msgspec; one that it refuses, or in which a name may
stand twice, is read again slowly to find out what is wrong with it.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Message, Refusal
from parkpulse.wire import times

if TYPE_CHECKING:
    from collections.abc import Mapping

MAXIMUM_BYTES = 256 * 1024
"""A larger message is refused as `too_large`."""
MAXIMUM_VALUES = 10_000
"""A message with more values is refused as `too_large`."""
_SAMPLES = "samples"
_MAXIMUM_SEQ = 2**63 - 1
_LONGEST_INTEGER = 400
_SHOWN = 80

_Time = int | float | str | None
_Object = dict[str, Any]


class _Sample(msgspec.Struct):
    values: dict[str, float]
    ts: _Time = None


class _Payload(msgspec.Struct):
    samples: list[_Sample] | None = None
    seq: int | None = None
    sent: _Time = None
    radio: dict[str, float] | None = None
    units: dict[str, str] | None = None


_DECODER = msgspec.json.Decoder(_Payload)
_ENCODER = msgspec.json.Encoder()


_Milliseconds = Annotated[int, msgspec.Meta(ge=times.EARLIEST_MS, le=times.LATEST_MS)]
_Seq = Annotated[int, msgspec.Meta(ge=0, le=_MAXIMUM_SEQ)]


class PlainSample(msgspec.Struct, gc=False):
    """Values that were observed at one time."""

    values: dict[str, float]
    ts: _Milliseconds


class Plain(msgspec.Struct, gc=False):
    """A message in which every value has a time of its own and its metric's unit."""

    samples: list[PlainSample]
    seq: _Seq | None = None
    sent: _Milliseconds | None = None


_PLAIN_DECODER = msgspec.json.Decoder(Plain)


def plain(payload: bytes) -> Plain | None:
    """Read a message that is as most are; None if `decode` must look at it."""
    if not payload.isascii() or b"\\" in payload or len(payload) > MAXIMUM_BYTES:
        return None
    try:
        typed = _PLAIN_DECODER.decode(payload)
    except (msgspec.MsgspecError, RecursionError):
        return None
    colons = 1 + (typed.seq is not None) + (typed.sent is not None)
    for sample in typed.samples:
        colons += 2 + len(sample.values)
    return typed if payload.count(b":") == colons else None


def decode(payload: bytes) -> Message:
    """Read a message.

    Raises
    ------
    DecodeError
        The message cannot be read: `too_large`, `not_utf8`, `not_json`, `too_deep`,
        `duplicate_key`, `wrong_type`, `bad_time`, `bad_seq`, `no_values`.
    """
    if len(payload) > MAXIMUM_BYTES:
        detail = f"{len(payload)} bytes, at most {MAXIMUM_BYTES} are read"
        raise DecodeError(reasons.TOO_LARGE, detail)
    _require_utf8(payload)
    if b"\\" in payload:  # escapes would hide what `_colons` counts
        return _decode_slowly(payload)
    try:
        typed = _DECODER.decode(payload)
    except (msgspec.MsgspecError, RecursionError):
        return _decode_slowly(payload)
    if payload.count(b":") != _colons(typed):
        return _decode_slowly(payload)
    return _flat(typed)


def _require_utf8(payload: bytes) -> None:
    if not payload.isascii():
        try:
            payload.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(reasons.NOT_UTF8, str(error)) from error


def _colons(typed: _Payload) -> int:
    """Colons of a payload in which no name stands twice and none is unknown."""
    samples = typed.samples or ()
    count = (typed.samples is not None) + (typed.seq is not None)
    for at in (typed.sent, *(sample.ts for sample in samples)):
        if at is not None:
            count += 1 + (at.count(":") if isinstance(at, str) else 0)
    for sample in samples:
        count += 1 + len(sample.values)
    for named in (typed.radio, typed.units):
        if named is not None:
            count += 1 + len(named)
    return count


def _flat(typed: _Payload) -> Message:
    message = Message([], [], [], _seq(typed.seq), _time(typed.sent, "sent"))
    newest: int | None = None
    for sample in typed.samples or ():
        at = _time(sample.ts, "ts")
        if at is not None and (newest is None or at > newest):
            newest = at
        message.metrics.extend(sample.values)
        message.values.extend(sample.values.values())
        message.ts_us.extend([at] * len(sample.values))
    if typed.radio:
        message.metrics.extend(typed.radio)
        message.values.extend(typed.radio.values())
        message.ts_us.extend([newest] * len(typed.radio))
    if typed.units:
        message.units = typed.units
    _check_count(message)
    return message


def _check_count(message: Message) -> None:
    count = len(message.values) + len(message.refused)
    if count > MAXIMUM_VALUES:
        detail = f"{count} values, at most {MAXIMUM_VALUES} are read"
        raise DecodeError(reasons.TOO_LARGE, detail)
    if not count:
        raise DecodeError(reasons.NO_VALUES, "the message holds no value")


def _seq(written: object) -> int | None:
    if written is None:
        return None
    if not isinstance(written, int) or isinstance(written, bool):
        raise DecodeError(reasons.BAD_SEQ, f"seq {_shown(written)} is no integer")
    if not 0 <= written <= _MAXIMUM_SEQ:
        raise DecodeError(reasons.BAD_SEQ, f"seq {_shown(written)} is out of range")
    return written


def _time(written: object, what: str) -> int | None:
    if written is None:
        return None
    if not isinstance(written, int | float | str) or isinstance(written, bool):
        raise DecodeError(reasons.BAD_TIME, f"{what} {_shown(written)} is no time")
    return times.parse(written, what)


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _decode_slowly(payload: bytes) -> Message:
    document = _document(payload)
    message = Message([], [], [])
    message.seq = _seq(document.get("seq"))
    message.sent_us = _time(document.get("sent"), "sent")
    newest: int | None = None
    for sample in _samples(document.get(_SAMPLES)):
        at = _time(sample.get("ts"), "ts")
        if at is not None and (newest is None or at > newest):
            newest = at
        _take(message, _object(sample.get("values"), "values"), at)
    _take(message, _optional_object(document, "radio"), newest)
    units = _optional_object(document, "units")
    message.units = {
        metric: unit if isinstance(unit, str) else _shown(unit)
        for metric, unit in units.items()
    }
    _check_count(message)
    return message


def _document(payload: bytes) -> _Object:
    try:
        document = json.loads(
            payload.decode(), object_pairs_hook=_no_duplicates, parse_int=_integer
        )
    except ValueError as error:
        raise DecodeError(reasons.NOT_JSON, str(error)) from error
    except RecursionError as error:
        detail = "objects or lists are nested too deeply"
        raise DecodeError(reasons.TOO_DEEP, detail) from error
    return _object(document, "the message")


def _integer(digits: str) -> float:
    # Python reads no longer ones; none of them is within the range of a float.
    return int(digits) if len(digits) < _LONGEST_INTEGER else float(digits)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> _Object:
    found: _Object = {}
    for name, value in pairs:
        if name in found:
            raise DecodeError(
                reasons.DUPLICATE_KEY, f"the name {_shown(name)} stands twice"
            )
        found[name] = value
    return found


def _object(value: object, what: str) -> _Object:
    if not isinstance(value, dict):
        raise _wrong_type(what, "an object", value)
    return value


def _optional_object(document: _Object, name: str) -> _Object:
    value = document.get(name)
    return {} if value is None else _object(value, name)


def _samples(value: object) -> list[_Object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong_type(_SAMPLES, "a list", value)
    return [_object(sample, "a sample") for sample in value]


def _wrong_type(what: str, wanted: str, value: object) -> DecodeError:
    detail = f"{what} must be {wanted}, not {_shown(value)}"
    return DecodeError(reasons.WRONG_TYPE, detail)


def _take(message: Message, values: _Object, at: int | None) -> None:
    for metric, value in values.items():
        refusal = _unreadable(metric, value)
        if refusal is not None:
            message.refused.append(refusal)
        else:
            message.metrics.append(metric)
            message.values.append(float(value))
            message.ts_us.append(at)


def _unreadable(metric: str, value: object) -> Refusal | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return Refusal(reasons.NOT_A_NUMBER, f"{_shown(metric)}: {_shown(value)}")
    try:
        is_finite = math.isfinite(value)
    except OverflowError:
        is_finite = False
    if not is_finite:
        return Refusal(reasons.NOT_FINITE, f"{_shown(metric)}: {_shown(value)}")
    return None


def encode(message: Message, radio: Mapping[str, float] | None = None) -> bytes:
    """Write a message as a device would send it.

    Parameters
    ----------
    message
        Values with the same time that stand side by side become one sample.
    radio
        Values of the radio part: their time is the newest sample's.

    Raises
    ------
    ValueError
        A value is not finite: JSON cannot say it.
    """
    if not all(map(math.isfinite, (*message.values, *(radio or {}).values()))):
        error = "JSON has no number that is not finite"
        raise ValueError(error)
    document: _Object = {}
    if message.seq is not None:
        document["seq"] = message.seq
    if message.sent_us is not None:
        document["sent"] = times.write(message.sent_us)
    document[_SAMPLES] = _grouped(message)
    if radio:
        document["radio"] = radio
    if message.units:
        document["units"] = message.units
    return _ENCODER.encode(document)


def _grouped(message: Message) -> list[_Object]:
    samples: list[_Object] = []
    values: dict[str, float] = {}
    last: object = samples  # no time, not even None
    for metric, value, at in zip(
        message.metrics, message.values, message.ts_us, strict=True
    ):
        if at != last or metric in values:
            values = {}
            timed: _Object = {} if at is None else {"ts": times.write(at)}
            samples.append({**timed, "values": values})
            last = at
        values[metric] = value
    return samples
