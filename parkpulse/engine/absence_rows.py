"""Which devices rules of absence watch, and when each was heard last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec.structs import replace

from analytics import buckets
from parkpulse.engine.alerts_reconcile import Origin
from parkpulse.model import instants, rule
from parkpulse.model.condition import Interval, Step
from parkpulse.model.definitions import Absence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.model.condition import Key
    from parkpulse.model.packed import Int32Array, Int64Array
    from parkpulse.model.rule import StoredRule
    from parkpulse.store.rules import WatchedDevice

UNHEARD = -1
"""Receipt of a device of which nothing is known. [us]"""
_FOREVER = int(np.iinfo(np.int64).max) // 2


class Row(NamedTuple):
    """A rule in force for a device."""

    origin: Origin
    device: int
    """Index of the device."""
    definition: Absence
    silences: list[int]
    """How long each level waits. [us]"""


def build(stored: Sequence[StoredRule], devices: Sequence[WatchedDevice]) -> list[Row]:
    """Make the rows of all devices that rules of absence watch."""
    in_park: dict[int, list[StoredRule]] = {}
    rows: list[Row] = []
    for index, device in enumerate(devices):
        if device.park_id not in in_park:
            in_park[device.park_id] = rule.in_force(stored, device.park_id)
        for each in in_park[device.park_id]:
            definition = each.spec.definition
            if isinstance(definition, Absence) and definition.scope.holds(
                device.code, device.kind, device.places, device.tags
            ):
                rows.append(_row(each.id, definition, device, index))
    return rows


def _row(rule_id: int, definition: Absence, device: WatchedDevice, index: int) -> Row:
    origin = Origin(
        rule_id=rule_id,
        subject=f"{device.park}/{device.code}",
        park_id=device.park_id,
        place_id=device.place_id,
        device_id=device.id,
        series_id=None,
        definition=definition,
    )
    interval = device.report_interval_s * instants.SECOND
    silences = [round(level.limit * interval) for level in definition.levels]
    return Row(origin, index, definition, silences)


class Silence:
    """When each of n devices was heard last, and what rows make of it.

    Parameters
    ----------
    devices
        By id.
    rows
        Of these devices.
    """

    def __init__(self, devices: Sequence[WatchedDevice], rows: list[Row]) -> None:
        self.rows = rows
        self.level = [0] * len(rows)
        """How many levels of each row have been told."""
        self.device_id: Int64Array = np.array([each.id for each in devices], np.int64)
        self.park_id: Int64Array = np.array(
            [each.park_id for each in devices], np.int64
        )
        self.received: Int64Array = np.full(len(devices), UNHEARD, np.int64)
        """Last receipt, or the begin of the watch. [us]"""
        pairs = [
            (series, index)
            for index, each in enumerate(devices)
            for series in each.series
        ]
        pairs.sort()
        self._series = np.array([series for series, _ in pairs], np.int64)
        self._device = np.array([index for _, index in pairs], np.int64)
        self._active: dict[int, list[int]] = {}

    def take_up(self, lasting: Mapping[Key, Interval]) -> None:
        """Go on with the conditions that last."""
        for number, row in enumerate(self.rows):
            found = lasting.get(row.origin.key)
            if found is not None:
                severities = [each.severity for each in row.definition.levels]
                level = row.definition.level(found.severity).severity
                self.level[number] = severities.index(level) + 1
                self._active.setdefault(row.device, []).append(number)

    def restore(self, device_id: Int64Array, received: Int64Array) -> None:
        """Take receipts of devices that are the same here, unless newer are known."""
        if not len(self.device_id) or not len(device_id):
            return
        at = np.searchsorted(self.device_id, device_id)
        at = np.minimum(at, len(self.device_id) - 1)
        same = self.device_id[at] == device_id
        np.maximum.at(self.received, at[same], received[same])

    def begin(self, clocks: Mapping[int, int]) -> None:
        """Let devices that were never heard begin at their park's time."""
        now = self._now(clocks)
        self.received = np.where(self.received == UNHEARD, now, self.received)

    def restart(self, clocks: Mapping[int, int]) -> None:
        """Let every deadline of a device that is not silent yet begin anew."""
        calm = np.ones(len(self.received), np.bool_)
        calm[list(self._active)] = False
        self.received = np.where(
            calm, np.maximum(self.received, self._now(clocks)), self.received
        )

    def _now(self, clocks: Mapping[int, int]) -> Int64Array:
        return _by_park(self.park_id, clocks)

    def receive(
        self, series: Int32Array | Int64Array, clocks: Mapping[int, int]
    ) -> list[int]:
        """Note when series were heard [us]; return the rows that were silent."""
        if not len(self._series) or not len(series):
            return []
        wanted = buckets.distinct(series.astype(np.int64))
        at = np.minimum(np.searchsorted(self._series, wanted), len(self._series) - 1)
        heard = buckets.distinct(self._device[at[self._series[at] == wanted]])
        now = _by_park(self.park_id[heard], clocks)
        self.received[heard] = np.maximum(self.received[heard], now)
        if not self._active:
            return []
        return [
            row for device in heard.tolist() for row in self._active.get(device, [])
        ]

    def next_due(self, row: int) -> int:
        """Return when the next level of a row is reached, if nothing is heard. [us]."""
        mine, level = self.rows[row], self.level[row]
        if level == len(mine.silences):
            return _FOREVER
        return int(self.received[mine.device]) + mine.silences[level]

    def advance(
        self, row: int, lasting: Sequence[Interval], due: int | None, now: int
    ) -> list[Interval]:
        """Reach the next level at `due`, or end the silence with None. [us]."""
        mine = self.rows[row]
        if due is None:
            self.level[row] = 0
            self._active.pop(mine.device, None)
            return [replace(each, cleared=max(now, each.raised)) for each in lasting]
        level = mine.definition.levels[self.level[row]]
        self.level[row] += 1
        step = Step(due, level.severity, level.limit)
        if lasting:
            return [replace(each, steps=(*each.steps, step)) for each in lasting]
        self._active.setdefault(mine.device, []).append(row)
        return [Interval(onset=due, raised=due, cleared=None, steps=(step,))]


def _by_park(park: Int64Array, clocks: Mapping[int, int]) -> Int64Array:
    known, at = np.unique(park, return_inverse=True)
    return np.array([clocks[each] for each in known.tolist()], np.int64)[at]
