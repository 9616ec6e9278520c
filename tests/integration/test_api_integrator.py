"""The integrator's API: quarantine, decoding, profiles, registry, push accounts."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from uuid_utils import compat

from parkpulse.store import quarantine, registry
from parkpulse.store.quarantine import Entry
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    import httpx

    from tests.plugins.fix_api import Harbour, Site

SAMPLE = '{"dev": "t-1", "t": 1764000000, "level": 1.5}'
PROFILE = """kind = "json"
description = "Tank"
device = "dev"
[time]
path = "t"
format = "epoch_s"
[[values]]
metric = "water_level"
path = "level"
"""


def send(site: Site, method: str, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401 - any JSON
    headers = {"Content-Type": "application/json"}
    return site.request(
        method, f"/api/v1{path}", content=json.dumps(body), headers=headers
    )


def done(site: Site, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 - any JSON
    answer = send(site, method, path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def put_aside(site: Site, payload: bytes, device: str = "level-2") -> str:
    """Put a message into the quarantine, as ingest does."""
    entry = Entry(
        id=compat.uuid7(),
        at=NOW,
        writer="w",
        source="harbour/native",
        park="harbour",
        device=device,
        format="native",
        topic=f"parkpulse/v1/harbour/{device}/telemetry".encode(),
        reason="unknown_metric",
        detail="",
        raw=payload,
        length=len(payload),
        sha256=hashlib.sha256(payload).digest(),
        is_whole=True,
        refused=1,
    )
    with site.lab.database.transaction() as conn:
        quarantine.put(conn, [entry])
    return str(entry.id)


def message(value: float, metric: str = "water_level") -> bytes:
    sample = {"ts": NOW.isoformat(), "values": {metric: value}}
    return json.dumps({"samples": [sample]}).encode()


@pytest.fixture
def shop(site: Site, harbour: Harbour) -> Site:
    assert harbour
    return site


def test_messages_are_replayed_one_by_one(shop: Site) -> None:
    good, broken = put_aside(shop, message(1.5)), put_aside(shop, b"{")
    again = put_aside(shop, message(1.7))
    unknown = str(compat.uuid7())
    ids = [good, broken, again, unknown, good]
    found = done(shop, "POST", "/quarantine/replay", {"ids": ids})["items"]
    assert [each["id"] for each in found] == ids[:4]
    assert [each["state"] for each in found] == ["replayed", "open", "replayed", None]
    assert (found[0]["stored"], found[2]["kept"]) == (1, 1)
    assert (found[1]["reason"], found[3]["problem"]) == ("not_json", "not_found")
    third = put_aside(shop, message(1.8))
    body = {"ids": [third, good], "force": True}
    forced, closed = done(shop, "POST", "/quarantine/replay", body)["items"]
    assert (forced["state"], forced["corrected"]) == ("replayed", 1)
    assert closed["problem"] == "not_open"


def test_messages_are_discarded_with_a_reason(shop: Site) -> None:
    mine, other = put_aside(shop, b"a"), put_aside(shop, b"b", "level-1")
    assert send(shop, "POST", "/quarantine/discard", {"ids": [mine]}).status_code == 422
    body = {"ids": [mine, mine], "note": " a test device "}
    (found,) = done(shop, "POST", "/quarantine/discard", body)["items"]
    assert found["state"] == "discarded"
    (left,) = shop.items("/quarantine", park="harbour", state="open")
    assert left["id"] == other
    (shown,) = shop.items("/quarantine", device="level-2")
    assert (shown["note"], shown["state"]) == ("a test device", "discarded")
    assert shop.items("/quarantine", until=NOW.isoformat()) == []
    table = shop.request("GET", "/api/v1/quarantine?format=csv&device=level-2").text
    assert "a test device" in table


def test_each_example_is_read(shop: Site) -> None:
    for listed in shop.items("/decode/formats"):
        if listed["example"] is None:
            continue
        body = {"format": listed["name"], **listed["example"]}
        found = done(shop, "POST", "/decode", body)
        assert found["problem"] is None, listed
        assert not any("error" in each for each in found["items"]), found
        assert any(each["readings"] for each in found["items"]), listed


def test_what_cannot_be_read_is_told(shop: Site) -> None:
    body = {"format": "native", "payload": "{"}
    (refused,) = done(shop, "POST", "/decode", body)["items"]
    assert refused["error"]["reason"] == "not_json"
    (wrong,) = done(shop, "POST", "/decode", {**body, "encoding": "hex"})["items"]
    assert wrong["error"]["reason"] == "wrong_type"
    (wrong,) = done(shop, "POST", "/decode", {**body, "encoding": "base64"})["items"]
    assert wrong["error"]["reason"] == "wrong_type"
    (wrong,) = done(shop, "POST", "/decode", {**body, "format": "morse"})["items"]
    assert wrong["error"]["reason"] == "unknown_format"
    assert send(shop, "POST", "/decode", {"payload": "{}"}).status_code == 422
    long = {"format": "native", "payload": "x" * 60_000}
    assert send(shop, "POST", "/decode", long).status_code == 422
    names = {each["name"] for each in shop.items("/decode/formats")}
    assert {"native", "sl651", "profile:tasmota"} <= names


def test_a_profile_that_takes_for_ever_is_given_up(
    shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parkpulse.wire.trial.WITHIN_S", 0.01)
    found = done(shop, "POST", "/decode", {"profile": PROFILE, "payload": SAMPLE})
    assert "too much time" in found["problem"]


def test_a_profile_is_kept_only_if_it_reads_the_sample(shop: Site) -> None:
    assert shop.get("/profiles")["writable"]
    trial = {"text": PROFILE, "sample": {"payload": SAMPLE}}
    broken = {**trial, "text": PROFILE.replace("water_level", "wetness")}
    refused = done(shop, "PUT", "/profiles/tank", broken)
    assert not refused["kept"]
    assert "wetness" in refused["decoded"]["problem"]
    unread = {**trial, "sample": {"payload": '{"dev": "t-1"}'}}
    assert not done(shop, "PUT", "/profiles/tank", unread)["kept"]
    assert send(shop, "GET", "/profiles/tank").status_code == 404
    kept = done(shop, "PUT", "/profiles/tank", trial)
    assert kept["kept"]
    (reading,) = kept["decoded"]["items"][0]["readings"]
    assert (reading["device"], reading["value"]) == ("t-1", 1.5)
    shown = shop.get("/profiles/tank")
    assert (shown["own"], shown["description"], shown["text"]) == (
        True,
        "Tank",
        PROFILE,
    )
    body = {"format": "profile:tank", "payload": SAMPLE}
    assert done(shop, "POST", "/decode", body)["items"][0]["readings"] == [reading]
    assert send(shop, "PUT", "/profiles/..%2Fx", trial).status_code in {404, 405}
    assert send(shop, "PUT", "/profiles/.hidden", trial).status_code == 422
    done(shop, "DELETE", "/profiles/tank")
    assert send(shop, "DELETE", "/profiles/tank").status_code == 404
    assert not shop.get("/profiles/tasmota")["own"]


def test_files_are_compared_then_taken(shop: Site) -> None:
    head = "park,place,kind,name_zh,name_en,parent\n"
    good = {"name": "places.csv", "text": f"{head}harbour,pier,area,码头,Pier,\n"}
    body = {"files": [good]}
    diff = done(shop, "POST", "/registry/diff", body)
    (change,) = diff["items"]
    assert (change["kind"], change["key"], diff["applied"]) == ("added", "pier", False)
    assert len(done(shop, "POST", "/registry/diff", body)["items"]) == 1
    assert done(shop, "POST", "/registry/import", body)["applied"]
    assert done(shop, "POST", "/registry/import", body)["items"] == []
    bad = {"name": "p.csv", "text": f"{head}harbour,x,castle,,,\nharbour,,area,a,b,\n"}
    refused = done(shop, "POST", "/registry/import", {"files": [bad]})
    assert not refused["applied"]
    assert any("p.csv:3" in each["where"] for each in refused["problems"])
    wrong = {"files": [{"name": "x.exe", "text": ""}]}
    assert send(shop, "POST", "/registry/diff", wrong).status_code == 422


BROKEN = [
    "a: [",
    "- 1",
    "[" * 3000,
    "code: harbour\ndevices: [1, {code: 2}, 3]",
    "code: harbour\nname: 5",
    "code: harbour\nplaces: {a: 1}",
    "code: harbour\nx: 2026-13-45",
    (
        "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n"
        "c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\n"
        "e: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\n"
        "g: &g [*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g]"
    ),
]


def test_a_broken_document_is_a_problem(shop: Site) -> None:
    for text in BROKEN:
        body = {"files": [{"name": "park.yaml", "text": text}]}
        found = done(shop, "POST", "/registry/diff", body)
        assert found["problems"], text
        assert all(len(each["text"]) < 1000 for each in found["problems"])


def test_the_export_can_be_imported(shop: Site) -> None:
    text = shop.request("GET", "/api/v1/registry/export?park=harbour").text
    body = {"files": [{"name": "harbour.yaml", "text": text}]}
    found = done(shop, "POST", "/registry/diff", body)
    assert (found["items"], found["problems"]) == ([], [])
    packed = shop.request("GET", "/api/v1/registry/export?format=zip").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        tables = [
            {"name": each, "text": archive.read(each).decode()}
            for each in archive.namelist()
        ]
    found = done(shop, "POST", "/registry/diff", {"files": tables})
    assert (found["items"], found["problems"]) == ([], [])
    assert send(shop, "GET", "/registry/export?park=none").status_code == 404


def edit(shown: dict[str, Any], **changes: object) -> dict[str, Any]:
    fields = (
        *("kind", "name", "place", "report_interval_s", "clock", "aliases"),
        *("options", "retired", "revision"),
    )
    return {name: shown[name] for name in fields} | changes


def test_a_device_is_adopted_moved_replaced_and_retired(shop: Site) -> None:
    with shop.lab.database.transaction() as conn:
        registry.discover(conn, shop.lab.parks["harbour"], ["new-1"], 10)
    path = "/parks/harbour/registry/devices/new-1"
    seen = shop.get(path)
    assert seen["discovered"]
    name = {"zh": "新水位计", "en": "New gauge"}
    adopted = done(shop, "PUT", path, edit(seen, name=name, place="river", kind="k"))
    assert (adopted["discovered"], adopted["place"]) == (False, "river")
    assert send(shop, "PUT", path, edit(seen)).status_code == 409
    wrong = send(shop, "PUT", path, edit(adopted, place="moon"))
    assert wrong.json()["errors"][0]["code"] == "unknown_place"
    taken = send(shop, "PUT", path, edit(adopted, aliases=["level-1"]))
    assert taken.json()["errors"][0]["code"] == "duplicate_code"
    retired = done(shop, "PUT", path, edit(adopted, retired=True, aliases=["old-7"]))
    assert (retired["retired"], retired["aliases"]) == (True, ["old-7"])
    before = shop.get("/parks/harbour/registry/devices/level-1")
    done(
        shop,
        "PUT",
        "/parks/harbour/registry/devices/level-1",
        edit(before, report_interval_s=60),
    )
    after = shop.get("/parks/harbour/registry/devices/level-1")
    assert [each["metric"] for each in after["series"]] == [
        each["metric"] for each in before["series"]
    ]
    assert send(shop, "GET", "/parks/harbour/registry/devices/none").status_code == 404


def test_a_place_is_renamed_moved_and_said_what_it_carries(shop: Site) -> None:
    path = "/parks/harbour/registry/places/river"
    seen = shop.get(path)
    assert (seen["kind"], seen["compartment"]) == ("river_section", None)
    body = {name: seen[name] for name in ("kind", "name", "parent", "revision")}
    wrong = send(shop, "PUT", path, {**body, "compartment": "gas"}).json()["errors"][0]
    assert (wrong["pointer"], wrong["code"]) == (
        "/places/0/compartment",
        "no_compartment",
    )
    nowhere = send(shop, "PUT", path, {**body, "parent": "moon"}).json()["errors"][0]
    assert (nowhere["pointer"], nowhere["code"]) == (
        "/places/0/parent",
        "unknown_place",
    )
    gas = {"kind": "compartment", "compartment": "gas", "parent": "field"}
    moved = done(shop, "PUT", path, {**body, **gas, "name": {"zh": "舱", "en": "Gas"}})
    assert (moved["compartment"], moved["parent"]) == ("gas", "field")
    assert moved["name"] == {"zh": "舱", "en": "Gas"}
    assert send(shop, "PUT", path, {**body, **gas}).status_code == 409
    done(shop, "PUT", path, {**body, "revision": moved["revision"]})
    assert shop.get(path) == seen
    assert send(shop, "GET", "/parks/harbour/registry/places/moon").status_code == 404
    for code in ("moon", "%C2%8F", "a" * 65):
        none = f"/parks/harbour/registry/places/{code}"
        assert send(shop, "PUT", none, body).status_code == 404
    assert "change_place" in shop.request("GET", "/api/v1/audit").text


@pytest.mark.parametrize("path", ["devices/level-1", "places/river"])
def test_names_have_an_end(shop: Site, path: str) -> None:
    path = f"/parks/harbour/registry/{path}"
    seen = shop.get(path)
    kept = {"discovered", "series", "code"}
    body = {name: value for name, value in seen.items() if name not in kept}
    long = {**body, "name": {"zh": "名" * 101, "en": "Name"}}
    (problem,) = send(shop, "PUT", path, long).json()["errors"]
    assert (problem["pointer"], problem["code"]) == ("/name/zh", "too_long")
    assert "100" in problem["detail"]
    done(shop, "PUT", path, {**body, "name": {"zh": "名" * 100, "en": "Name"}})


def test_names_of_files_have_an_end(shop: Site) -> None:
    """What was registered longer before hinders nobody."""
    text = "park,place,kind,name_zh,name_en\nharbour,river,river_section,河,{}\n"
    body = {"files": [{"name": "places.csv", "text": text.format("R" * 101)}]}
    (problem,) = done(shop, "POST", "/registry/diff", body)["problems"]
    assert problem["where"] == "places.csv:2: name"
    assert "101 characters, at most 100" in problem["text"]
    with shop.lab.database.transaction() as conn:
        conn.execute("update place set name_en = repeat('x', 101) where code = 'upper'")
    body = {"files": [{"name": "places.csv", "text": text.format("R" * 100)}]}
    found = done(shop, "POST", "/registry/import", body)
    assert (found["applied"], found["problems"]) == (True, [])


def test_foreign_topics(shop: Site) -> None:
    rule = {"filter": "tanks/+/state", "park": "harbour", "format": "profile:tasmota"}
    done(shop, "POST", "/registry/topics", {**rule, "device_level": 2})
    (found,) = shop.items("/registry/topics", park="harbour")
    assert (found["filter"], found["device_level"]) == ("tanks/+/state", 2)
    for changes, code in (
        ({"filter": "a/#/b"}, "bad_filter"),
        ({"filter": "x/#", "format": "morse"}, "unknown_format"),
    ):
        refused = send(shop, "POST", "/registry/topics", {**rule, **changes})
        assert refused.json()["errors"][0]["code"] == code
    done(shop, "POST", "/registry/topics/remove", {"filter": "tanks/+/state"})
    gone = send(shop, "POST", "/registry/topics/remove", {"filter": "tanks/+/state"})
    assert gone.status_code == 404


def test_a_push_account_shows_its_token_once(shop: Site) -> None:
    account = {"platform": "onenet", "name": "north", "park": "harbour"}
    made = done(shop, "POST", "/registry/push-accounts", {**account, "secret": "s3cr"})
    token = made["path"].rpartition("/")[2]
    listed = shop.request("GET", "/api/v1/registry/push-accounts").text
    assert json.loads(listed)["items"][0]["signed"]
    assert token not in listed
    assert "s3cr" not in listed
    for changes, code in (
        ({}, "name_in_use"),
        ({"name": "b", "aes_key": "short"}, "bad_aes_key"),
        ({"name": "b", "options": {"colour": "red"}}, "unknown_option"),
    ):
        refused = send(shop, "POST", "/registry/push-accounts", {**account, **changes})
        assert refused.json()["errors"][0]["code"] == code
    audit = shop.request("GET", "/api/v1/audit").text
    assert "add_push_account" in audit
    assert "s3cr" not in audit
    done(shop, "DELETE", "/registry/push-accounts/onenet/north")
    assert shop.items("/registry/push-accounts") == []


def test_credentials_show_their_passwords_once(shop: Site) -> None:
    made = done(shop, "POST", "/registry/credentials", {"devices": ["harbour/level-1"]})
    (first,) = made["items"]
    assert (first["subject"], made["left"]) == ("harbour/level-1", 0)
    rotation = {"subject": "harbour/level-1", "overlap_s": 3600}
    second = done(shop, "POST", "/registry/credentials/rotate", rotation)
    text = shop.request("GET", "/api/v1/registry/credentials?park=harbour").text
    states = {each["username"]: each["state"] for each in json.loads(text)["items"]}
    assert states == {first["username"]: "ending", second["username"]: "in_force"}
    audit = shop.request("GET", "/api/v1/audit").text
    assert '"rotate_credential"' in audit
    for password in (first["password"], second["password"]):
        assert password not in text
        assert password not in audit
    revoked = done(
        shop, "POST", "/registry/credentials/revoke", {"subject": "harbour/level-1"}
    )
    assert revoked == {"revoked": 2}
    assert shop.items("/registry/credentials") == []
    assert len(shop.items("/registry/credentials", ended=True)) == 2


def test_credentials_of_a_park_and_of_a_gateway(shop: Site) -> None:
    path = "/registry/credentials"
    devices = ["harbour/level-1", "harbour/level-2"]
    done(shop, "POST", path, {"gateway": "roof", "devices": devices})
    listed = shop.items(path, park="harbour")
    assert [each["devices"] for each in listed] == [devices]
    rest = done(shop, "POST", path, {"park": "harbour"})
    assert not {each["subject"] for each in rest["items"]} & set(devices)
    assert rest["items"]
    for body, code, pointer in (
        ({}, "missing", "/devices"),
        ({"park": "harbour", "devices": devices}, "invalid_value", "/park"),
        ({"devices": ["harbour/nothing"]}, "unknown_device", "/devices/0"),
        ({"gateway": "roof", "devices": devices}, "credential_exists", "/gateway"),
    ):
        wrong = send(shop, "POST", path, body).json()["errors"][0]
        assert (wrong["code"], wrong["pointer"]) == (code, pointer)
    service = send(shop, "POST", f"{path}/revoke", {"subject": "service:ingest"})
    assert service.json()["errors"][0]["code"] == "bad_subject"


def test_the_state_of_the_service(shop: Site) -> None:
    found = shop.get("/system")
    assert found["versions"]["migration"] > "2026"
    assert found["storage"]["database_bytes"] > 0
    assert found["storage"]["folder_free_bytes"] > 0
    assert {"database", "ingest"} <= {each["name"] for each in found["parts"]}
    assert found["outbox"]["pending"] == 0
    assert datetime.fromisoformat(found["at"]) <= datetime.now(UTC)
