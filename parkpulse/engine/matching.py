"""Finds the series that a rule watches without looking at all others.

Series lie sorted by what scopes ask for, so a question costs its answer, whatever else
is registered; only where a scope asks for several things at once, it costs the
smallest list of those that hold each of them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.model import rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from parkpulse.model.rule import Scope, StoredRule
    from parkpulse.store.surroundings import Surroundings

    IntArray = npt.NDArray[np.integer]


class Groups:
    """Parks in groups in which the same rules are in force.

    Parameters
    ----------
    stored
        All rules.
    parks
        Ids of parks.
    """

    def __init__(self, stored: Sequence[StoredRule], parks: Iterable[int]) -> None:
        with_own = {each.park_id for each in stored}
        every = sorted(parks)
        self.of = {key: key if key in with_own else 0 for key in every}
        """Group of each park: its own id, or 0 for all that have no rules."""
        # No park has the id 0.
        self.rules = {
            group: rule.in_force(stored, group) for group in set(self.of.values())
        }
        """Rules in force in each group."""


class Index:
    """Series sorted by group, metric, kind of device and device.

    Parameters
    ----------
    known
        All series.
    groups
        Group of each park, by id.
    """

    def __init__(self, known: Surroundings, groups: Mapping[int, int]) -> None:
        self._known = known
        devices = known.devices
        parks, at = np.unique(devices.park, return_inverse=True)
        of_park = np.array([groups.get(key, -1) for key in parks.tolist()], np.int64)
        self._group = of_park[at] if len(parks) else np.empty(0, np.int64)
        self._kinds = max(len(devices.kind.names), 1)
        key = self._key(
            self._group[known.device],
            known.metric.code,
            devices.kind.code[known.device],
        )
        self._order = np.argsort(key, kind="stable")
        self._sorted = key[self._order]

    def _key(
        self, group: IntArray | int, metric: IntArray, kind: IntArray | int
    ) -> npt.NDArray[np.int64]:
        metrics = max(len(self._known.metric.names), 1)
        key = (group * metrics + metric.astype(np.int64)) * self._kinds + kind
        return key.astype(np.int64)

    def rows(self, group: int, metrics: Iterable[str] | None, scope: Scope) -> IntArray:
        """Return positions of the series of a group that are meant, sorted.

        Parameters
        ----------
        group
            Of parks.
        metrics
            None for any.
        scope
            Which devices.
        """
        named = self._known.metric
        wanted = named.names if metrics is None else metrics
        codes = np.array(named.codes(wanted), np.int64)
        devices = self._named(scope)
        if devices is None:
            return np.sort(self._by_kind(group, codes, scope))
        devices = devices[self._group[devices] == group]
        mine = self._series_of(devices)
        return np.sort(mine[np.isin(named.code[mine], codes)])

    def devices(self, group: int, scope: Scope) -> IntArray:
        """Return positions of the devices of a group that are meant, sorted."""
        found = self._named(scope)
        if found is not None:
            return np.sort(found[self._group[found] == group])
        mine = self._group == group
        kind = self._known.devices.kind
        if scope.device_kinds is not None:
            mine &= np.isin(kind.code, kind.codes(scope.device_kinds))
        return np.flatnonzero(mine)

    def _by_kind(self, group: int, metrics: IntArray, scope: Scope) -> IntArray:
        if scope.device_kinds is None:
            low = self._key(group, metrics, 0)
            return self._between(low, low + self._kinds)
        kinds = self._known.devices.kind.codes(scope.device_kinds)
        low = self._key(group, np.repeat(metrics, len(kinds)), 0)
        low += np.tile(np.array(kinds, np.int64), len(metrics))
        return self._between(low, low + 1)

    def _between(self, low: IntArray, high: IntArray) -> IntArray:
        first = np.searchsorted(self._sorted, low)
        count = np.searchsorted(self._sorted, high) - first
        return self._order[spread(first, count)]

    def _named(self, scope: Scope) -> IntArray | None:
        """Positions of the devices that a scope names, None for all or all of kinds."""
        lists: list[IntArray] = []
        if scope.devices is not None:
            lists.append(self._of_codes(scope.devices))
        if scope.tags is not None:
            lists += [_joined(self._by_tag, scope.tags)]
        if scope.places is not None:
            lists.append(self._of_places(_joined(self._places[0], scope.places)))
        if scope.place_kinds is not None:
            lists.append(self._of_places(_joined(self._places[1], scope.place_kinds)))
        if not lists:
            return None
        lists.sort(key=len)
        found = lists[0]
        for each in lists[1:]:
            found = np.intersect1d(found, each, assume_unique=True)
        if scope.device_kinds is not None:
            kind = self._known.devices.kind
            found = found[np.isin(kind.code[found], kind.codes(scope.device_kinds))]
        return found

    def _of_codes(self, codes: Iterable[str]) -> IntArray:
        wanted = np.array(sorted({each.encode() for each in codes}), np.bytes_)
        order, found = self._by_code
        first = np.searchsorted(found, wanted, "left")
        count = np.searchsorted(found, wanted, "right") - first
        return order[spread(first, count)]

    def _of_places(self, places: IntArray) -> IntArray:
        order, found = self._by_place
        first = np.searchsorted(found, places, "left")
        count = np.searchsorted(found, places, "right") - first
        return order[spread(first, count)]

    def _series_of(self, devices: IntArray) -> IntArray:
        order, found = self._by_device
        first = np.searchsorted(found, devices, "left")
        count = np.searchsorted(found, devices, "right") - first
        return order[spread(first, count)]

    def device(self, text: str) -> int | None:
        """Position of a device by park and code, parted by a slash."""
        park, code = (*text.split("/"), "")[:2]
        devices = self._known.devices
        for at in self._of_codes([code]).tolist():
            if self._known.parks[int(devices.park[at])][0] == park:
                return int(at)
        return None

    def subject(self, text: str) -> int | None:
        """Position of a series by park, device and metric, parted by slashes."""
        holder, _, metric = text.rpartition("/")
        device = self.device(holder)
        if device is None:
            return None
        named = self._known.metric
        mine = self._series_of(np.array([device]))
        found = mine[np.isin(named.code[mine], named.codes([metric]))]
        return int(found[0]) if len(found) else None

    @cached_property
    def _by_code(self) -> tuple[IntArray, npt.NDArray[np.bytes_]]:
        order = np.argsort(self._known.devices.code, kind="stable")
        return order, self._known.devices.code[order]

    @cached_property
    def _by_place(self) -> tuple[IntArray, IntArray]:
        order = np.argsort(self._known.devices.place, kind="stable")
        return order, self._known.devices.place[order]

    @cached_property
    def _by_device(self) -> tuple[IntArray, IntArray]:
        order = np.argsort(self._known.device, kind="stable")
        return order, self._known.device[order]

    @cached_property
    def _by_tag(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for device, tags in sorted(self._known.devices.tags.items()):
            for tag in tags:
                found.setdefault(tag, []).append(device)
        return found

    @cached_property
    def _places(self) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        """Ids of the places in places of each code, and of each kind."""
        codes: dict[str, list[int]] = {}
        kinds: dict[str, list[int]] = {}
        for key, around in self._known.places.items():
            for each in around:
                codes.setdefault(each.code, []).append(key)
                kinds.setdefault(each.kind, []).append(key)
        return codes, kinds


def _joined(lists: Mapping[str, list[int]], names: Iterable[str]) -> IntArray:
    """Return the numbers in the lists of any of these names, each once, sorted."""
    every = {number for name in set(names) for number in lists.get(name, [])}
    return np.array(sorted(every), np.int64)


def spread(first: IntArray, count: IntArray) -> IntArray:
    """Return the numbers of stretches that begin at `first`, one after the other."""
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    found: IntArray = np.repeat(first, count) + within
    return found
