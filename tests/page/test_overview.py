"""The overview as people open it: both languages, both themes, screen and phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.page.conftest import Visit

WORDS = {
    "zh": [
        "水位与流量",
        "雨量",
        "土壤墒情",
        "综合管廊",
        "电力",
        "告警",
        "平衡",
        "目标",
    ],
    "en": ["Water", "Rain", "Soil", "Utility tunnel", "Power", "Alerts", "balanced"],
}
MOST_SCRIPT_B = 200_000


def settle(page: Page) -> None:
    """Wait until values, sparklines, figures and ledger are there."""
    page.locator("[data-kpi=pue]").wait_for()
    page.locator("[data-kpi=ref]").wait_for()
    page.locator("[data-count=received]").first.wait_for()
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('.spark path')];"
        " return all.length >= 20 && all.every(one => one.getAttribute('d')); }"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_screen_says_it_all(visit: Visit, language: str, theme: str) -> None:
    page = visit("#/demo", language=language, theme=theme)
    settle(page)
    page.screenshot(path=OUTPUT / f"overview-{language}-{theme}.png")
    text = page.inner_text("main")
    assert [word for word in WORDS[language] if word not in text] == []
    assert page.evaluate("document.documentElement.lang").startswith(language)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert page.evaluate(
        "document.documentElement.scrollHeight <= innerHeight"
        " && document.documentElement.scrollWidth <= innerWidth"
    ), "the overview is one screen at 1440 x 900"
    assert page.evaluate(
        "(one => one.scrollHeight <= one.clientHeight)"
        "(document.querySelector('.centre .body'))"
    ), "the data centre's last row is whole"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "fragment", ["#/demo", "#/demo/alerts", "#/demo/devices", "#/demo/ledger"]
)
def test_a_phone_never_scrolls_sideways(
    visit: Visit, fragment: str, language: str
) -> None:
    page = visit(fragment, language=language, width=375, height=812)
    page.locator("main section").first.wait_for()
    if fragment == "#/demo":
        settle_phone(page)
    name = fragment.rpartition("/")[2]
    page.screenshot(path=OUTPUT / f"phone-{name}-{language}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 375


def settle_phone(page: Page) -> None:
    """Scroll through, so that what is loaded on sight is there."""
    page.locator("[data-kpi=ref]").wait_for()
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 700):
        page.evaluate("top => scrollTo(0, top)", top)
    page.locator(".spark path[d^=M]").first.wait_for()


def test_language_and_theme_are_switched_and_remembered(visit: Visit) -> None:
    page = visit("#/demo", language="en")
    expect(page.get_by_role("link", name="Overview")).to_be_visible()
    page.get_by_role("button", name="切换到中文").click()
    expect(page.get_by_role("link", name="总览")).to_be_visible()
    page.keyboard.press("t")
    page.keyboard.press("t")
    page.reload()
    expect(page.get_by_role("link", name="总览")).to_be_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("document.documentElement.lang") == "zh-CN"


def test_simulated_data_are_marked_and_only_they(visit: Visit) -> None:
    page = visit("#/demo")
    expect(page.get_by_text("These readings come from simulators")).to_be_visible()
    page.get_by_role("combobox", name="Park").select_option("quay")
    page.wait_for_url("**/#/quay")
    expect(page.get_by_text("Quay gauge 1")).to_be_visible()
    expect(page.get_by_text("These readings come from simulators")).to_be_hidden()


def test_the_verdict_says_what_it_rests_on(visit: Visit) -> None:
    page = visit("#/demo", language="zh")
    block = page.locator("[data-kpi=pue]")
    expect(block.locator("[data-verdict]")).to_be_visible()
    expect(block).to_contain_text("近 12 个月")
    expect(block).to_contain_text("目标 < 1.25")
    expect(block).to_contain_text("覆盖率")


def test_the_script_is_small(visit: Visit) -> None:
    """All that the overview fetches before it is there."""
    page = visit("#/demo")
    page.locator("[data-series]").first.wait_for()
    sizes = page.evaluate(
        "performance.getEntriesByType('resource').filter(one =>"
        " /\\.js$/.test(new URL(one.name).pathname)).map(one => one.encodedBodySize)"
    )
    assert len(sizes) > 2
    assert 0 < sum(sizes) < MOST_SCRIPT_B
