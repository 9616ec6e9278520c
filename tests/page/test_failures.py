"""What a screen says while the service has no answer, and that it recovers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT
from tests.page.test_access import violations

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.page.conftest import Visit

WORDS = {
    "en": {"again": "Trying again by itself.", "retry": "Try again", "load": "Loading"},
    "zh": {"again": "正在自动重试。", "retry": "重试", "load": "正在加载"},
}
CENTRE = "data-centres/quancheng"
# Each screen, and the panels that ask the service for what they show.
SCREENS = [
    (CENTRE, "**/api/v1/**/kpis?*"),
    (CENTRE, "**/api/v1/**/kpis/summary*"),
    ("ledger", "**/api/v1/ledger**"),
    ("devices", "**/api/v1/**/devices*"),
    ("quarantine", "**/api/v1/quarantine*"),
    ("reports", "**/api/v1/**/reports*"),
    ("storm", "**/api/v1/**/levels*"),
    ("tunnel", "**/api/v1/**/tunnel*"),
    ("plan", "**/api/v1/**/plan*"),
]


def _away(route: Route) -> None:
    problem = {"status": 503, "code": "busy", "title": "Busy", "detail": "Try later."}
    body = json.dumps(problem)
    route.fulfill(status=503, body=body, content_type="application/problem+json")


def _go(page: Page, fragment: str) -> None:
    page.goto(f"{page.url.split('#')[0]}#/demo/{fragment}")


@pytest.mark.parametrize(
    ("language", "screens"), [("en", SCREENS), ("zh", SCREENS[:1])]
)
def test_what_fails_never_stays_loading(
    visit: Visit, language: str, screens: list[tuple[str, str]]
) -> None:
    words = WORDS[language]
    visit.watch.expected = ("503",)
    page = visit("#/demo/settings/me", language=language)
    for screen, asked in screens:
        page.route(asked, _away)
        _go(page, screen)
        expect(page.get_by_text(words["again"]).first).to_be_visible()
        expect(page.get_by_role("button", name=words["retry"]).first).to_be_visible()
        expect(page.locator("main").get_by_text(words["load"])).to_have_count(0)
        _go(page, "settings/me")
        page.unroute(asked)


def test_trends_come_by_themselves_once_the_figures_are_there(visit: Visit) -> None:
    visit.watch.expected = ("503",)
    page = visit("#/demo/settings/me")
    page.route("**/kpis/summary*", _away)
    _go(page, CENTRE)
    trend = page.get_by_role("group", name="PUE", exact=False).filter(
        has_text=WORDS["en"]["again"]
    )
    expect(trend.first).to_be_visible()
    page.screenshot(path=OUTPUT / "centre-away-en.png")
    assert violations(page) == []
    page.unroute("**/kpis/summary*")
    expect(page.locator(".trend svg circle").first).to_be_visible(timeout=30_000)
    expect(page.locator(".map .day").first).to_be_attached()
    expect(page.get_by_text(WORDS["en"]["again"])).to_have_count(0)
