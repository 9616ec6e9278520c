"""What both kinds of profiles do with what they find in a message."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import DecodeError
from parkpulse.model import instants, radio, reasons
from parkpulse.model.message import GOOD, MISSING, Message, Refusal
from parkpulse.wire import clocks, documents
from parkpulse.wire.profiles import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.wire.profiles.schema import Scaled

_RAW_TOPIC = "parkpulse/v1/+/{device}/raw/+"
_LARGEST_DIVISOR = 1e9
_RSRP = "rsrp"


class Given(NamedTuple):
    """What is known besides the payload; a profile's own findings come first."""

    topic: str = ""
    device: str | None = None
    at_us: int | None = None
    """Time of values without one [us since 1970 UTC]."""


class DeviceTopics:
    """Finds the device in a topic by patterns of its end: `tele/{device}/SENSOR`."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [_pattern(each) for each in patterns if "{device}" in each]

    def device(self, named: object, given: Given) -> str | None:
        """Choose a device: of the profile's topics, of the message, of our own topic.

        Parameters
        ----------
        named
            What the message says.
        given
            Topic, and the device where nothing names one.
        """
        return (
            _found(self._patterns, given.topic)
            or documents.text(named)
            or _found(_RAW, given.topic)
            or given.device
        )


def _found(patterns: Sequence[re.Pattern[str]], topic: str) -> str | None:
    matches = (pattern.fullmatch(topic) for pattern in patterns)
    return next((match["device"] for match in matches if match), None)


def _pattern(topic: str) -> re.Pattern[str]:
    levels = {"{device}": "(?P<device>[^/]+)", "+": "[^/]+", "#": ".*"}
    return re.compile(
        r"(?:.*/)?"
        + "/".join(levels.get(each, re.escape(each)) for each in topic.split("/"))
    )


_RAW = (_pattern(_RAW_TOPIC),)


def _scaled(value: float, rule: Scaled) -> float:
    # 3 tips of 0.2 mm are 0.6, where 3 * 0.2 is 0.6000000000000001.
    divisor = round(1 / rule.scale) if abs(rule.scale) > 1 / _LARGEST_DIVISOR else 0
    if divisor > 1 and rule.scale == 1 / divisor:
        return value / divisor + rule.offset
    return value * rule.scale + rule.offset


def take(
    message: Message, rule: Scaled, sent: object, at: int | None, source: str
) -> None:
    """Add one value to a message: scaled, missing or refused."""
    source = rule.source or source
    value = documents.number(sent)
    if value is not None and math.isinf(value):
        detail = f"{source}: {documents.shown(sent)}"
        message.refused.append(Refusal(reasons.NOT_FINITE, detail))
        return
    if sent in rule.missing or value in rule.missing:
        value = math.nan
    if value is None:
        detail = f"{source}: {documents.shown(sent)}"
        message.refused.append(Refusal(reasons.NOT_A_NUMBER, detail))
        return
    scaled = _scaled(value, rule)
    message.metrics.append(rule.metric)
    message.sources.append(source)
    message.values.append(radio.rsrp_dbm(scaled) if rule.metric == _RSRP else scaled)
    message.ts_us.append(at)
    message.quality.append(MISSING if math.isnan(scaled) else GOOD)
    if rule.unit is not None:
        message.units[rule.metric] = rule.unit


def moment(sent: object, pattern: str, zone: str, source: str) -> int:
    """Read a time as a profile says [us since 1970 UTC].

    Raises
    ------
    DecodeError
        `bad_time`: it is none.
    """
    found: int | None = None
    number = documents.number(sent)
    if pattern == "auto":
        found = clocks.guess(sent, schema.zone(zone))
    elif pattern in _EPOCHS and number is not None:
        found = _epoch(number, _EPOCHS[pattern])
    elif isinstance(sent, str):
        found = clocks.by_pattern(sent, pattern, schema.zone(zone))
    if found is None:
        detail = f"{source} {documents.shown(sent)} is no time in the form {pattern}"
        raise DecodeError(reasons.BAD_TIME, detail)
    return found


_EPOCHS = {"epoch_s": instants.SECOND, "epoch_ms": 1000}
_LATEST_US = 253_402_300_799_999_999


def _epoch(number: float, factor: int) -> int | None:
    at = number * factor
    return round(at) if abs(at) <= _LATEST_US else None
