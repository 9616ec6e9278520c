"""Plan, tunnel and what changed lately, over HTTP."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api.schemas.changes import Changes
from api.schemas.plans import Plan
from api.schemas.tunnel import Tunnel
from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, ParkSpec, PlaceSpec, SeriesSpec
from parkpulse.model.rule import Level, RuleSpec, Threshold
from parkpulse.store import rules
from tests.plugins.fix_api import named
from tests.plugins.fix_engine import NOW
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_api import Site

MINUTE = instants.MINUTE
END = instants.to_us(NOW)
_GASES = ("oxygen", "methane", "air_temperature", "relative_humidity", "sump_level")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">{}</svg>'
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kg"
    "AAAABJRU5ErkJggg=="
)


def _device(code: str, place: str, *metrics: str) -> DeviceSpec:
    return DeviceSpec(
        code=code,
        kind="controller",
        name=named(code),
        place=place,
        report_interval_s=300,
        series=[SeriesSpec(metric=metric) for metric in metrics],
    )


PARK = ParkSpec(
    code="works",
    name=named("Works"),
    accept_from=NOW - timedelta(days=99),
    clock="data",
    places=[
        PlaceSpec(code="gas", kind="compartment", name=named("Gas")),
        # Its words alone would make it one for water.
        PlaceSpec("sewage", "compartment", named("Water"), compartment="sewage"),
        PlaceSpec(code="canal", kind="river_section", name=named("Canal")),
    ],
    devices=[
        _device("level", "canal", "water_level"),
        _device("probe", "gas", *_GASES, "hatch_open", "fan_running"),
        _device("sniffer", "sewage", "oxygen"),
    ],
)
_READINGS = {
    "oxygen": 20.9,
    "methane": 1.1,
    "air_temperature": 21.0,
    "relative_humidity": 60.0,
    "sump_level": 0.3,
    "fan_running": 1.0,
}


@pytest.fixture
def works(site: Site) -> dict[tuple[str, str], int]:
    """A leak in a gas compartment whose hatch was opened; a level that has risen."""
    found = site.lab.register(PARK)
    stage = Threshold(
        metric="water_level", direction="above", levels=[Level("high", 2.0)]
    )
    rule = RuleSpec(code="stage", name=named("stage"), definition=stage, source="test")
    with site.lab.database.transaction() as conn:
        rules.apply(conn, [rule], site.lab.parks["works"])
    points = [(found["probe", name], END, at) for name, at in _READINGS.items()]
    hatch, level = found["probe", "hatch_open"], found["level", "water_level"]
    for ago, is_open, metres in ((90, 0.0, 1.2), (50, 0.0, 1.8), (30, 1.0, 2.1)):
        points.append((hatch, END - ago * MINUTE, is_open))
        points.append((level, END - ago * MINUTE, metres))
    points += [(hatch, END, 1.0), (level, END, 2.2)]
    points.append((found["sniffer", "oxygen"], END - 50 * MINUTE, 20.9))
    site.lab.put(points, "works")
    wait_until(lambda: _is_known(site))
    return found


def _is_known(site: Site) -> bool:
    answer = site.request("GET", "/api/v1/parks/works/levels")
    if answer.status_code != 200 or not answer.json()["items"]:
        return False
    level = answer.json()["items"][0]
    return bool(level["stages"]) and level["level"] == 2.2


def test_a_compartment_with_gas_is_closed_and_one_that_is_silent_undecided(
    site: Site, works: dict[tuple[str, str], int]
) -> None:
    found = site.get("/parks/works/tunnel")
    Tunnel.model_validate(found)
    gas, sewage = found["items"]
    assert (gas["kind"], gas["entry"], gas["ventilation"]) == (
        "gas",
        "not_permitted",
        True,
    )
    (reason,) = gas["reasons"]
    assert reason == {
        "cause": "beyond_limit",
        "metric": "methane",
        "series": works["probe", "methane"],
        "value": 1.1,
        "limit": 1.0,
        "grade": "warning",
    }
    assert [each["action"] for each in gas["advice"]] == ["block_entry", "ventilate"]
    assert gas["not_measured"] == []
    assert (sewage["kind"], sewage["entry"]) == ("sewage", "unknown")
    assert sewage["ventilation"] is None
    causes = {(each["cause"], each["metric"]) for each in sewage["reasons"]}
    assert ("old", "oxygen") in causes
    assert ("not_measured", "hydrogen_sulfide") in causes


def test_what_changed_in_the_last_hour(
    site: Site, works: dict[tuple[str, str], int]
) -> None:
    row = site.lab.parks["works"]
    assert row
    found = site.get("/parks/works/changes")
    Changes.model_validate(found)
    seen = {(each["kind"], each["device"]): each for each in found["items"]}
    assert set(seen) == {("on", "probe"), ("reached", "level"), ("silent", "sniffer")}
    assert seen["on", "probe"]["series"] == works["probe", "hatch_open"]
    reached = seen["reached", "level"]
    assert (reached["limit"], reached["value"], reached["severity"]) == (
        2.0,
        2.1,
        "high",
    )
    times = [each["at"] for each in found["items"]]
    assert times == sorted(times, reverse=True)
    later = instants.from_us(END - 10 * MINUTE).isoformat()
    assert site.get("/parks/works/changes", since=later)["items"] == []
    assert site.problem("/parks/works/changes", 422, since="yesterday")


def test_alerts_are_changes_too(
    site: Site, harbour: dict[tuple[str, str], int]
) -> None:
    row = site.raise_alert(harbour["level-1", "water_level"])
    items = site.items("/parks/harbour/changes")
    raised = [each for each in items if each["kind"] == "raised"]
    assert [each["alert"] for each in raised] == [str(row.id)]
    assert raised[0]["name"]["en"] == "stage"


def _put(site: Site, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    return site.request("PUT", f"/api/v1/parks/works{path}", json=body)


def test_a_plan_is_given_cleaned_shown_and_removed(
    site: Site, works: dict[tuple[str, str], int]
) -> None:
    assert works
    path = "/api/v1/parks/works/plan"
    assert site.get("/parks/works/plan") == {"image": None, "positions": []}
    assert site.request("GET", f"{path}/image").status_code == 404
    body = {"kind": "svg", "content": SVG.format("<script/><rect onclick='x'/>")}
    given = _put(site, "/plan", body)
    assert given.status_code == 200, given.text
    Plan.model_validate(given.json())
    assert given.json()["image"]["width"] == 40
    shown = site.request("GET", f"{path}/image")
    assert shown.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "script" not in shown.text
    assert "onclick" not in shown.text
    again = {"If-None-Match": shown.headers["etag"]}
    assert site.request("GET", f"{path}/image", headers=again).status_code == 304
    items = [{"kind": "place", "code": "gas", "x": 0.25, "y": 0.5}]
    assert _put(site, "/plan/positions", {"items": items}).json()["positions"] == items
    headers = {"Content-Type": "application/json"}
    removed = site.request("DELETE", path, headers=headers)
    assert removed.json() == {"image": None, "positions": []}


_KINDS: list[tuple[str, str, tuple[int, int] | None]] = [
    ("png", PIXEL, (1, 1)),
    ("geojson", '{"type":"LineString","coordinates":[[117,36],[117.1,36]]}', None),
    ("svg", SVG.format("x" * 1_500_000), (40, 20)),
]
_REFUSED: list[tuple[str, dict[str, Any], int]] = [
    ("/plan", {"kind": "svg", "content": "<html/>"}, 422),
    ("/plan", {"kind": "png", "content": "%%%"}, 422),
    ("/plan", {"kind": "png", "content": base64.b64encode(b"GIF").decode()}, 422),
    ("/plan", {"kind": "gif", "content": ""}, 422),
    ("/plan", {"kind": "svg", "content": "x" * 3_200_000}, 413),
    ("/plan/positions", {"items": [{"kind": "place", "code": "a"}]}, 422),
    (
        "/plan/positions",
        {"items": [{"kind": "place", "code": "moon", "x": 0, "y": 0}]},
        422,
    ),
    (
        "/plan/positions",
        {"items": [{"kind": "place", "code": "gas", "x": 0, "y": 0}] * 2},
        422,
    ),
]


def test_every_kind_of_drawing_is_taken_and_what_is_none_is_refused(
    site: Site, works: dict[tuple[str, str], int]
) -> None:
    assert works
    for kind, content, size in _KINDS:
        image = _put(site, "/plan", {"kind": kind, "content": content}).json()["image"]
        assert image["source"] == kind
        assert (image["bounds"] is not None) == (kind == "geojson")
        assert size is None or (image["width"], image["height"]) == size
    for path, body, status in _REFUSED:
        answer = _put(site, path, body)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
