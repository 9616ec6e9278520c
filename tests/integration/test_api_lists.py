"""Every list over HTTP: order, pages, tables, and 304 for what is held already."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from api import app
from parkpulse.store import registry_news
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_api import Harbour, Site

WHOLE = {
    "/api/v1/parks/{park}/data-centres/{centre}/kpis/summary",
    "/api/v1/series/{series_id}/quality",
    "/api/v1/parks/{park}/reports",
    "/api/v1/simulation/scenarios",
}
"""Lists that need no order or no table: few rows, or flags that belong to a chart."""


def lists() -> list[tuple[str, set[str]]]:
    found = []
    for path, item in app.described().openapi()["paths"].items():
        operation = item.get("get", {})
        success = operation.get("responses", {}).get("200", {}).get("content", {})
        schema = success.get("application/json", {}).get("schema", {})
        if "/Page_" in schema.get("$ref", ""):
            names = {each["name"] for each in operation.get("parameters", ())}
            found.append((path, names))
    return found


def test_every_list_has_order_pages_and_a_table() -> None:
    lacking = {
        path for path, names in lists() if not {"sort", "cursor", "format"} <= names
    }
    assert lacking == WHOLE


def walk(site: Site, path: str, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = site.get(path, limit=1, **query, **cursor)
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize(
    ("path", "sort"),
    [
        ("/targets", "valid_from"),
        ("/targets", "kpi"),
        ("/emission-factors", "region"),
        ("/parks", "name"),
        ("/parks/harbour/data-centres", "standard_racks"),
    ],
)
@pytest.mark.usefixtures("harbour")
def test_order_pages_and_table(site: Site, path: str, sort: str) -> None:
    rising = site.items(path, sort=sort)
    assert rising
    assert site.items(path, sort=f"-{sort}") == rising[::-1]
    assert walk(site, path, sort=sort)[:5] == rising[:5]
    query = {"format": "csv", "sort": sort}
    answer = site.request("GET", f"/api/v1{path}", params=query)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == len(rising)
    wrong = site.problem(path, 422, sort="colour")
    assert wrong["errors"][0]["pointer"] == "sort"
    other = site.get(path, sort=f"-{sort}", limit=1)["next"]
    if other is not None:
        assert site.problem(path, 422, sort=sort, cursor=other)["errors"]


@pytest.mark.usefixtures("harbour")
def test_pages_of_long_names(site: Site) -> None:
    """A cursor holds what its list is sorted by, however long that may be."""
    with site.lab.database.transaction() as conn:
        for end in "ab":
            conn.execute(
                "insert into topic_rule (filter, park_id, format) values (%s, %s, %s)",
                ["站" * 499 + end, site.lab.parks["harbour"], "native"],
            )
        conn.execute("update device set name_zh = repeat('水', 400) || code")
        registry_news.tell(conn)
    assert len(walk(site, "/registry/topics")) == 2
    wait_until(lambda: "水水" in site.items("/parks/harbour/devices")[0]["name"]["zh"])
    chinese = {"Accept-Language": "zh"}
    path, query = "/api/v1/parks/harbour/devices", {"sort": "name", "limit": "1"}
    first = site.request("GET", path, params=query, headers=chinese).json()
    query["cursor"] = first["next"]
    second = site.request("GET", path, params=query, headers=chinese)
    assert second.status_code == 200, second.text
    assert second.json()["items"] != first["items"]


@pytest.mark.usefixtures("harbour")
def test_a_summary_has_no_further_page(site: Site) -> None:
    path = "/parks/harbour/data-centres/dc1/kpis/summary"
    assert site.get(path, limit=1)["next"] is None
    (problem,) = site.problem(path, 422, cursor="abc")["errors"]
    assert (problem["pointer"], problem["code"]) == ("cursor", "invalid_cursor")


def test_lists_in_order_of_time(site: Site, harbour: Harbour) -> None:
    for subject in ("one", "two", "three"):
        site.raise_alert(harbour["level-1", "water_level"], subject)
    for path in ("/quarantine", "/audit", "/parks/harbour/events", "/deliveries"):
        newest = site.items(path)
        field = "id" if path == "/audit" else "ts" if "events" in path else "at"
        assert site.items(path, sort=field) == newest[::-1]


@pytest.mark.parametrize(
    "path",
    [
        "/parks",
        "/parks/harbour",
        "/parks/harbour/devices",
        "/parks/harbour/series",
        "/parks/harbour/alerts",
        "/parks/harbour/data-centres/dc1/kpis",
        "/parks/harbour/data-centres/dc1/kpis/summary",
        "/rules",
        "/targets",
        "/quarantine",
        "/channels",
    ],
)
@pytest.mark.usefixtures("harbour")
def test_what_one_holds_is_not_sent_again(site: Site, path: str) -> None:
    first = site.request("GET", f"/api/v1{path}")
    held = {"If-None-Match": first.headers["etag"]}
    again = site.request("GET", f"/api/v1{path}", headers=held)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = site.request("GET", f"/api/v1{path}", headers={"If-None-Match": '"x"'})
    assert other.json() == first.json()


def test_a_list_shows_a_change_at_once(site: Site, harbour: Harbour) -> None:
    path = "/parks/harbour/alerts"
    assert site.items(path) == []
    row = site.raise_alert(harbour["level-1", "water_level"])
    wait_until(lambda: len(site.items(path)) == 1)
    body = {"actor": "Li", "comment": "on my way"}
    done = site.request("POST", f"/api/v1/alerts/{row.id}/acknowledge", json=body)
    assert done.status_code == 200
    (shown,) = site.items(path)
    assert shown["acknowledged_by"] == "Li"
    # As an answer without being kept shows it.
    one = site.get(f"/alerts/{row.id}")
    assert {key: one[key] for key in shown} == shown


def test_series_of_the_device_of_an_alert(site: Site, harbour: Harbour) -> None:
    row = site.raise_alert(harbour["level-1", "water_level"])
    assert site.items("/parks/harbour/series", alert=str(row.id)) == []
    with site.lab.database.transaction() as conn:
        conn.execute(
            "update alert set device_id = d.id from device d where d.code = 'level-1'"
        )
    found = site.items("/parks/harbour/series", alert=str(row.id))
    assert {each["device"] for each in found} == {"level-1"}
    unknown = "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e40"
    site.problem("/parks/harbour/series", 404, alert=unknown)


@pytest.mark.usefixtures("harbour")
def test_all_words_of_a_value_are_told_in_one_sentence(site: Site) -> None:
    path = "/api/v1/parks/harbour/alerts?state=red&state=blue"
    for language, comma in (("en", ", "), ("zh", "、")):
        headers = {"Accept-Language": language}
        errors = site.request("GET", path, headers=headers).json()["errors"]
        assert [each["pointer"] for each in errors] == ["state", "state"]
        assert len({each["detail"] for each in errors}) == 1
        assert f"active{comma}all{comma}normal" in errors[0]["detail"]
