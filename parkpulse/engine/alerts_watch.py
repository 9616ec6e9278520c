"""Which series the rules watch, and how far each (rule, series) has been followed."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import thresholds
from analytics.thresholds import NEVER, STATE
from parkpulse.engine.alerts_reconcile import Origin
from parkpulse.engine.matching import Groups, Index
from parkpulse.model import freshness, instants
from parkpulse.model.definitions import SeriesDefinition
from parkpulse.model.registry import SLOTS
from parkpulse.query import terms as rule_terms
from parkpulse.store.windows import Reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from analytics.thresholds import (
        BoolArray,
        FloatArray,
        IntArray,
        Limits,
        Structured,
    )
    from parkpulse.model.condition import Key
    from parkpulse.model.packed import Int32Array
    from parkpulse.model.rule import StoredRule
    from parkpulse.query.terms import Terms
    from parkpulse.store.rules import WatchedSeries
    from parkpulse.store.surroundings import Surroundings

    Defined = tuple[StoredRule, SeriesDefinition]

ROW = np.dtype(
    [
        ("rule", "<i4"),
        ("version", "<i4"),
        ("series", "<i4"),
        ("is_known", "?"),
        ("is_silent", "?"),
        ("ended", "<i8"),
        *((name, STATE[name]) for name in STATE.names or ()),
    ]
)
"""What is kept of a row.

Its rule, version and series; whether the rest is known; whether the present condition
is retroactive; when the newest condition that is over ended [us]; and the fields of
`analytics.thresholds.STATE`.
"""


_WHOLE = np.dtype([("of", f"V{ROW.itemsize - STATE.itemsize}"), ("state", STATE)])


class Entry(NamedTuple):
    """A rule in force for a series."""

    rule: StoredRule
    series: WatchedSeries
    terms: Terms

    @property
    def origin(self) -> Origin:
        """What its alerts are about."""
        at = self.series
        return Origin(
            rule_id=self.rule.id,
            subject=f"{at.park}/{at.device}/{at.metric}",
            park_id=at.park_id,
            place_id=at.place_id,
            device_id=at.device_id,
            series_id=at.id,
            definition=self.terms.definition,
        )


class Entries:
    """Rules in force for n series: pairs of numbers, put together when asked.

    Parameters
    ----------
    known
        All series.
    rules
        Rules of series, each with the definition.
    rule, position : arrays, shape (n,)
        Which of the rules, and position of the series, sorted by series.
    """

    def __init__(
        self,
        known: Surroundings,
        rules: Sequence[Defined],
        rule: IntArray,
        position: IntArray,
    ) -> None:
        self.known = known
        self.position = position
        self._rules = rules
        self._rule = rule
        pair = rule * (int(known.variant.max(initial=0)) + 1) + known.variant[position]
        _, first, self._kind = np.unique(pair, return_index=True, return_inverse=True)
        self._terms = [
            rule_terms.terms(rules[rule[row]][1], known.at(int(position[row])))
            for row in first.tolist()
        ]
        numbers: dict[str, int] = {}
        self._alike = np.array(
            [
                numbers.setdefault(each.signal.likeness if each.signal else "", number)
                for number, each in enumerate(self._terms)
            ],
            np.int64,
        )

    def __len__(self) -> int:
        return len(self.position)

    def __getitem__(self, row: int) -> Entry:
        return Entry(
            self._rules[self._rule[row]][0],
            self.known.at(int(self.position[row])),
            self._terms[self._kind[row]],
        )

    def rule_numbers(self) -> tuple[IntArray, IntArray]:
        """Return the id and version of each row's rule, shapes (n,)."""
        numbers = [(each.id, each.version) for each, _ in self._rules]
        table = np.array(numbers, np.int64).reshape(len(numbers), 2)
        return table[self._rule, 0], table[self._rule, 1]

    def limits(self) -> Limits:
        """Return what each row compares with."""
        return rule_terms.limits(self._terms).take(self._kind)

    def of_terms(self, numbers: Sequence[int]) -> IntArray:
        """Spread a number for each of the different terms over the rows."""
        return np.array(numbers, np.int64)[self._kind]

    @property
    def terms(self) -> Sequence[Terms]:
        """Terms that occur, each once."""
        return self._terms

    def scored_as(self, rows: IntArray) -> IntArray:
        """Return the index of terms that score the readings of some rows alike."""
        found: IntArray = self._alike[self._kind[rows]]
        return found


