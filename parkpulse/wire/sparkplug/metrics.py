"""Metrics of a payload to readings: names, units, quality, values."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parkpulse.errors import DecodeError
from parkpulse.model import aliases, reasons
from parkpulse.model import metrics as known
from parkpulse.model.message import (
    FAIL,
    GOOD,
    MISSING,
    SUSPECT,
    Event,
    Message,
    Refusal,
)
from parkpulse.wire.sparkplug import values
from parkpulse.wire.sparkplug.state import Definition, Device

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parkpulse.wire.sparkplug.sparkplug_b_pb2 import Metric, Payload

BD_SEQ = "bdSeq"
CONTROLS = ("Node Control/", "Device Control/")
LONGEST_NAME = 512
_QUALITY = "Quality"
_QUALITIES = {0: FAIL, 192: GOOD}
_UNITS = ("engunit", "unit", "units", "engineeringunits", "engineeringunit")
_SPELT = {"°C": "degC", "℃": "degC", "C": "degC", "m³": "m3", "m³/s": "m3/s"}
_LATEST_MS = 253_402_300_799_999
_MOST_PROPERTIES = 64


def properties(metric: Metric) -> dict[str, Any]:
    """Plain properties of a metric by name in small letters without blanks and `_`."""
    keys = metric.properties.keys[:_MOST_PROPERTIES]
    told = metric.properties.values[:_MOST_PROPERTIES]
    found: dict[str, Any] = {}
    for key, value in zip(keys, told, strict=False):
        field_name = value.WhichOneof("value")
        if field_name is not None:
            folded = key.replace(" ", "").replace("_", "").lower()
            found[folded] = getattr(value, field_name)
    return found


def definitions(metrics: Iterable[Metric]) -> Device:
    """Read the metrics of a birth; of two names for one metric neither stands for it.

    Raises
    ------
    DecodeError
        `bad_name`: a name is too long.
    """
    device = Device(is_alive=True)
    for metric in metrics:
        if metric.name and not is_about(metric.name):
            device.metrics[metric.name] = definition(metric)
        if metric.name and metric.HasField("alias"):
            device.aliases[metric.alias] = metric.name
    claimed = Counter(each.metric for each in device.metrics.values())
    for each in device.metrics.values():
        if claimed[each.metric] > 1 and each.metric != each.name:
            alias = aliases.find(each.name)
            implied = None if alias is None else alias.unit
            each.metric, each.unit = each.name, each.unit or implied
    return device


def is_about(name: str) -> bool:
    """Whether a metric speaks of the edge node itself."""
    return name == BD_SEQ or name.startswith(CONTROLS)


def definition(metric: Metric) -> Definition:
    """Read what a metric with a name says of itself; raises DecodeError `bad_name`."""
    name = metric.name
    if len(name) > LONGEST_NAME:
        detail = f"a name of {len(name)} characters, at most {LONGEST_NAME} are read"
        raise DecodeError(reasons.BAD_NAME, detail)
    unit = _unit(metric)
    alias = aliases.find(name)
    if alias is None:
        return Definition(name, name, unit, metric.datatype)
    if unit is None:
        return Definition(name, alias.metric, alias.unit, metric.datatype)
    fits = known.conversion(unit, known.METRICS[alias.metric]) is not None
    return Definition(name, alias.metric if fits else name, unit, metric.datatype)


def _unit(metric: Metric) -> str | None:
    if not metric.HasField("properties"):
        return None
    told = properties(metric)
    written = next((told[name] for name in _UNITS if told.get(name)), None)
    if not isinstance(written, str):
        return None
    return _SPELT.get(written, written)[:LONGEST_NAME]


def _quality(metric: Metric) -> int:
    if not metric.HasField("properties"):
        return GOOD
    told = properties(metric).get(_QUALITY.lower(), 192)
    return _QUALITIES.get(told, SUSPECT)


@dataclass(slots=True)
class Taking:
    """Takes the metrics of a payload of one device."""

    device: Device
    message: Message
    fallback_us: int | None
    about: dict[str, Any]
    unknown: list[int] = field(default_factory=list)

    def take(self, payload: Payload) -> None:
        """Add all metrics."""
        for metric in payload.metrics:
            found = self._definition(metric)
            if is_about(found.name):
                self._tell("control", {found.name: _plain(metric)})
            elif metric.is_transient:
                self._tell("transient", [found.name])
            else:
                self._add(metric, found)
        if self.unknown:
            self.about["unknown_aliases"] = self.unknown

    def _definition(self, metric: Metric) -> Definition:
        """Find what a birth said; an alias nobody has explained keeps its number."""
        name = metric.name or self.device.aliases.get(metric.alias, "")
        found = self.device.metrics.get(name)
        if found is not None:
            return found
        if not name:
            self.unknown.append(metric.alias)
            alias = f"alias {metric.alias}"
            return Definition(alias, alias, None, metric.datatype)
        return definition(metric) if metric.name else Definition(name, name, None, 0)

    def _tell(self, name: str, told: Any) -> None:  # noqa: ANN401 - list or dict
        if name in self.about:
            self.about[name] = (
                self.about[name] | told
                if isinstance(told, dict)
                else self.about[name] + told
            )
        else:
            self.about[name] = told

    def _add(self, metric: Metric, told: Definition) -> None:
        try:
            at = self.fallback_us
            if metric.HasField("timestamp"):
                at = moment_us(metric.timestamp)
            if metric.is_null:
                self._reading(told, math.nan, at, MISSING)
                return
            value = values.read(metric, metric.datatype or told.datatype)
        except DecodeError as error:
            refusal = Refusal(error.reason, f"{told.name:.80}: {error.detail}")
            self.message.refused.append(refusal)
            return
        if metric.is_historical:
            self._tell("historical", [told.name])
        if isinstance(value, values.Other):
            detail = {"name": told.name} | value.detail
            self.message.events.append(Event(value.kind, at, detail, value.body))
        else:
            is_known = metric.name or told.name in self.device.metrics
            flag = _quality(metric) if is_known else SUSPECT
            self._reading(told, value, at, flag)

    def _reading(
        self, told: Definition, value: float, at: int | None, flag: int
    ) -> None:
        message = self.message
        message.metrics.append(told.metric)
        message.values.append(value)
        message.ts_us.append(at)
        message.sources.append(told.name)
        message.quality.append(flag)
        if told.unit is not None:
            message.units[told.metric] = told.unit


def _plain(metric: Metric) -> Any:  # noqa: ANN401 - of any datatype
    told = metric.WhichOneof("value")
    if told in {None, "dataset_value", "template_value"}:
        return None
    return values.plain(getattr(metric, str(told)))


def moment_us(milliseconds: int) -> int:
    """Read a time [us since 1970 UTC].

    Raises
    ------
    DecodeError
        `bad_time`: it is beyond the year 9999.
    """
    if milliseconds > _LATEST_MS:
        detail = f"{milliseconds} ms is beyond the year 9999"
        raise DecodeError(reasons.BAD_TIME, detail)
    return milliseconds * 1000
