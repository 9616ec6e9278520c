"""Parks, devices, series and newest readings over HTTP, on a real TimescaleDB."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from parkpulse.model import instants
from parkpulse.model.rule import Level, RuleSpec, Scope, Threshold
from parkpulse.store import rules
from tests.plugins.fix_api import HARBOUR, named
from tests.plugins.fix_engine import NOW
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_api import Harbour, Site


@pytest.mark.usefixtures("harbour")
def test_a_park_at_a_glance(site: Site) -> None:
    (park,) = site.items("/parks")
    assert park == {
        "code": "harbour",
        "name": {"zh": "名Harbour", "en": "Harbour"},
        "grade": "growth",
        "clock": "data",
        "now": "2026-03-10T12:00:00Z",
        "last_ts": "2026-03-10T11:59:00Z",
        "zone": "Asia/Shanghai",
        "simulated": True,
        "service": False,
        "devices": {"total": 4, "reporting": 2, "silent": 2, "discovered": 0},
        "alerts": {"critical": 0, "high": 0, "medium": 0, "low": 0},
    }
    detail = site.get("/parks/harbour")
    assert {key: detail[key] for key in park} == park
    assert [(place["code"], place["parent"]) for place in detail["places"]] == [
        ("field", None),
        ("river", None),
        ("upper", "river"),
    ]
    (centre,) = detail["data_centres"]
    assert centre == {
        "code": "dc1",
        "name": {"zh": "名Hall", "en": "Hall"},
        "commissioned": "2026-03-10",
        "standard_racks": 3000,
        "place": None,
    }
    assert site.items("/parks/harbour/data-centres") == [centre]


def test_newest_readings(site: Site, harbour: Harbour) -> None:
    latest = site.get("/parks/harbour/latest")
    assert latest["now"] == "2026-03-10T12:00:00Z"
    by_series = {item["series"]: item for item in latest["items"]}
    assert by_series[harbour["level-1", "water_level"]] == {
        "series": harbour["level-1", "water_level"],
        "ts": "2026-03-10T11:59:00Z",
        "value": 1.25,
        "quality": 2,
        "stale": False,
    }
    assert by_series[harbour["level-2", "water_level"]]["stale"] is True
    # Hourly reports are fresh for two and a half hours.
    assert by_series[harbour["soil-1", "soil_moisture"]]["stale"] is False


def test_newest_readings_are_sent_once(site: Site, harbour: Harbour) -> None:
    first = site.request("GET", "/api/v1/parks/harbour/latest")
    known = {"If-None-Match": first.headers["etag"]}
    again = site.request("GET", "/api/v1/parks/harbour/latest", headers=known)
    assert again.status_code == 304
    assert again.content == b""
    now = instants.to_us(NOW)
    site.lab.put([(harbour["level-2", "water_level"], now, 2.75)], "harbour")

    def has_changed() -> bool:
        path = "/api/v1/parks/harbour/latest"
        return site.request("GET", path, headers=known).status_code == 200

    wait_until(has_changed)


def test_an_older_reading_and_a_correction(site: Site, harbour: Harbour) -> None:
    level = harbour["level-1", "water_level"]
    fresh = instants.to_us(NOW) - 60 * instants.SECOND
    site.lab.put([(level, fresh - instants.HOUR, 9.0)], "harbour")
    site.lab.put([(level, fresh, 1.5)], "harbour")

    def value() -> float:
        return float(site.get(f"/series/{level}")["latest"]["value"])

    wait_until(lambda: value() == 1.5)


@pytest.mark.usefixtures("harbour")
def test_devices_by_filter(site: Site) -> None:
    def codes(**query: Any) -> list[str]:  # noqa: ANN401
        return [each["code"] for each in site.items("/parks/harbour/devices", **query)]

    assert codes() == ["level-1", "level-2", "meter", "soil-1"]
    assert codes(silent=True) == ["level-2", "meter"]
    assert codes(silent=False, kind=["water_level", "meter"]) == ["level-1"]
    assert codes(place="river") == ["level-1", "level-2"]
    assert codes(place="upper") == ["level-1"]
    assert codes(place="nowhere") == []
    assert codes(q="SOIL") == ["soil-1"]
    assert codes(q="名level") == ["level-1", "level-2"]
    assert codes(state="discovered") == []
    assert codes(state=["active", "retired"], sort="-code")[0] == "soil-1"
    assert codes(sort="-last_ts") == ["level-1", "soil-1", "level-2", "meter"]
    assert codes(sort="name")[0] == "meter"
    first = site.items("/parks/harbour/devices")[0]
    assert first | {"last_received_at": None} == {
        "code": "level-1",
        "name": {"zh": "名level-1", "en": "level-1"},
        "kind": "water_level",
        "place": "upper",
        "state": "active",
        "clock": "trusted",
        "report_interval_s": 300,
        "last_received_at": None,
        "last_ts": "2026-03-10T11:59:00Z",
        "silent": False,
    }


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize("path", ["devices", "series"])
def test_pages_make_up_the_list(site: Site, path: str) -> None:
    address = f"/parks/harbour/{path}"
    whole = site.items(address)
    collected: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        found = site.get(address, **query)
        assert len(found["items"]) <= 3
        collected += found["items"]
        cursor = found["next"]
        if cursor is None:
            break
    assert collected == whole


def test_series_with_their_limits(site: Site, harbour: Harbour) -> None:
    rule = RuleSpec(
        code="stage",
        name=named("stage"),
        source="test",
        definition=Threshold(
            metric="water_level",
            direction="above",
            levels=[Level("medium", 1.8, named("warning")), Level("high", 2.2)],
            scope=Scope(devices=["level-1"]),
        ),
    )
    with site.lab.database.transaction() as conn:
        rules.apply(conn, [rule], site.lab.parks["harbour"])
    address = f"/series/{harbour['level-1', 'water_level']}"
    wait_until(lambda: site.get(address)["limits"] != [])
    found = site.get(address)
    assert found["limits"] == [
        {
            "severity": "medium",
            "direction": "above",
            "limit": 1.8,
            "name": {"zh": "名warning", "en": "warning"},
        },
        {"severity": "high", "direction": "above", "limit": 2.2, "name": None},
    ]
    assert (found["device"], found["metric"], found["unit"], found["group"]) == (
        "level-1",
        "water_level",
        "m",
        "water",
    )
    listed = site.items("/parks/harbour/series", metric="water_level")
    assert [each["device"] for each in listed] == ["level-1", "level-2"]
    assert listed[0] == found
    assert listed[1]["limits"] == []
    assert site.items("/parks/harbour/series", group="power")[0]["latest"] is None
    only = site.items("/parks/harbour/series", device="soil-1", place="field")
    assert [each["metric"] for each in only] == ["battery_voltage", "soil_moisture"]


@pytest.mark.usefixtures("harbour")
def test_tables_for_spreadsheets(site: Site) -> None:
    query = {"format": "csv", "sort": "-code", "limit": 1}
    answer = site.request("GET", "/api/v1/parks/harbour/devices", params=query)
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="devices.csv"' in answer.headers["content-disposition"]
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["code"] for row in rows] == ["level-1", "level-2", "meter", "soil-1"]
    assert rows[2]["name_en"] == "'=cmd()"
    assert rows[0]["last_ts"] == "2026-03-10T11:59:00Z"
    assert rows[0]["silent"] == "false"
    accept = {"Accept": "text/csv"}
    answer = site.request("GET", "/api/v1/parks/harbour/series", headers=accept)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 7
    assert {row["value"] for row in rows} == {"1.25", "2.5", "30.0", ""}


def test_what_is_registered_later_appears(site: Site) -> None:
    assert site.items("/parks") == []
    site.lab.register(HARBOUR)
    wait_until(lambda: len(site.items("/parks")) == 1)


@pytest.mark.parametrize(
    "path",
    ["/parks/nowhere", "/parks/nowhere/devices", "/parks/nowhere/latest"],
)
def test_an_unknown_park(site: Site, path: str) -> None:
    found = site.problem(path, 404)
    assert found["code"] == "not_found"
    assert found["detail"] == "There is no park nowhere."


def test_an_unknown_series(site: Site) -> None:
    assert site.problem("/series/123", 404)["detail"] == "There is no series 123."
    found = site.problem("/series/99999999999", 422)
    assert found["errors"] == [
        {
            "pointer": "series_id",
            "code": "too_large",
            "detail": "This must be at most 2147483647.",
        }
    ]


def test_series_by_words_and_order(site: Site, harbour: Harbour) -> None:
    def names(**query: str) -> list[tuple[str, str]]:
        found = site.items("/parks/harbour/series", **query)
        return [(each["device"], each["metric"]) for each in found]

    assert names(q="LEVEL 水位") == [
        ("level-1", "water_level"),
        ("level-2", "water_level"),
    ]
    assert names(q="river soil") == []
    by_metric = names(sort="-metric")
    assert by_metric[0] == ("level-2", "water_level")
    first = site.get("/parks/harbour/series", sort="-metric", limit="3")
    rest = names(sort="-metric", cursor=first["next"])
    assert len(rest) == len(harbour) - 3
    assert rest == by_metric[3:]
