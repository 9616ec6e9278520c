"""Buckets that wait to be written, and the readings of the newest of them; pure.

A bucket that is still open would be written again and again. Those who ask compute the
newest bucket of a series from its readings, so it can wait until it is over.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import buckets
from parkpulse.engine import tiers
from parkpulse.engine.tiers import TIERS
from parkpulse.model import instants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analytics.arrays import BoolArray
    from parkpulse.engine.tiers import Catalogue, Tier
    from parkpulse.model.packed import FloatArray, Int64Array

GRACE = 3 * instants.SECOND // 2
"""So long after its end a bucket waits for what is on its way. [us]"""
KEPT = 30 * instants.SECOND
"""So long after its end the readings of a bucket stay in memory. [us]"""
FINEST = TIERS[0]
_NEVER = np.iinfo(np.int64).max // 2


def _none() -> Int64Array:
    return np.empty(0, np.int64)


def ends(key: Int64Array, tier: Tier) -> Int64Array:
    """Tell where buckets end. [us since 1970 UTC]."""
    return buckets.of_keys(key, tier.width)[1] + tier.width


class Waiting:
    """Keys of the buckets that were touched and are not yet written, by tier."""

    def __init__(self) -> None:
        self._runs: dict[str, list[Int64Array]] = {tier.name: [] for tier in TIERS}
        """Sorted, none with a key of another, each more than twice the next: a new key
        is moved as often as the number of keys has binary digits, not each time."""
        self._earliest = dict.fromkeys(self._runs, _NEVER)
        """First end of a bucket. [us]"""

    def add(self, tier: Tier, key: Int64Array) -> None:
        """Have buckets written when they are over; `key` is sorted."""
        runs = self._runs[tier.name]
        for run in runs:
            key = key[~buckets.among(key, run)]
        if not len(key):
            return
        first = int(ends(key, tier).min())
        self._earliest[tier.name] = min(self._earliest[tier.name], first)
        while runs and len(runs[-1]) <= 2 * len(key):
            key = buckets.union(runs.pop(), key)
        runs.append(key)

    def remove(self, tier: Tier, key: Int64Array) -> None:
        """Forget buckets that are written; `key` is sorted."""
        if len(key):
            mine = self.of(tier)
            mine = mine[~buckets.among(mine, key)]
            self._runs[tier.name] = [mine] if len(mine) else []
            self._earliest[tier.name] = int(ends(mine, tier).min(initial=_NEVER))

    def of(self, tier: Tier) -> Int64Array:
        """Keys that wait, sorted."""
        runs = self._runs[tier.name]
        if len(runs) > 1:
            runs[:] = [buckets.distinct(np.concatenate(runs))]
        return runs[0] if runs else _none()

    def due(self, tier: Tier, now: int) -> Int64Array:
        """Keys of the buckets that are over, sorted."""
        if self._earliest[tier.name] + GRACE > now:
            return _none()
        key = self.of(tier)
        return key[ends(key, tier) + GRACE <= now]

    def packed(self, known: Catalogue, slots: Sequence[int]) -> list[bytes]:
        """Return what waits in each of these slots, for `restore`."""
        tiered = [_by_slot(self.of(tier), known, slots) for tier in TIERS]
        return [_squeezed(mine) for mine in zip(*tiered, strict=True)]

    def restore(self, packed: bytes) -> None:
        """Have written what waited when this was packed."""
        for tier, key in zip(TIERS, _unpacked(packed), strict=True):
            self.add(tier, key)


_END = -1
"""Behind the keys of each tier."""


def _squeezed(tiered: Iterable[Int64Array]) -> bytes:
    """Pack keys as steps from each to the next: mostly the same few."""
    numbers = np.concatenate([part for key in tiered for part in (key, [_END])])
    return zlib.compress(np.diff(numbers, prepend=0).tobytes(), level=1)


def _unpacked(packed: bytes) -> list[Int64Array]:
    try:
        numbers = np.cumsum(np.frombuffer(zlib.decompress(packed), np.int64))
    except zlib.error:
        # As versions up to 0.1 packed it: sizes, then keys.
        numbers = np.frombuffer(packed, np.int64)
        sizes = numbers[: len(TIERS)]
        return np.split(numbers[len(TIERS) :], np.cumsum(sizes)[:-1])
    last = np.flatnonzero(numbers == _END)
    return [each[each != _END] for each in np.split(numbers, last[:-1] + 1)]


def _by_slot(
    key: Int64Array, known: Catalogue, slots: Sequence[int]
) -> list[Int64Array]:
    """Return the keys of each of these slots, sorted."""
    if not len(known.id):
        return [key[:0] for _ in slots]
    place, is_known = known.places(key >> 32)
    slot = np.where(is_known, known.slot[place], -1).astype(np.int16)
    order = np.argsort(slot, kind="stable")
    first = np.searchsorted(slot[order], slots, "left").tolist()
    last = np.searchsorted(slot[order], slots, "right").tolist()
    return [key[order[a:b]] for a, b in zip(first, last, strict=True)]


class Readings(NamedTuple):
    """Readings with the first and last bucket that depends on each; shape (n,)."""

    series: Int64Array
    ts: Int64Array
    value: FloatArray
    first: Int64Array
    last: Int64Array

    def where(self, mask: BoolArray | Int64Array) -> Readings:
        """Return the chosen readings."""
        return Readings(
            self.series[mask],
            self.ts[mask],
            self.value[mask],
            self.first[mask],
            self.last[mask],
        )

    def keys(self) -> Int64Array:
        """Keys of all buckets that depend on them, sorted."""
        return tiers.between(self.first, self.last)


class Recent:
    """Readings of the finest tier's newest buckets, as they came.

    Parameters
    ----------
    since
        Moment from which on everything was seen. [us]
    incomplete
        Keys of buckets, ending later, of which readings came before; sorted.
    """

    def __init__(self, since: int, incomplete: Int64Array) -> None:
        self._since = since
        self._incomplete = incomplete
        self._written = _none()
        self._parts: list[tuple[int, Readings]] = []

    def add(self, readings: Readings, replaced: Int64Array) -> None:
        """Take readings that came; `replaced` are keys in which a value was replaced.

        The order of writers in the log is not the order of their commits, so only the
        database knows which value stands.
        """
        if len(readings.ts):
            end = int(ends(readings.last, FINEST).max())
            self._parts.append((end, readings))
        self._incomplete = buckets.union(self._incomplete, replaced)

    def forget(self, until: int) -> None:
        """Drop what only buckets depend on that ended by `until`. [us]."""
        if until // FINEST.width == self._since // FINEST.width:
            return  # no bucket ended in between
        self._since = max(self._since, until)
        self._parts = [each for each in self._parts if each[0] > until]
        self._incomplete = self._later(self._incomplete)
        self._written = self._later(self._written)

    def _later(self, key: Int64Array) -> Int64Array:
        return key[ends(key, FINEST) > self._since]

    def has(self, key: Int64Array) -> BoolArray:
        """Tell of which buckets every reading is here; `key` is sorted."""
        complete: BoolArray = ends(key, FINEST) > self._since
        return complete & ~buckets.among(key, self._incomplete)

    def write(self, key: Int64Array) -> BoolArray:
        """Note that buckets are written; tell for which it is the first time."""
        is_new = ~buckets.among(key, self._written)
        self._written = buckets.union(self._written, key)
        return is_new

    def of(self, key: Int64Array) -> Readings:
        """Return readings on which buckets depend, by series, then time."""
        found = [_touching(part, key) for _, part in self._parts]
        if not found:
            found = [Readings(_none(), _none(), np.empty(0), _none(), _none())]
        every = Readings(*map(np.concatenate, zip(*found, strict=True)))
        return every.where(np.lexsort((every.ts, every.series)))


def _touching(readings: Readings, key: Int64Array) -> Readings:
    low = np.searchsorted(key, readings.first, "left")
    high = np.searchsorted(key, readings.last, "right")
    return readings.where(high > low)
