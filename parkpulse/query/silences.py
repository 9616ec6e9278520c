"""When a rule of absence would have spoken of a device, by its times over history."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics.silence import Spell
from parkpulse.model import instants
from parkpulse.model.condition import Interval, Step
from parkpulse.query import terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.silence import Calendar
    from parkpulse.model.definitions import Absence


class Device(NamedTuple):
    """What a rule of absence needs to know of a device."""

    report_interval_s: int
    zone: str
    """Of its park."""


def intervals(
    definition: Absence, device: Device, heard: Sequence[int], now: int
) -> list[Interval]:
    """Return when a device was absent.

    Parameters
    ----------
    definition
        The rule.
    device
        Its interval and zone.
    heard
        Begin of the history and times of readings, rising. [us]
    now
        The end of what is known. [us]
    """
    waits = [
        round(level.limit * device.report_interval_s * instants.SECOND)
        for level in definition.levels
    ]
    calendar = terms.calendar_of(definition.schedule, device.zone)
    ends = np.append(heard, now)
    found = []
    for index in np.flatnonzero(np.diff(ends) > waits[0]).tolist():
        last, until = int(ends[index]), int(ends[index + 1])
        for spell in _spells(calendar, last, until, waits):
            # What lasts when the history ends has not ended.
            is_over = spell.end < until or index + 1 < len(heard)
            found.append(_interval(definition, spell, is_over=is_over))
    return found


def _spells(
    calendar: Calendar | None, last: int, until: int, waits: Sequence[int]
) -> list[Spell]:
    if calendar is not None:
        return calendar.spells(last, until, waits)
    told = tuple(last + wait for wait in waits if last + wait < until)
    return [Spell(told, until)]


def _interval(definition: Absence, spell: Spell, *, is_over: bool) -> Interval:
    steps = tuple(
        Step(ts, level.severity, level.limit)
        for ts, level in zip(spell.told, definition.levels, strict=False)
    )
    onset = spell.told[0]
    cleared = spell.end if is_over else None
    return Interval(onset=onset, raised=onset, cleared=cleared, steps=steps)