@dataclass
class Watch:
    """All rows of some slots, sorted by series.

    Parameters
    ----------
    entries
        n rows.
    index
        Finds series.
    all_series : array, shape (m,)
        Ids of all series of the slots, watched or not, sorted.
    """

    entries: Entries
    index: Index
    all_series: Int32Array
    limits: Limits = field(init=False)
    rows: Structured = field(init=False)
    """State of each row, array of ROW, shape (n,)."""
    series: Int32Array = field(init=False)
    park: IntArray = field(init=False)
    """Park id of each row, shape (n,)."""
    fresh_for: IntArray = field(init=False)
    """Age up to which the newest reading is fresh, shape (n,). [us]"""
    is_pending: BoolArray = field(init=False)
    """Whether time alone may change a row, shape (n,)."""
    is_changed: BoolArray = field(init=False)
    """Whether a row is not as in the last snapshot, shape (n,)."""
    is_derived: BoolArray = field(init=False)
    """Whether a row compares something else than its readings, shape (n,)."""
    reach: Reach = field(init=False)
    """How far before a reading each row looks."""
    tails: dict[int, IntArray] = field(default_factory=dict)
    """Newest readings of derived rows, of which they are known, shape (2, k).

    Times [us], and the bits of values: arrays of one type are joined soonest.
    """

    def __post_init__(self) -> None:
        count = len(self.entries)
        known, position = self.entries.known, self.entries.position
        self.limits = self.entries.limits()
        self._measure()
        self.series = known.id[position]
        self.park = known.park[position].astype(np.int64)
        interval, at = np.unique(known.report_interval_s, return_inverse=True)
        fresh = [_us(freshness.freshness_s(each)) for each in interval.tolist()]
        self.fresh_for = np.array(fresh, np.int64)[at[position]]
        self.is_pending = np.zeros(count, np.bool_)
        self.is_changed = np.zeros(count, np.bool_)
        self.rows = np.zeros(count, ROW)
        self.rows["rule"], self.rows["version"] = self.entries.rule_numbers()
        self.rows["series"] = self.series
        self.rows["ended"] = NEVER
        self._write(np.arange(count), thresholds.initial(count))

    def _measure(self) -> None:
        terms = self.entries.terms
        signals = [each.signal for each in terms]
        rules = [each.definition for each in terms]
        spread = self.entries.of_terms
        self.is_derived = spread([each is not None for each in signals]) > 0
        self.reach = Reach(
            back=np.maximum(self.limits.on_delay, self.limits.off_delay),
            samples=spread([max(each.on_samples, each.off_samples) for each in rules]),
            span=spread([each.span if each else 0 for each in signals]),
            lead=spread([each.lead if each else 0 for each in signals]),
        )

    def __len__(self) -> int:
        return len(self.entries)

    def rows_of(self, series: Int32Array) -> tuple[IntArray, IntArray]:
        """Find the rows of readings.

        Returns
        -------
        index, row : arrays, shape (k,)
            Index of a reading and a row that watches it, one for each such pair.
        """
        first = np.searchsorted(self.series, series, "left")
        count = np.searchsorted(self.series, series, "right") - first
        index = np.repeat(np.arange(len(series)), count)
        within = np.arange(len(index)) - np.repeat(np.cumsum(count) - count, count)
        return index, first[index] + within

    def watches(self, key: Key) -> bool:
        """Whether there is a row of a rule and subject."""
        position = self.index.subject(key[1])
        if position is None:
            return False
        series = self.entries.known.id[position : position + 1]
        _, rows = self.rows_of(series)
        return key[0] in self.rows["rule"][rows]

    def has_unknown(self, series: Int32Array) -> bool:
        """Whether a reading is of a series that was not registered at the load."""
        if not len(self.all_series):
            return bool(len(series))
        at = np.searchsorted(self.all_series, series)
        at = np.minimum(at, len(self.all_series) - 1)
        return bool(np.any(self.all_series[at] != series))

    def ignore(self, series: Int32Array) -> None:
        """Take series as known that turned out not to be watched."""
        self.all_series = np.union1d(self.all_series, series).astype(np.int32)

    def state(self, rows: IntArray) -> Structured:
        """Return the states of some rows, array of STATE."""
        found: Structured = self._states[rows]
        return found

    def keep(self, rows: IntArray, state: Structured) -> None:
        """Take the states of some rows, which are known from now on."""
        self._write(rows, state)
        self.rows["is_known"][rows] = True
        self.is_changed[rows] = True
        limits = self.limits.take(rows)
        self.is_pending[rows] = thresholds.deadline(limits, state) < thresholds.FOREVER

    @property
    def _states(self) -> Structured:
        """The last fields of `rows` as whole records, which are copied at once."""
        found: Structured = self.rows.view(_WHOLE)["state"]
        return found

    def _write(self, rows: IntArray, state: Structured) -> None:
        self._states[rows] = state

    def carry_over(self, rows: Structured) -> None:
        """Take what is known of the rows that are the same in this watch."""
        mine, theirs = _identity(self.rows), _identity(rows)
        order = np.argsort(mine)
        if not len(order):
            return
        at = np.searchsorted(mine, theirs, sorter=order)
        at = order[np.minimum(at, len(order) - 1)]
        same = (mine[at] == theirs) & rows["is_known"]
        same &= self.rows["version"][at] == rows["version"]
        self.rows[at[same]] = rows[same]
        self.keep(at[same], self.state(at[same]))

    def snapshot(self, slot: int) -> bytes:
        """Return what is known of the rows of a slot, for `restore`."""
        return self._packed(np.flatnonzero(self.rows["is_known"]), slot)

    def news(self, slot: int) -> bytes:
        """Return what has changed of the rows of a slot since the last call."""
        return self._packed(np.flatnonzero(self.is_changed), slot)

    def _packed(self, rows: IntArray, slot: int) -> bytes:
        mine = rows[self.park[rows] % SLOTS == slot]
        self.is_changed[mine] = False
        buffer = io.BytesIO()
        np.save(buffer, self.rows[mine], allow_pickle=False)
        return buffer.getvalue()

    def restore(self, snapshot: bytes) -> None:
        """Take a snapshot; one of another version of the program is left aside."""
        try:
            rows = np.load(io.BytesIO(snapshot), allow_pickle=False)
        except ValueError:
            return
        if rows.dtype == ROW:
            self.carry_over(rows)

    def keep_tail(self, row: int, ts: IntArray, value: FloatArray) -> None:
        """Take the newest readings of a derived row, sorted by time [us]."""
        self.tails.pop(row, None)
        if len(ts):
            self.keep_tails([row], ts, value, np.arange(len(ts)) == 0)

    def keep_tails(
        self, rows: Sequence[int], ts: IntArray, value: FloatArray, first: BoolArray
    ) -> None:
        """Take the newest readings of derived rows that compare the same thing.

        Parameters
        ----------
        rows
            Each of which has readings.
        ts, value, first : arrays, shape (k,)
            Row by row, as of `signals.Signal.apply_all`.
        """
        signal = self.entries[rows[0]].terms.signal
        if signal is None:
            return
        every = np.stack([ts, np.ascontiguousarray(value).view(np.int64)])
        begin = signal.tails(ts, first)
        end = np.append(np.flatnonzero(first)[1:], len(ts))
        for row, low, high in zip(rows, begin.tolist(), end.tolist(), strict=True):
            self.tails[row] = every[:, low:high].copy()

    def clock(self, clocks: Mapping[int, int], rows: IntArray) -> IntArray:
        """Return the park's clock of each row [us]."""
        return np.array([clocks[park] for park in self.park[rows].tolist()], np.int64)


def _identity(rows: Structured) -> IntArray:
    """One number for the rule and series of each row."""
    found: IntArray = (rows["rule"].astype(np.int64) << 32) | rows["series"]
    return found


def build(stored: Sequence[StoredRule], known: Surroundings) -> Watch:
    """Make the rows of all series that rules in force watch."""
    groups = Groups(stored, known.parks)
    index = Index(known, groups.of)
    rules: list[Defined] = []
    found: list[npt.NDArray[np.integer]] = []
    for group, in_force in sorted(groups.rules.items()):
        for each in in_force:
            definition = each.spec.definition
            if isinstance(definition, SeriesDefinition):
                rules.append((each, definition))
                rows = index.rows(group, [definition.metric], definition.scope)
                found.append(rows)
    position = np.concatenate([*found, np.empty(0, np.int64)]).astype(np.int64)
    which = np.repeat(np.arange(len(found)), [len(each) for each in found])
    order = np.lexsort((which, position))
    entries = Entries(known, rules, which[order], position[order])
    return Watch(entries, index, known.id)


def _us(seconds: float) -> int:
    return round(seconds * instants.SECOND)
