"""Mappings: those shipped are right, wrong ones are refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from parkpulse.errors import ConfigError
from parkpulse.model import registry_check
from simulators.replay import mapping as mappings

DATA = Path(__file__).parents[1] / "data"
RIGHT = """
files = ["x.csv"]
source = "me"
observed = { columns = ["t"] }
values = [{ column = "v", device = "d", metric = "water_level", unit = "cm" }]

[park]
code = "p"
name = { zh = "园", en = "Park" }
accept_from = 2024-01-01T00:00:00Z

[[park.devices]]
code = "d"
kind = "water_level"
name = { zh = "计", en = "Gauge" }
series = [{ metric = "water_level" }]
"""


@pytest.mark.parametrize("path", mappings.shipped(), ids=lambda path: path.stem)
def test_shipped_mappings_describe_a_consistent_park(path: Path) -> None:
    mapping = mappings.read(path)
    registry_check.check(mapping.park)
    assert mapping.park.clock == "data"
    assert not mapping.park.simulated


def test_every_test_file_finds_its_mapping() -> None:
    codes = {mappings.find(file).park.code for file in DATA.glob("*.csv.gz")}
    assert codes == {"upper-calder", "open-water-level", "california", "italian-city"}


def test_a_mapping_beside_the_file_wins(tmp_path: Path) -> None:
    file = tmp_path / "ea_hebden_bridge_level.csv.gz"
    (tmp_path / "ea_hebden_bridge_level.csv.toml").write_text(RIGHT)
    assert mappings.find(file).park.code == "p"


def test_an_unknown_file_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no mapping is known for a\.csv: write one"):
        mappings.find(tmp_path / "a.csv")


def test_the_park_may_be_another_one(tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text(RIGHT)
    mapping = mappings.read(file)
    assert mappings.for_park(mapping, "other").code == "other"
    # Whatever the mapping says: these measurements bring their own time.
    assert mappings.for_park(mapping, None).clock == "data"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"water_level", unit', '"wet", unit', "'wet' is no metric"),
        ('unit = "cm"', 'unit = "kWh"', "water_level cannot be given in 'kWh'"),
        ('device = "d", ', "", "needs either device or device_column"),
        ('device = "d", ', 'device = "e", ', "no device e that measures water_level"),
        ('["t"]', '["t"], zone = "Mars"', "'Mars' is no time zone"),
        ('source = "me"', "", "missing required field `source`"),
        ('source = "me"', 'source = "me"\nsorce = 1', "unknown field `sorce`"),
        ("[park]", "[park", "is wrong"),
    ],
)
def test_a_wrong_mapping_is_refused(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    file = tmp_path / "m.toml"
    file.write_text(RIGHT.replace(old, new, 1))
    with pytest.raises(ConfigError, match=told):
        mappings.read(file)


def test_an_unreadable_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        mappings.read(tmp_path / "none.toml")
