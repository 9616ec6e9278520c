"""What other names of metrics stand for, and in which unit."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from parkpulse.model import aliases
from parkpulse.model.metrics import METRICS, conversion


@pytest.mark.parametrize(
    ("name", "metric", "unit"),
    [
        ("energy/import_kwh", "active_energy_import", None),
        ("power/active_kw", "active_power", "kW"),
        ("env/temp_c", "air_temperature", None),
        ("water_level", "water_level", None),
        ("WaterLevel", "water_level", None),
        ("battery_mv", "battery_voltage", "mV"),
    ],
)
def test_a_name_stands_for_a_metric_in_a_unit(
    name: str, metric: str, unit: str | None
) -> None:
    assert aliases.find(name) == (metric, unit)


def test_a_name_without_known_meaning_is_not_guessed() -> None:
    assert aliases.find("liquid_level") is None
    assert aliases.find("") is None


def test_a_name_in_another_unit_is_not_the_metric_itself() -> None:
    assert aliases.canonical("active_kw") is None
    assert aliases.canonical("act_power") == "active_power"


def test_every_alias_has_one_meaning_and_a_unit_that_can_be_converted() -> None:
    text = resources.files("parkpulse.model").joinpath("aliases.toml").read_text()
    seen: set[str] = set()
    for metric, units in tomllib.loads(text).items():
        for unit, names in units.items():
            assert unit == "own" or conversion(unit, METRICS[metric]) is not None
            for name in names:
                folded = name.replace("_", "").lower()
                assert folded not in seen
                seen.add(folded)
