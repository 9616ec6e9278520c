"""Which devices rules of absence watch, and when each was heard last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec.structs import replace

from analytics import buckets
from analytics.silence import NEVER
from parkpulse.engine.alerts_reconcile import Origin
from parkpulse.engine.matching import Groups, Index
from parkpulse.model import instants
from parkpulse.model.condition import Interval, Step
from parkpulse.model.definitions import Absence
from parkpulse.query import terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.silence import Calendar
    from parkpulse.model.condition import Key
    from parkpulse.model.definitions import Schedule
    from parkpulse.model.packed import Int32Array, Int64Array
    from parkpulse.model.rule import StoredRule
    from parkpulse.store.surroundings import Surroundings

UNHEARD = -1
"""Receipt of a device of which nothing is known. [us]"""
_ALWAYS = -1
"""Instead of the number of a calendar."""


class Row(NamedTuple):
    """A rule in force for a device."""

    origin: Origin
    device: int
    """Position of the device."""
    definition: Absence


class Rows:
    """Rules in force for devices: n pairs of numbers, put together when asked.

    Parameters
    ----------
    known
        All devices.
    index
        Finds them.
    rules
        Rules of absence, each with its definition.
    rule, device : arrays, shape (n,)
        Which of the rules, and position of the device, sorted by device.
    """

    def __init__(
        self,
        known: Surroundings,
        index: Index,
        rules: Sequence[tuple[int, Absence]],
        rule: Int64Array,
        device: Int64Array,
    ) -> None:
        self.known = known
        self.device = device
        self._index = index
        self._rules = rules
        self._rule = rule
        interval_s = known.devices.report_interval_s[device].astype(np.int64)
        self._interval = interval_s * instants.SECOND
        width = max((len(each.levels) for _, each in rules), default=1)
        # Behind the last level nothing more is due.
        self._limit = np.full((len(rules), width + 1), np.inf)
        for number, (_, each) in enumerate(rules):
            limits = [level.limit for level in each.levels]
            self._limit[number, : len(limits)] = limits
        self._calendars: list[Calendar] = []
        self.calendar: Int64Array = np.full(len(device), _ALWAYS, np.int64)
        """Number of what says when each row's silence counts."""
        for number, (_, each) in enumerate(rules):
            if each.schedule is not None:
                self._schedule(np.flatnonzero(rule == number), each.schedule)

    def _schedule(self, rows: Int64Array, schedule: Schedule) -> None:
        """Let the silence of rows count only at times, in the zones of their parks."""
        park = self.known.devices.park[self.device[rows]]
        for park_id in np.unique(park).tolist():
            zone = self.known.parks[park_id][1]
            calendar = terms.calendar_of(schedule, zone)
            if calendar is not None:
                self.calendar[rows[park == park_id]] = len(self._calendars)
                self._calendars.append(calendar)

    def __len__(self) -> int:
        return len(self.device)

    def __getitem__(self, row: int) -> Row:
        rule_id, definition = self._rules[self._rule[row]]
        at, of = int(self.device[row]), self.known.devices
        park_id = int(of.park[at])
        origin = Origin(
            rule_id=rule_id,
            subject=f"{self.known.parks[park_id][0]}/{of.code[at].decode()}",
            park_id=park_id,
            place_id=int(of.place[at]) or None,
            device_id=int(of.id[at]),
            series_id=None,
            definition=definition,
        )
        return Row(origin, at, definition)

    def silence(self, row: Int64Array, level: Int64Array) -> Int64Array:
        """How long the silence of rows is at their next levels. [us]."""
        limit = self._limit[self._rule[row], level]
        is_last = np.isinf(limit)
        wait = np.rint(np.where(is_last, 0, limit) * self._interval[row])
        return np.where(is_last, NEVER, wait.astype(np.int64))

    def due(
        self, row: Int64Array, heard: Int64Array, since: Int64Array, wait: Int64Array
    ) -> Int64Array:
        """Return when silences have lasted for so long, where they count. [us].

        The arrays of shape (n,) are as in `analytics.silence.Calendar.due`.
        """
        due: Int64Array = np.where(wait == NEVER, NEVER, heard + wait)
        if not self._calendars:
            return due
        calendar = self.calendar[row]
        counts = (calendar != _ALWAYS) & (wait != NEVER)
        of = np.stack([calendar[counts], wait[counts]])
        kinds, kind = np.unique(of, axis=1, return_inverse=True)
        mine = np.flatnonzero(counts)
        for number, (which, long) in enumerate(kinds.T.tolist()):
            at = mine[kind.ravel() == number]
            due[at] = self._calendars[which].due(heard[at], since[at], long)
        return due

    def ends(self, row: int, at: int) -> int:
        """Return when the window ends in which the silence of a row is told. [us]."""
        number = int(self.calendar[row])
        return NEVER if number == _ALWAYS else self._calendars[number].ends(at)

    def find(self, key: Key) -> int | None:
        """Row of a rule and subject."""
        device = self._index.device(key[1])
        if device is None:
            return None
        first, last = np.searchsorted(self.device, [device, device + 1]).tolist()
        for row in range(first, last):
            if self._rules[self._rule[row]][0] == key[0]:
                return row
        return None


