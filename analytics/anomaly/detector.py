"""The detector: a state for each of n series, readings in any mixture and order.

Example
-------
>>> import numpy as np
>>> detector = Detector(2)
>>> found = detector.step(np.array([0, 1]), np.array([0, 0]), np.array([1.0, 5.0]))
>>> found.score.tolist()
[0.0, 0.0]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analytics.anomaly import alarms, forecast, layout, novelty, profile, streams, tails
from analytics.anomaly.layout import Columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from analytics.anomaly.novelty import Memory
    from analytics.anomaly.profile import Profiles
    from analytics.arrays import BoolArray, FloatArray, IntArray

SUSPECT = 0.9
"""A score from here on is worth a look; the threshold for labelled series."""
ALARM = 0.99
"""At most 1 of 10,000 readings of a quiet series scores so high."""
WARM_UP = 100
"""Readings of a series before it is judged."""
_CHUNK = 2048
_PATIENCE = 8
_PENALTY = 0.5
"""Taken off the largest surprise, for it is the largest of many."""
_FEW = 3
"""Readings after which their interval is known."""
_GAP = 6.0
"""Usual intervals after which the last value says nothing of the next."""
_LARGEST = 1e30


class Found(NamedTuple):
    """Result of each reading, in the order given, each of shape (m,)."""

    score: FloatArray
    """From 0 to 1; 0.99 is expected in at most 1 of 10,000 quiet readings."""
    kind: npt.NDArray[np.int8]
    """Stream that was most surprising: index into `KINDS`."""
    expected: FloatArray
    """What was expected instead, in the series' unit; NaN when not judged."""
    judged: BoolArray
    """False in warm-up, for missing values and repeats."""

    def take(self, rows: IntArray | slice) -> Found:
        """Results of some readings."""
        return Found(
            self.score[rows], self.kind[rows], self.expected[rows], self.judged[rows]
        )

    def put(self, rows: IntArray, part: Found) -> None:
        """Set the results of some readings."""
        self.score[rows] = part.score
        self.kind[rows] = part.kind
        self.expected[rows] = part.expected
        self.judged[rows] = part.judged


KINDS = (
    *(f"{name}_high" for name in layout.STREAMS),
    *(f"{name}_low" for name in layout.STREAMS),
    "frozen",
    "none",
)
_FROZEN = len(KINDS) - 2
_NONE = len(KINDS) - 1
_VALUE_HIGH, _VALUE_LOW = KINDS.index("value_high"), KINDS.index("value_low")


class Readings(NamedTuple):
    """Readings of different series, each of shape (m,)."""

    series: IntArray
    ts: IntArray
    value: FloatArray
    ahead: IntArray

    def take(self, rows: IntArray) -> Readings:
        """Return some of the readings."""
        return Readings(
            self.series[rows], self.ts[rows], self.value[rows], self.ahead[rows]
        )


class Tables(NamedTuple):
    """What is kept of each series beside the numbers of `layout`."""

    profiles: Profiles
    memory: Memory


