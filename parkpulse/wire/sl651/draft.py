"""What becomes of a body while it is read: messages of its stations, and the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons
from parkpulse.model.message import GOOD, MISSING, SUSPECT, Event, Message, Refusal
from parkpulse.wire.sl651 import coding, elements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAXIMUM_VALUES = 20_000
"""Values of a station in one message; what exceeds them is refused as `too_large`."""
GROUPS_OF_HOUR = 12
_SPACING = 5 * instants.MINUTE
# Steps of five minutes by which the first group is off the observation time.
_FIRST = {"first": 0, "start": 1, "last": 1 - GROUPS_OF_HOUR}
_LAST_VALID = "last_valid"
_BASES = tuple(f"level_base_{index}" for index in range(1, 9))


class Options(NamedTuple):
    """Options of a device, read.

    Parameters
    ----------
    first_group
        What the observation time of hourly groups is: that of the `first` group (as
        the standard says), the `start` of the hour, that of the `last` or `last_valid`.
    bases
        Level bases [m] by index: relative levels of an hour become absolute.
    shows_secrets
        Whether passwords are told; ingest, which stores what it hears, does not ask.
    """

    first_group: str = "first"
    bases: Mapping[int, float] = {}
    shows_secrets: bool = False

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Options:
        """Read them.

        Raises
        ------
        DecodeError
            `bad_option`: one has no meaning.
        """
        first_group = options.get("hour_time", "first")
        if first_group not in {*_FIRST, _LAST_VALID}:
            known = "first, start, last or last_valid"
            detail = f"hour_time must be {known}, not {first_group!r:.40}"
            raise DecodeError(reasons.BAD_OPTION, detail)
        bases = {
            index: _metres(name, options[name])
            for index, name in enumerate(_BASES, 1)
            if name in options
        }
        return cls(first_group, bases, options.get("secrets") == "show")


def _metres(name: str, text: str) -> float:
    try:
        metres = float(text)
    except ValueError:
        metres = math.nan
    if math.isfinite(metres):
        return metres
    detail = f"{name} must be a number of metres, not {text!r:.40}"
    raise DecodeError(reasons.BAD_OPTION, detail)


class _Hour(NamedTuple):
    """Where the twelve values of an hour stand in a message."""

    message: Message
    at: int
    size: int
    observed_us: int | None


@dataclass(slots=True)
class Draft:
    """A body that is being read.

    Parameters
    ----------
    station
        Station of the frame.
    function
        Function code.
    serial
        Number of the message.
    sent_us
        Send time [us since 1970 UTC]; None if its digits are no time.
    options
        Options of the device.
    """

    station: str
    function: int
    serial: int
    sent_us: int | None
    options: Options
    about: dict[str, Any] = field(default_factory=dict)
    observed_us: int | None = None
    is_time_wrong: bool = False
    messages: list[Message] = field(default_factory=list)
    _hours: list[_Hour] = field(default_factory=list)

    def message(self) -> Message:
        """Message of the station that is being spoken of."""
        if not self.messages:
            self.begin(self.station)
        return self.messages[-1]

    def begin(self, station: str) -> None:
        """Go on with what a station says."""
        if not self.messages or self.messages[-1].device != station:
            self.messages.append(
                Message([], [], [], self.serial, self.sent_us, device=station)
            )

    def observe(self, digits: str) -> None:
        """Take an observation time for what follows."""
        self.observed_us = coding.moment(digits)
        self.is_time_wrong = self.observed_us is None
        if self.is_time_wrong:
            detail = f"observation time {digits} is no time: the send time holds"
            self.refuse(reasons.BAD_TIME, detail)

    @property
    def now_us(self) -> int | None:
        """Time of what is read next: observed, else sent."""
        return self.sent_us if self.observed_us is None else self.observed_us

    def put(
        self, source: str, metric: str, read: tuple[float, int], ts_us: int | None
    ) -> None:
        """Add a value with its quality; raises DecodeError `too_large`."""
        value, quality = read
        message = self.message()
        if len(message.values) >= MAXIMUM_VALUES:
            detail = f"more than {MAXIMUM_VALUES} values of one station"
            raise DecodeError(reasons.TOO_LARGE, detail)
        message.metrics.append(metric)
        message.sources.append(source)
        message.values.append(value)
        message.ts_us.append(ts_us)
        is_timed = ts_us is not None and coding.is_clock_set(ts_us)
        if quality != MISSING and (self.is_time_wrong or not is_timed):
            quality = SUSPECT
        message.quality.append(quality)

    def element(
        self, guide: int, source: str, read: tuple[float, int], ts_us: int | None
    ) -> None:
        """Add the value of an element."""
        known = elements.ELEMENTS.get(guide)
        if known is None:
            self.put(source, source, read, ts_us)
            return
        value, quality = read
        if guide == elements.DURATION and quality != MISSING:
            value = _hours_of(value)
        if value in elements.SENTINELS.get(guide, ()):
            quality = SUSPECT
        self.put(known.source, known.metric, (value, quality), ts_us)

    def refuse(self, reason: str, detail: str) -> None:
        """Say of something that it cannot be read."""
        self.message().refused.append(Refusal(reason, detail))

    def tell(self, kind: str, detail: dict[str, Any], body: bytes = b"") -> None:
        """Add what is no number."""
        self.message().events.append(Event(kind, self.now_us, detail, body))

    def hour(self, guide: int, values: Sequence[float | None]) -> None:
        """Add the values of an hour: rain [mm], or levels [m] above their base."""
        message = self.message()
        source, metric, base = self._meaning(guide)
        first = len(message.values)
        for index, value in enumerate(values):
            at = None if self.now_us is None else self.now_us + index * _SPACING
            read = (math.nan, MISSING) if value is None else (value + base, GOOD)
            self.put(source, metric, read, at)
        self._hours.append(_Hour(message, first, len(values), self.now_us))

    def _meaning(self, guide: int) -> tuple[str, str, float]:
        if guide == elements.RAIN_OF_HOUR:
            return "DRP", "rainfall_interval", 0.0
        index = guide - elements.RAIN_OF_HOUR
        source, metric = elements.level_of_hour(index)
        base = self.options.bases.get(index)
        if base is None:
            return source, metric, 0.0
        return source, "water_level" if index == 1 else f"water_level_{index}", base

    def finish(self) -> None:
        """Put the hourly groups where the device's option says that they belong."""
        for hour in self._hours:
            first = _FIRST.get(self.options.first_group)
            steps = -self._last_valid(hour.observed_us) if first is None else first
            times = hour.message.ts_us
            for at in range(hour.at, hour.at + hour.size):
                moment_us = times[at]
                if moment_us is not None:
                    times[at] = moment_us + steps * _SPACING

    def _last_valid(self, observed_us: int | None) -> int:
        """Index of the last group of the hour with a value; without one the last."""
        valid = [
            index
            for hour in self._hours
            if hour.observed_us == observed_us
            for index in range(hour.size)
            if hour.message.quality[hour.at + index] != MISSING
        ]
        return max(valid, default=GROUPS_OF_HOUR - 1)


def _hours_of(written: float) -> float:
    """Hours of a duration that is written as hours, point, minutes."""
    whole, minutes = divmod(round(written * 100), 100)
    return whole + minutes / 60
