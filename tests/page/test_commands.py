"""Commands to local controllers: planned, requested, answered, all on the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from parkpulse import bus
from parkpulse.wire import commands
from tests.page.conftest import LIMIT_M, OUTPUT
from tests.page.test_access import violations
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from tests.page.conftest import Service, Visit

# This gauge's box also holds the relay of a drain pump.
CONTROLLER = "gauge-3"
PLAN = "/parks/quay/response-plans/stage"
WIDE = "document.documentElement.scrollWidth > innerWidth"
PUMP: dict[str, Any] = {
    "code": "pump-1",
    "device": CONTROLLER,
    "name": "start_pump",
    "arguments": {"pump": 1},
    "zh": "启动 1 号排水泵",
    "en": "Start drain pump 1",
}


def active(service: Service) -> list[dict[str, Any]]:
    found = service.chain.get("/parks/quay/alerts")["items"]
    assert isinstance(found, list)
    return found


@pytest.fixture(autouse=True)
def _calm(service: Service) -> Iterator[None]:
    """Leave neither a plan nor an alert behind."""
    yield
    service.chain.put(PLAN, {"actor": "test"})
    service.publish("gauge-1", 0.2)
    wait_until(lambda: all(each["cleared_at"] for each in active(service)), 30)
    for each in active(service):
        service.chain.post(f"/alerts/{each['id']}/acknowledge", {"actor": "test"})
    wait_until(lambda: not active(service), 30)


@pytest.fixture
def alert(service: Service) -> str:
    """Raise an alert whose plan holds a command; its id."""
    service.chain.put(PLAN, {"actor": "test", "commands": [PUMP]})
    service.publish("gauge-1", LIMIT_M + 0.3)
    wait_until(lambda: len(active(service)) == 1, 30)
    return str(active(service)[0]["id"])


def answer(
    service: Service, command: dict[str, Any], result: commands.Result, reason: str = ""
) -> None:
    """Answer as the controller does, over the broker."""
    topic = f"parkpulse/v1/quay/{CONTROLLER}/down/ack"
    body = commands.answer(command["id"], result, reason)
    with bus.Publisher(service.chain.broker.url) as publisher:
        receipt = publisher.publish(topic, body)
        assert publisher.wait(receipt, 30) is bus.State.TAKEN


def newest(service: Service, alert: str) -> dict[str, Any]:
    found = service.chain.get(f"/alerts/{alert}/commands")["commands"]
    assert isinstance(found[-1], dict)
    return found[-1]


def request(page: Page, name: str = "") -> None:
    page.get_by_role("button", name="Request: Start drain pump 1").click()
    dialog = page.get_by_role("dialog")
    for text in ("Quay gauge 3", "start_pump", '{"pump": 1}'):
        expect(dialog).to_contain_text(text)
    if name:
        dialog.get_by_label("Your name").fill(name)
        page.screenshot(path=OUTPUT / "command-dialog-en.png")
        assert violations(page) == []
    dialog.get_by_role("button", name="Request").click()
    expect(dialog).to_have_count(0)


def test_a_controller_is_asked_and_its_answer_is_shown(
    visit: Visit, service: Service, alert: str
) -> None:
    page = visit(f"#/quay/alerts/{alert}")
    request(page, "Li Na")
    states = page.locator("[data-command]")
    expect(states.first).to_have_attribute("data-command", "sent")
    again = page.get_by_role("button", name="Request: Start drain pump 1")
    expect(again).to_be_disabled()
    answer(service, newest(service, alert), "refused", "door is open")
    expect(states.first).to_have_attribute("data-command", "refused")
    expect(states.first).to_contain_text("door is open")

    request(page)
    expect(states).to_have_count(2)
    expect(states.first).to_have_attribute("data-command", "sent")
    answer(service, newest(service, alert), "confirmed")
    expect(states.first).to_have_attribute("data-command", "confirmed")
    expect(states.first).to_contain_text("Li Na")
    assert newest(service, alert)["requested_by"] == "Li Na"
    page.screenshot(path=OUTPUT / "commands-en.png", full_page=True)
    assert violations(page) == []

    phone = visit(
        f"#/quay/alerts/{alert}", language="zh", theme="dark", width=375, height=812
    )
    expect(phone.locator("[data-command=confirmed]")).to_contain_text("已确认")
    assert violations(phone) == []
    assert phone.evaluate(WIDE) is False
    phone.screenshot(path=OUTPUT / "phone-commands-zh.png", full_page=True)


def test_another_command_than_shown_is_not_requested(
    visit: Visit, service: Service, alert: str
) -> None:
    page = visit(f"#/quay/alerts/{alert}")
    page.get_by_role("button", name="Request: Start drain pump 1").click()
    dialog = page.get_by_role("dialog")
    changed = {**PUMP, "arguments": {"pump": 2}}
    service.chain.put(PLAN, {"actor": "test", "commands": [changed]})
    dialog.get_by_label("Your name").fill("Li Na")
    dialog.get_by_role("button", name="Request").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The plan has changed")
    assert service.chain.get(f"/alerts/{alert}/commands")["commands"] == []


def new_command(page: Page) -> Locator:
    page.get_by_role("button", name="Add a command").click()
    form = page.get_by_role("group", name="Command 1")
    form.get_by_label("Controller").fill("nobody")
    form.get_by_label("Command", exact=True).fill("start_pump")
    given = form.get_by_label("Arguments")
    given.fill("{pump: 1}")
    form.get_by_label("In Chinese").fill("启动水泵")
    form.get_by_label("In English").fill("Start the pump")
    expect(given).to_have_attribute("aria-invalid", "true")
    given.fill(json.dumps({"pump": 1}))
    return form


def test_the_commands_of_a_plan_are_edited(visit: Visit, service: Service) -> None:
    page = visit("#/quay/settings/plans?plan=stage")
    visit.watch.expected = ("422",)
    form = new_command(page)
    page.get_by_label("Your name").fill("Li Na")
    limit = form.get_by_label("Time to answer")
    limit.fill("1")
    page.get_by_role("button", name="Save").click()
    expect(limit).to_have_attribute("aria-invalid", "true")
    limit.fill("30")
    page.get_by_role("button", name="Save").click()
    device = form.get_by_label("Controller")
    expect(device).to_have_attribute("aria-invalid", "true")
    page.screenshot(path=OUTPUT / "plan-commands-en.png", full_page=True)
    assert violations(page) == []
    device.fill(CONTROLLER)
    form.get_by_label("Who asks").select_option("the engine, once for each raise")
    form.get_by_label("Least severity").select_option("critical")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    (stored,) = service.chain.get(PLAN)["commands"]
    assert stored["arguments"] == {"pump": 1}
    assert (stored["timeout_s"], stored["automatic"]) == (30, True)
    assert (stored["device"], stored["min_severity"]) == (CONTROLLER, "critical")
