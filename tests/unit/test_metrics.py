"""The list of metrics is complete and its units convert as they should."""

import math

import pytest

from parkpulse.model.metrics import METRICS, conversion


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_be_sent_in_its_own_unit(name: str) -> None:
    found = METRICS[name]
    own = conversion(found.unit, found)
    assert own is not None
    assert (own.factor, own.shift) == (1.0, 0.0)
    assert found.minimum < found.maximum
    assert found.zh
    assert found.en


@pytest.mark.parametrize(
    ("metric", "unit", "sent", "stored"),
    [
        ("water_level", "cm", 123.0, 1.23),
        ("rainfall_interval", "mm", 3.0, 3.0),
        ("air_temperature", "K", 273.15, 0.0),
        ("active_energy_interval", "MWh", 1.5, 1500.0),
        ("active_power", "kW", 2.0, 2000.0),
    ],
)
def test_conversion(metric: str, unit: str, sent: float, stored: float) -> None:
    rule = conversion(unit, METRICS[metric])
    assert rule is not None
    assert rule.factor * sent + rule.shift == pytest.approx(stored)


def test_a_unit_of_another_quantity_does_not_convert() -> None:
    assert conversion("kWh", METRICS["water_level"]) is None
    assert conversion("furlong", METRICS["water_level"]) is None


def test_plausible_ranges_are_finite() -> None:
    for metric in METRICS.values():
        assert -math.inf < metric.minimum < metric.maximum < 1e300, metric.name