class Detector:
    """Anomaly scores for `series` series, learned from their readings alone."""

    def __init__(self, series: int) -> None:
        self._state = np.zeros((series, layout.WIDTH))
        self._tables = Tables(profile.empty(series), novelty.empty(series))
        fresh = Columns(self._state.T)
        tails.start(fresh)
        fresh["common_threshold"] = np.full(series, 1.7)

    def snapshot(self, rows: IntArray | None = None) -> dict[str, npt.NDArray[Any]]:
        """Return the state of all series, or of some, as arrays with one row each."""
        return {
            name: table.copy() if rows is None else table.take(rows, axis=0)
            for name, table in self._every().items()
        }

    def put(self, rows: IntArray, known: Mapping[str, npt.NDArray[Any]]) -> None:
        """Set the state of some series to that of a `snapshot`.

        Raises
        ------
        ValueError
            It is of another version of this module.
        """
        mine = self._every()
        if {k: v.shape[1:] for k, v in mine.items()} != {
            k: v.shape[1:] for k, v in known.items()
        }:
            message = f"a state has {layout.WIDTH} numbers and these tables: {[*mine]}"
            raise ValueError(message)
        for name, table in mine.items():
            table[rows] = known[name]

    def _every(self) -> dict[str, npt.NDArray[Any]]:
        return {"state": self._state} | {
            name: table
            for part in self._tables
            for name, table in part._asdict().items()
        }

    @classmethod
    def restore(cls, snapshot: Mapping[str, npt.NDArray[Any]]) -> Detector:
        """Go on where a `snapshot` of all was taken.

        Raises
        ------
        ValueError
            It is of another version of this module.
        """
        detector = cls(len(snapshot["state"]))
        detector.put(np.arange(len(snapshot["state"])), snapshot)
        return detector

    def step(
        self,
        series: IntArray,
        ts: IntArray,
        value: FloatArray,
        ahead: IntArray | None = None,
    ) -> Found:
        """Judge readings in the order given and learn from them.

        Parameters
        ----------
        series, ts, value : arrays, shape (m,)
            Number of the series, time [us since 1970 UTC], reading.
        ahead : array, shape (m,), optional
            How far civil time is ahead of UTC where the reading comes from, see
            `analytics.civil.offsets`; the usual day follows it. [us]
        """
        found = _none(series.size)
        ahead = np.zeros_like(ts) if ahead is None else ahead
        for turn in _turns(series):
            for start in range(0, turn.size, _CHUNK):
                rows = turn[start : start + _CHUNK]
                given = Readings(series[rows], ts[rows], value[rows], ahead[rows])
                part = self._once(given)
                found.put(rows, part)
        return found

    def _once(self, given: Readings) -> Found:
        mine = self._state.take(given.series, axis=0)
        state = Columns(np.ascontiguousarray(mine.T))
        usable = _admit(state, given)
        if usable.all():
            found = _judge(state, self._tables, given)
        else:
            chosen = np.flatnonzero(usable)
            used = Columns(np.ascontiguousarray(state.block[:, chosen]))
            found = _none(given.series.size)
            found.put(chosen, _judge(used, self._tables, given.take(chosen)))
            state.block[:, chosen] = used.block
        self._state[given.series] = state.block.T
        return found


def _none(rows: int) -> Found:
    return Found(
        np.zeros(rows),
        np.full(rows, _NONE, dtype=np.int8),
        np.full(rows, np.nan),
        np.zeros(rows, dtype=np.bool_),
    )


def _turns(series: IntArray) -> list[IntArray]:
    """Split readings so that each part holds a series once, in order of arrival."""
    if series.size == 0:
        return []
    order = np.argsort(series, kind="stable")
    sorted_series = series[order]
    first = np.r_[True, sorted_series[1:] != sorted_series[:-1]]
    starts = np.flatnonzero(first)
    turn = np.arange(series.size) - np.repeat(
        starts, np.diff(np.r_[starts, series.size])
    )
    by_turn = np.argsort(turn, kind="stable")
    return np.split(order[by_turn], np.flatnonzero(np.diff(turn[by_turn])) + 1)


def _admit(state: Columns, given: Readings) -> BoolArray:
    """Which readings are used: not missing, no repeat, not older than the newest."""
    value = given.value
    at = given.ts.astype(np.float64)
    started = state["n"] > 0
    present = np.isfinite(value)
    late = started & (at < state["ts"]) & present
    count = np.where(late, state["late"] + 1.0, np.where(present, 0.0, state["late"]))
    reset = count > _PATIENCE
    state["late"] = np.where(reset, 0.0, count)
    repeated = started & (at == state["ts"]) & (value == _raw(state))
    return np.asarray(present & ~repeated & (~late | reset))


def _raw(state: Columns) -> FloatArray:
    return (
        state["x"] * np.where(state["unit"] > 0, state["unit"], 1.0)
        + state["reference"]
    )


def _relative(state: Columns, value: FloatArray) -> FloatArray:
    state["reference"] = np.where(state["n"] == 0, value, state["reference"])
    new = (state["unit"] == 0.0) & (value != 0.0)
    state["unit"] = np.where(new, np.abs(value), state["unit"])
    unit = np.where(state["unit"] > 0.0, state["unit"], 1.0)
    return np.clip((value - state["reference"]) / unit, -_LARGEST, _LARGEST)


