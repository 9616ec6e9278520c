"""Rows of real files become the messages that their devices sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parkpulse.errors import ConfigError
from parkpulse.model import instants
from parkpulse.wire import native
from simulators.replay import mapping as mappings
from simulators.replay import rows

DATA = Path(__file__).parents[1] / "data"
YEAR_2001_US = 978_307_200_000_000


def contents(name: str) -> rows.Contents:
    file = DATA / name
    return rows.read(file, mappings.find(file))


def us(moment: str) -> int:
    return instants.to_us(datetime.fromisoformat(moment).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "count", "empty", "messages"),
    [
        ("ea_hebden_bridge_level.csv.gz", 2749, 0, 2749),
        ("ea_gorpley_rainfall.csv.gz", 2748, 0, 2748),
        ("owl_cellular_telemetry.csv.gz", 2902, 0, 2902),
        ("eia_ciso_2022_generation.csv.gz", 8760, 3, 8757 * 8),
        ("uci_air_quality_excerpt.csv.gz", 1500, 0, 1500),
    ],
)
def test_counts(name: str, count: int, empty: int, messages: int) -> None:
    read = contents(name)
    assert (read.rows, read.empty_rows, len(read.sendings)) == (count, empty, messages)
    sent = [message.sent_us for message in read.sendings]
    assert sent == sorted(sent)


def test_a_level_is_sent_when_it_is_measured() -> None:
    peak = max(
        contents("ea_hebden_bridge_level.csv.gz").sendings,
        key=lambda message: message.values["water_level"],
    )
    assert peak.observed_us == peak.sent_us == us("2025-09-12T09:15:00")
    assert json.loads(native.encode(peak.message(7))) == {
        "seq": 7,
        "sent": peak.sent_us // 1000,
        "samples": [{"ts": peak.observed_us // 1000, "values": {"water_level": 0.289}}],
    }


def test_rain_stamped_with_its_start_is_sent_at_its_end() -> None:
    messages = contents("ea_gorpley_rainfall.csv.gz").sendings
    assert sum(each.values["rainfall_interval"] for each in messages) == pytest.approx(
        91.4
    )
    wettest = max(messages, key=lambda each: each.values["rainfall_interval"])
    assert wettest.observed_us == us("2025-09-08T15:45:00")
    assert wettest.sent_us == us("2025-09-08T16:00:00")


def test_gauges_keep_their_wrong_clocks_and_their_unit() -> None:
    messages = contents("owl_cellular_telemetry.csv.gz").sendings
    wrong = [each for each in messages if each.observed_us < YEAR_2001_US]
    right = {
        (each.device, each.observed_us)
        for each in messages
        if each.observed_us >= YEAR_2001_US
    }
    assert len(wrong) == 17
    assert len(right) == 2881
    first = messages[0]
    # 2/19/2024 22:12:13 in New York.
    assert first.sent_us == us("2024-02-20T03:12:13")
    payload = json.loads(native.encode(first.message(1)))
    assert payload["units"] == {"water_distance": "cm"}
    assert set(payload["samples"][0]["values"]) == {
        "water_distance",
        "battery_voltage",
        "battery_level",
    }


def test_generation_gives_the_published_share() -> None:
    messages = contents("eia_ciso_2022_generation.csv.gz").sendings
    energy = dict.fromkeys({each.device for each in messages}, 0.0)
    for each in messages:
        energy[each.device] += each.values["active_energy_interval"]
    renewable = energy["wind"] + energy["solar"] + energy["water"]
    assert renewable / sum(energy.values()) == pytest.approx(0.3961, abs=5e-5)


def test_missing_markers_are_not_sent() -> None:
    messages = contents("uci_air_quality_excerpt.csv.gz").sendings
    values = [value for each in messages for value in each.values.values()]
    assert min(values) > -50
    assert any("carbon_monoxide" not in each.values for each in messages)
    # 10/03/2004 18:00:00 is the tenth of March, an hour ahead of UTC.
    assert messages[0].observed_us == us("2004-03-10T17:00:00")


def test_no_two_hours_fall_together_when_summer_time_begins() -> None:
    messages = contents("uci_air_quality_excerpt.csv.gz").sendings
    assert len({each.observed_us for each in messages}) == len(messages)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('"m","2025-08-16T00:00:00","d","wet","","",""', "row 1 .* 'wet'"),
        ('"m","16.8.2025","d","1.0","","",""', "row 1 .*16.8.2025"),
        ('"m"', "row 1 .* cannot be read"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "ea_hebden_bridge_level.csv"
    head = '"measure","dateTime","date","value","completeness","quality","qcode"'
    file.write_text(f"{head}\n{line}\n")
    with pytest.raises(ConfigError, match=told):
        rows.read(file, mappings.find(file))


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ea_hebden_bridge_level.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match="there is no column 'dateTime'"):
        rows.read(file, mappings.find(file))


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ea_hebden_bridge_level.csv.gz"
    file.write_bytes(b"\x1f\x8b nothing")
    with pytest.raises(ConfigError, match="cannot be read"):
        rows.read(file, mappings.find(file))
