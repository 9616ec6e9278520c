"""What an annual ratio of energies will be at the end of its year.

Plain seasonal method: a month to come is as far from the same month a year before as
the last three months were from theirs. What the method got wrong in the months that
are known gives the interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from analytics.arrays import FloatArray, IntArray
    from analytics.kpi import Target

LEAST_DAYS = 10.0
"""A month of which fewer days are known is no example. [d]"""
_RECENT = 3
_LEAST_ERRORS = 3
_UNSEEN = 0.1
"""A month differs from that of another year by some such part of the seasons' range."""
_DRAWS = 4000
_SEED = 20261122
LOW, HIGH = 0.05, 0.95
"""Quantiles of the interval."""
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Months:
    """Sums of consecutive or scattered months, ascending.

    Parameters
    ----------
    month : array, shape (n,)
        Year * 12 + month - 1.
    numerator, denominator : arrays, shape (n,)
        Energies of the time that the meters cover. [kWh]
    known : array, shape (n,)
        That time. [d]
    """

    month: IntArray
    numerator: FloatArray
    denominator: FloatArray
    known: FloatArray

    def before(self, month: int) -> Months:
        """Return the months before this one."""
        count = int(np.searchsorted(self.month, month))
        return Months(
            self.month[:count],
            self.numerator[:count],
            self.denominator[:count],
            self.known[:count],
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a ratio can be: PUE at least 1, a share of energy within [0, 1]."""

    low: float
    high: float


class Forecast(NamedTuple):
    """Ratio and daily denominator of a month to come, with past errors of both."""

    ratio: float
    load: float
    """[kWh/d]"""
    is_seasonal: bool


@dataclass(frozen=True, slots=True)
class Errors:
    """What one-month forecasts got wrong in the past, at least three each."""

    ratio: FloatArray
    """Actual - forecast. [-]"""
    load: FloatArray
    """Logarithm of actual / forecast. [-]"""


class Outlook(NamedTuple):
    """An annual figure as it is expected at the end of the year."""

    value: float
    low: float
    """5 % quantile; NaN when there are too few months of a year before to know."""
    high: float
    numerator: float
    """Of the whole year. [kWh]"""
    denominator: float
    headroom: float
    """Energy of the numerator up to the target; negative when it is missed. [kWh]"""
    lost_from: int | None
    """First month whose best outcome, and that of all after it, no longer reaches the
    target; None while the year can still be saved to its end."""
    is_seasonal: bool
    """Whether the months to come have one a year before."""


class Rest(NamedTuple):
    """What is left of the year."""

    month: IntArray
    days: FloatArray
    """Days of each that are still to come."""


def forecast(history: Months, month: int, bounds: Bounds) -> Forecast | None:
    """Forecast a month from the months before; None if none is known.

    Parameters
    ----------
    history
        Months before the forecast is made.
    month
        What is wanted, year * 12 + month - 1.
    bounds
        What the ratio can be.
    """
    good = (history.known >= LEAST_DAYS) & (history.denominator > 0.0)
    if not good.any():
        return None
    months = history.month[good].tolist()
    ratio = dict(
        zip(months, history.numerator[good] / history.denominator[good], strict=True)
    )
    load = dict(
        zip(months, history.denominator[good] / history.known[good], strict=True)
    )
    recent = months[-_RECENT:]
    paired = [each for each in recent if each - _YEAR in ratio]
    base = month - _YEAR
    if base in ratio and paired:
        shift = float(np.mean([ratio[m] - ratio[m - _YEAR] for m in paired]))
        growth = float(np.mean([np.log(load[m] / load[m - _YEAR]) for m in paired]))
        value, power = ratio[base] + shift, load[base] * np.exp(growth)
    else:
        taken = np.isin(history.month, recent)
        value = history.numerator[taken].sum() / history.denominator[taken].sum()
        power = history.denominator[taken].sum() / history.known[taken].sum()
    return Forecast(
        float(np.clip(value, bounds.low, bounds.high)),
        float(power),
        base in ratio and bool(paired),
    )


class Trial(NamedTuple):
    """A known month and what would have been forecast for it."""

    month: int
    forecast: float
    actual: float
    load_error: float
    """Logarithm of actual / forecast daily denominator. [-]"""
    is_seasonal: bool


def back_test(history: Months, bounds: Bounds) -> list[Trial]:
    """Forecast each known month from those before it."""
    found = []
    for index, month in enumerate(history.month.tolist()):
        energy, known = float(history.denominator[index]), float(history.known[index])
        guess = forecast(history.before(month), month, bounds)
        if guess is None or known < LEAST_DAYS or energy <= 0.0:
            continue
        actual = float(history.numerator[index]) / energy
        load_error = float(np.log(energy / known / guess.load))
        found.append(Trial(month, guess.ratio, actual, load_error, guess.is_seasonal))
    return found


def errors(history: Months, bounds: Bounds) -> Errors | None:
    """Collect what seasonal forecasts got wrong; None if there are fewer than three.

    Few errors say little of how large errors can be: they are stretched as the
    t distribution is wider than the normal one.
    """
    used = [each for each in back_test(history, bounds) if each.is_seasonal]
    count = len(used)
    if count < _LEAST_ERRORS:
        return None
    stretch = special.stdtrit(count - 1, HIGH) / special.ndtri(HIGH)
    stretch *= np.sqrt((count + 1) / (count - 1))
    wrong = [each.actual - each.forecast for each in used]
    seasons = np.ptp([each.actual for each in back_test(history, bounds)])
    # Errors of winter months say little of what a summer can be.
    unseen = _UNSEEN * float(seasons) * np.array([-1.0, 1.0])
    return Errors(
        np.concatenate([stretch * np.array(wrong), np.repeat(unseen, count // 2)]),
        stretch * np.array([each.load_error for each in used]),
    )


def project(
    history: Months,
    rest: Rest,
    bounds: Bounds,
    target: Target,
    extra: float = 0.0,
) -> Outlook | None:
    """Project the year that the rest belongs to; None without any known month.

    Parameters
    ----------
    history
        All known months, that of the year so far included.
    rest
        What is left of the year, at least one month.
    bounds
        What the ratio can be.
    target
        What the annual figure is compared with.
    extra
        Energy that the whole year's numerator gets beside the meters: certificates.
        [kWh]
    """
    first = int(rest.month[-1]) // _YEAR * _YEAR
    past = history.before(int(rest.month[0]))
    guesses = [forecast(past, month, bounds) for month in rest.month.tolist()]
    known = [each for each in guesses if each is not None]
    if len(known) < len(guesses):
        # The year has just begun and nothing is older: its own days so far.
        known = [
            each
            for month in rest.month.tolist()
            if (each := forecast(history, month, bounds)) is not None
        ]
    if not known:
        return None
    own = history.month >= first
    year = _Year(
        float(history.numerator[own].sum()) + extra,
        float(history.denominator[own].sum()),
        np.array([each.ratio for each in known]),
        np.array([each.load for each in known]) * rest.days,
    )
    is_seasonal = all(each.is_seasonal for each in known)
    wrong = errors(history, bounds) if is_seasonal else None
    low, high = year.interval(wrong, bounds)
    best = _best(history, bounds, target)
    return Outlook(
        value=year.value,
        low=low,
        high=high,
        numerator=year.total,
        denominator=year.denominator,
        headroom=_headroom(year, target),
        lost_from=year.lost_from(rest.month, best, target),
        is_seasonal=is_seasonal,
    )


def _headroom(year: _Year, target: Target) -> float:
    room = target.value * year.denominator - year.total
    return room if target.comparison == "lt" else -room


def _best(history: Months, bounds: Bounds, target: Target) -> float:
    """Best that a month can be: of a PUE the best month so far, of a share its bound.

    A share can be brought to 1 by certificates, a PUE falls by building only.
    """
    if target.comparison == "ge":
        return bounds.high
    good = (history.known >= LEAST_DAYS) & (history.denominator > 0.0)
    ratios = history.numerator[good] / history.denominator[good]
    return float(ratios.min()) if len(ratios) else bounds.low


@dataclass(frozen=True, slots=True)
class _Year:
    """A year: what is known of it, and ratio and denominator of the months to come."""

    numerator: float
    past: float
    ratio: FloatArray
    load: FloatArray

    @property
    def denominator(self) -> float:
        return self.past + float(self.load.sum())

    @property
    def total(self) -> float:
        return self.numerator + float((self.ratio * self.load).sum())

    @property
    def value(self) -> float:
        return self.total / self.denominator if self.denominator else float("nan")

    def interval(self, wrong: Errors | None, bounds: Bounds) -> tuple[float, float]:
        """Draw errors of the past, one common to all months and one for each."""
        if wrong is None:
            return float("nan"), float("nan")
        dice = np.random.default_rng(_SEED)
        size = (_DRAWS, len(self.ratio))
        common = dice.choice(wrong.ratio, (_DRAWS, 1))
        ratio = self.ratio + common + dice.choice(wrong.ratio, size)
        ratio = np.clip(ratio, bounds.low, bounds.high)
        growth = dice.choice(wrong.load, (_DRAWS, 1)) + dice.choice(wrong.load, size)
        load = self.load * np.exp(growth)
        total = self.numerator + (ratio * load).sum(axis=1)
        annual = total / (self.past + load.sum(axis=1))
        low, high = np.quantile(annual, [LOW, HIGH])
        return float(low), float(high)

    def lost_from(self, month: IntArray, best: float, target: Target) -> int | None:
        """Find the first month from which even the best does not reach the target."""
        expected = np.concatenate([[0.0], np.cumsum(self.ratio * self.load)])
        left = np.concatenate([np.cumsum(self.load[::-1])[::-1], [0.0]])
        for index in range(len(month) + 1):
            total = self.numerator + expected[index] + best * left[index]
            if not target.is_met(float(total) / self.denominator):
                # At the very end the month after it is meant.
                return int(month[0]) + index
        return None
