"""Which of the watched series the anomaly detector follows, and how many. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.model import alert

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from parkpulse.model.definitions import FoundDefinition, Scope
    from parkpulse.model.packed import Int64Array
    from parkpulse.store.surroundings import Surroundings

MOST_BYTES = 256 * 2**20
"""Memory of one process for all that is kept of its series. [B]"""
SHARE = 0.2
"""Of one core that scoring may take, over a minute. [-]"""
COST_S = 10e-6
"""Processor time of a reading, until it is measured. [s]"""
_LEAST = 100
"""So many series are followed in any case."""
_SPARE, _GROWTH = 0.8, 1.25
"""Below this part of the share, more series are taken up, by so much at a time."""


def ranked(
    watching: Iterable[tuple[FoundDefinition, Int64Array]], known: Surroundings
) -> Int64Array:
    """Positions of watched series, the most important first.

    First what rules of a higher severity watch; then what a rule names more closely;
    then one series of each park and metric in turn, so that none is left out whole.
    """
    weight = np.full(len(known), -1)
    for definition, rows in watching:
        worst = max(alert.SEVERITIES.index(each.severity) for each in definition.levels)
        weight[rows] = np.maximum(
            weight[rows], 4 * worst + _closeness(definition.scope)
        )
    rows = np.flatnonzero(weight >= 0)
    turn = _turn(known.park[rows], known.metric.code[rows])
    return rows[np.lexsort((rows, turn, -weight[rows]))]


def _closeness(scope: Scope) -> int:
    if scope.devices is not None or scope.tags is not None:
        return 3
    if scope.places is not None:
        return 2
    return int(scope.device_kinds is not None or scope.place_kinds is not None)


def _turn(park: npt.NDArray[np.int32], metric: npt.NDArray[np.int32]) -> Int64Array:
    """Count how many of its park and metric come before each series."""
    order = np.lexsort((metric, park))
    changed = np.diff(park[order], prepend=-1) | np.diff(metric[order], prepend=-1)
    start = np.flatnonzero(changed)
    number = np.arange(len(order))
    found = np.empty(len(order), np.int64)
    found[order] = number - np.repeat(start, np.diff(np.append(start, len(order))))
    return found


def at_first(interval_s: npt.NDArray[np.int32]) -> int:
    """So many series, the most important first, fit into the share.

    Parameters
    ----------
    interval_s : array, shape (n,)
        Their report intervals, in order of importance. [s]
    """
    share = np.cumsum(COST_S / np.maximum(interval_s, 1.0))
    return int(np.searchsorted(share, SHARE, "right"))


@dataclass
class Budget:
    """How many series are followed, as processor time allows.

    Parameters
    ----------
    most
        That there are.
    followed
        That are followed now.
    """

    most: int
    followed: int

    def fit(self, share: float) -> None:
        """Follow fewer after a minute that took more than its share, more if less.

        Parameters
        ----------
        share
            Of one core, that scoring took. [-]
        """
        if share > SHARE:
            fewer = int(self.followed * SHARE / share)
            self.followed = min(max(fewer, _LEAST), self.most)
        elif share < _SPARE * SHARE:
            self.followed = min(int(self.followed * _GROWTH) + 1, self.most)
