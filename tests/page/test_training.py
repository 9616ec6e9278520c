"""An operator in training starts a scenario, sees it, and stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT
from tests.page.test_access import violations

if TYPE_CHECKING:
    from tests.page.conftest import Visit

_APPEARS_MS = 60_000


def test_a_scenario_is_started_followed_and_stopped(visit: Visit) -> None:
    page = visit("#/demo/settings/training")
    item = page.locator("[data-row=tunnel-gas-leak]")
    expect(item).to_contain_text("8 h")
    assert violations(page) == []
    page.screenshot(path=OUTPUT / "training-en.png")

    item.get_by_role("button", name="Start…").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox")).to_have_value("60")
    expect(dialog).to_contain_text("8 h in 8 min")
    dialog.get_by_role("combobox").select_option("600")
    expect(dialog).to_contain_text("8 h in 48 s")
    page.screenshot(path=OUTPUT / "training-start-en.png")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    item.get_by_role("button", name="Start…").click()
    dialog.get_by_role("button", name="Start", exact=True).click()
    current = page.locator("[data-state=running]")
    expect(current).to_contain_text("60 × real time")
    expect(item.get_by_role("button", name="Start…")).to_be_disabled()
    expect(current.get_by_role("link")).to_be_visible(timeout=_APPEARS_MS)
    page.screenshot(path=OUTPUT / "training-running-en.png")

    current.get_by_role("link", name="Open the park").click()
    expect(page.get_by_text("These readings come from simulators")).to_be_visible()
    expect(page.get_by_label("Park", exact=True)).to_contain_text(
        "Gas leak", timeout=_APPEARS_MS
    )
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.get_by_role("button", name="Stop…").click()
    dialog.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("[data-state=stopped]")).to_be_visible(timeout=_APPEARS_MS)
    expect(item.get_by_role("button", name="Start…")).to_be_enabled()


@pytest.mark.parametrize("width", [1440, 375])
def test_it_is_there_in_chinese_and_on_a_phone(visit: Visit, width: int) -> None:
    page = visit("#/demo/settings/training", language="zh", width=width, theme="dark")
    item = page.locator("[data-row=typhoon-night]")
    expect(item).to_contain_text("台风之夜")
    assert violations(page) == []
    page.screenshot(path=OUTPUT / f"training-zh-{width}.png", full_page=True)
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert page.evaluate(wide) is False
    item.get_by_role("button", name="启动…").click()
    expect(page.get_by_role("dialog")).to_contain_text("启动“台风之夜”？")
    page.screenshot(path=OUTPUT / f"training-start-zh-{width}.png")
    page.get_by_role("dialog").get_by_role("button", name="取消").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
