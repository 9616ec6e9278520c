"""The fast lane: native messages in which nothing is unusual, a batch at once.

A message is taken only if nothing of it will be refused, so its values are stored or
duplicates. Whatever else there is, `pipeline` and `placing` look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ingest import placing, topics
from ingest.placing import Values
from parkpulse.model.directory import NO_ROW
from parkpulse.model.packed import NOT_EVALUATED
from parkpulse.wire import native

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.arrivals import Arrival
    from parkpulse.model.directory import DeviceEntry, Directory, SeriesColumns
    from parkpulse.model.packed import Int64Array
    from parkpulse.wire.native import Plain

NO_SEQ = -1
_MILLISECOND = 1000
_PREFIX = f"{topics.ROOT}/"
_SUFFIX = "/telemetry"
_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Messages:
    """Plain messages of a batch.

    Parameters
    ----------
    position : array, shape (m,)
        Place of each among the arrivals, rising.
    park, device, seq, received_us : arrays, shape (m,)
        Ids of park and device, the device's own number or `NO_SEQ`, and the receipt.
    values
        Their values; `letter` is the index of the message here.
    rest
        Places of all other arrivals, rising.
    """

    position: Int64Array
    park: Int64Array
    device: Int64Array
    seq: Int64Array
    received_us: Int64Array
    values: Values
    rest: Sequence[int]

    def __len__(self) -> int:
        return len(self.position)

    def joined(self, others: Values) -> Values:
        """Put values of the other arrivals and these in order of arrival.

        Parameters
        ----------
        others
            Values of the rest; `letter` is the index there. These messages are counted
            on from there.
        """
        mine = self.values
        if not len(others.letter) and not self.rest:
            return mine
        rest = np.array(self.rest, np.int64)
        position = np.concatenate(
            [rest[others.letter], self.position[mine.letter]], dtype=np.int64
        )
        order = np.argsort(position, kind="stable")
        return Values(
            np.concatenate([others.letter, mine.letter + len(rest)])[order],
            np.concatenate([others.slot, mine.slot])[order],
            np.concatenate([others.series, mine.series])[order],
            np.concatenate([others.ts, mine.ts])[order],
            np.concatenate([others.value, mine.value])[order],
            np.concatenate([others.quality, mine.quality])[order],
        )


def device_of(topic: str, directory: Directory) -> DeviceEntry | None:
    """Find the device of a native topic; None if it is not known, or not native."""
    if not topic.endswith(_SUFFIX) or not topic.startswith(_PREFIX):
        return None
    if topic.count("/") != _LEVELS - 1:
        return None
    return directory.at(topic[len(_PREFIX) : -len(_SUFFIX)])


def leave(arrivals: Sequence[Arrival]) -> Messages:
    """Take nothing, so that all are looked at one by one."""
    none = np.empty(0, np.int64)
    values = Values(
        none,
        np.empty(0, np.int32),
        np.empty(0, np.int32),
        none,
        np.empty(0),
        np.empty(0, np.uint8),
    )
    return Messages(none, none, none, none, none, values, range(len(arrivals)))


@dataclass(slots=True)
class _Found:
    """Messages, their samples and values as lists; what is parallel stands together."""

    position: list[int] = field(default_factory=list)
    device: list[DeviceEntry] = field(default_factory=list)
    seq: list[int] = field(default_factory=list)

    message: list[int] = field(default_factory=list)
    """Index of the message of each sample."""
    count: list[int] = field(default_factory=list)
    ts_ms: list[int] = field(default_factory=list)

    row: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)


def sort_out(
    arrivals: Sequence[Arrival], directory: Directory, retention_us: int
) -> Messages:
    """Take the plain messages out of a batch.

    Parameters
    ----------
    arrivals
        In order.
    directory
        Knows the devices.
    retention_us
        Readings older than this are refused. [us]
    """
    found = _Found()
    for position, arrival in enumerate(arrivals):
        device = device_of(arrival.topic, directory)
        if device is None or not _is_plain(device):
            continue
        message = native.plain(arrival.payload)
        if message is not None:
            _add(found, position, device, message)
    return _checked(arrivals, found, directory.columns(), retention_us)


def _is_plain(device: DeviceEntry) -> bool:
    return (
        device.has_trusted_clock
        and not device.is_retired
        and device.park.clock == "wall"
    )


def _add(found: _Found, position: int, device: DeviceEntry, message: Plain) -> None:
    index = len(found.position)
    for sample in message.samples:
        values = sample.values
        found.message.append(index)
        found.count.append(len(values))
        found.ts_ms.append(sample.ts)
        found.row.extend(map(device.rows.__getitem__, values))
        found.value.extend(values.values())
    found.position.append(position)
    found.device.append(device)
    found.seq.append(NO_SEQ if message.seq is None else message.seq)


def _checked(
    arrivals: Sequence[Arrival],
    found: _Found,
    columns: SeriesColumns,
    retention_us: int,
) -> Messages:
    """Leave the messages of which something would be refused."""
    position = np.array(found.position, np.int64)
    received = [arrivals[each].received_us for each in found.position]
    received_us = np.array(received, np.int64)
    row = np.array(found.row, np.int64)
    count = np.array(found.count, np.int64)
    letter = np.repeat(np.array(found.message, np.int64), count)
    ts = np.repeat(np.array(found.ts_ms, np.int64) * _MILLISECOND, count)
    value = np.array(found.value, np.float64)
    size = np.bincount(letter, minlength=len(position))
    is_taken = (size > 0) & (size <= native.MAXIMUM_VALUES)
    is_taken[letter[row == NO_ROW]] = False
    if is_taken.any():
        now = received_us[letter]
        ts, value, reason = placing.judge(columns, row, ts, value, now, retention_us)
        is_taken[letter[reason != 0]] = False
    keep = is_taken[letter]
    row = row[keep]
    return Messages(
        position[is_taken],
        np.array([device.park.id for device in found.device], np.int64)[is_taken],
        np.array([device.id for device in found.device], np.int64)[is_taken],
        np.array(found.seq, np.int64)[is_taken],
        received_us[is_taken],
        Values(
            (np.cumsum(is_taken) - 1)[letter[keep]],
            columns.slot[row],
            columns.id[row],
            ts[keep],
            value[keep],
            np.full(len(row), NOT_EVALUATED, np.uint8),
        ),
        np.setdiff1d(np.arange(len(arrivals)), position[is_taken]).tolist(),
    )
