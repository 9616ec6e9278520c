"""The explorer: any series side by side, over any span, to share and to take away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.page.conftest import LIMIT_M, OUTPUT
from tests.page.test_access import violations
from tests.page.test_details import asked, series_of

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Page

    from tests.page.conftest import Service, Visit

MONTH = "range=30d"


def box_of(page: Page) -> FloatRect:
    plot = page.locator(".u-over").first
    plot.wait_for()
    box = plot.bounding_box()
    assert box is not None
    return box


def test_series_are_found_compared_and_taken_off(visit: Visit) -> None:
    page = visit("#/demo/explore?range=7d")
    expect(page.get_by_text("Choose a series to see its course.")).to_be_visible()
    search = page.get_by_role("searchbox", name="Find a series")
    search.fill("canal water level")
    page.get_by_role("button", name="level-canal").first.click()
    search.fill("rain-roof rain")
    page.get_by_role("button", name="rain-roof").first.click()
    assert len(asked(page)["s"][0].split(",")) == 2
    table = page.get_by_role("table", name="Statistics")
    expect(table.get_by_role("row")).to_have_count(3)
    expect(table).to_contain_text("100.0%")
    search.press("Escape")
    page.screenshot(path=OUTPUT / "explore-en.png", full_page=True)
    table.get_by_role("button", name="Remove").nth(1).click()
    expect(table.get_by_role("row")).to_have_count(2)


def test_the_span_follows_mouse_and_keys(visit: Visit, service: Service) -> None:
    number = series_of(service, "level-canal", "water_level")
    page = visit(f"#/demo/explore?s={number}&range=7d", language="zh")
    box = box_of(page)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
    page.mouse.up()
    page.wait_for_url("**from=*")
    start, end = (int(asked(page)[name][0]) for name in ("from", "to"))
    assert 30 < (end - start) / 3_600_000 < 37, "a fifth of a week"
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_url(lambda url: f"from={start}" not in url)
    closer = [int(asked(page)[name][0]) for name in ("from", "to")]
    assert closer[1] - closer[0] < end - start
    page.keyboard.press("ArrowRight")
    assert int(asked(page)["from"][0]) > closer[0]
    page.keyboard.press("Escape")
    assert "from" not in asked(page)
    page.keyboard.press("7")
    assert asked(page)["range"] == ["1y"]
    page.screenshot(path=OUTPUT / "explore-zh.png", full_page=True)


def test_exactly_what_is_chosen_is_taken_away(visit: Visit, service: Service) -> None:
    numbers = [
        series_of(service, "level-canal", "water_level"),
        series_of(service, "level-canal", "battery_voltage"),
    ]
    ids = ",".join(map(str, numbers))
    page = visit(f"#/demo/explore?s={ids}&range=24h&as=1h")
    expect(page.get_by_role("img", name="Chart of")).to_be_visible()
    for form in ("CSV", "Parquet", "XLSX"):
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Download {form}").click()
        query = parse_qs(urlsplit(download.value.url).query)
        assert query["series"] == list(map(str, numbers))
        assert (query["resolution"], query["format"]) == (["1h"], [form.lower()])
        assert download.value.path().stat().st_size > 200
        assert download.value.suggested_filename.endswith(f".{form.lower()}")


def test_alerts_flags_and_live_readings(visit: Visit, service: Service) -> None:
    items = service.chain.get("/parks/quay/series", device="gauge-3")["items"]
    number = items[0]["id"]
    page = visit(f"#/quay/explore?s={number}&range=1h&points=1", theme="dark")
    service.publish("gauge-3", LIMIT_M + 0.31)
    row = page.locator(f"[data-explored='{number}']")
    expect(row).to_contain_text("1.81")
    # Other tests raise alerts of this gauge too.
    page.get_by_text(re.compile(r"Alerts in this range: [1-9]")).click()
    expect(page.get_by_role("link", name="Stage of the quay").first).to_be_visible()
    page.screenshot(path=OUTPUT / "explore-live-dark.png", full_page=True)
    service.publish("gauge-3", 0.5)
    expect(row.get_by_role("cell").nth(5)).to_contain_text("0.50")


@pytest.mark.parametrize(("width", "language"), [(1440, "zh"), (375, "en")])
def test_axe_finds_nothing(
    visit: Visit, service: Service, width: int, language: str
) -> None:
    number = series_of(service, "level-canal", "water_level")
    page = visit(f"#/demo/explore?s={number}&{MONTH}", language=language, width=width)
    page.locator(".u-over").wait_for()
    page.get_by_role("searchbox").fill("canal")
    assert violations(page) == []
    page.screenshot(path=OUTPUT / f"explore-{width}.png", full_page=True)
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits), "nothing sticks out sideways"


def test_tabs_share_one_connection(visit: Visit, service: Service) -> None:
    """The second tab goes on with the connection when the first is closed."""
    items = service.chain.get("/parks/quay/series", device="gauge-2")["items"]
    fragment = f"#/quay/explore?s={items[0]['id']}&range=1h"
    first = visit(fragment)
    second = first.context.new_page()
    visit.watch.follow(second)
    opened: list[str] = []
    second.on(
        "request",
        lambda request: (
            opened.append(request.url) if "/stream" in request.url else None
        ),
    )
    second.goto(f"{visit.url}/{fragment}")
    second.locator("[data-connection=live]").wait_for()
    assert len(opened) == 1, "for its snapshot"
    row = second.locator(f"[data-explored='{items[0]['id']}']")
    service.publish("gauge-2", 0.71)
    expect(row).to_contain_text("0.71")
    assert len(opened) == 1, "what followed came by the first tab"
    first.close()
    service.publish("gauge-2", 0.82)
    expect(row).to_contain_text("0.82")
    assert len(opened) == 2
    assert "after=" in opened[1]
