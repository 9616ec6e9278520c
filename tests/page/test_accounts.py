"""The first administrator is made, adds a user; who may less sees why."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from api.auth import desk, passwords
from dashboards import page as built
from parkpulse.model.account import Role
from parkpulse.store import users
from parkpulse.store.users import Profile
from tests.page.conftest import OUTPUT
from tests.page.test_access import violations
from tests.plugins.fix_api import HARBOUR, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.plugins.fix_engine import Lab

PASSWORD = "correct horse battery"


@pytest.fixture
def own_site(lab: Lab) -> Iterator[Site]:
    """A service of the test's own: where there are users, others must log in."""
    site = Site(lab, built.dist())
    site.start()
    lab.register(HARBOUR)
    yield site
    site.stop()
    site.client.close()


def opened(
    browser: Browser, url: str, language: str, *, width: int = 1440, dark: bool = False
) -> Page:
    context = browser.new_context(
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        color_scheme="dark" if dark else "light",
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    return page


def add(site: Site, name: str, role: Role, language: str) -> None:
    profile = Profile(
        display_name="李娜" if language == "zh" else "Li Na",
        role=role,
        language="zh" if language == "zh" else "en",
        parks=None if role is Role.ADMIN else ["harbour"],
    )
    with site.lab.database.transaction() as conn:
        users.add(conn, name, profile, passwords.hashed(PASSWORD))
    site.accounts.forget()


WORDS = {
    "en": {
        "name": "User name",
        "password": "Password",
        "log_in": "Log in",
        "log_out": "Log out",
        "create": "Create the administrator",
        "add": "Add user",
        "users": "Users",
        "save": "Save",
        "role": "Role",
        "failed": "do not match",
    },
    "zh": {
        "name": "用户名",
        "password": "密码",
        "log_in": "登录",
        "log_out": "退出登录",
        "create": "创建管理员",
        "add": "添加用户",
        "users": "用户",
        "save": "保存",
        "role": "角色",
        "failed": "不符",
    },
}


def log_in(page: Page, words: dict[str, str], password: str = PASSWORD) -> None:
    page.get_by_label(words["name"]).fill("li.na")
    page.get_by_label(words["password"]).fill(password)
    page.get_by_label(words["password"]).press("Enter")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_from_the_set_up_to_a_user(
    own_site: Site, browser: Browser, language: str
) -> None:
    words = WORDS[language]
    token = desk.offer_setup(own_site.lab.database, timedelta(hours=1))
    page = opened(browser, f"{own_site.url}/#setup={token}", language)
    assert token is not None
    expect(page.get_by_role("button", name=words["create"])).to_be_visible()
    assert token not in page.url
    assert violations(page) == []
    page.get_by_label(words["name"]).fill("ann")
    page.get_by_label(words["password"]).fill("short")
    page.get_by_role("button", name=words["create"]).click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    page.screenshot(path=OUTPUT / f"account-set-up-{language}.png")
    page.get_by_label(words["password"]).fill(PASSWORD)
    page.get_by_role("button", name=words["create"]).click()
    expect(page.get_by_test_id("me")).to_contain_text("ann")

    _add_user(page, own_site.url, language)
    page.goto(f"{own_site.url}/#/harbour/settings/audit")
    done = {"zh": "添加用户", "en": "add user"}[language]
    expect(page.get_by_role("table").get_by_title("add_user")).to_have_text(done)
    filters = page.get_by_role("combobox")
    filters.select_option(done)
    expect(page).to_have_url(re.compile("action=add_user"))
    expect(page.get_by_role("table").locator("tbody tr")).to_have_count(1)
    assert violations(page) == []
    page.screenshot(path=OUTPUT / f"account-audit-{language}.png")
    _read_change_on_phone(page)
    page.context.close()


def _read_change_on_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    change = page.get_by_role("table").locator("details")
    expect(change.locator("pre")).to_be_hidden()
    change.locator("summary").click()
    expect(change.locator("pre")).to_contain_text('"role"')
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate(
        "innerWidth"
    )
    assert violations(page) == []


def _add_user(page: Page, url: str, language: str) -> None:
    words = WORDS[language]
    page.goto(f"{url}/#/harbour/settings/users")
    page.get_by_role("button", name=words["add"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words["name"], exact=True).fill("li.na")
    dialog.get_by_label(words["password"], exact=True).fill(PASSWORD)
    dialog.get_by_label(words["role"], exact=True).select_option("operator")
    dialog.get_by_role("checkbox").first.check()
    assert violations(page) == []
    page.screenshot(path=OUTPUT / f"account-user-{language}.png")
    dialog.get_by_role("button", name=words["save"]).click()
    expect(page.locator("[data-row='li.na']")).to_contain_text("harbour")
    page.screenshot(path=OUTPUT / f"account-users-{language}.png")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_login_leads_back_to_where_one_was(
    own_site: Site, browser: Browser, language: str
) -> None:
    words = WORDS[language]
    add(own_site, "ann", Role.ADMIN, language)
    add(own_site, "li.na", Role.VIEWER, language)
    url = f"{own_site.url}/#/harbour/settings/maintenance"
    page = opened(browser, url, language, width=375, dark=True)
    expect(page.get_by_role("button", name=words["log_in"])).to_be_visible()
    assert violations(page) == []
    log_in(page, words, "not the password")
    expect(page.get_by_role("alert")).to_contain_text(words["failed"])
    page.screenshot(path=OUTPUT / f"account-login-{language}.png")
    log_in(page, words)
    expect(page.get_by_test_id("me")).to_be_visible()
    assert page.url == url
    refused = page.locator("main button:disabled[title]").first
    expect(refused).to_be_visible()
    page.goto(f"{own_site.url}/#/harbour/settings/me")
    expect(page.get_by_role("button", name=words["log_out"])).to_be_visible()
    expect(page.get_by_role("link", name=words["users"], exact=True)).to_have_count(0)
    assert violations(page) == []
    page.screenshot(path=OUTPUT / f"account-me-{language}.png")
    page.get_by_role("button", name=words["log_out"]).click()
    expect(page.get_by_role("button", name=words["log_in"])).to_be_visible()
    page.context.close()


def test_a_session_that_ended_elsewhere_asks_again(
    own_site: Site, browser: Browser
) -> None:
    add(own_site, "li.na", Role.ADMIN, "en")
    page = opened(browser, f"{own_site.url}/#/harbour/devices", "en")
    log_in(page, WORDS["en"])
    expect(page.get_by_test_id("me")).to_contain_text("Li Na")
    with own_site.lab.database.transaction() as conn:
        conn.execute("delete from session")
    own_site.accounts.forget()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    log_in(page, WORDS["en"])
    expect(page.get_by_test_id("me")).to_be_visible()
    assert page.url.endswith("#/harbour/devices")
    page.context.close()
