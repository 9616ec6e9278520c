"""The operator's way: all parks, storm, tunnel, plan, a place, devices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT
from tests.page.test_access import violations

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.page.conftest import Service, Visit

WORDS = {
    "zh": {
        "storm": ["各时段雨量", "水位与特征水位", "警戒水位", "近一小时变化"],
        "tunnel": ["燃气舱", "通风", "氧气", "甲烷", "综合管廊"],
        "plan": ["园区平面图", "调蓄湖", "燃气舱"],
    },
    "en": {
        "storm": ["Rain by window", "Levels and stages", "warning stage", "last hour"],
        "tunnel": ["Gas compartment", "Ventilation", "CH", "Utility tunnel"],
        "plan": ["Plan of the park", "Retention lake", "Gas compartment"],
    },
}


def _settle(page: Page, screen: str) -> None:
    ready = {
        "storm": "[data-level] .band rect.pointer",
        "tunnel": "[data-compartment] [data-entry]",
        "plan": "[data-marker]",
    }
    page.locator(ready[screen]).first.wait_for()
    if screen == "storm":
        page.locator("canvas").first.wait_for()
    if screen == "plan":
        page.wait_for_function(
            "() => document.querySelector('.drawing img')?.naturalWidth > 0"
        )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_main_path_says_it_all(visit: Visit, language: str) -> None:
    theme = {"zh": "dark", "en": "light"}[language]
    page = visit("#/demo/storm", language=language, theme=theme)
    for screen, words in WORDS[language].items():
        page.goto(f"{page.url.split('#')[0]}#/demo/{screen}")
        _settle(page, screen)
        page.screenshot(path=OUTPUT / f"{screen}-{language}-{theme}.png")
        text = page.inner_text("main")
        assert [word for word in words if word not in text] == [], screen
        assert violations(page) == [], screen
        assert page.evaluate("document.documentElement.scrollWidth") == 1440
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_nothing_scrolls_sideways(visit: Visit, language: str) -> None:
    page = visit("#/demo/storm", language=language, width=390, height=844)
    for screen in WORDS[language]:
        page.goto(f"{page.url.split('#')[0]}#/demo/{screen}")
        _settle(page, screen)
        name = f"phone-{screen}-{language}.png"
        page.screenshot(path=OUTPUT / name, full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, screen
        assert violations(page) == [], screen


def test_all_parks_lead_to_a_park_and_back(visit: Visit) -> None:
    page = visit("#/demo")
    page.get_by_role("link", name="园区脉搏").click()
    row = page.locator("[data-park=demo]")
    expect(row).to_contain_text("demonstration")
    expect(row.get_by_role("cell").nth(2)).to_contain_text("1.")
    assert violations(page) == []
    page.screenshot(path=OUTPUT / "province-en.png")
    row.get_by_role("link").click()
    page.wait_for_url("**/#/demo")


def test_things_are_placed_by_numbers_and_lead_to_their_place(visit: Visit) -> None:
    page = visit("#/demo/plan")
    marker = page.locator('[data-marker="Retention lake"]')
    marker.wait_for()
    page.get_by_role("button", name="Place things").click()
    page.get_by_role("spinbutton", name="Retention lake x").fill("20")
    page.keyboard.press("Tab")
    page.get_by_role("combobox", name="Place or device").select_option("device/pv")
    page.get_by_role("button", name="Put on the plan").click()
    moved = page.locator('[data-marker="Rooftop photovoltaics"]')
    moved.focus()
    page.keyboard.press("ArrowRight")
    field = page.get_by_role("spinbutton", name="Rooftop photovoltaics x")
    expect(field).to_have_value("50.5")
    assert violations(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The plan has been saved.")).to_be_visible()
    page.reload()
    assert marker.evaluate("node => node.style.left") == "20%"
    marker.click()
    page.wait_for_url("**/#/demo/places/lake")
    expect(page.get_by_role("heading", name="Retention lake")).to_be_visible()
    expect(page.get_by_text("Lake level gauge").first).to_be_visible()
    assert violations(page) == []


def test_a_silent_device_is_found_with_what_is_wrong(
    visit: Visit, service: Service
) -> None:
    service.send("gauge-3", b"{}")
    page = visit("#/quay/devices")
    wrong = page.get_by_role("combobox", name="What is wrong")
    wrong.select_option("aside")
    expect(page.locator("[data-row=gauge-3]")).to_contain_text("quarantined")
    expect(page.locator("[data-row=gauge-2]")).to_be_hidden()
    page.screenshot(path=OUTPUT / "device-health-en.png")
    assert violations(page) == []


def test_devices_come_page_by_page_to_the_last(visit: Visit) -> None:
    """Pages of one device each stand for a park of thousands."""
    page = visit("#/quay/devices")
    held: list[Route] = []

    def serve(route: Route) -> None:
        if "cursor=" in route.request.url and not held:
            held.append(route)
        else:
            route.continue_(url=route.request.url.replace("limit=1000", "limit=1"))

    page.route("**/parks/quay/devices?*", serve)
    page.reload()
    progress = page.get_by_role("progressbar")
    expect(progress).to_be_visible()
    expect(page.get_by_text("1 of 3 devices are here")).to_be_visible()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    while not held:
        page.wait_for_timeout(50)
    url = held[0].request.url
    held[0].continue_(url=url.replace("limit=1000", "limit=1"))
    expect(rows).to_have_count(3)
    expect(progress).to_be_hidden()
    page.unroute_all(behavior="ignoreErrors")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    table = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert table.count("gauge-") >= len(("gauge-1", "gauge-2", "gauge-3"))
    assert violations(page) == []


@pytest.mark.parametrize(
    ("language", "said"), [("en", "It is not known"), ("zh", "无法判断")]
)
def test_a_storm_that_cannot_be_seen_is_not_called_calm(
    visit: Visit, language: str, said: str
) -> None:
    visit.watch.expected = ("503",)
    page = visit("#/demo", language=language)
    for what in ("rain", "levels"):
        page.route(f"**/parks/demo/{what}", lambda route: route.fulfill(status=503))
    page.goto(page.url.replace("#/demo", "#/demo/storm"))
    headline = page.locator("p.headline")
    expect(headline).to_contain_text(said)
    page.unroute_all()
    page.locator(".rain button").click()
    expect(headline).not_to_contain_text(said)
