"""The integrator: a device is found, decoded, described; what was refused returns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import FilePayload, expect

from dashboards import page as built
from parkpulse.store import registry
from tests.integration.test_api_integrator import (
    PROFILE,
    SAMPLE,
    message,
    put_aside,
)
from tests.page.conftest import OUTPUT
from tests.page.test_access import violations
from tests.page.test_accounts import opened
from tests.plugins.fix_api import HARBOUR, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.plugins.fix_engine import Lab

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
WORDS = {
    "en": {
        "replay": "Replay",
        "discard": "Discard",
        "why": "Why",
        "close": "Close",
        "example": "Example",
        "decode": "Decode",
        "message": "Message",
        "make": "Make a profile for it",
        "name": "Name",
        "profile": "Profile",
        "sample": "Sample message",
        "try": "Try",
        "keep": "Keep",
        "adopt": "Adopt",
        "english": "Name, English",
        "place": "Place",
        "choose": "Choose files",
        "account": "Account",
        "add": "Add an account",
        "follow": "Follow a topic",
        "filter": "Topic filter",
        "ready": "A part is ill",
        "rest": "For all devices without one",
        "replace": "Replace",
        "revoke": "Revoke",
        "replaced": "being replaced",
        "kept": "I have kept them",
    },
    "zh": {
        "replay": "重放",
        "discard": "丢弃",
        "why": "原因",
        "close": "关闭",
        "example": "示例",
        "decode": "解码",
        "message": "报文",
        "make": "为此制作设备模板",
        "name": "名称",
        "profile": "模板内容",
        "sample": "示例报文",
        "try": "试读",
        "keep": "保存",
        "adopt": "登记",
        "english": "英文名称",
        "place": "位置",
        "choose": "选择文件",
        "account": "账户",
        "add": "添加账户",
        "follow": "订阅主题",
        "filter": "主题过滤器",
        "ready": "部分异常",
        "rest": "为所有尚无凭据的设备发放",
        "replace": "更换",
        "revoke": "吊销",
        "replaced": "更换中",
        "kept": "已妥善保存",
    },
}


@pytest.fixture
def own_site(lab: Lab, tmp_path: Path) -> Iterator[Site]:
    """A service of the test's own: it changes the registry."""
    site = Site(lab, built.dist(), profiles=tmp_path / "profiles")
    site.start()
    lab.register(HARBOUR)
    yield site
    site.stop()
    site.client.close()


def shot(page: Page, name: str, language: str) -> None:
    """Keep a picture, and make sure that everybody can use what it shows."""
    page.screenshot(path=OUTPUT / f"integrator-{name}-{language}.png", full_page=True)
    assert violations(page) == []


@LANGUAGES
def test_from_the_quarantine_to_the_registry(
    own_site: Site, browser: Browser, language: str
) -> None:
    words, url = WORDS[language], f"{own_site.url}/#/harbour"
    with own_site.lab.database.transaction() as conn:
        registry.discover(conn, own_site.lab.parks["harbour"], ["tank-1"], 10)
    put_aside(own_site, message(1.5))
    put_aside(own_site, b"{", "level-1")
    page = opened(browser, f"{url}/quarantine", language)
    _replay(page, words, language)
    _decode(page, f"{url}/settings/decode", words, language)
    _keep_profile(page, words, language)
    _adopt(page, f"{url}/settings/registry", words, language)
    _import(page, f"{url}/settings/registry?part=files", words, language)
    _open_ways(page, f"{url}/settings/registry", words, language)
    _issue(page, f"{url}/settings/registry?part=credentials", words, language)
    page.goto(f"{url}/settings/system")
    expect(page.get_by_text(words["ready"])).to_be_visible()
    shot(page, "system", language)
    page.context.close()


