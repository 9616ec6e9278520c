"""Tables on a phone: read without scrolling sideways, or said so (WCAG 1.4.10)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT
from tests.page.test_access import violations

if TYPE_CHECKING:
    from tests.page.conftest import Visit

WIDTH = 390
SCREENS = (
    "devices",
    "ledger",
    "data-centres/quancheng",
    "settings/training",
    "settings/system",
)
FOLDED = (
    *("calendar", "others", "year-end", "flow", "balance", "certificates"),
    *("weather", "comparison", "targets", "figures", "revisions"),
)
LONGEST_PX = 5000
HINTS = {"en": "swipe sideways", "zh": "左右滑动"}
# Tables that leave the screen although nothing says that they do.
UNSAID = """() => [...document.querySelectorAll('main table')]
  .filter(one => !one.closest('.cut'))
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
  .map(one => one.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("zh", "light")])
def test_no_table_leaves_a_phone_unsaid(
    visit: Visit, language: str, theme: str
) -> None:
    page = visit("#/demo", language=language, theme=theme, width=WIDTH, height=844)
    for screen in SCREENS:
        page.goto(f"{page.url.split('#')[0]}#/demo/{screen}")
        page.locator("main table tbody tr").first.wait_for()
        name = f"phone-{screen.replace('/', '-')}-{language}.png"
        page.screenshot(path=OUTPUT / name)
        assert page.evaluate(UNSAID) == [], screen
        assert page.evaluate("document.documentElement.scrollWidth") == WIDTH, screen
    assert violations(page) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_matrix_says_that_there_is_more(visit: Visit, language: str) -> None:
    page = visit("#/demo/data-centres/quancheng", language=language, width=WIDTH)
    matrix = page.locator(".cut").first
    expect(page.get_by_text(HINTS[language]).first).to_be_visible()
    head = matrix.locator("tbody th").first
    before = head.bounding_box()
    matrix.evaluate("each => each.scrollTo(200, 0)")
    assert head.bounding_box() == before, "the first column stays"


def test_a_data_centre_on_a_phone_begins_folded(visit: Visit) -> None:
    page = visit("#/demo/data-centres/quancheng", width=WIDTH, height=844)
    page.locator("[data-verdict]").first.wait_for()
    folded = page.locator("main details:has(> summary h2)")
    expect(folded).to_have_count(len(FOLDED))
    expect(page.locator("main details[open]:has(> summary h2)")).to_have_count(0)
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height < LONGEST_PX, height
    assert violations(page) == []

    flow = page.get_by_role("region", name="Energy flow")
    flow.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(flow.get_by_role("group", name="Energy flow").last).to_be_visible()
    expect(page).to_have_url(re.compile("open=flow"))
    page.reload()
    expect(flow.locator("details")).to_have_attribute("open", "")
    page.screenshot(path=OUTPUT / "phone-centre-folded-en.png", full_page=True)
    flow.locator("summary").click()
    expect(flow.locator("details")).not_to_have_attribute("open", "")
    expect(page).not_to_have_url(re.compile("open="))

    page.set_viewport_size({"width": 1440, "height": 900})
    expect(folded).to_have_count(0)


def test_cards_are_ordered_by_a_choice(visit: Visit) -> None:
    page = visit("#/demo/devices", width=WIDTH, height=844)
    rows = page.locator("tbody tr")
    rows.first.wait_for()
    page.get_by_label("Sort by").select_option("code")
    codes = [each.get_attribute("data-row") or "" for each in rows.all()]
    assert len(codes) > 10
    assert codes == sorted(codes, key=_natural)


def _natural(code: str) -> tuple[str, int]:
    name, _, number = code.rpartition("-")
    return (name, int(number)) if number.isdigit() else (code, 0)
