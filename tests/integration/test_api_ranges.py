"""Ranges, summaries and tables of a series over HTTP, on a real TimescaleDB."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api.routes import ranges
from api.schemas.devices import LatestList
from api.schemas.ranges import Range
from parkpulse.model import instants
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from tests.plugins.fix_api import Harbour, Site

DAY = {"start": "2026-03-09T12:00:00Z", "end": "2026-03-10T12:00:01Z"}


@pytest.fixture
def level(site: Site, harbour: Harbour) -> int:
    """A day of a level that rises by 1 mm every 5 minutes."""
    series = harbour["level-2", "water_level"]
    end = instants.to_us(NOW)
    step = 5 * instants.MINUTE
    points = [(series, end - n * step, 5 - n / 1000) for n in range(289)]
    site.lab.put(points, "harbour")
    return series


def test_all_readings_of_a_stretch(site: Site, level: int) -> None:
    found = site.get(f"/series/{level}/range", **DAY, points=1000)
    Range.model_validate(found)
    assert (found["series"], found["tier"], found["downsampled"]) == (
        level,
        "raw",
        False,
    )
    assert (found["from_points"], len(found["ts"]), len(found["value"])) == (289,) * 3
    assert found["value"][-1] == 5
    assert found["ts"][-1] == instants.to_us(NOW) // 1000
    assert found["gap_s"] >= 750
    assert found["start"] == "2026-03-09T12:00:00Z"


def test_fewer_points_keep_the_extremes(site: Site, level: int) -> None:
    spike = instants.to_us(NOW) - 7 * instants.HOUR + 1
    site.lab.put([(level, spike, 9.5)], "harbour")
    found = site.get(f"/series/{level}/range", **DAY, points=20, tier="raw")
    assert found["downsampled"] is True
    assert found["from_points"] == 290
    assert len(found["ts"]) < 60
    assert max(found["value"] + (found["max"] or [])) == 9.5
    whole = site.get(f"/series/{level}/range", **DAY, points=1000)
    assert found["statistics"] == whole["statistics"]
    assert found["statistics"]["readings"] == 290
    assert found["statistics"]["mean"] == pytest.approx(
        sum(whole["value"]) / len(whole["value"])
    )
    hours = site.get(f"/series/{level}/range", **DAY, points=20, tier="1h")
    assert hours["statistics"] == pytest.approx(whole["statistics"])


def test_a_range_that_is_known_is_not_sent_again(site: Site, level: int) -> None:
    path = f"/api/v1/series/{level}/range"
    first = site.request("GET", path, params=DAY)
    known = {"If-None-Match": first.headers["etag"]}
    assert site.request("GET", path, params=DAY, headers=known).status_code == 304
    site.lab.put([(level, instants.to_us(NOW) - 1, 4.5)], "harbour")
    assert site.request("GET", path, params=DAY, headers=known).status_code == 200


def test_a_table_has_every_reading(
    site: Site, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "_BLOCK", 100)
    query = {**DAY, "format": "csv", "points": 10}
    answer = site.request("GET", f"/api/v1/series/{level}/range", params=query)
    assert answer.text.startswith("ts,value,quality\r\n")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 289
    assert rows[0] == {"ts": "2026-03-09T12:00:00Z", "value": "4.712", "quality": "2"}
    assert [row["ts"] for row in rows] == sorted({row["ts"] for row in rows})
    missing = "/api/v1/series/123456/range"
    assert site.request("GET", missing, params=query).status_code == 404


def test_summary_of_a_gauge(site: Site, level: int) -> None:
    found = site.get(f"/series/{level}/summary", **DAY, day_zone="Asia/Shanghai")
    assert found["n"] == 289
    assert (found["min"], found["max"]) == (4.712, 5.0)
    assert found["max_at"] == "2026-03-10T12:00:00Z"
    assert found["sum"] is None
    assert found["missing"] == 0
    assert [day["day"] for day in found["days"]] == ["2026-03-09", "2026-03-10"]
    assert set(found) == {
        *("n", "sum", "min", "max", "min_at", "max_at", "first", "last"),
        *("windows", "days", "missing"),
    }


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"end": DAY["start"]}, "end", "range_empty"),
        ({"end": DAY["start"], "format": "csv"}, "end", "range_empty"),
        ({"points": 3}, "points", "too_small"),
        ({"points": 10_001}, "points", "too_large"),
        ({"tier": "1s"}, "tier", "unknown_value"),
        ({"start": "yesterday"}, "start", "not_a_time"),
        ({"start": "1960-01-01T00:00:00Z"}, "start", "too_small"),
    ],
)
def test_a_range_of_no_use(
    site: Site, level: int, query: dict[str, Any], pointer: str, code: str
) -> None:
    found = site.problem(f"/series/{level}/range", 422, **DAY | query)
    assert found["errors"][0]["pointer"] == pointer
    assert found["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"windows": "900;3600"}, "invalid_windows"),
        ({"windows": "0"}, "invalid_windows"),
        ({"windows": ""}, "invalid_windows"),
        ({"windows": ",".join(["900"] * 11)}, "invalid_windows"),
        ({"windows": str(10**30)}, "invalid_windows"),
        ({"day_zone": "../../etc/passwd"}, "unknown_zone"),
        ({"day_zone": "Moon/Base"}, "unknown_zone"),
    ],
)
def test_a_summary_of_no_use(
    site: Site, level: int, query: dict[str, str], code: str
) -> None:
    found = site.problem(f"/series/{level}/summary", 422, **DAY | query)
    assert found["errors"][0]["code"] == code


def test_a_stretch_without_readings(site: Site, level: int) -> None:
    later = NOW + timedelta(days=400)
    query = {"start": later.isoformat(), "end": (later + timedelta(days=1)).isoformat()}
    found = site.get(f"/series/{level}/range", **query)
    assert (found["ts"], found["value"]) == ([], [])
    assert site.get(f"/series/{level}/summary", **query)["n"] == 0


def test_newest_readings_fit_their_description(site: Site, level: int) -> None:
    found = LatestList.model_validate(site.get("/parks/harbour/latest"))
    assert level in {item.series for item in found.items}
