"""Names that devices and platforms use for the metrics of metrics.toml."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import NamedTuple

from parkpulse.model.metrics import METRICS

_OWN = "own"


class Alias(NamedTuple):
    """What a name stands for."""

    metric: str
    unit: str | None
    """Unit that the name implies; None: the metric's own."""


def _folded(name: str) -> str:
    return "".join(name.split()).replace("_", "").replace("-", "").lower()


def _read() -> dict[str, Alias]:
    """Read aliases.toml; a metric's own name stands for itself."""
    text = resources.files("parkpulse.model").joinpath("aliases.toml").read_text()
    by_name = {
        _folded(name): Alias(metric, None if unit == _OWN else unit)
        for metric, units in tomllib.loads(text).items()
        for unit, names in units.items()
        for name in names
    }
    return by_name | {_folded(metric): Alias(metric, None) for metric in METRICS}


_BY_NAME = _read()


@functools.lru_cache(maxsize=16_384)
def find(name: str) -> Alias | None:
    """Return what a name stands for; None for a name without known meaning.

    Case and separators do not matter (`Battery_Level`, `batteryLevel`), and of a path
    its last part counts: `energy/import_kwh`. A name whose unit differs from device to
    device (`liquid_level`) is not guessed.
    """
    if name in METRICS:
        return Alias(name, None)
    return _BY_NAME.get(_folded(name.rpartition("/")[2]))


def canonical(name: str) -> str | None:
    """Return the metric that a name stands for in the metric's own unit.

    None also for a name that implies another unit (`active_kw`): `find` tells both.
    """
    alias = find(name)
    return alias.metric if alias is not None and alias.unit is None else None