def build(stored: Sequence[StoredRule], known: Surroundings) -> Rows:
    """Make the rows of all devices that rules of absence watch."""
    groups = Groups(stored, known.parks)
    index = Index(known, groups.of)
    is_able = known.devices.is_active.copy()
    is_able &= np.bincount(known.device, minlength=len(is_able)) > 0
    rules: list[tuple[int, Absence]] = []
    found: list[Int64Array] = []
    for group, in_force in sorted(groups.rules.items()):
        for each in in_force:
            definition = each.spec.definition
            if isinstance(definition, Absence):
                rules.append((each.id, definition))
                devices = index.devices(group, definition.scope)
                found.append(devices[is_able[devices]].astype(np.int64))
    device = np.concatenate([*found, np.empty(0, np.int64)])
    rule = np.repeat(np.arange(len(found)), [len(each) for each in found])
    order = np.lexsort((rule, device))
    return Rows(known, index, rules, rule[order], device[order])


class Silence:
    """When each of n devices was heard last, and what rows make of it.

    Parameters
    ----------
    rows
        Of these devices.
    """

    def __init__(self, rows: Rows) -> None:
        known = rows.known
        self.rows = rows
        self.level: Int64Array = np.zeros(len(rows), np.int64)
        """How many levels of each row have been told."""
        self.device_id: Int64Array = known.devices.id.astype(np.int64)
        self.park_id: Int64Array = known.devices.park.astype(np.int64)
        self.received: Int64Array = np.full(len(self.device_id), UNHEARD, np.int64)
        """Last receipt, or the begin of the watch. [us]"""
        self._since: Int64Array = np.zeros(len(rows), np.int64)
        """Begin of the watch, last level told or end of a window. [us]"""
        self._end: Int64Array = np.full(len(rows), NEVER, np.int64)
        """When the window of what each row has told ends. [us]"""
        self._series = known.id
        self._device = known.device
        self._active: dict[int, list[int]] = {}

    def take_up(self, lasting: Mapping[Key, Interval]) -> set[Key]:
        """Go on with the conditions that last; return the keys of those."""
        taken: set[Key] = set()
        for key, found in lasting.items():
            number = self.rows.find(key)
            if number is None:
                continue
            taken.add(key)
            row = self.rows[number]
            severities = [each.severity for each in row.definition.levels]
            level = row.definition.level(found.severity).severity
            self.level[number] = severities.index(level) + 1
            self._active.setdefault(row.device, []).append(number)
            self._since[number] = max(step.ts for step in found.steps)
            self._end[number] = self.rows.ends(number, found.raised)
        return taken

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
        self._since = np.where(self.level == 0, now[self.rows.device], self._since)

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
        wanted = buckets.distinct(series.astype(np.int64)).astype(np.int32)
        at = np.minimum(np.searchsorted(self._series, wanted), len(self._series) - 1)
        heard = buckets.distinct(self._device[at[self._series[at] == wanted]])
        now = _by_park(self.park_id[heard], clocks)
        self.received[heard] = np.maximum(self.received[heard], now)
        if not self._active:
            return []
        return [
            row for device in heard.tolist() for row in self._active.get(device, [])
        ]

    def park_of(self, row: int) -> int:
        """Id of the park of a row."""
        return int(self.park_id[self.rows.device[row]])

    def next_due(self, row: int) -> int:
        """Return when the next level of a row is reached, if nothing is heard. [us]."""
        return int(self.all_due(np.array([row]))[0])

    def all_due(self, row: Int64Array) -> Int64Array:
        """Return when rows tell their next levels, or what they told ends. [us]."""
        level, since = self.level[row], self._since[row]
        heard = self.received[self.rows.device[row]]
        wait = self.rows.silence(row, level)
        due = self.rows.due(row, heard, since, wait)
        # Levels are told one after the other, also those reached on earlier days.
        due = np.where(level == 0, due, np.maximum(due, since))
        return np.minimum(due, self._end[row])

    def advance(
        self, row: int, lasting: Sequence[Interval], due: int | None, now: int
    ) -> list[Interval]:
        """Reach the next level at `due`, or end the silence with None. [us]."""
        mine = self.rows[row]
        end = int(self._end[row])
        if due is None or due >= end:
            over = min(now, end)
            self._rest(row, mine.device, over)
            return [replace(each, cleared=max(over, each.raised)) for each in lasting]
        level = mine.definition.levels[int(self.level[row])]
        self.level[row] += 1
        self._since[row] = due
        step = Step(due, level.severity, level.limit)
        if lasting:
            return [replace(each, steps=(*each.steps, step)) for each in lasting]
        self._active.setdefault(mine.device, []).append(row)
        self._end[row] = self.rows.ends(row, due)
        return [Interval(onset=due, raised=due, cleared=None, steps=(step,))]

    def _rest(self, row: int, device: int, since: int) -> None:
        """Let a row be told anew, but of no window before this time. [us]."""
        self.level[row] = 0
        self._since[row] = since
        self._end[row] = NEVER
        rest = [each for each in self._active.pop(device, []) if each != row]
        if rest:
            self._active[device] = rest


def _by_park(park: Int64Array, clocks: Mapping[int, int]) -> Int64Array:
    known, at = np.unique(park, return_inverse=True)
    return np.array([clocks[each] for each in known.tolist()], np.int64)[at]
