"""Messages in the making: what a platform says of each device, value by value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parkpulse.errors import DecodeError
from parkpulse.model import aliases, radio, reasons
from parkpulse.model.message import GOOD, MISSING, Event, Message, Refusal
from parkpulse.wire import clocks, documents

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEEPEST = 8
_RSRP = "rsrp"
_OWN_TIME = {
    "time",
    "timestamp",
    "ts",
    "eventtime",
    "sampletime",
    "collecttime",
    "datatime",
    "reporttime",
    "devicetime",
}
# They stand in every report and say what the envelope says already.
_IDENTITY = {"imei", "imsi", "iccid", "cellid", "cellidlength"}


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def own_time(fields: Mapping[str, Any]) -> tuple[str, int] | None:
    """Find the time that a device itself put among its values: name and time [us]."""
    for name, value in fields.items():
        if _folded(name) in _OWN_TIME:
            at = clocks.guess(value)
            if at is not None:
                return name, at
    return None


@dataclass(slots=True)
class Draft:
    """What is said of one device."""

    message: Message
    _taken: dict[tuple[str, int | None], str] = field(default_factory=dict)
    _units: dict[str, str | None] = field(default_factory=dict)

    def event(
        self, kind: str, at: int | None, detail: dict[str, Any], body: bytes = b""
    ) -> None:
        """Add what is no number."""
        self.message.events.append(Event(kind, at, detail, body))

    def fields(
        self, values: Mapping[str, Any], at: int | None, service: str = ""
    ) -> None:
        """Add the values of a thing model by name.

        Parameters
        ----------
        values
            By name; a device's own time among them counts more than `at`.
        at
            Time that the platform gives [us].
        service
            Service that they belong to: tells two of one name in a message apart.
        """
        found = own_time(values)
        texts: dict[str, Any] = {}
        for name, value in values.items():
            if found is None or name != found[0]:
                moment = found[1] if found else at
                self.value(name, value, moment, service=service, texts=texts)
        self.texts(texts, found[1] if found else at)

    def value(
        self,
        source: str,
        value: object,
        at: int | None,
        *,
        texts: dict[str, Any],
        service: str = "",
    ) -> None:
        """Add a value, an object field by field; what is no number goes to `texts`."""
        if isinstance(value, dict) and source.count(".") < _DEEPEST:
            for name, inner in value.items():
                self.value(f"{source}.{name}", inner, at, texts=texts, service=service)
            return
        is_text = isinstance(value, str) and aliases.find(source) is None
        number = None if is_text else documents.number(value)
        if value is None:
            self.number(source, math.nan, at, service=service)
        elif number is not None:
            self.number(source, number, at, service=service)
        elif _folded(source) not in _IDENTITY:
            texts[source] = value

    def texts(self, texts: dict[str, Any], at: int | None) -> None:
        """Add what is no number as one event."""
        if texts:
            self.event("text", at, texts)

    def number(
        self,
        source: str,
        value: float,
        at: int | None,
        *,
        metric: str | None = None,
        service: str = "",
    ) -> None:
        """Add a number; NaN says that the device has none."""
        if math.isinf(value):
            self.message.refused.append(Refusal(reasons.NOT_FINITE, source))
            return
        known, unit = self._metric(source) if metric is None else (metric, None)
        if self._taken.setdefault((known, at), service) != service:
            known = source = f"{service}.{source}"
            unit = None
        if unit is not None:
            self.message.units[known] = unit
        if known == _RSRP:
            value = radio.rsrp_dbm(value)
        self.message.metrics.append(known)
        self.message.sources.append(source)
        self.message.values.append(value)
        self.message.ts_us.append(at)
        self.message.quality.append(MISSING if math.isnan(value) else GOOD)

    def _metric(self, source: str) -> tuple[str, str | None]:
        """Tell metric and unit of a name; itself where the unit would be another one.

        A message names one unit for each metric.
        """
        alias = aliases.find(source)
        if alias is None:
            return source, None
        if self._units.setdefault(alias.metric, alias.unit) != alias.unit:
            return source, None
        return alias.metric, alias.unit


class Drafts:
    """Drafts of all devices that a telegram speaks of."""

    def __init__(self) -> None:
        self._by_device: dict[str | None, Draft] = {}

    def of(self, device: str | None, sent_us: int | None) -> Draft:
        """Return the draft of a device; None: the topic names it."""
        draft = self._by_device.get(device)
        if draft is None:
            message = Message([], [], [], sent_us=sent_us, device=device)
            draft = self._by_device[device] = Draft(message)
        return draft

    def add(self, message: Message) -> None:
        """Add what a profile has read."""
        draft = self.of(message.device, message.sent_us).message
        draft.metrics += message.metrics
        draft.values += message.values
        draft.ts_us += message.ts_us
        draft.sources += message.sources
        draft.quality += message.quality
        draft.refused += message.refused
        draft.events += message.events
        draft.units |= message.units

    def messages(self) -> list[Message]:
        """Return one message a device.

        Raises
        ------
        DecodeError
            `too_large`: there are too many values; `no_values`: there is nothing.
        """
        drafts = [draft.message for draft in self._by_device.values()]
        found = [each for each in drafts if _count(each)]
        count = sum(map(_count, found))
        if count > documents.MAXIMUM_VALUES:
            detail = f"{count} values, at most {documents.MAXIMUM_VALUES} are read"
            raise DecodeError(reasons.TOO_LARGE, detail)
        if not count:
            raise DecodeError(reasons.NO_VALUES, "the message holds no value")
        return found


def _count(message: Message) -> int:
    return len(message.values) + len(message.events) + len(message.refused)