def _replay(page: Page, words: dict[str, str], language: str) -> None:
    boxes = page.locator("tbody input[type=checkbox]")
    expect(boxes).to_have_count(2)
    boxes.first.focus()
    page.keyboard.press("Space")
    boxes.nth(1).check()
    shot(page, "quarantine", language)
    page.get_by_role("button", name=words["replay"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=words["replay"], exact=True).click()
    expect(dialog.locator("tbody tr")).to_have_count(2)
    shot(page, "replayed", language)
    dialog.locator("button.main").click()
    expect(page.locator("tbody input[type=checkbox]:enabled")).to_have_count(1)
    page.locator("tbody input[type=checkbox]:enabled").check()
    page.get_by_role("button", name=words["discard"]).click()
    dialog.get_by_label(words["why"]).fill("test")
    dialog.get_by_role("button", name=words["discard"], exact=True).click()
    expect(dialog.locator("tbody tr")).to_have_count(1)
    dialog.locator("button.main").click()
    expect(page.locator("tbody input[type=checkbox]:enabled")).to_have_count(0)


def _decode(page: Page, url: str, words: dict[str, str], language: str) -> None:
    page.goto(url)
    page.get_by_role("button", name=words["example"], exact=True).click()
    page.get_by_role("button", name=words["decode"], exact=True).click()
    expect(page.get_by_role("cell", name="water_level").first).to_be_visible()
    shot(page, "decoded", language)
    page.get_by_label(words["message"], exact=True).fill(SAMPLE)
    page.get_by_role("button", name=words["decode"], exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name=words["make"]).click()


def _keep_profile(page: Page, words: dict[str, str], language: str) -> None:
    sample = page.get_by_label(words["sample"], exact=True)
    expect(sample).to_have_value(SAMPLE)
    text = page.get_by_label(words["profile"], exact=True)
    text.fill("kind = 7")
    page.get_by_role("button", name=words["try"], exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("kind")
    text.fill(PROFILE)
    page.get_by_role("button", name=words["try"], exact=True).click()
    expect(page.get_by_role("cell", name="water_level").first).to_be_visible()
    page.get_by_label(words["name"], exact=True).fill("tank")
    shot(page, "profile", language)
    page.get_by_role("button", name=words["keep"], exact=True).click()
    expect(page.locator("[data-row=tank]")).to_contain_text("Tank")
    shot(page, "profiles", language)


def _adopt(page: Page, url: str, words: dict[str, str], language: str) -> None:
    page.goto(url)
    row = page.locator("[data-device=tank-1]")
    row.get_by_role("button", name=words["adopt"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words["english"]).fill("Tank 1")
    dialog.get_by_label(words["place"], exact=True).select_option("field")
    shot(page, "device", language)
    dialog.get_by_role("button", name=words["adopt"], exact=True).click()
    expect(row).to_have_count(0)
    page.locator("summary", has_text="field").click()
    expect(row).to_be_visible()
    shot(page, "registry", language)


def _import(page: Page, url: str, words: dict[str, str], language: str) -> None:
    page.goto(url)
    head = "park,place,kind,name_zh,name_en,parent"
    chooser = page.get_by_label(words["choose"])

    def choose(rows: str) -> None:
        text = f"{head}\n{rows}\n".encode()
        file = FilePayload(name="places.csv", mimeType="text/csv", buffer=text)
        chooser.set_input_files(file)

    choose("harbour,,castle,x,y,")
    expect(page.get_by_role("table")).to_contain_text("places.csv:2")
    shot(page, "problems", language)
    choose("harbour,pier,area,码头,Pier,")
    expect(page.get_by_role("table")).to_contain_text("pier")
    shot(page, "diff", language)
    page.locator("button.main").click()
    expect(page.locator("[data-applied]")).to_be_visible()


def _open_ways(page: Page, url: str, words: dict[str, str], language: str) -> None:
    page.goto(f"{url}?part=topics")
    page.get_by_label(words["filter"], exact=True).fill("tanks/+/state")
    page.get_by_role("button", name=words["follow"]).click()
    expect(page.locator("tbody")).to_contain_text("tanks/+/state")
    shot(page, "topics", language)
    page.goto(f"{url}?part=accounts")
    page.get_by_label(words["account"], exact=True).fill("north")
    page.get_by_role("button", name=words["add"]).click()
    expect(page.get_by_role("dialog").locator("code")).to_contain_text("/push/ctwing/")
    page.get_by_role("dialog").locator("button.main").click()
    expect(page.locator("tbody")).to_contain_text("north")
    shot(page, "accounts", language)


def _issue(page: Page, url: str, words: dict[str, str], language: str) -> None:
    page.goto(url)
    page.get_by_role("button", name=words["rest"]).click()
    issued = page.get_by_test_id("issued")
    expect(issued).to_contain_text("harbour/level-1@1")
    shot(page, "credentials-issued", language)
    page.get_by_role("button", name=f"{words['replace']}… harbour/level-1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=words["replace"], exact=True).click()
    expect(issued).to_contain_text("harbour/level-1@2")
    page.get_by_role("button", name=words["kept"]).click()
    expect(issued).to_have_count(0)
    old = page.locator("[data-row='harbour/level-1@1']")
    expect(old).to_contain_text(words["replaced"])
    page.get_by_role("button", name=f"{words['revoke']}… harbour/level-1").click()
    shot(page, "credentials", language)
    dialog.get_by_role("button", name=words["revoke"], exact=True).click()
    expect(old).to_have_count(0)


PLACE = {
    "en": ["Edit", "Kind", "tunnel compartment", "Carries", "gas", "Save", "gas"],
    "zh": ["编辑", "类别", "管廊舱室", "舱室类别", "天然气舱", "保存", "天然气"],
}


@LANGUAGES
def test_a_place_is_said_what_it_carries(
    own_site: Site, browser: Browser, language: str
) -> None:
    edit, kind, compartment, carries, gas, save, shown = PLACE[language]
    url = f"{own_site.url}/#/harbour"
    page = opened(browser, f"{url}/settings/registry", language)
    page.locator("summary", has_text="field").click()
    page.get_by_role("button", name=f"{edit}… field").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label(carries, exact=True)).to_have_count(0)
    dialog.get_by_label(kind, exact=True).select_option(label=compartment)
    dialog.get_by_label(carries, exact=True).select_option(label=gas)
    shot(page, "place", language)
    dialog.get_by_role("button", name=save).click()
    expect(dialog).to_have_count(0)
    registered = own_site.get("/parks/harbour/registry/places/field")
    assert (registered["kind"], registered["compartment"]) == ("compartment", "gas")
    page.goto(f"{url}/tunnel")
    expect(page.locator("[data-compartment=field] header")).to_contain_text(shown)
    page.context.close()


@pytest.mark.parametrize(
    "path",
    [
        "quarantine",
        "settings/decode",
        "settings/registry",
        "settings/registry?part=credentials",
    ],
)
def test_on_a_phone_in_the_dark(own_site: Site, browser: Browser, path: str) -> None:
    put_aside(own_site, message(1.5))
    url = f"{own_site.url}/#/harbour/{path}"
    page = opened(browser, url, "zh", width=375, dark=True)
    page.locator("main button").first.wait_for()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 375
    page.screenshot(path=OUTPUT / f"integrator-phone-{re.sub('[/?=]', '-', path)}.png")
    assert violations(page) == []
    page.context.close()
