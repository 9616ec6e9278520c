"""One level down: series, evidence, devices, ledger, quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT
from tests.page.test_access import violations
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.page.conftest import Service, Visit

DEMO = "/parks/demo"


def series_of(service: Service, device: str, metric: str) -> int:
    items = service.chain.get(f"{DEMO}/series", device=device, metric=metric)["items"]
    return int(items[0]["id"])


def asked(page: Page) -> dict[str, list[str]]:
    """Parameters of the page's address."""
    return parse_qs(urlsplit(page.url).fragment.partition("?")[2])


def test_a_chart_is_zoomed_by_drag_and_key(visit: Visit, service: Service) -> None:
    number = series_of(service, "level-canal", "water_level")
    page = visit(f"#/demo/series/{number}?range=7d", language="zh")
    plot = page.locator(".u-over")
    plot.wait_for()
    page.screenshot(path=OUTPUT / "series-zh.png")
    box = plot.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
    page.mouse.up()
    page.wait_for_url("**from=*")
    span_h = (int(asked(page)["to"][0]) - int(asked(page)["from"][0])) / 3_600_000
    assert 30 < span_h < 37, "a fifth of a week"
    page.get_by_role("button", name="整个范围").click()
    assert "from" not in asked(page)
    page.keyboard.press("6")
    assert asked(page)["range"] == ["13mo"]
    page.keyboard.press("+")
    assert "from" in asked(page)
    page.keyboard.press("Escape")
    assert "from" not in asked(page)


def test_readings_can_be_taken_away_as_csv(visit: Visit, service: Service) -> None:
    number = series_of(service, "level-canal", "water_level")
    page = visit(f"#/demo/series/{number}?range=24h")
    page.locator(".u-over").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "ts,value,quality"
    assert len(lines) > 100


def test_a_register_shows_what_it_gained(visit: Visit, service: Service) -> None:
    number = series_of(service, "grid-a", "active_energy_import")
    page = visit(f"#/demo/series/{number}?range=30d", theme="dark")
    page.locator(".u-over").wait_for()
    expect(page.get_by_role("button", name="per interval")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="register").click()
    assert asked(page)["view"] == ["register"]
    page.screenshot(path=OUTPUT / "register-en-dark.png")


def test_an_open_chart_is_fed_by_the_stream(visit: Visit, service: Service) -> None:
    number = series_of(service, "level-canal", "water_level")
    page = visit(f"#/demo/series/{number}?range=1h")
    page.locator(".u-over").wait_for()
    again: list[str] = []
    page.on("request", lambda request: again.append(request.url))
    page.wait_for_timeout(4000)
    assert [url for url in again if f"/series/{number}/range" in url] == []


def test_a_state_has_words_not_numbers(visit: Visit, service: Service) -> None:
    number = series_of(service, "tunnel-gas", "hatch_open")
    page = visit(f"#/demo/series/{number}?range=7d")
    page.locator(".u-over").wait_for()
    page.screenshot(path=OUTPUT / "state-en.png")
    value = page.locator(f"strong[data-series='{number}']")
    assert value.inner_text() in {"open", "closed"}


def newest(service: Service, kpi: str, period: str) -> list[dict[str, Any]]:
    path = f"{DEMO}/data-centres/quancheng/kpis/summary"
    items: list[dict[str, Any]] = service.chain.get(path)["items"]
    return [each for each in items if (each["kpi"], each["period"]) == (kpi, period)]


def test_every_figure_can_be_questioned(visit: Visit, service: Service) -> None:
    page = visit("#/demo")
    page.locator("[data-kpi=pue] a.figure").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Evidence · PUE")
    page.screenshot(path=OUTPUT / "evidence-en.png")
    assert asked(page)["evidence"][0].startswith("pue.")
    category = int(asked(page)["evidence"][0].split(".")[1])
    (figure,) = [
        each
        for each in newest(service, "pue", "rolling_12_months")
        if each["category"] == category
    ]
    expect(dialog).to_contain_text(f"{figure['value']:.3f}")
    expect(dialog).to_contain_text(f"{figure['coverage'] * 100:.1f}%")
    expect(dialog).to_contain_text("grid import")
    rows = dialog.get_by_role("row")
    expect(rows).to_have_count(len(figure["evidence"]["meters"]) + 1)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert "evidence" not in asked(page)


REVISED = """
    with revised as (
        update kpi set revision = 1
        where (kpi, period, state) = ('pue', 'month', 'closed') and revision = 0
        returning *
    )
    insert into kpi_revision (data_centre_id, kpi, category, period, period_start,
        period_end, revision, old_value, new_value, old_coverage, new_coverage, cause)
    select data_centre_id, kpi, category, period, period_start, period_end, 1, 1.777,
        value, 0.9, coverage, 'late readings' from revised
"""


