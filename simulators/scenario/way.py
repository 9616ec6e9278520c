"""Messages on their way: who sends which when, how late, how often, by which clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.faults import RESET_CLOCK_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from parkpulse.model.packed import Int64Array
    from simulators.scenario.document import Way
    from simulators.scenario.events import Fault
    from simulators.scenario.roster import Fleet

_LANE = 1 << 34
_MS = 1000
_DAY_S = 86400.0
_NEWEST_FIRST_EVERY_MS = 2000
_REPEATED_AFTER_MS = 5000
_RESTARTS = frozenset({"firmware_restart"})


@dataclass(frozen=True, slots=True)
class Rows:
    """Messages of a fleet, n of them.

    Parameters
    ----------
    device : array, shape (n,)
        Place in the fleet.
    number : array, shape (n,)
        Which of its messages.
    sent_ms : array, shape (n,)
        When the device sends it, by a right clock. [ms]
    at_ms : array, shape (n,)
        When it reaches the broker. [ms]
    """

    device: Int64Array
    number: Int64Array
    sent_ms: Int64Array
    at_ms: Int64Array

    def __len__(self) -> int:
        return len(self.device)

    def where(self, chosen: npt.NDArray[np.bool_] | Int64Array) -> Rows:
        """Keep some, or put them in an order."""
        return Rows(
            self.device[chosen],
            self.number[chosen],
            self.sent_ms[chosen],
            self.at_ms[chosen],
        )


def joined(first: Rows, second: Rows) -> Rows:
    """Put messages of the same fleet together."""
    return Rows(
        np.concatenate([first.device, second.device]),
        np.concatenate([first.number, second.number]),
        np.concatenate([first.sent_ms, second.sent_ms]),
        np.concatenate([first.at_ms, second.at_ms]),
    )


def nothing() -> Rows:
    """Return no messages."""
    return Rows(*(np.zeros(0, dtype=np.int64) for _ in range(4)))


@dataclass(frozen=True, slots=True)
class _Befalling:
    """A fault with the devices of a fleet that it befalls."""

    fault: Fault
    mask: npt.NDArray[np.bool_]
    rank: Int64Array


class Ways:
    """The ways of a fleet's messages.

    Parameters
    ----------
    fleet
        Whose messages they are.
    chances
        What befalls them by chance.
    faults
        Events of the scenario.
    seed
        Of all chance.
    start_s
        When the scenario begins. [s]
    """

    def __init__(
        self,
        fleet: Fleet,
        chances: Way,
        faults: Iterable[Fault],
        seed: int,
        start_s: int,
    ) -> None:
        self._fleet = fleet
        self._chances = chances
        self._seed = seed
        self._start_s = start_s
        place = {code: number for number, code in enumerate(fleet.codes)}
        self._faults = [
            _befalling(each, place)
            for each in faults
            if any(code in place for code in each.devices)
        ]

    def made(self, start_s: int, end_s: int) -> Rows:
        """List the messages made in [start, end), with their way to the broker. [s]."""
        fleet = self._fleet
        first = self._number_at(start_s)
        count = self._number_at(end_s) - first
        device = np.repeat(np.arange(len(fleet.codes), dtype=np.int64), count)
        begin = np.repeat(np.cumsum(count) - count, count)
        number = np.arange(len(device), dtype=np.int64) - begin + first[device]
        sent = self.made_s(device, number) * _MS + self._waking_ms(device, number)
        rows = Rows(device, number, sent, sent + self._transit_ms(device, number))
        for each in self._faults:
            rows = self._befallen(each, rows)
        return joined(rows, self._repeated(rows))

    def made_s(self, device: Int64Array, number: Int64Array) -> Int64Array:
        """Tell when messages are made: the time of their newest sample. [s]."""
        made: Int64Array = self._fleet.phase_s[device] + number * self._fleet.period_s
        return made

    def _number_at(self, time_s: int) -> Int64Array:
        """Find the number of each device's first message from a time on. [s]."""
        period = self._fleet.period_s
        number: Int64Array = -((self._fleet.phase_s - time_s) // period)
        return number

    def _draw(self, what: str, device: Int64Array, number: Int64Array) -> Int64Array:
        """Draw whole numbers below 1,000,000."""
        index = self._fleet.lanes[device] * _LANE + number
        drawn = draws.uniform(self._seed, f"{self._fleet.kind} {what}", index)
        return (drawn * 1e6).astype(np.int64)

    def _waking_ms(self, device: Int64Array, number: Int64Array) -> Int64Array:
        """Tell how long a device takes from its last sample to sending it. [ms]."""
        most = 2000 if self._fleet.radio else 200
        return 50 + self._draw("waking", device, number) * most // 1_000_000

    def _transit_ms(self, device: Int64Array, number: Int64Array) -> Int64Array:
        drawn = self._draw("transit", device, number)
        most = 1500 if self._fleet.radio else 50
        usual = 5 + drawn * most // 1_000_000
        is_late = self._draw("late", device, number) < self._chances.late * 1e6
        periods = 1 + drawn % 3
        return usual + is_late * (periods * self._fleet.period_s * _MS + 3000)

    def _repeated(self, rows: Rows) -> Rows:
        drawn = self._draw("repeat", rows.device, rows.number)
        again = rows.where(drawn < self._chances.repeat * 1e6)
        return Rows(
            again.device, again.number, again.sent_ms, again.at_ms + _REPEATED_AFTER_MS
        )

    def _befallen(self, befalling: _Befalling, rows: Rows) -> Rows:
        fault = befalling.fault
        made = self.made_s(rows.device, rows.number)
        during = (
            befalling.mask[rows.device] & (made >= fault.start_s) & (made < fault.end_s)
        )
        match fault.kind:
            case "silence":
                return rows.where(~during)
            case "coverage_loss":
                last = self._number_at(fault.end_s)[rows.device] - 1
                later = (last - rows.number) * _NEWEST_FIRST_EVERY_MS
                at = np.where(during, fault.end_s * _MS + later, rows.at_ms)
                sent = np.where(during, at - 100, rows.sent_ms)
                return Rows(rows.device, rows.number, sent, at)
            case "gateway_outage":
                since = rows.number - self._number_at(fault.start_s)[rows.device]
                place = since * max(1, int(befalling.mask.sum()))
                place += befalling.rank[rows.device]
                at = fault.end_s * _MS + (place * (1000.0 / fault.size)).astype(
                    np.int64
                )
                at = np.where(during, at, rows.at_ms)
                return Rows(rows.device, rows.number, rows.sent_ms, at)
            case _:
                return rows

    def seq(self, device: Int64Array, number: Int64Array) -> Int64Array:
        """Count messages as their devices do: from 1, and anew after a restart."""
        base = self._number_at(self._start_s)[device]
        made = self.made_s(device, number)
        for each in self._faults:
            fault = each.fault
            if fault.kind not in {"firmware_restart", "silence"}:
                continue
            restart_s = fault.start_s if fault.kind in _RESTARTS else fault.end_s
            restarted = each.mask[device] & (made >= restart_s)
            anew = self._number_at(restart_s)[device]
            base = np.where(restarted, np.maximum(base, anew), base)
        return number - base + 1

    def clock_ms(
        self, device: Int64Array, made_s: Int64Array, right_ms: Int64Array
    ) -> Int64Array:
        """Tell what a device's clock says at a time, for messages made at another.

        Parameters
        ----------
        device, made_s, right_ms : arrays, shape (n,)
            Place in the fleet, when the message was made [s], and the time. [ms]

        Returns
        -------
        array, shape (n,)
            [ms]
        """
        for each in self._faults:
            fault = each.fault
            during = (
                each.mask[device] & (made_s >= fault.start_s) & (made_s < fault.end_s)
            )
            if fault.kind == "clock_drift":
                gone = right_ms - fault.start_s * _MS
                ahead = np.rint(gone * (fault.size / _DAY_S)).astype(np.int64)
                right_ms = np.where(during, right_ms + ahead, right_ms)
            elif fault.kind == "clock_reset":
                anew = right_ms - (fault.start_s - RESET_CLOCK_S) * _MS
                right_ms = np.where(during, anew, right_ms)
        return right_ms


def _befalling(fault: Fault, place: dict[str, int]) -> _Befalling:
    mask = np.zeros(len(place), dtype=np.bool_)
    for code in fault.devices:
        if code in place:
            mask[place[code]] = True
    return _Befalling(fault, mask, np.cumsum(mask, dtype=np.int64) - mask)
