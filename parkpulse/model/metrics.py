"""The one list of metrics and the units that senders may use for them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Literal

Kind = Literal["gauge", "counter", "interval", "state"]
Group = Literal["water", "rain", "soil", "tunnel", "power", "health", "service"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a series measures; every stored value is in `unit`."""

    name: str
    unit: str
    kind: Kind
    group: Group
    minimum: float
    maximum: float
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """Canonical value = factor * sent value + shift."""

    factor: float = 1.0
    shift: float = 0.0


def _read() -> tuple[dict[str, Metric], dict[tuple[str, str], Conversion]]:
    text = (
        resources.files("parkpulse.model").joinpath("metrics.toml").read_text("utf-8")
    )
    document = tomllib.loads(text)
    metrics = {
        name: Metric(name=name, **entry) for name, entry in document["metrics"].items()
    }
    conversions = {
        (unit, target["to"]): Conversion(
            target.get("factor", 1.0), target.get("shift", 0.0)
        )
        for unit, targets in document["units"].items()
        for target in targets
    }
    return metrics, conversions


METRICS, _CONVERSIONS = _read()
"""All metrics by name."""


def conversion(unit: str, metric: Metric) -> Conversion | None:
    """How to bring a value in `unit` to the metric's own unit; None if impossible."""
    return _CONVERSIONS.get((unit, metric.unit))
