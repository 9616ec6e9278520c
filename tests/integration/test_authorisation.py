"""Each role at each endpoint, in its own and a foreign park; made from the routes."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from fastapi import routing

from api import app
from api.auth import rights
from api.auth.accounts import digest
from api.auth.scope import PARK_OF
from parkpulse.model.account import ABSOLUTE, EVERYWHERE, RIGHTS, Right, Role
from parkpulse.store import sequences, sessions, users
from parkpulse.store.users import Profile
from tests.plugins.fix_api import HARBOUR
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    import httpx

    from tests.plugins.fix_api import Harbour, Site

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
BEFORE_LOGIN = {
    ("GET", "/api/v1/me"),
    ("POST", "/api/v1/login"),
    ("POST", "/api/v1/setup"),
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/ready"),
}
REFUSED = {"role_lacks", "all_parks_needed"}


class Endpoint(NamedTuple):
    """One method at one path, with the rights that it declares."""

    method: str
    path: str
    rights: frozenset[str]


def endpoints() -> list[Endpoint]:
    declared = rights.declared(app.described().routes)
    found = [Endpoint(m, path, need) for path, many, need in declared for m in many]
    return sorted(each for each in found if each.method not in {"HEAD", "OPTIONS"})


ENDPOINTS = endpoints()
GUARDED = [each for each in ENDPOINTS if "open" not in each.rights]


def test_every_route_declares_a_right() -> None:
    assert len(ENDPOINTS) > 80
    for each in ENDPOINTS:
        assert each.rights, f"{each.method} {each.path} declares no right"
    free = {(each.method, each.path) for each in ENDPOINTS if "open" in each.rights}
    assert free == BEFORE_LOGIN


def test_a_change_needs_more_than_reading() -> None:
    for each in GUARDED:
        more = each.rights - {Right.READ, Right.SEE_CHANNELS}
        assert more or each.method == "GET", f"{each.method} {each.path} needs a right"


def test_what_a_path_names_is_looked_up() -> None:
    """A path's first id is a park, known to PARK_OF, or for who sees all parks."""
    for each in GUARDED:
        parts = each.path.split("/")
        parameter = next((part for part in parts if part.startswith("{")), None)
        is_for_all = bool({Right(right) for right in each.rights} & EVERYWHERE)
        if parameter in {None, "{park}"} or is_for_all or Right.OWN in each.rights:
            continue
        owned = PARK_OF.get(parts[3])
        assert owned is not None, f"{each.path}: add {parts[3]} to PARK_OF"
        assert parameter == f"{{{owned.parameter}}}", each.path


@dataclass
class World:
    """Two parks that are alike, and a session for each role limited to the first."""

    site: Site
    ids: dict[str, dict[str, str]]
    tokens: dict[str, str]

    def ask(self, who: str, endpoint: Endpoint, park: str) -> httpx.Response:
        path = endpoint.path
        for name in re.findall(r"{(\w+)}", path):
            path = path.replace(f"{{{name}}}", self.ids[park].get(name, "1"))
        headers = {"Origin": self.site.url, "Content-Type": "application/json"}
        if who:
            headers["Cookie"] = f"parkpulse={self.tokens[who]}"
        body: Any = b"{}" if endpoint.method in CHANGING else None
        return self.site.request(endpoint.method, path, headers=headers, content=body)


@pytest.fixture
def world(site: Site, harbour: Harbour) -> World:
    other = HARBOUR.__class__(
        **{name: getattr(HARBOUR, name) for name in HARBOUR.__struct_fields__}
        | {"code": "foreign"}
    )
    foreign = site.lab.register(other)
    wait_until(lambda: len(site.items("/parks")) == 2)
    ids = {}
    for park, series in (("harbour", harbour), ("foreign", foreign)):
        number = series["level-1", "water_level"]
        ids[park] = {
            "park": park,
            "centre": "dc1",
            "series_id": str(number),
            "rule": "stage",
            "user": "nobody",
            "alert_id": _alert(site, park, number),
            "rule_id": _rule(site, park),
            "event_id": "00000000-0000-0000-0000-000000000000",
            "entry_id": _quarantined(site, park),
            "name": _channel(site, park),
        }
    tokens = {"admin": _session(site, "admin", Role.ADMIN, None)}
    for role in (Role.VIEWER, Role.OPERATOR, Role.MANAGER):
        tokens[role.value] = _session(site, role.value, role, ["harbour"])
        tokens[f"{role.value} of all"] = _session(site, f"all-{role.value}", role, None)
    site.accounts.forget()
    return World(site, ids, tokens)


