"""Binary messages by a profile: a layout of bytes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons
from parkpulse.model.message import Message
from parkpulse.wire import documents
from parkpulse.wire.profiles.schema import Field
from parkpulse.wire.profiles.taking import DeviceTopics, Given, moment, take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.wire.profiles.schema import (
        BinaryProfile,
        BinaryValue,
        Condition,
        Endian,
        Samples,
    )

_FLOATS = {("f32", "big"): ">f", ("f32", "little"): "<f"}
_FLOATS |= {("f64", "big"): ">d", ("f64", "little"): "<d"}
_TEXTS = ("bcd", "ascii")


class BinaryReader:
    """Reads binary messages."""

    def __init__(self, profile: BinaryProfile) -> None:
        self._profile = profile
        self._topics = DeviceTopics(profile.topics)

    def read(self, payload: bytes, given: Given) -> list[Message]:
        """Read a payload; raises DecodeError."""
        self._check(payload)
        profile = self._profile
        named = None if profile.device is None else self._get(profile.device, payload)
        message = Message([], [], [], device=self._topics.device(named, given))
        at = self._time(payload)
        at = given.at_us if at is None else at
        self._values(message, profile.values, payload, 0, at)
        if profile.samples is not None:
            self._samples(message, profile.samples, payload, at)
        if not message.values and not message.refused:
            detail = "none of the profile's values is in the message"
            raise DecodeError(reasons.NO_VALUES, detail)
        return [message]

    def read_document(self, document: object, given: Given) -> list[Message]:
        """Refuse: a binary profile reads no JSON."""
        del given
        detail = f"the profile is binary, the message is {documents.shown(document)}"
        raise DecodeError(reasons.WRONG_TYPE, detail)

    def _check(self, payload: bytes) -> None:
        if len(payload) > documents.MAXIMUM_BYTES:
            detail = f"{len(payload)} bytes, at most {documents.MAXIMUM_BYTES} are read"
            raise DecodeError(reasons.TOO_LARGE, detail)
        if len(payload) < self._profile.length:
            detail = f"{len(payload)} bytes, at least {self._profile.length} are needed"
            raise DecodeError(reasons.WRONG_TYPE, detail)
        for condition in self._profile.match:
            if not self._holds(condition, payload, 0):
                detail = f"byte {condition.at} is not {condition.equals!r}"
                raise DecodeError(reasons.WRONG_TYPE, detail)

    def _holds(self, condition: Condition, payload: bytes, start: int) -> bool:
        return bool(self._get(condition, payload, start) == condition.equals)

    def _get(self, field: Field | BinaryValue, payload: bytes, start: int = 0) -> Any:  # noqa: ANN401 - int, float, str or None
        return _get(field, payload, start + field.at, self._profile.endian)

    def _time(self, payload: bytes) -> int | None:
        rule = self._profile.time
        sent = None if rule is None else self._get(rule, payload)
        if rule is None or sent is None:
            return None
        return moment(sent, rule.format, rule.zone, f"byte {rule.at}")

    def _values(
        self,
        message: Message,
        values: Sequence[BinaryValue],
        payload: bytes,
        start: int,
        at: int | None,
    ) -> None:
        for rule in values:
            if rule.when is not None and not self._holds(rule.when, payload, start):
                continue
            sent = self._get(rule, payload, start)
            if sent is not None:
                take(message, rule, sent, at, f"byte {start + rule.at}")

    def _samples(
        self, message: Message, rule: Samples, payload: bytes, at: int | None
    ) -> None:
        count = int(self._given(rule.count, payload))
        step_us = round(self._given(rule.step_s, payload) * instants.SECOND)
        if rule.newest_first:
            step_us = -step_us
        if rule.at + count * rule.size > len(payload):
            detail = f"{count} samples are announced, the message ends before"
            raise DecodeError(reasons.WRONG_TYPE, detail)
        if count * len(rule.values) > documents.MAXIMUM_VALUES:
            detail = f"more than {documents.MAXIMUM_VALUES} values"
            raise DecodeError(reasons.TOO_LARGE, detail)
        for n in range(count):
            start, moment_us = rule.at + n * rule.size, at
            if at is not None:
                moment_us = at + n * step_us
            self._values(message, rule.values, payload, start, moment_us)

    def _given(self, rule: float | Field, payload: bytes) -> float:
        if not isinstance(rule, Field):
            return rule
        found = documents.number(self._get(rule, payload))
        if found is None:
            detail = f"byte {rule.at} is no number"
            raise DecodeError(reasons.WRONG_TYPE, detail)
        return found


def _get(
    field: Field | BinaryValue, payload: bytes, at: int, usual: Endian
) -> int | float | str | None:
    length = field.length if field.type in _TEXTS else int(field.type[1:]) // 8
    part = payload[at : at + length]
    if len(part) < length:
        return None
    if field.type == "bcd":
        return part.hex()
    if field.type == "ascii":
        return part.split(b"\0")[0].decode("ascii", "replace").strip()
    endian = field.endian or usual
    if field.type[0] == "f":
        (value,) = struct.unpack(_FLOATS[field.type, endian], part)
        return float(value)
    number = int.from_bytes(part, endian, signed=field.type[0] == "i")
    if field.bits is None:
        return number
    first, count = field.bits
    return number >> first & ((1 << count) - 1)