@pytest.fixture
def revised(service: Service) -> Iterator[None]:
    """Late readings have changed the PUE of closed months."""
    database = service.chain.database
    with database.transaction() as conn:
        conn.execute(REVISED)
    yield
    with database.transaction() as conn:
        conn.execute("update kpi set revision = 0 where period = 'month'")
        conn.execute("delete from kpi_revision where old_value = 1.777")


@pytest.mark.usefixtures("revised")
def test_a_figure_tells_how_it_was_revised(visit: Visit) -> None:
    page = visit("#/demo/data-centres/quancheng", language="zh")
    page.locator("a[href*='evidence=pue.'][href*='.month.2']").nth(2).press("Enter")
    table = page.get_by_role("dialog").get_by_role("table").last
    expect(table).to_contain_text("1.777")
    expect(table).to_contain_text("迟到数据")
    expect(table.get_by_role("row")).to_have_count(2)
    page.screenshot(path=OUTPUT / "revised-zh.png")


def test_what_the_tests_of_readings_found_stands_below_the_chart(
    visit: Visit, service: Service
) -> None:
    number = series_of(service, "level-canal", "water_level")
    page = visit(f"#/demo/series/{number}")
    panel = page.get_by_role("region", name="Doubtful readings")
    expect(panel).to_be_visible()
    assert violations(page) == []


def test_the_data_centre_has_13_months(visit: Visit) -> None:
    page = visit("#/demo/data-centres/quancheng", language="zh")
    months = page.get_by_role("group", name="PUE 趋势").get_by_role("link")
    expect(months.nth(12)).to_be_attached(timeout=20_000)
    page.screenshot(path=OUTPUT / "data-centre-zh.png", full_page=True)
    months.nth(5).click()
    expect(page.get_by_role("dialog")).to_contain_text("依据")


def test_devices_are_found_and_sorted(visit: Visit) -> None:
    page = visit("#/demo/devices")
    table = page.get_by_role("table")
    expect(table.get_by_role("row")).not_to_have_count(1)
    page.get_by_role("searchbox", name="Search: Devices").fill("canal")
    expect(table.get_by_role("row")).to_have_count(3)
    page.get_by_role("button", name="Name").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute(
        "aria-sort", "ascending"
    )
    page.screenshot(path=OUTPUT / "devices-en.png")
    page.get_by_role("link", name="Canal level gauge").click()
    expect(page.get_by_role("heading", name="Canal level gauge")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("Water level")


def test_what_was_put_aside_can_be_read(visit: Visit, service: Service) -> None:
    service.send("gauge-1", b'{"samples": "<b>none</b>"}')

    def aside() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = service.chain.get(
            "/quarantine", park="quay", reason="wrong_type"
        )["items"]
        return items

    wait_until(lambda: bool(aside()), 30)
    page = visit("#/quay/quarantine")
    page.get_by_role("combobox", name="Reason").select_option("wrong_type")
    expect(page.get_by_role("table")).to_contain_text("wrong structure")
    page.screenshot(path=OUTPUT / "quarantine-en.png")
    page.get_by_role("table").get_by_role("link").first.click()
    raw = page.get_by_role("region", name="Message as received")
    expect(raw).to_contain_text('{"samples": "<b>none</b>"}')


def test_the_ledger_by_hour_adds_up(visit: Visit) -> None:
    page = visit("#/demo/ledger", language="zh")
    refused = page.get_by_role("region", name="拒收原因")
    expect(refused).to_contain_text("时间过早")
    page.screenshot(path=OUTPUT / "ledger-zh.png")
    expect(page.get_by_role("region", name="未到达的消息")).to_contain_text("序号")
    expect(page.get_by_role("region", name="推送平台停顿")).to_contain_text("停顿")
    for cells in (
        page.get_by_role("region", name="收发台账").get_by_role("row").all()[1:]
    ):
        texts = cells.get_by_role("cell").all_inner_texts()
        received, stored, duplicate, aside = (
            int(text.replace(",", "")) for text in texts[2:6]
        )
        assert received == stored + duplicate + aside


def test_a_wrong_address_says_so(visit: Visit) -> None:
    visit.watch.expected = ("404", "422")
    page = visit("#/demo/series/999999")
    expect(page.get_by_text("There is no such thing here")).to_be_visible()
    page.goto(page.url.replace("series/999999", "alerts/nothing"))
    expect(page.get_by_role("alert")).to_be_visible()
