"""The pictures of README and guides, taken of the real page: `make pictures`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT
from tests.page.test_overview import settle
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.page.conftest import Service, Visit

PARK = "typhoon"
MOST_B = 150_000
_FOLLOWS_S = 60
# The browser itself writes WebP, so that no picture library is needed.
_TO_WEBP = """
    async png => {
        const image = new Image();
        image.src = `data:image/png;base64,${png}`;
        await image.decode();
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.width, image.height];
        canvas.getContext('2d').drawImage(image, 0, 0);
        return canvas.toDataURL('image/webp', 0.85).split(',')[1];
    }
"""


def keep(visit: Visit, page: Page, name: str) -> None:
    """Write what the page shows as a small WebP."""
    png = base64.b64encode(page.screenshot()).decode()
    blank = visit.browser.new_page()
    picture = base64.b64decode(blank.evaluate(_TO_WEBP, png))
    blank.close()
    assert picture[8:12] == b"WEBP"
    assert len(picture) < MOST_B, f"{name} has {len(picture)} bytes"
    folder = OUTPUT / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.webp").write_bytes(picture)


@pytest.fixture(scope="module")
def worst(service: Service) -> str:
    """Id of the worst alert of a night of typhoon, simulated at once."""
    service.chain.run(
        "simulate", "--scenario", "typhoon-night", "--park", PARK, "--speed", "max"
    )

    def critical() -> list[str]:
        found = service.chain.get(f"/parks/{PARK}/alerts", severity="critical")
        return [each["id"] for each in found["items"]]

    wait_until(lambda: bool(critical()), _FOLLOWS_S)
    return critical()[0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_overview(visit: Visit, language: str) -> None:
    page = visit("#/demo", language=language)
    settle(page)
    page.locator("[data-testid=plan] img").wait_for()
    keep(visit, page, f"overview-{language}")


def test_data_centre(visit: Visit) -> None:
    page = visit("#/demo/data-centres/quancheng")
    page.locator("[data-day]").first.wait_for()
    expect(page.get_by_text("Energy flow")).to_be_attached()
    keep(visit, page, "data-centre")


def test_storm(visit: Visit, worst: str) -> None:
    assert worst
    page = visit(f"#/{PARK}/storm", theme="dark")
    page.locator("[data-level] .band rect.pointer").first.wait_for()
    page.locator("canvas").wait_for()
    expect(page.locator(".headline .critical").first).to_be_visible()
    keep(visit, page, "storm")


def test_an_alert_on_a_phone(visit: Visit, worst: str) -> None:
    page = visit(f"#/{PARK}/alerts/{worst}", width=390, height=844)
    page.locator("canvas").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    keep(visit, page, "alert-phone")
