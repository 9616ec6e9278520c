"""Everybody can use it: axe finds nothing, the keyboard reaches everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.page.conftest import Service, Visit

AXE = Path(__file__).parents[2] / "dashboards/web/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What axe finds, one line each with the first element."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES
    )
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for each in found["violations"]
        for node in each["nodes"][:2]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_on_the_overview(
    visit: Visit, language: str, theme: str
) -> None:
    page = visit("#/demo", language=language, theme=theme)
    page.locator("[data-kpi=ref]").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize(
    "fragment",
    [
        "#/demo/alerts?alerts=history",
        "#/demo/data-centres",
        "#/demo/devices",
        "#/demo/devices/tunnel-gas",
        "#/demo/ledger",
        "#/demo/quarantine",
        "#/demo/series?group=tunnel",
        "#/demo?evidence=pue.1.rolling_12_months",
    ],
)
@pytest.mark.parametrize("width", [1440, 375])
def test_axe_finds_nothing_on_other_pages(
    visit: Visit, fragment: str, width: int
) -> None:
    page = visit(fragment, width=width)
    page.locator("main section, main table").first.wait_for()
    assert violations(page) == []


def test_axe_finds_nothing_on_a_chart(visit: Visit, service: Service) -> None:
    items = service.chain.get("/parks/demo/series", device="level-canal")["items"]
    number = next(each["id"] for each in items if each["metric"] == "water_level")
    page = visit(f"#/demo/series/{number}", theme="dark")
    page.locator("canvas").wait_for()
    assert violations(page) == []


def test_help_is_one_key_away_and_keys_can_be_switched_off(visit: Visit) -> None:
    page = visit("#/demo")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    page.screenshot(path=OUTPUT / "help-en.png")
    assert violations(page) == []
    dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()


def test_the_keyboard_skips_to_the_content_and_goes_anywhere(visit: Visit) -> None:
    page = visit("#/demo")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    for keys, fragment in (("gd", "devices"), ("gl", "ledger"), ("go", "demo")):
        page.keyboard.type(keys)
        page.wait_for_url(f"**{fragment}")