def _tick(state: Columns, ts: IntArray) -> FloatArray:
    """Note the time; intervals since the reading before, in usual intervals."""
    at = ts.astype(np.float64)
    n = state["n"]
    gone = np.maximum(at - state["ts"], 0.0)
    usual = state["interval"]
    bounded = np.where(n > _FEW, np.minimum(gone, 3.0 * usual + 1.0), gone)
    alpha = np.maximum(1.0 / np.maximum(n, 1.0), 0.02)
    state["interval"] = np.where(n > 0, usual + alpha * (bounded - usual), 0.0)
    state["ts"] = at
    return np.where(n > _FEW, gone / (usual + 1.0), 1.0)


def _judge(state: Columns, tables: Tables, given: Readings) -> Found:
    series, profiles = given.series, tables.profiles
    x = _relative(state, given.value)
    gone = _tick(state, given.ts)
    at = profile.place(series, given.ts + given.ahead)
    first = state["n"] == 0
    for name in ("x", "fast", "medium", "slow"):
        state[name] = np.where(first, x, state[name])
    seen = forecast.forecast(state, profiles, at)
    made = streams.compute(state, profiles, at, seen, x)
    z = _from_centre(state, made.values)
    logs = tails.logs(z)
    level = tails.surprise(state, z, logs)
    tails.learn(state, z, logs, made.values)
    _learn_centre(state, made.values)
    forecast.learn(state, profiles, at, seen, x)
    level[0] = np.where(gone > _GAP, 0.0, level[0])
    level[len(layout.STREAMS)] = np.where(gone > _GAP, 0.0, level[len(layout.STREAMS)])
    unseen = _unseen(tables.memory, series, state, z)
    found = _conclude(state, level, made, unseen)
    state["n"] += 1.0
    unit = np.where(state["unit"] > 0.0, state["unit"], 1.0)
    usual = np.where(found.kind % len(layout.STREAMS) == 0, seen.value, seen.usual)
    expected = np.where(found.judged, usual * unit + state["reference"], np.nan)
    return found._replace(expected=expected)


def _from_centre(state: Columns, values: FloatArray) -> FloatArray:
    away = values - state["centre"]
    return np.concatenate([away, -away])


def _learn_centre(state: Columns, values: FloatArray) -> None:
    centre = state["centre"]
    alpha = np.maximum(1.0 / (state["n"] + 1.0), 1.0 / 1000.0)
    limit = np.where(state["n"] > tails.LEARNING, 3.0 * state["size"], np.inf)
    state["centre"] = centre + alpha * np.clip(values - centre, -limit, limit)


def _unseen(
    memory: Memory, series: IntArray, state: Columns, z: FloatArray
) -> FloatArray:
    """Evidence that values are new, 0 of a series that is too young to say."""
    old = np.flatnonzero(state["n"] >= tails.LEARNING)
    if old.size == series.size:
        return novelty.evidence(memory, series, state, z)
    part = Columns(np.ascontiguousarray(state.block[:, old]))
    found = np.zeros(series.size)
    found[old] = novelty.evidence(memory, series[old], part, z[:, old])
    state.block[:, old] = part.block
    return found


def _conclude(
    state: Columns, level: FloatArray, made: streams.Streams, unseen: FloatArray
) -> Found:
    judged = state["n"] >= WARM_UP
    every = np.concatenate([level, made.frozen[None, :]])
    kind = np.argmax(every, axis=0)
    largest = np.take_along_axis(every, kind[None, :], axis=0)[0]
    largest = np.maximum(largest - _PENALTY, 0.0)
    corrected = alarms.common(state, largest, judged.astype(np.float64))
    lasting = (kind % len(layout.STREAMS) >= layout.SINGLE) | (kind == _FROZEN)
    emitted = alarms.onset(state, np.where(judged, corrected, 0.0), lasting)
    rare, new = alarms.nines(state, emitted, unseen)
    told = alarms.tell(state, np.where(judged, np.maximum(rare, new), 0.0))
    side = np.where(made.away < 0.0, _VALUE_LOW, _VALUE_HIGH)
    kinds = np.where(judged, np.where(new > rare, side, kind), _NONE).astype(np.int8)
    return Found(alarms.score(told), kinds, np.zeros_like(largest), judged)
