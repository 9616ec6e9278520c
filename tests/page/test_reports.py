"""The data-centre manager's way: verdict, evidence, calendar, targets, report."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import openpyxl
import pypdf
import pytest
from playwright.sync_api import expect

from tests.page.conftest import OUTPUT
from tests.page.test_access import violations

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.page.conftest import Visit

_PUE = re.compile(r"PUE 1\.\d{3}, coverage")
CENTRE = "#/demo/data-centres/quancheng"
WORDS = {
    "en": {
        "make": "Make report",
        "name": "Your name",
        "calendar": "Daily PUE from",
        "compliance": "Compliance",
        "comparison": "All data centres, rolling 12 months",
        "reports": "Reports",
        "file": "PDF 中文",
        "book": "XLSX EN",
    },
    "zh": {
        "make": "生成报告",
        "name": "姓名",
        "calendar": "每日 PUE",
        "compliance": "合规",
        "comparison": "全部数据中心（近 12 个月）",
        "reports": "报告",
        "file": "PDF 中文",
        "book": "XLSX EN",
    },
}


def fetched(page: Page, name: str) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=name).first.click()
    return download.value.path()


@pytest.mark.parametrize(
    ("language", "width", "theme"), [("zh", 1440, "light"), ("en", 390, "dark")]
)
def test_from_the_verdict_to_the_report(
    visit: Visit, language: str, width: int, theme: str
) -> None:
    words = WORDS[language]
    opened = f"{CENTRE}?open=calendar,comparison"
    page = visit(opened, language=language, width=width, theme=theme)
    compliance = page.get_by_role("group", name=words["compliance"])
    expect(compliance.get_by_role("table").get_by_role("row").nth(2)).to_be_attached()
    days = page.get_by_role("group", name=words["calendar"]).locator(".day")
    expect(days.nth(300)).to_be_attached()
    expect(page.get_by_role("table", name=words["comparison"])).to_contain_text("1.")
    page.screenshot(path=OUTPUT / f"centre-{language}.png", full_page=True)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name=words["make"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words["name"]).fill("李娜")
    page.screenshot(path=OUTPUT / f"report-make-{language}.png")
    assert violations(page) == []
    dialog.get_by_role("button", name=words["make"]).click()
    expect(dialog).to_be_hidden()
    table = page.get_by_role("table", name=words["reports"])
    expect(table).to_contain_text("李娜")
    page.screenshot(path=OUTPUT / f"reports-{language}.png")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    read = pypdf.PdfReader(io.BytesIO(fetched(page, words["file"]).read_bytes()))
    said = "".join("".join(each.extract_text() for each in read.pages).split())
    for text in ("数据中心能效报告", "泉城", "电能利用效率PUE", "测点与计量表计"):
        assert text in said, text
    body = fetched(page, words["book"]).read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(body))
    assert "Measurement points" in book.sheetnames


def test_days_are_walked_by_key(visit: Visit) -> None:
    page = visit(CENTRE)
    box = page.get_by_role("group", name=WORDS["en"]["calendar"])
    last = box.locator(".day[tabindex='0']")
    expect(last).to_have_count(1)
    last.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    focused = page.locator(":focus")
    expect(focused).to_have_attribute("aria-label", _PUE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Evidence · PUE")


def test_targets_and_certificates_are_edited(visit: Visit, tmp_path: Path) -> None:
    page = visit(CENTRE)
    page.get_by_role("button", name="Add target").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("In force from").fill("2099-01-01")
    dialog.get_by_label("Source").fill("a test")
    dialog.get_by_role("button", name="Add target").click()
    expect(dialog).to_be_hidden()
    row = page.get_by_role("row", name="a test")
    row.get_by_role("button").click()
    dialog.get_by_label("First day").fill("2099-02-01")
    dialog.get_by_role("button", name="End", exact=True).click()
    expect(row).to_contain_text("1 Feb 2099")
    ledger = tmp_path / "ledger.csv"
    ledger.write_text(
        "serial,kind,volume_kwh,generated_from,generated_to,used_from,used_to,source\n"
        "TEST-1,certificate,1000,2001-01-01,2001-02-01,2001-01-01,2002-01-01,test\n"
    )
    page.locator("input[type=file]").set_input_files(ledger)
    line = page.get_by_role("row", name="TEST-1")
    expect(line).to_be_visible()
    line.get_by_role("button", name="Remove TEST-1").click()
    assert violations(page) == []
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(line).to_be_hidden()
