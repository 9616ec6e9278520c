"""Values change on the page by themselves, and the page says when they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.page.conftest import OUTPUT
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.page.conftest import Service, Visit


def gauge(page: Page, name: str) -> Locator:
    """Value of the line with this name."""
    return page.get_by_role("listitem").filter(has_text=name).locator("[data-series]")


def test_a_value_changes_without_a_reload(visit: Visit, service: Service) -> None:
    service.publish("gauge-1", 0.41)
    page = visit("#/quay")
    expect(gauge(page, "Quay gauge 1")).to_contain_text("0.41")
    page.evaluate("document.body.dataset.before = 'yes'")
    service.publish("gauge-1", 0.57)
    expect(gauge(page, "Quay gauge 1")).to_contain_text("0.57")
    assert page.evaluate("document.body.dataset.before") == "yes"


def test_a_pause_holds_the_values(visit: Visit, service: Service) -> None:
    service.publish("gauge-1", 0.61)
    page = visit("#/quay")
    other = visit("#/quay")
    expect(gauge(page, "Quay gauge 1")).to_contain_text("0.61")
    page.keyboard.press("p")
    expect(page.get_by_text("Paused at")).to_be_visible()
    service.publish("gauge-1", 0.72)
    expect(gauge(other, "Quay gauge 1")).to_contain_text("0.72")
    expect(gauge(page, "Quay gauge 1")).to_contain_text("0.61")
    page.keyboard.press("p")
    expect(gauge(page, "Quay gauge 1")).to_contain_text("0.72")


def test_a_lost_connection_is_told_and_made_up_for(
    visit: Visit, service: Service
) -> None:
    service.publish("gauge-2", 0.81)
    page = visit("#/quay")
    # What the browser itself says of a service that is away, or has only just started.
    visit.watch.expected = ("net::ERR_", "status of 404")
    expect(gauge(page, "Quay gauge 2")).to_contain_text("0.81")
    service.chain.kill("api")
    expect(page.locator("[data-connection=lost]")).to_be_visible()
    expect(page.get_by_test_id("lost")).to_contain_text("Connection lost")
    page.screenshot(path=OUTPUT / "connection-lost.png")
    service.publish("gauge-2", 0.93)
    service.chain.start("api")
    wait_until(service.chain.answers, 60)
    expect(page.locator("[data-connection=live]")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("lost")).to_be_hidden()
    expect(gauge(page, "Quay gauge 2")).to_contain_text("0.93")


def test_the_ledger_on_the_page_is_that_of_the_service(
    visit: Visit, service: Service
) -> None:
    service.publish("gauge-1", 0.5)
    service.send("gauge-1", b"{nonsense")

    def counted() -> bool:
        return bool(service.chain.get("/quarantine", park="quay")["items"])

    wait_until(counted, 30)
    page = visit("#/quay")
    arrivals = page.get_by_role("region", name="Arrivals and ledger")
    expect(arrivals).to_contain_text("not JSON")
    totals = service.chain.get("/ledger", park="quay")["totals"]
    for name in ("received", "stored", "duplicate", "quarantined"):
        shown = arrivals.locator(f"[data-count={name}]")
        expect(shown).to_have_text(f"{totals[name]:,}")
    expect(arrivals).to_contain_text("balanced")