def _session(site: Site, name: str, role: Role, parks: list[str] | None) -> str:
    token = secrets.token_urlsafe(32)
    profile = Profile(display_name=name, role=role, parks=parks)
    with site.lab.database.transaction() as conn:
        user = users.add(conn, name, profile, "no password")
        lasts = ABSOLUTE
        sessions.begin(conn, user.id, digest(token), lasts, address="", agent="")
    return token


def _alert(site: Site, park: str, series: int) -> str:
    known = site.lab.parks["harbour"]
    site.lab.parks["harbour"] = site.lab.parks[park]
    try:
        return str(site.raise_alert(series).id)
    finally:
        site.lab.parks["harbour"] = known


def _rule(site: Site, park: str) -> str:
    with site.lab.database.transaction() as conn:
        query = "select id from rule where park_id = %s limit 1"
        row = conn.execute(query, [site.lab.parks[park]]).fetchone()
    assert row is not None
    return str(row[0])


def _quarantined(site: Site, park: str) -> str:
    with site.lab.database.transaction() as conn:
        row = conn.execute(
            "insert into quarantine (id, at, writer, source, park, topic, reason,"
            " detail, raw, length, sha256, whole, refused) values (gen_random_uuid(),"
            " now(), 'w', 'broker', %s, 't', 'not_json', '', '', 0, '', true, 0)"
            " returning id",
            [park],
        ).fetchone()
    assert row is not None
    return str(row[0])


def _number(site: Site, park: str) -> None:
    """Have a device of the park number two messages, with one missing between them."""
    with site.lab.database.transaction() as conn:
        query = "select id from device where park_id = %s limit 1"
        row = conn.execute(query, [site.lab.parks[park]]).fetchone()
        assert row is not None
        device = np.full(2, row[0], np.int32)
        numbered = sequences.Numbered(device, np.array([1, 3], np.int64))
        of = np.full(2, site.lab.parks[park], np.int64)
        sequences.append(conn, "w", of, numbered)


def _channel(site: Site, park: str) -> str:
    body = {
        "name": f"to-{park}",
        "url": "http://127.0.0.1:9/",
        "park": park,
        "kind": "webhook",
    }
    answer = site.request("POST", "/api/v1/channels", json=body)
    assert answer.is_success, answer.text
    return f"to-{park}"


def _may(role: Role, endpoint: Endpoint, *, limited: bool) -> bool:
    has = RIGHTS[role] - (EVERYWHERE if limited else frozenset())
    return {Right(name) for name in endpoint.rights} <= has


def _names_a_park(endpoint: Endpoint) -> bool:
    kind = re.match(r"/api/v1/(\w+)/{", endpoint.path)
    return kind is not None and (kind[1] == "parks" or kind[1] in PARK_OF)


def _code(answer: httpx.Response) -> str:
    is_json = "json" in answer.headers.get("content-type", "")
    found = answer.json() if is_json else {}
    return str(found.get("code", "")) if isinstance(found, dict) else ""


def test_matrix(world: World) -> None:
    """Nothing is deleted before everybody was refused: reading comes first."""
    ordered = sorted(GUARDED, key=lambda each: each.method != "GET")
    asked = 0
    for endpoint in ordered:
        if endpoint.path.endswith(("/stream", "/logout")):
            continue
        answer = world.ask("", endpoint, "harbour")
        assert answer.status_code == 401, (endpoint, answer.text)
        for who in world.tokens:
            asked += _check(world, who, endpoint)
    assert asked > 500


def _check(world: World, who: str, endpoint: Endpoint) -> int:
    role = Role(who.removesuffix(" of all"))
    limited = not who.endswith(" of all") and role is not Role.ADMIN
    # What would change sessions or users is for who is refused only.
    if _may(role, endpoint, limited=limited) and endpoint.method == "DELETE":
        return 0
    for park in ("foreign", "harbour"):
        answer = world.ask(who, endpoint, park)
        code, seen = _code(answer), (who, endpoint, park, answer.text[:300])
        assert answer.status_code < 500 or code == "", seen
        if not _may(role, endpoint, limited=limited):
            # What is foreign may just as well not be there.
            is_hidden = limited and park == "foreign" and code == "not_found"
            assert answer.status_code == (404 if is_hidden else 403), seen
            assert is_hidden or code in REFUSED, seen
        elif limited and park == "foreign" and _names_a_park(endpoint):
            assert (answer.status_code, code) == (404, "not_found"), seen
        else:
            assert answer.status_code not in {401, 403}, seen
    return 2


