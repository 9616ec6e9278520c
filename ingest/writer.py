"""One transaction for a batch: readings, ledger, quarantine, batch log, clocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest import fold
from ingest.fold import OnDifference
from parkpulse.errors import ConflictError
from parkpulse.model import packed
from parkpulse.model.packed import ChangeArrays
from parkpulse.store import batchlog, readings

if TYPE_CHECKING:
    from ingest.placing import Values
    from parkpulse.model.packed import ByteArray, Data, Int32Array, Int64Array
    from parkpulse.store.pool import Connection

_TRIES = 5
_FIRST = 1024


class Newest:
    """Newest observed time of each series since this process began; only for hints."""

    def __init__(self) -> None:
        self._ts = np.full(_FIRST, np.iinfo(np.int64).min, np.int64)

    def is_late(self, series: Int32Array, ts: Int64Array) -> fold.BoolArray:
        """Whether each reading is older than the newest of its series."""
        self._grow(series)
        late: fold.BoolArray = ts < self._ts[series]
        return late

    def note(self, series: Int32Array, ts: Int64Array) -> None:
        """Take readings into account that are committed."""
        self._grow(series)
        np.maximum.at(self._ts, series, ts)

    def _grow(self, series: Int32Array) -> None:
        needed = int(series.max(initial=0)) + 1
        if needed > len(self._ts):
            more = max(needed, 2 * len(self._ts)) - len(self._ts)
            lowest = np.iinfo(np.int64).min
            self._ts = np.append(self._ts, np.full(more, lowest, np.int64))


@dataclass(frozen=True, slots=True)
class Written:
    """What a transaction made of the values handed to `write`.

    Parameters
    ----------
    kind : array, shape (n,)
        What became of each value, in order of arrival.
    slot : array, shape (k,)
        Slot of each change.
    changes
        Readings that were added or replaced, sorted by key.
    """

    kind: ByteArray
    slot: Int32Array
    changes: ChangeArrays


@dataclass(frozen=True, slots=True)
class _Keys:
    """What is stored under each key, and what shall be; arrays of shape (k,)."""

    series: Int32Array
    ts: Int64Array
    exists: fold.BoolArray
    stored: Data
    final: Data


def write(
    connection: Connection,
    values: Values,
    newest: Newest,
    on_difference: OnDifference = OnDifference.REPLACE,
    cause: str = "correction",
) -> Written:
    """Store values; of several with one key each is judged in order of arrival.

    Parameters
    ----------
    connection
        In a transaction.
    values
        In order of arrival.
    newest
        For the hint which readings are late.
    on_difference
        What to do with a value whose key is stored with another one.
    cause
        Why values are replaced, for the audit.

    Raises
    ------
    ConflictError
        Other writers store the same keys all the time; try the transaction again.
    """
    folded = fold.fold(values.series, values.ts)
    data = packed.data(values.value, values.quality)
    keys = _store(connection, values, data, folded, on_difference)
    classified = fold.classify(folded, data, keys.exists, keys.stored, on_difference)
    _audit(connection, values, classified, cause)
    is_changed = ~keys.exists | (keys.final != keys.stored)
    flag = keys.exists * np.uint8(packed.CORRECTION) | (
        newest.is_late(keys.series, keys.ts) * np.uint8(packed.LATE)
    )
    flag |= packed.flags(keys.final["quality"])
    changes = ChangeArrays(
        keys.series[is_changed],
        keys.ts[is_changed],
        keys.final["value"][is_changed],
        flag[is_changed],
    )
    return Written(classified.kind, values.slot[folded.first][is_changed], changes)


def _audit(
    connection: Connection, values: Values, classified: fold.Classified, cause: str
) -> None:
    corrected = classified.kind == fold.CORRECTED
    before = classified.before[corrected]
    readings.audit(
        connection,
        values.series[corrected],
        values.ts[corrected],
        before["value"],
        values.value[corrected],
        cause,
        before["quality"],
    )


def _store(
    connection: Connection,
    values: Values,
    data: Data,
    folded: fold.Folded,
    on_difference: OnDifference,
) -> _Keys:
    count = len(folded.first)
    none = np.zeros(count, np.bool_), np.zeros(count, packed.DATUM)
    try:
        return _insert(connection, values, data, folded, none, on_difference)
    except ConflictError:
        pass
    for _ in range(_TRIES):
        found = _found(connection, values, data, folded, on_difference)
        try:
            return _insert(connection, values, data, folded, found, on_difference)
        except ConflictError:  # another writer was faster: look again
            continue
    message = "other writers store the same readings at the same time"
    raise ConflictError(message)


def _found(
    connection: Connection,
    values: Values,
    data: Data,
    folded: fold.Folded,
    on_difference: OnDifference,
) -> tuple[fold.BoolArray, Data]:
    """Look up what is stored under each key, and lock what will be replaced."""
    series, ts = values.series[folded.first], values.ts[folded.first]
    found = readings.stored(connection, series, ts)
    stored = packed.data(found.value, found.quality)
    final = fold.final(folded, data, found.exists, stored, on_difference)
    differs = found.exists & (final != stored)
    locked = readings.lock(connection, series[differs], ts[differs])
    stored[differs] = packed.data(locked.value, locked.quality)
    return found.exists, stored


def _insert(
    connection: Connection,
    values: Values,
    data: Data,
    folded: fold.Folded,
    found: tuple[fold.BoolArray, Data],
    on_difference: OnDifference,
) -> _Keys:
    exists, stored = found
    final = fold.final(folded, data, exists, stored, on_difference)
    keys = _Keys(
        values.series[folded.first], values.ts[folded.first], exists, stored, final
    )
    for put, which in (
        (readings.insert, ~exists),
        (readings.replace, exists & (final != stored)),
    ):
        put(
            connection,
            keys.series[which],
            keys.ts[which],
            final["value"][which],
            final["quality"][which],
        )
    return keys


def log(connection: Connection, writer: str, written: Written) -> None:
    """Append what changed to the batch log."""
    changes = written.changes
    by_slot = {
        int(slot): ChangeArrays(
            changes.series[written.slot == slot],
            changes.ts[written.slot == slot],
            changes.value[written.slot == slot],
            changes.flag[written.slot == slot],
        )
        for slot in np.unique(written.slot)
    }
    batchlog.append(connection, writer, by_slot)
