"""What stands beside a data centre's figures: projection, flow, balance, ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT

if TYPE_CHECKING:
    from tests.page.conftest import Service, Visit

WORDS = {
    "en": {
        "year": "Expected at year-end",
        "flow": "Energy flow, last 30 days",
        "table": "Energy flow as a table",
        "diagram": "Energy from the supplies to the racks",
        "balance": "Balance of the meters, last 30 days",
        "certificates": "Certificates and contracts",
        "expected": "Expected",
    },
    "zh": {
        "year": "年末预测",
        "flow": "能流（近 30 天）",
        "table": "能流表",
        "diagram": "从供电到机柜的能量",
        "balance": "表计平衡（近 30 天）",
        "certificates": "绿证与合同台账",
        "expected": "预测值",
    },
}


@pytest.mark.parametrize(("language", "width"), [("en", 1440), ("zh", 390)])
def test_what_stands_beside_the_figures(
    visit: Visit, language: str, width: int
) -> None:
    words = WORDS[language]
    # On a phone these panels start folded; the address opens them.
    opened = "open=year-end,flow,balance,certificates"
    centre = f"#/demo/data-centres/quancheng?{opened}"
    page = visit(centre, language=language, width=width)
    year = page.get_by_role("group", name=words["year"])
    expect(year).to_contain_text(words["expected"], timeout=20_000)
    flow = page.get_by_role("table", name=words["table"])
    expect(flow.get_by_role("row").nth(3)).to_be_attached()
    diagram = page.get_by_role("img", name=words["diagram"])
    ribbons = diagram.locator("path").count()
    assert ribbons == flow.get_by_role("row").count() - 1
    balance = page.get_by_role("group", name=words["balance"])
    expect(balance.get_by_role("row").nth(1)).to_be_attached()
    ledger = page.get_by_role("group", name=words["certificates"])
    expect(ledger).to_contain_text("000001..DEMO-")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=OUTPUT / f"outlook-{language}.png", full_page=True)


def test_the_demonstration_tells_weather_from_change(service: Service) -> None:
    # Thirteen months of a weather station stand beside as many of meters.
    centre = "/parks/demo/data-centres/quancheng"
    found = service.chain.get(f"{centre}/weather-normalised")
    assert found["finding"] is None
    assert found["thermometer"] == "weather-station"
    assert found["model"]["days"] > 300
    assert found["model"]["r_squared"] > 0.9
    assert len(found["months"]) >= 12
    now = datetime.now(UTC)
    span = {"start": now - timedelta(days=150), "end": now}
    drift = service.chain.get(
        f"{centre}/drift", **{name: each.isoformat() for name, each in span.items()}
    )
    assert drift["finding"] is None