def test_lists_hold_only_own_parks(world: World) -> None:
    def get(who: str, path: str) -> httpx.Response:
        return world.ask(who, Endpoint("GET", f"/api/v1{path}", frozenset()), "harbour")

    assert [each["code"] for each in get("viewer", "/parks").json()["items"]] == [
        "harbour"
    ]
    assert len(get("viewer of all", "/parks").json()["items"]) == 2
    rules = {each["park"] for each in get("viewer", "/rules").json()["items"]}
    assert rules <= {"harbour", None}
    names = [each["name"] for each in get("manager", "/channels").json()["items"]]
    assert names == ["to-harbour"]
    entries = get("viewer", "/quarantine").json()["items"]
    assert {each["park"] for each in entries} == {"harbour"}
    assert get("viewer", "/ledger?park=foreign").status_code == 404
    assert get("viewer", "/ledger/gaps?park=foreign").status_code == 404
    for park in ("harbour", "foreign"):
        _number(world.site, park)
    gaps = get("viewer", "/ledger/gaps").json()
    assert {each["park"] for each in gaps["items"]} == {"harbour"}
    assert (gaps["numbered"], gaps["missing"]) == (2, 1)
    assert get("viewer", "/portfolio?period=year&park=foreign").status_code == 404
    assert get("viewer", "/portfolio?period=year").is_success
    assert get("viewer", "/parks/foreign/stream").status_code == 404
    unknown = get("viewer", "/parks/nothing").json()
    foreign = get("viewer", "/parks/foreign").json()
    assert unknown["detail"].replace("nothing", "foreign") == foreign["detail"]


def test_foreign_alerts_among_several(world: World) -> None:
    path = "/api/v1/alerts/acknowledge"
    ids = [world.ids[park]["alert_id"] for park in ("harbour", "foreign")]
    headers = {
        "Origin": world.site.url,
        "Cookie": f"parkpulse={world.tokens['operator']}",
    }
    body = {"ids": ids, "actor": "somebody else"}
    answer = world.site.request("POST", path, json=body, headers=headers)
    outcomes = {each["id"]: each for each in answer.json()["items"]}
    assert outcomes[ids[1]]["code"] == "not_found"
    assert outcomes[ids[0]]["alert"]["acknowledged_by"] == "operator"


def test_a_deed_is_written_down_once_with_what_was_before(world: World) -> None:
    """A refusal is no deed, though its route has looked things up."""
    path = "/api/v1/rules/{rule_id}/disable"
    change = Endpoint("POST", path, frozenset())
    assert world.ask("viewer", change, "harbour").status_code == 403
    assert world.ask("manager", change, "foreign").status_code == 404
    assert world.ask("manager", change, "harbour").status_code == 200
    reading = Endpoint("GET", "/api/v1/audit?action=disable_rule", frozenset())
    (found,) = world.ask("admin", reading, "harbour").json()["items"]
    assert (found["who"], found["before"]["enabled"]) == ("manager", True)


def test_a_rule_of_all_parks_is_not_changed_for_one(world: World) -> None:
    with world.site.lab.database.transaction() as conn:
        conn.execute("update rule set park_id = null where id = %s", [1])
    own = dict(world.ids["harbour"], rule_id="1")
    world.ids["harbour"] = own
    path = "/api/v1/rules/{rule_id}"
    reading = Endpoint("GET", path, frozenset())
    assert world.ask("manager", reading, "harbour").status_code == 200
    change = Endpoint("POST", f"{path}/disable", frozenset())
    answer = world.ask("manager", change, "harbour")
    assert _code(answer) == "all_parks_needed"


def test_routes_are_found_as_the_framework_sees_them() -> None:
    every = list(routing.iter_route_contexts(app.described().routes))
    assert {each.path for each in every} == {each.path for each in ENDPOINTS}


def test_a_stream_ends_with_its_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.stream.HEARTBEAT_S", 0.1)
    cookie = f"parkpulse={world.tokens['viewer']}"
    with world.site.stream("harbour", Cookie=cookie) as stream:
        assert stream.next("snapshot").data["alerts"]
        with world.site.lab.database.transaction() as conn:
            conn.execute("delete from session")
        world.site.accounts.forget()
        assert stream.rest() is not None
