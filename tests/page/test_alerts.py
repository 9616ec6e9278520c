"""The alert console and the alert's own page: see, acknowledge, be too late."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.page.conftest import LIMIT_M, OUTPUT
from tests.page.test_access import violations
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page, Route

    from tests.page.conftest import Service, Visit


def active(service: Service) -> list[dict[str, Any]]:
    found = service.chain.get("/parks/quay/alerts")["items"]
    assert isinstance(found, list)
    return found


@pytest.fixture(autouse=True)
def _calm(service: Service) -> Iterator[None]:
    """Leave no alert behind: over, and acknowledged."""
    yield
    for each in active(service):
        if each["state"] == "shelved":
            service.chain.post(f"/alerts/{each['id']}/unshelve", {"actor": "test"})
    for device in ("gauge-1", "gauge-2", "gauge-3"):
        service.publish(device, 0.2)
    wait_until(lambda: all(each["cleared_at"] for each in active(service)), 30)
    for each in active(service):
        service.chain.post(f"/alerts/{each['id']}/acknowledge", {"actor": "test"})
    wait_until(lambda: not active(service), 30)


def console(page: Page) -> Locator:
    return page.get_by_role("region", name="Alerts")


def row(page: Page, gauge: str) -> Locator:
    return console(page).get_by_role("listitem").filter(has_text=gauge)


def test_an_alert_comes_up_and_is_acknowledged(visit: Visit, service: Service) -> None:
    service.publish("gauge-1", 0.4)
    page = visit("#/quay")
    expect(console(page)).to_contain_text("No active alerts")
    service.publish("gauge-1", LIMIT_M + 0.3)
    line = row(page, "Quay gauge 1")
    expect(line).to_contain_text("Stage of the quay")
    expect(line).to_contain_text("High")
    expect(line).to_have_attribute("data-state", "unacknowledged")

    line.get_by_role("button", name=re.compile("^Ack")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your name").fill("Li Na")
    dialog.get_by_label("Comment").fill("on my way")
    page.screenshot(path=OUTPUT / "acknowledge.png")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(line).to_have_attribute("data-state", "acknowledged")

    (alert,) = active(service)
    assert alert["acknowledged_by"] == "Li Na"
    line.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Stage of the quay")).to_be_visible()
    expect(page.get_by_role("article")).to_contain_text("acknowledged by Li Na")
    expect(page.get_by_role("article")).to_contain_text("on my way")


def test_being_too_late_is_said(visit: Visit, service: Service) -> None:
    service.publish("gauge-2", LIMIT_M + 0.3)
    page = visit("#/quay")
    visit.watch.expected = ("409",)
    line = row(page, "Quay gauge 2")
    expect(line).to_be_visible()
    (alert,) = active(service)

    def somebody_is_faster(route: Route) -> None:
        path = f"/alerts/{alert['id']}/acknowledge"
        assert service.chain.post(path, {"actor": "Wang"}).is_success
        route.continue_()

    page.route("**/acknowledge", somebody_is_faster)
    page.evaluate("localStorage.setItem('parkpulse.actor', 'Li Na')")
    page.reload()
    page.locator("[data-connection=live]").wait_for()
    line.get_by_role("button", name=re.compile("^Ack")).click()
    expect(page.get_by_text("Somebody was faster")).to_be_visible()
    expect(line).to_have_attribute("data-state", "acknowledged")
    (alert,) = active(service)
    assert alert["acknowledged_by"] == "Wang"


@pytest.fixture
def three(visit: Visit, service: Service) -> Page:
    """Open the console, as Zhao, on three alerts."""
    for device in ("gauge-1", "gauge-2", "gauge-3"):
        service.publish(device, LIMIT_M + 0.2)
    wait_until(lambda: len(active(service)) == 3, 30)
    page = visit("#/quay/alerts")
    page.evaluate("localStorage.setItem('parkpulse.actor', 'Zhao')")
    page.reload()
    expect(console(page).get_by_role("listitem")).to_have_count(3)
    return page


def test_an_operator_assigns_several_at_once(three: Page) -> None:
    for key in ("j", "x", "j", "x", "m"):
        three.keyboard.press(key)
    dialog = three.get_by_role("dialog", name="Assign 2 alerts")
    dialog.get_by_label("Who takes care of it").fill("Zhao")
    dialog.get_by_label("Comment").fill("both gauges")
    dialog.get_by_role("button", name="Assign").click()
    rows = console(three).get_by_role("listitem")
    expect(rows.filter(has_text="with Zhao")).to_have_count(2)
    three.get_by_role("button", name="Mine").click()
    expect(rows).to_have_count(2)
    assert "mine=yes" in three.url


def test_an_operator_shelves_with_a_reason(visit: Visit, three: Page) -> None:
    visit.watch.expected = ("422",)
    three.keyboard.press("j")
    three.keyboard.press("s")
    dialog = three.get_by_role("dialog", name="Shelve 1 alert")
    dialog.get_by_role("button", name="Shelve").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Reason").fill("gauge is being cleaned")
    three.screenshot(path=OUTPUT / "shelve-en.png")
    assert violations(three) == []
    dialog.get_by_role("button", name="Shelve").click()
    shelved = console(three).locator("[data-state=shelved]")
    expect(shelved).to_contain_text("shelved until")
    shelved.get_by_role("checkbox").check()
    three.screenshot(path=OUTPUT / "console-en.png")
    assert violations(three) == []
    three.get_by_role("button", name="End shelving").click()
    dialog = three.get_by_role("dialog", name="End shelving")
    dialog.get_by_role("button", name="End shelving").click()
    expect(shelved).to_have_count(0)


def test_the_console_by_keyboard_alone(visit: Visit, service: Service) -> None:
    for device in ("gauge-1", "gauge-2", "gauge-3"):
        service.publish(device, LIMIT_M + 0.2)
    wait_until(lambda: len(active(service)) == 3, 30)
    page = visit("#/quay/alerts")
    page.evaluate("localStorage.setItem('parkpulse.actor', 'Zhao')")
    page.reload()
    expect(console(page).get_by_role("listitem")).to_have_count(3)
    for key in ("j", "x", "j", "x", "a"):
        page.keyboard.press(key)

    def acknowledged() -> list[dict[str, Any]]:
        return [each for each in active(service) if each["acknowledged_by"] == "Zhao"]

    wait_until(lambda: len(acknowledged()) == 2, 15)
    page.keyboard.press("/")
    page.keyboard.type("gauge 3")
    expect(console(page).get_by_role("listitem")).to_have_count(1)
    assert "q=gauge" in page.url
    page.keyboard.press("Escape")
    expect(console(page).get_by_role("listitem")).to_have_count(3)
    page.keyboard.press("h")
    expect(console(page).get_by_role("button", name="History")).to_have_attribute(
        "aria-pressed", "true"
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_duty_staff_see_all_on_one_phone_screen(
    visit: Visit, service: Service, language: str
) -> None:
    for level in (0.9, 1.1, LIMIT_M + 0.4):
        service.publish("gauge-3", level)
    wait_until(lambda: len(active(service)) == 1, 30)
    (alert,) = active(service)
    page = visit(
        f"#/quay/alerts/{alert['id']}", language=language, width=375, height=812
    )
    page.locator("canvas").wait_for()
    page.screenshot(path=OUTPUT / f"alert-phone-{language}.png")
    button = page.get_by_role(
        "button", name={"zh": "确认", "en": "Acknowledge"}[language]
    )
    box = button.first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 812
    assert box["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    expect(page.get_by_role("article")).to_contain_text("1.90")
    # A park may have thousands of series: those of the device are enough.
    names = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    lists = [each for each in names if "/parks/quay/series?" in each]
    assert lists
    assert all(f"alert={alert['id']}" in each for each in lists)
    page.evaluate("location.hash = '#/quay'")
    expect(page.locator("[data-series]")).to_have_count(3)


STEPS = [
    {"code": "look", "zh": "查看现场视频", "en": "Look at the camera"},
    {"code": "gate", "zh": "通知闸门值守", "en": "Tell the gate keeper"},
]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_duty_staff_from_the_link_to_the_answer(
    visit: Visit, service: Service, language: str
) -> None:
    words = {
        "en": ("Acknowledge", "Look at the camera", "What happened", "step done"),
        "zh": ("确认", "查看现场视频", "经过", "步骤完成"),
    }
    acknowledge, look, history, step_done = words[language]
    plan = {"actor": "Li", "steps": STEPS}
    service.chain.put("/parks/quay/response-plans/stage", plan)
    service.publish("gauge-1", LIMIT_M + 0.4)
    wait_until(lambda: len(active(service)) == 1, 30)
    (alert,) = active(service)
    page = visit(
        f"#/quay/alerts/{alert['id']}", language=language, width=375, height=812
    )
    page.evaluate("localStorage.setItem('parkpulse.actor', 'Li Na')")
    page.reload()
    page.get_by_role("button", name=acknowledge, exact=True).click()
    expect(page.get_by_role("article")).to_contain_text("Li Na")
    expect(page.get_by_role("button", name=acknowledge, exact=True)).to_have_count(0)
    page.get_by_role("checkbox", name=look).click()
    expect(page.get_by_role("checkbox", name=look)).to_be_checked()
    events = page.get_by_role("region", name=history)
    expect(events).to_contain_text(step_done)
    expect(events).to_contain_text(look)
    assert violations(page) == []
    page.screenshot(path=OUTPUT / f"alert-answered-{language}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    (alert,) = active(service)
    assert alert["state"] == "acknowledged"


def of_several(service: Service) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an alert of a device that measures more, and what else it measures."""
    for alert in service.chain.get("/parks/demo/alerts", state="all")["items"]:
        found = service.chain.get("/parks/demo/series", alert=alert["id"])["items"]
        others = [each for each in found if each["id"] != alert["series"]]
        if alert["series"] is not None and others:
            return alert, others
    message = "no alert of a device with several series"
    raise AssertionError(message)


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "Also measured by this device"), ("zh", "该设备的其他测量")],
)
def test_what_else_the_device_measures_can_be_read_on_a_phone(
    visit: Visit, service: Service, language: str, title: str
) -> None:
    alert, others = of_several(service)
    page = visit(
        f"#/demo/alerts/{alert['id']}", language=language, width=390, height=844
    )
    panel = page.get_by_role("region", name=title)
    names = panel.locator(".name")
    expect(names).to_have_count(len(others))
    wanted = sorted(each["metric_name"][language] for each in others)
    assert sorted(names.all_inner_texts()) == wanted
    clipped = "all => all.filter(each => each.scrollWidth > each.clientWidth).length"
    assert names.evaluate_all(clipped) == 0
    panel.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        names_of(others, language)
    )


def names_of(series: list[dict[str, Any]], language: str) -> re.Pattern[str]:
    return re.compile(
        "|".join(re.escape(each["metric_name"][language]) for each in series)
    )
