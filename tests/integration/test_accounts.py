"""Logging in, sessions, API tokens, the set-up, and what stands in the audit."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import argon2
import httpx
import pytest

from api import hub
from api.auth import desk, passwords
from api.auth.accounts import digest
from parkpulse.errors import StoreError
from parkpulse.model.account import Role
from parkpulse.store import logins, users
from parkpulse.store.users import Profile
from tests.plugins.fix_api import HARBOUR, Site
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.plugins.fix_engine import Lab


@contextlib.contextmanager
def served(lab: Lab, folder: Path, **options: Any) -> Iterator[Site]:  # noqa: ANN401
    site = Site(lab, folder / "dist", **options)
    site.start()
    try:
        yield site
    finally:
        site.stop()
        site.client.close()


PASSWORD = "correct horse battery"
HASHED = passwords.hashed(PASSWORD)


def add(site: Site, name: str, role: Role = Role.ADMIN, **more: Any) -> None:  # noqa: ANN401
    profile = Profile(display_name=name.title(), role=role, **more)
    with site.lab.database.transaction() as conn:
        users.add(conn, name, profile, HASHED)
    site.accounts.forget()


_opened: list[httpx.Client] = []


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


class Browser:
    """Keeps cookies and says where it comes from, as browsers do."""

    def __init__(self, site: Site, **headers: str) -> None:
        origin = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
        base = f"{site.url}/api/v1"
        # Hashing takes its time where others need the processor, too.
        self.client = httpx.Client(
            base_url=base, headers={**origin, **headers}, timeout=30
        )
        _opened.append(self.client)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401
        if method != "GET":
            options.setdefault("headers", {})["Content-Type"] = "application/json"
        return self.client.request(method, path, **options)

    def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return self.ask("POST", "/login", json={"name": name, "password": password})


@pytest.fixture
def admin(site: Site) -> Browser:
    add(site, "ann")
    browser = Browser(site)
    assert browser.log_in("Ann").status_code == 200
    return browser


def codes(answer: httpx.Response) -> list[str]:
    return [each["code"] for each in answer.json()["errors"]]


def test_without_users_this_machine_may_do_everything(site: Site) -> None:
    me = site.get("/me")
    assert (me["mode"], me["user"]) == ("open", None)
    assert {"read", "users", "edit_rules"} <= set(me["rights"])
    assert "own" not in me["rights"]
    assert site.request("GET", "/api/v1/users").status_code == 200


def test_from_the_first_user_on_a_login_is_needed(site: Site) -> None:
    body = {
        "name": "Ann",
        "password": PASSWORD,
        "display_name": "Ann",
        "role": "manager",
    }
    refused = site.request("POST", "/api/v1/users", json=body)
    assert codes(refused) == ["first_is_admin"]
    made = site.request("POST", "/api/v1/users", json={**body, "role": "admin"})
    assert (made.status_code, made.json()["name"]) == (201, "ann")
    for path in ("/api/v1/parks", "/api/v1/openapi.json", "/api/docs", "/api/v1/x"):
        answer = site.request("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (401, "login_required")
    assert site.get("/me") == {"mode": "login", "user": None, "rights": []}
    assert site.get("/health")["status"] == "alive"
    # Links of messages and platforms say by their own token who asks.
    assert site.request("GET", "/a/unknown").status_code == 404
    pushed = site.request("POST", "/push/ctwing/unknown", content=b"{}")
    assert pushed.json()["code"] == "push_unknown"
    assert site.request("GET", "/").status_code == 503  # The page is not built.


def test_a_session(site: Site, admin: Browser) -> None:
    cookie = admin.client.cookies.get("parkpulse")
    assert cookie is not None
    answer = Browser(site).log_in("ann")
    parts = answer.headers["set-cookie"].lower().split("; ")
    assert {"httponly", "samesite=strict", "path=/"} <= set(parts)
    assert "secure" not in parts  # It is loopback, without HTTPS.
    assert answer.json()["user"]["display_name"] == "Ann"
    assert len(admin.ask("GET", "/me/sessions").json()["items"]) == 2
    assert admin.ask("POST", "/logout").status_code == 200
    stolen = httpx.get(f"{site.url}/api/v1/parks", headers=cookies(cookie))
    assert stolen.status_code == 401
    with site.lab.database.transaction() as conn:
        rows = conn.execute("select token_hash from session").fetchall()
    assert all(cookie.encode() not in row[0] for row in rows)


def cookies(value: str) -> dict[str, str]:
    return {"Cookie": f"other=1; parkpulse={value}"}


def test_by_https_the_cookie_is_secure(lab: Lab, tmp_path: Path) -> None:
    with served(lab, tmp_path, public_url="https://park.example") as site:
        add(site, "ann")
        browser = Browser(site)
        headers = {
            "Host": "park.example",
            "Origin": "https://park.example",
            "X-Forwarded-For": "203.0.113.9, 192.0.2.7",
        }
        browser.client.headers.update(headers)
        answer = browser.log_in("ann")
        sent = answer.headers["set-cookie"]
        assert sent.startswith("__Host-parkpulse=")
        assert "Secure" in sent
        value = sent.partition("=")[2].partition(";")[0]
        headers = {"Cookie": f"__Host-parkpulse={value}"}
        found = browser.ask("GET", "/me/sessions", headers=headers).json()["items"]
        assert found[0]["address"] == "192.0.2.7"
        plain = browser.ask("GET", "/parks", headers=cookies(value))
        assert plain.status_code == 401


def test_requests_that_are_forged(site: Site, admin: Browser) -> None:
    value = admin.client.cookies["parkpulse"]
    body = {"display_name": "Eve", "language": "en"}
    for headers in (
        {},
        {"Origin": "http://evil.example"},
        {"Origin": f"{site.url}1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": site.url},
    ):
        answer = httpx.put(
            f"{site.url}/api/v1/me", json=body, headers={**cookies(value), **headers}
        )
        assert answer.json()["code"] == "origin_not_allowed", headers
    form = {**cookies(value), "Origin": site.url, "Content-Type": "text/plain"}
    answer = httpx.put(f"{site.url}/api/v1/me", content="{}", headers=form)
    assert answer.json()["code"] == "media_type"
    assert admin.ask("GET", "/me").json()["user"]["display_name"] == "Ann"
    assert admin.ask("PUT", "/me", json=body).json()["user"]["display_name"] == "Eve"


def test_a_session_expires(site: Site, admin: Browser) -> None:
    other = Browser(site)
    other.log_in("ann")
    with site.lab.database.transaction() as conn:
        conn.execute("update session set seen_at = now() - interval '13 h'")
    site.accounts.forget()
    assert admin.ask("GET", "/parks").status_code == 401
    with site.lab.database.transaction() as conn:
        conn.execute(
            "update session set seen_at = now(),"
            " expires_at = case when id % 2 = 0 then now() else expires_at end"
        )
    site.accounts.forget()
    found = sorted(each.ask("GET", "/parks").status_code for each in (admin, other))
    assert found == [200, 401]


def test_sessions_are_ended(site: Site, admin: Browser) -> None:
    other = Browser(site)
    other.log_in("ann")
    listed = admin.ask("GET", "/me/sessions").json()["items"]
    (foreign,) = [each for each in listed if not each["current"]]
    path = f"/me/sessions/{foreign['id']}"
    assert admin.ask("DELETE", path).json() == {"ended": 1}
    assert other.ask("GET", "/parks").status_code == 401
    assert admin.ask("DELETE", path).status_code == 404
    other.log_in("ann")
    change = {"current_password": "wrong", "new_password": "another long one"}
    refused = admin.ask("POST", "/me/password", json=change)
    assert codes(refused) == ["password_wrong"]
    change["current_password"] = PASSWORD
    assert admin.ask("POST", "/me/password", json=change).json() == {"ended": 1}
    assert other.ask("GET", "/parks").status_code == 401
    assert other.log_in("ann").json()["code"] == "login_failed"
    assert other.log_in("ann", "another long one").status_code == 200


def test_who_is_switched_off_is_out_at_once(site: Site, admin: Browser) -> None:
    add(site, "bob", Role.OPERATOR)
    bob = Browser(site)
    assert bob.log_in("bob").status_code == 200
    change = {"display_name": "Bob", "role": "operator", "enabled": False}
    assert admin.ask("PUT", "/users/bob", json=change).status_code == 200
    assert bob.ask("GET", "/parks").status_code == 401
    assert bob.log_in("bob").json()["code"] == "login_failed"
    change = {"display_name": "Ann", "role": "viewer"}
    assert codes(admin.ask("PUT", "/users/ann", json=change)) == ["last_admin"]
    limited = {"display_name": "Ann", "role": "admin", "parks": []}
    assert codes(admin.ask("PUT", "/users/ann", json=limited)) == ["admin_everywhere"]


def test_guessing_is_slowed_down(site: Site, admin: Browser) -> None:
    guesser = Browser(site)
    texts = set()
    for _ in range(5):
        for name in ("ann", "nobody"):
            answer = guesser.log_in(name, "wrong password")
            assert answer.status_code == 401
            texts.add(answer.text)
    assert len(texts) == 1  # Nothing tells which of them exists.
    with site.lab.database.transaction() as conn:
        rows = conn.execute(
            "update login_failure set blocked_until = blocked_until + interval '1 h'"
            " where failures = 5 returning 1"
        ).fetchall()
    assert len(rows) == 2
    for name in ("ann", "nobody"):
        answer = guesser.log_in(name)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
        assert int(answer.headers["retry-after"]) >= 1
    assert admin.ask("GET", "/parks").status_code == 200
    with site.lab.database.transaction() as conn:
        desk.unblock(conn, "ann")
    assert guesser.log_in("ann").status_code == 200


def test_an_address_is_slowed_down_too(site: Site, admin: Browser) -> None:
    key = digest("address:127.0.0.1")
    with site.lab.database.transaction() as conn:
        for _ in range(25):
            logins.try_once(conn, key, lambda _: timedelta(), timedelta(hours=1))
    assert admin.log_in("ann").status_code == 200  # No wait was asked for yet.
    assert admin.log_in("someone").status_code == 401
    assert admin.log_in("ann").status_code == 429


def test_the_set_up_link_works_once(lab: Lab, tmp_path: Path) -> None:
    with served(lab, tmp_path, is_local=False) as site:
        browser = Browser(site)
        assert browser.ask("GET", "/me").json()["mode"] == "set_up"
        assert browser.ask("GET", "/parks").json()["code"] == "set_up_first"
        assert browser.ask("GET", "/health").status_code == 200
        old = desk.offer_setup(lab.database, timedelta(hours=1))
        token = desk.offer_setup(lab.database, timedelta(hours=1))
        body = {
            "token": old,
            "name": "ann",
            "display_name": "安",
            "password": PASSWORD,
        }
        refused = browser.ask("POST", "/setup", json=body)
        assert refused.json()["code"] == "set_up_used"
        body["token"] = token
        for weak in ("short", "ann-ann-ann", "1234567890", "aaaaaaaaaaaa"):
            answer = browser.ask("POST", "/setup", json={**body, "password": weak})
            assert codes(answer)[0].startswith("password_"), weak
        done = browser.ask("POST", "/setup", json=body)
        assert (done.status_code, done.json()["user"]["role"]) == (200, "admin")
        assert browser.ask("GET", "/parks").status_code == 200
        again = browser.ask("POST", "/setup", json={**body, "name": "eve"})
        assert again.json()["code"] == "set_up_used"
        assert desk.offer_setup(lab.database, timedelta(hours=1)) is None
        entries = browser.ask("GET", "/audit").json()["items"]
        assert [each["action"] for each in entries] == ["login", "set_up"]
        assert entries[1]["object"] == "/users/ann"


def test_a_set_up_link_expires(lab: Lab, tmp_path: Path) -> None:
    with served(lab, tmp_path) as site:
        token = desk.offer_setup(lab.database, timedelta(seconds=-1))
        body = {"token": token, "name": "a", "display_name": "A", "password": PASSWORD}
        answer = Browser(site).ask("POST", "/setup", json=body)
        assert answer.json()["code"] == "set_up_used"


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def test_api_tokens(site: Site, admin: Browser) -> None:
    add(site, "bob", Role.MANAGER)
    body = {"name": "Grafana", "user": "bob", "scopes": ["read"]}
    for days in (-1, 401):
        late = {**body, "expires_at": in_days(days)}
        assert codes(admin.ask("POST", "/tokens", json=late)) == ["token_expiry"]
    wrong = {**body, "scopes": ["everything"], "expires_at": in_days(1)}
    assert admin.ask("POST", "/tokens", json=wrong).status_code == 422
    made = admin.ask("POST", "/tokens", json={**body, "expires_at": in_days(30)})
    assert made.status_code == 201
    secret = made.json()["token"]
    assert secret.startswith("pp_")
    bearer = {"Authorization": f"Bearer {secret}"}
    url = f"{site.url}/api/v1"
    assert httpx.get(f"{url}/parks", headers=bearer).status_code == 200
    window = {"start": in_days(1), "end": in_days(2), "reason": "x"}
    refused = httpx.post(f"{url}/parks/x/maintenance", json=window, headers=bearer)
    assert refused.json()["code"] == "token_scope"
    own = httpx.get(f"{url}/me/sessions", headers=bearer)
    assert own.json()["code"] == "session_only"
    by_url = httpx.get(f"{url}/parks", params={"token": secret})
    assert by_url.status_code == 401
    (listed,) = admin.ask("GET", "/tokens").json()["items"]
    assert listed["seen_at"] is not None
    assert secret not in admin.ask("GET", "/tokens").text
    assert secret not in admin.ask("GET", "/audit").text
    assert admin.ask("DELETE", f"/tokens/{listed['id']}").json()["revoked_at"]
    assert httpx.get(f"{url}/parks", headers=bearer).status_code == 401


def test_a_token_expires(site: Site, admin: Browser) -> None:
    body = {"name": "t", "scopes": ["admin"], "expires_at": in_days(1)}
    secret = admin.ask("POST", "/tokens", json=body).json()["token"]
    bearer = {"Authorization": f"Bearer {secret}"}
    url = f"{site.url}/api/v1/users"
    assert httpx.get(url, headers=bearer).status_code == 200
    with site.lab.database.transaction() as conn:
        conn.execute("update api_token set expires_at = now()")
    site.accounts.forget()
    assert httpx.get(url, headers=bearer).status_code == 401


def test_streams_count_for_the_account(
    site: Site, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.lab.register(HARBOUR)
    body = {"name": "wall", "scopes": ["read"], "expires_at": in_days(1)}
    admins = admin.ask("POST", "/tokens", json=body).json()["token"]
    add(site, "viewer", Role.VIEWER)
    others = admin.ask("POST", "/tokens", json={**body, "user": "viewer"}).json()
    monkeypatch.setattr(hub, "OF_ONE", 1)
    path = "/api/v1/parks/harbour/stream"
    wait_until(lambda: "harbour" in site.context.live.catalogue.parks)
    with site.stream("harbour", Authorization=f"Bearer {admins}") as stream:
        stream.next("snapshot")
        refused = admin.ask("GET", "/parks/harbour/stream")
        assert refused.status_code == 429
        assert refused.json()["code"] == "too_many_of_one"
        own = {"Authorization": f"Bearer {others['token']}"}
        with site.client.stream("GET", site.url + path, headers=own) as another:
            assert another.status_code == 200


def test_a_token_gives_nobody_more_than_it_has(site: Site, admin: Browser) -> None:
    """Who holds a token for one thing cannot make themselves an administrator."""
    body = {"name": "t", "scopes": ["users", "tokens"], "expires_at": in_days(1)}
    secret = admin.ask("POST", "/tokens", json=body).json()["token"]
    with httpx.Client(
        base_url=f"{site.url}/api/v1", headers={"Authorization": f"Bearer {secret}"}
    ) as program:

        def ask(method: str, path: str, **given: Any) -> tuple[int, str]:  # noqa: ANN401
            answer = program.request(method, path, json=given)
            return answer.status_code, answer.json().get("code", "")

        eve = {"name": "eve", "password": PASSWORD, "display_name": "Eve"}
        refused = (403, "token_scope")
        for role in ("operator", "manager", "admin"):
            assert ask("POST", "/users", **eve, role=role) == refused
        assert ask("POST", "/users", **eve, role="viewer") == (201, "")
        changed = {"display_name": "Eve", "role": "admin"}
        assert ask("PUT", "/users/eve", **changed) == refused
        assert ask("POST", "/users/ann/password", password=PASSWORD) == refused
        assert ask("POST", "/users/eve/password", password=PASSWORD) == (200, "")
        told = program.post("/users", json={**eve, "role": "operator"}).json()
        assert told["detail"] == "This API token lacks the scope acknowledge."
        for scope in ("admin", "write", "registry"):
            assert ask("POST", "/tokens", **body | {"scopes": [scope]}) == refused
        assert ask("POST", "/tokens", **body) == (201, "")
    assert Browser(site).log_in("ann").status_code == 200


def test_a_token_made_by_a_token_ends_with_it(site: Site, admin: Browser) -> None:
    body = {"name": "first", "scopes": ["read", "tokens"], "expires_at": in_days(2)}
    first = admin.ask("POST", "/tokens", json=body).json()

    def ask(secret: str, method: str, path: str, **given: Any) -> httpx.Response:  # noqa: ANN401
        headers = {"Authorization": f"Bearer {secret}", "Accept-Language": "zh"}
        return site.request(method, f"/api/v1{path}", json=given, headers=headers)

    later = ask(first["token"], "POST", "/tokens", **body | {"expires_at": in_days(3)})
    (problem,) = later.json()["errors"]
    assert (later.status_code, problem["code"]) == (422, "token_outlives")
    assert problem["detail"].startswith("由令牌创建的令牌不得晚于该令牌到期:20")
    second = ask(first["token"], "POST", "/tokens", **body | {"name": "second"}).json()
    third = ask(second["token"], "POST", "/tokens", **body | {"name": "third"}).json()
    assert ask(third["token"], "GET", "/parks").status_code == 200
    admin.ask("DELETE", f"/tokens/{first['id']}")
    for each in (first, second, third):
        assert ask(each["token"], "GET", "/parks").status_code == 401
    listed = admin.ask("GET", "/tokens").json()["items"]
    assert all(each["revoked_at"] for each in listed)


def test_a_token_ends_with_who_has_made_it(site: Site, admin: Browser) -> None:
    """Though it belongs to somebody else, and was not revoked itself."""
    add(site, "zoe")
    body = {"name": "t", "scopes": ["read", "tokens"], "expires_at": in_days(2)}
    made = {**body, "user": "zoe"}
    secret = admin.ask("POST", "/tokens", json=made).json()["token"]
    headers = {"Authorization": f"Bearer {secret}"}
    child = site.request(
        "POST", "/api/v1/tokens", json={**body, "user": "ann"}, headers=headers
    ).json()["token"]
    own = {"Authorization": f"Bearer {child}"}
    assert site.request("GET", "/api/v1/parks", headers=own).status_code == 200
    off = {"display_name": "Zoe", "role": "admin", "enabled": False}
    assert admin.ask("PUT", "/users/zoe", json=off).status_code == 200
    assert site.request("GET", "/api/v1/parks", headers=own).status_code == 401


def test_every_change_is_in_the_audit(site: Site, admin: Browser) -> None:
    site.lab.register(HARBOUR)
    body = {
        "name": "bob",
        "password": PASSWORD,
        "display_name": "Bob",
        "role": "viewer",
        "parks": ["harbour"],
    }
    assert admin.ask("POST", "/users", json=body).status_code == 201
    refused = admin.ask("POST", "/users", json=body)
    assert codes(refused) == ["name_taken"]
    change = {"display_name": "Bob", "role": "operator"}
    admin.ask("PUT", "/users/bob", json=change)
    admin.ask("POST", "/users/bob/password", json={"password": "yet another one"})
    found = admin.ask("GET", "/audit").json()["items"]
    deeds = [(each["action"], each["object"], each["who"]) for each in found]
    assert deeds == [
        ("reset_password", "/users/bob/password", "ann"),
        ("change_user", "/users/bob", "ann"),
        ("add_user", "/users", "ann"),
        ("login", "/users/ann", "ann"),
    ]
    reset, changed, added, _ = found
    assert reset["after"] == {"password": "***"}
    assert (changed["before"]["role"], changed["after"]["role"]) == (
        "viewer",
        "operator",
    )
    assert added["after"]["password"] == "***"
    assert (added["way"], added["address"]) == ("session", "127.0.0.1")
    page = admin.ask("GET", "/audit?limit=2&action=change_user&who=ann&q=bob").json()
    assert [each["id"] for each in page["items"]] == [changed["id"]]
    first = admin.ask("GET", "/audit?limit=3").json()
    rest = admin.ask("GET", f"/audit?limit=3&cursor={first['next']}").json()
    assert [each["action"] for each in rest["items"]] == ["login"]
    table = admin.ask("GET", "/audit?format=csv").text
    assert table.count("\r\n") == 5
    assert PASSWORD not in table
    actions = admin.ask("GET", "/audit/actions").json()["items"]
    assert actions == ["add_user", "change_user", "login", "reset_password"]


@pytest.mark.parametrize(
    "statement",
    ["update audit set who = 'x'", "delete from audit", "truncate audit"],
)
def test_the_audit_is_append_only(site: Site, admin: Browser, statement: str) -> None:
    assert admin.ask("GET", "/audit").json()["items"]
    with (
        pytest.raises(StoreError, match="append-only"),
        site.lab.database.transaction() as conn,
    ):
        conn.execute(statement.encode())


def test_an_older_hash_is_made_anew(site: Site) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with site.lab.database.transaction() as conn:
        profile = Profile(display_name="Ann", role=Role.ADMIN)
        users.add(conn, "ann", profile, weak.hash(PASSWORD))
    site.accounts.forget()
    assert Browser(site).log_in("ann").status_code == 200
    with site.lab.database.transaction() as conn:
        found = users.password_hash(conn, "ann")
    assert found is not None
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in found[1]
    assert passwords.matches(found[1], PASSWORD)
