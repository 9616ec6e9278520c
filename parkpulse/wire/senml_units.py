"""Units of SenML (RFC 8428, 8798): to a metric's unit or the registry's own."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from parkpulse.model import metrics
from parkpulse.model.metrics import METRICS

_RATIO = "/"


class Scale(NamedTuple):
    """Value in the other unit = factor * value + shift."""

    factor: Fraction
    shift: Fraction = Fraction(0)

    def of(self, value: float) -> float:
        """Convert a finite value; nearest float to the exact result."""
        if self == AS_IT_IS:
            return value
        try:
            return float(Fraction(repr(value)) * self.factor + self.shift)
        except OverflowError:
            return float("inf")

    def after(self, first: Scale) -> Scale:
        """Return what does `first` and then this."""
        shift = first.shift * self.factor + self.shift
        return Scale(first.factor * self.factor, shift)


class Target(NamedTuple):
    """Where a value goes."""

    unit: str | None
    """None: the metric's own, or nobody knows it."""
    scale: Scale


AS_IT_IS = Scale(Fraction(1))
"""Changes nothing."""

# RFC 8798, table 2, and the later entries of the IANA registry: primary unit, scale.
_SECONDARY: dict[str, tuple[str, Scale]] = {
    name: (primary, Scale(Fraction(factor), Fraction(shift)))
    for name, primary, factor, shift in (
        ("ms", "s", "1/1000", 0),
        ("min", "s", "60", 0),
        ("h", "s", "3600", 0),
        ("MHz", "Hz", "1000000", 0),
        ("kW", "W", "1000", 0),
        ("kVA", "VA", "1000", 0),
        ("kvar", "var", "1000", 0),
        ("Ah", "C", "3600", 0),
        ("Wh", "J", "3600", 0),
        ("kWh", "J", "3600000", 0),
        ("varh", "vars", "3600", 0),
        ("kvarh", "vars", "3600000", 0),
        ("kVAh", "VAs", "3600000", 0),
        ("Wh/km", "J/m", "3.6", 0),
        ("KiB", "B", "1024", 0),
        ("GB", "B", "1000000000", 0),
        ("Mbit/s", "bit/s", "1000000", 0),
        ("B/s", "bit/s", "8", 0),
        ("MB/s", "bit/s", "8000000", 0),
        ("mV", "V", "1/1000", 0),
        ("mA", "A", "1/1000", 0),
        ("dBm", "dBW", "1", -30),
        ("ug/m3", "kg/m3", "1/1000000000", 0),
        ("mm/h", "m/s", "1/3600000", 0),
        ("m/h", "m/s", "1/3600", 0),
        ("cm/h", "m/s", "1/360000", 0),
        ("ppm", _RATIO, "1/1000000", 0),
        ("ppb", _RATIO, "1/1000000000", 0),
        ("/100", _RATIO, "1/100", 0),
        ("/1000", _RATIO, "1/1000", 0),
        ("hPa", "Pa", "100", 0),
        ("mm", "m", "1/1000", 0),
        ("cm", "m", "1/100", 0),
        ("km", "m", "1000", 0),
        ("km/h", "m/s", "5/18", 0),
        # The old name of a ratio from 0 to 1: never a percentage (RFC 8428, 12.1).
        ("%", _RATIO, "1", 0),
    )
}

# From a primary unit to the unit of a metric, where they are not called the same.
_TO_METRIC: dict[tuple[str, str], Scale] = {
    (primary, unit): Scale(Fraction(factor), Fraction(shift))
    for primary, unit, factor, shift in (
        ("m", "mm", "1000", "0"),
        ("l", "m3", "1/1000", "0"),
        ("l/s", "m3/s", "1/1000", "0"),
        ("m3/s", "m3/h", "3600", "0"),
        (_RATIO, "%", "100", "0"),
        (_RATIO, "%RH", "100", "0"),
        (_RATIO, "%vol", "100", "0"),
        (_RATIO, "1", "1", "0"),
        ("%EL", "%", "1", "0"),
        ("%RH", "%", "1", "0"),
        ("count", "1", "1", "0"),
        ("kg/m3", "mg/m3", "1000000", "0"),
        ("kg/m3", "mg/L", "1000", "0"),
        ("Cel", "degC", "1", "0"),
        ("K", "degC", "1", "-273.15"),
        ("J", "kWh", "1/3600000", "0"),
        ("V", "mV", "1000", "0"),
        ("dBW", "dBm", "1", "30"),
        ("S/m", "uS/cm", "10000", "0"),
        ("Pa", "kPa", "1/1000", "0"),
        ("Pa", "hPa", "1/100", "0"),
        ("s", "h", "1/3600", "0"),
    )
}

_INTEGRALS = {
    "W": "J",
    "A": "C",
    "VA": "VAs",
    "var": "vars",
    "m/s": "m",
    "m/s2": "m/s",
    "m3/s": "m3",
    "l/s": "l",
    "bit/s": "bit",
    "Hz": _RATIO,
    "1/s": _RATIO,
}


def to_primary(unit: str) -> Target:
    """Return the unit of the main registry that a unit is a multiple of, or itself."""
    primary, scale = _SECONDARY.get(unit, (unit, AS_IT_IS))
    return Target(primary, scale)


def to_metric(unit: str, metric: str) -> Scale | None:
    """Return how a value comes to its metric's own unit; None: it does not fit."""
    known = METRICS[metric]
    primary, scale = to_primary(unit)
    if primary == known.unit:
        return scale
    step = None if primary is None else _TO_METRIC.get((primary, known.unit))
    if step is not None:
        return step.after(scale)
    # A unit that SenML has not registered but senders use all the same: degC, MWh.
    own = None if primary == _RATIO else metrics.conversion(unit, known)
    if own is None:
        return None
    return Scale(Fraction(repr(own.factor)), Fraction(repr(own.shift)))


def of_sum(unit: str) -> str:
    """Return the unit of an integral over time of what is in a primary unit."""
    return _INTEGRALS.get(unit, f"{unit}.s")
