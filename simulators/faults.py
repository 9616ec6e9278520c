"""What goes wrong with devices and on the way, as functions of seed and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws

if TYPE_CHECKING:
    import numpy.typing as npt

    from parkpulse.model.packed import Int64Array
    from simulators.streams import Stream

_DAY_S, _HOUR_S = 86400, 3600
RESET_CLOCK_S = 946_684_810
"""What a clock says that has just lost its battery: 2000-01-01 00:00:10 UTC. [s]"""


@dataclass(frozen=True, slots=True)
class Faults:
    """How often something goes wrong, all chances between 0 and 1.

    Parameters
    ----------
    seed
        Of all chance.
    gap_radio, gap_wired
        Chance that a device measures nothing for some hours of a day of its past.
    outage
        Chance that a radio finds no network for some minutes of an hour.
    repeat
        Chance that a message is sent twice, its acknowledgement lost.
    reset, reset_past
        Chance that `bad_clock` sends a message with a reset clock, beside another one
        of its present, of its past (which are larger).
    bad_clock
        Code of the one device whose clock fails now and then.
    weak_battery
        Code of the one device whose battery is nearly spent.
    """

    seed: int
    bad_clock: str
    weak_battery: str
    gap_radio: float = 0.02
    gap_wired: float = 0.003
    outage: float = 0.10
    repeat: float = 0.01
    reset: float = 0.04
    reset_past: float = 0.6

    def measures(self, stream: Stream, times_s: Int64Array) -> npt.NDArray[np.bool_]:
        """Tell at which times of its past a device measured."""
        days = times_s // _DAY_S
        name = f"{stream.device} gap"
        chance = self.gap_radio if stream.radio else self.gap_wired
        lasts = _HOUR_S * (1.0 + 4.0 * draws.uniform(self.seed, f"{name} length", days))
        begin = draws.uniform(self.seed, f"{name} begin", days) * (_DAY_S - lasts)
        within = times_s % _DAY_S - begin
        is_gap = draws.uniform(self.seed, name, days) < chance
        measured: npt.NDArray[np.bool_] = ~(is_gap & (within >= 0) & (within < lasts))
        return measured

    def has_network(self, stream: Stream, time_s: int) -> bool:
        """Tell whether a device can send at a time. [s]."""
        if not stream.radio:
            return True
        hour, second = divmod(time_s, _HOUR_S)
        name = f"{stream.device} outage"
        lasts = 180.0 + 300.0 * self._draw(f"{name} length", hour)
        begin = self._draw(f"{name} begin", hour) * (_HOUR_S - lasts)
        is_outage = self._draw(name, hour) < self.outage
        return not (is_outage and begin <= second < begin + lasts)

    def repeats(self, stream: Stream, time_s: int) -> bool:
        """Tell whether the message of a time is sent twice. [s]."""
        return self._draw(f"{stream.device} repeat", time_s) < self.repeat

    def resets(self, stream: Stream, time_s: int, *, is_past: bool) -> bool:
        """Tell whether a message with a reset clock goes with that of a time. [s]."""
        if stream.device != self.bad_clock:
            return False
        chance = self.reset_past if is_past else self.reset
        return self._draw("reset clock", time_s) < chance

    def _draw(self, name: str, index: int) -> float:
        return float(draws.uniform(self.seed, name, np.array([index]))[0])
