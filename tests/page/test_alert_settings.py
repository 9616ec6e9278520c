"""Rules with back-test, channels with test, duty, maintenance, plans, performance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT
from tests.page.test_access import violations
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.page.conftest import Service, Visit
    from tests.plugins.fix_webhook import Webhook

WIDE = "document.documentElement.scrollWidth > innerWidth"


def named(page: Page) -> None:
    """Let the page know who acts."""
    page.evaluate("localStorage.setItem('parkpulse.actor', 'Zhao')")
    page.reload()
    page.locator("[data-connection=live]").wait_for()


def rule_id(service: Service, code: str) -> int:
    items = service.chain.get("/rules", park="demo", limit=500)["items"]
    return int(next(each["id"] for each in items if each["code"] == code))


def test_rules_are_found_and_exported(visit: Visit, service: Service) -> None:
    sums = service.chain.get("/rules", park="demo", kind="rolling_sum")["items"]
    page = visit("#/demo/settings/rules")
    table = page.get_by_role("table", name="Rules")
    expect(table.locator("tbody tr").first).to_be_visible()
    page.screenshot(path=OUTPUT / "rules-en.png")
    page.get_by_label("Kind").select_option("rolling_sum")
    expect(table.locator("tbody tr")).to_have_count(len(sums))
    page.get_by_label("Kind").select_option("")
    page.get_by_label("Search: Rules").fill("canal")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert "water-level-canal" in download.value.path().read_text("utf-8")
    table.get_by_role("link", name="Water level of the storm canal").click()
    expect(page.get_by_role("region", name="Versions")).to_be_visible()


def test_a_rule_is_tried_on_history(visit: Visit, service: Service) -> None:
    number = rule_id(service, "water-level-canal")
    page = visit(f"#/demo/settings/rules?rule={number}")
    page.get_by_role("button", name="Run the back-test").click()
    result = page.locator("[data-backtest]")
    expect(result).to_contain_text("readings of 1 series")
    assert int(result.get_attribute("data-backtest") or 0) > 0
    expect(page.get_by_role("img", name="Alerts by day")).to_be_visible()
    page.screenshot(path=OUTPUT / "backtest-en.png", full_page=True)
    assert violations(page) == []


def test_a_rule_is_changed_and_switched(visit: Visit, service: Service) -> None:
    number = rule_id(service, "water-level-lake")
    page = visit(f"#/demo/settings/rules?rule={number}")
    visit.watch.expected = ("422",)
    named(page)
    page.get_by_role("link", name="Edit").click()
    limit = page.get_by_role("group", name="Level 1").get_by_label("Limit")
    before = limit.input_value()
    limit.fill("99")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
    limit.fill(f"{float(before) + 0.01:.2f}")
    page.get_by_label("Why").fill("as agreed")
    page.screenshot(path=OUTPUT / "rule-form-en.png", full_page=True)
    assert violations(page) == []
    page.get_by_role("button", name="Save").click()
    versions = page.get_by_role("region", name="Versions")
    limits = versions.locator("[data-path='definition/levels/0/limit']").first
    expect(limits).to_contain_text(
        re.compile(rf"Level 1 · Limit: {float(before):g}\s?m → \S+\s?m$")
    )
    expect(versions).to_contain_text("as agreed")

    page.get_by_role("button", name="Switch off").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Switch off").click()
    expect(page.locator("[data-enabled=false]")).to_be_visible()
    page.get_by_role("button", name="Switch on").click()
    dialog.get_by_role("button", name="Switch on").click()
    expect(page.locator("[data-enabled=true]")).to_be_visible()


def test_a_rule_like_another_and_as_json(visit: Visit, service: Service) -> None:
    number = rule_id(service, "tunnel-methane")
    page = visit(f"#/demo/settings/rules?rule=new&like={number}")
    visit.watch.expected = ("422",)
    named(page)
    expect(page.get_by_label("Code")).to_have_value("tunnel-methane-2")
    page.get_by_role("button", name="As JSON").click()
    editor = page.get_by_label("As JSON")
    text = editor.input_value()
    editor.fill(text.replace('"kind": "threshold"', '"kind": "threshold", "color": 1'))
    page.get_by_role("button", name="Save").click()
    expect(editor).to_have_attribute("aria-invalid", "true")
    editor.fill(text)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Versions")).to_contain_text("first version")
    service.chain.post(
        f"/rules/{rule_id(service, 'tunnel-methane-2')}/disable", {"actor": "test"}
    )


@pytest.fixture
def _no_channels(service: Service) -> Iterator[None]:
    yield
    for each in service.chain.get("/channels")["items"]:
        service.chain.delete(f"/channels/{each['name']}")


@pytest.mark.usefixtures("_no_channels")
def test_a_channel_is_added_and_a_test_message_arrives(
    visit: Visit, webhook: Webhook
) -> None:
    page = visit("#/quay/settings/channels")
    expect(page.get_by_text("No channel yet")).to_be_visible()
    page.get_by_role("button", name="New channel").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("ops")
    dialog.get_by_label("Kind").select_option("webhook")
    dialog.get_by_label("Address").fill("ftp://nowhere")
    visit.watch.expected = ("422",)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Address").fill(webhook.url)
    page.screenshot(path=OUTPUT / "channel-en.png")
    assert violations(page) == []
    dialog.get_by_role("button", name="Save").click()
    secret = dialog.locator(".secret").inner_text()
    assert secret.startswith("whsec_")
    dialog.get_by_role("button", name="Done").click()

    page.get_by_role("button", name="Test ops").click()
    expect(page.get_by_text(re.compile(r"Delivered in \d+ ms"))).to_be_visible()
    (sent,) = webhook.received
    assert sent.verify(secret)


@pytest.mark.usefixtures("_no_channels")
def test_a_channel_that_fails_is_changed(
    visit: Visit, service: Service, webhook: Webhook
) -> None:
    channel = {"name": "ops", "kind": "webhook", "url": webhook.url}
    assert service.chain.post("/channels", channel).is_success
    page = visit("#/quay/settings/channels")
    webhook.fail_with(500)
    page.get_by_role("button", name="Test ops").click()
    expect(page.get_by_text("Not delivered")).to_be_visible()
    page.screenshot(path=OUTPUT / "channels-en.png")
    assert violations(page) == []

    page.get_by_role("button", name="ops", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Secret")).to_have_value("")
    dialog.get_by_label("From severity").select_option("high")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="ops")).to_contain_text("High")
    (stored,) = service.chain.get("/channels")["items"]
    assert stored["min_severity"] == "high"


PLAN: dict[str, Any] = {
    "people": [
        {"code": "li", "name": "李娜", "mobile": "13800000000"},
        {"code": "wang", "name": "王强"},
    ],
    "rosters": [
        {
            "code": "room",
            "name": "值班室",
            "shifts": [
                {
                    "person": "li",
                    "days": [1, 2, 3, 4, 5, 6, 7],
                    "start": "00:00",
                    "end": "00:00",
                }
            ],
        }
    ],
    "policies": [
        {
            "code": "usual",
            "min_severity": "critical",
            "steps": [{"after_minutes": 0, "rosters": ["room"]}],
        }
    ],
}


def test_who_is_on_duty_and_who_stands_in(visit: Visit, service: Service) -> None:
    service.chain.put("/parks/demo/duty/plan", {"actor": "test", "plan": PLAN})
    page = visit("#/demo/settings/duty", language="zh")
    named(page)
    expect(page.locator("[data-duty]")).to_contain_text("李娜")
    assert violations(page) == []
    page.get_by_role("button", name="替班…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("替班人").select_option("wang")
    dialog.get_by_label("替代").select_option("li")
    dialog.get_by_role("button", name="保存").click()
    expect(page.get_by_text("王强（替班）").first).to_be_visible()
    page.screenshot(path=OUTPUT / "duty-zh.png", full_page=True)

    page.get_by_role("link", name="编辑计划").click()
    page.get_by_role("button", name="添加人员").click()
    person = page.get_by_role("group", name="人员 3")
    person.get_by_label("姓名").fill("赵敏")
    assert violations(page) == []
    page.screenshot(path=OUTPUT / "duty-edit-zh.png", full_page=True)
    page.get_by_role("button", name="保存").click()
    expect(page.locator("[data-duty]")).to_be_visible()
    wait_until(
        lambda: len(service.chain.get("/parks/demo/duty/plan")["plan"]["people"]) == 3,
        15,
    )


def test_a_maintenance_window_is_opened_and_ended(
    visit: Visit, service: Service
) -> None:
    page = visit("#/quay/settings/maintenance")
    named(page)
    page.get_by_role("button", name="New window").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Device").select_option("gauge-2")
    dialog.get_by_label("Reason").fill("cleaning")
    assert violations(page) == []
    dialog.get_by_role("button", name="Save").click()
    line = page.get_by_role("row").filter(has_text="cleaning")
    expect(line).to_contain_text("Quay gauge 2")
    page.screenshot(path=OUTPUT / "maintenance-en.png")
    line.get_by_role("button", name="End now").click()
    expect(line).to_have_count(0)
    assert service.chain.get("/parks/quay/maintenance")["items"] == []


@pytest.mark.parametrize(
    "section",
    ["rules", "plans?plan=stage", "channels", "deliveries", "duty", "maintenance"],
)
def test_the_sections_on_a_phone_in_the_dark(visit: Visit, section: str) -> None:
    page = visit(
        f"#/quay/settings/{section}", language="zh", theme="dark", width=375, height=812
    )
    page.locator("main section").first.wait_for()
    expect(page.get_by_text("加载中")).to_have_count(0)
    assert violations(page) == []
    assert page.evaluate(WIDE) is False
    name = section.partition("?")[0]
    page.screenshot(path=OUTPUT / f"phone-{name}-zh.png", full_page=True)


def test_alarm_performance_against_its_targets(visit: Visit) -> None:
    page = visit("#/demo/settings/performance?days=30")
    expect(page.locator("[data-assessment]")).to_contain_text("Acceptable")
    expect(page.get_by_role("row").filter(has_text="Alarms an hour")).to_contain_text(
        "at most 12"
    )
    assert violations(page) == []
    page.screenshot(path=OUTPUT / "performance-en.png", full_page=True)


def test_the_schedule_of_an_absence_rule_is_kept(
    visit: Visit, service: Service
) -> None:
    items = service.chain.get("/rules", park="quay", kind="absence")["items"]
    number = next(each["id"] for each in items if each["park"] == "quay")
    page = visit(f"#/quay/settings/rules?rule={number}")
    visit.watch.expected = ("422",)
    named(page)
    edit = page.get_by_role("link", name="Edit")
    edit.click()
    page.get_by_role("button", name="Add a time").click()
    last = page.get_by_role("group", name="Only at these times").locator(".tools").last
    saturday, sunday = (last.get_by_role("button", name=day) for day in ("Sat", "Sun"))
    begin, end = last.get_by_label("From"), last.get_by_label("To")
    saturday.click()
    begin.fill("07:30")
    end.fill("26:00")
    page.get_by_label("Why").fill("staffed hours")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
    end.fill("19:00")
    page.screenshot(path=OUTPUT / "rule-schedule-en.png", full_page=True)
    assert violations(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Versions")).to_contain_text("staffed")
    kept = service.chain.get(f"/rules/{number}")["definition"]["schedule"][-1]
    assert kept == {"days": [1, 2, 3, 4, 5, 6], "start": "07:30", "end": "19:00"}

    page.reload()
    edit.click()
    expect(saturday).to_have_attribute("aria-pressed", "true")
    expect(sunday).to_have_attribute("aria-pressed", "false")
    expect(begin).to_have_value("07:30")
    expect(end).to_have_value("19:00")


def test_rules_speak_the_readers_language(visit: Visit, service: Service) -> None:
    metrics = service.chain.get("/metrics", limit=1000)["items"]
    codes = {each["code"] for each in metrics if "_" in each["code"]}
    page = visit("#/demo/settings/rules", language="zh")
    table = page.get_by_role("table", name="规则")
    frozen = table.locator("tr", has_text="传感器数值冻结")
    expect(frozen).to_contain_text("数值不变：可疑 / 不合格")
    rising = table.locator("tr", has_text="level-rising")
    expect(rising).to_contain_text("0.5\u202fm/h")
    text = table.inner_text()
    plain = {code.replace("_", " ") for code in codes}
    assert [code for code in codes | plain if code in text] == []
    number = rule_id(service, "tunnel-hydrogen-sulfide")
    page.goto(page.url.split("#")[0] + f"#/demo/settings/rules?rule={number}")
    expect(
        page.get_by_role("definition").filter(has_text="最高容许浓度")
    ).to_be_visible()
