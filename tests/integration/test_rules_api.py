"""Rules over HTTP and by command: versions, switches, errors with their place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from parkpulse.engine.rules import cli
from parkpulse.errors import InvalidRequestError
from parkpulse.model import rule
from parkpulse.store import rules as store

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from click.testing import Result

    from tests.plugins.fix_api import Harbour, Site

WHO = {"actor": "Li Na"}
RULE: dict[str, Any] = {
    "code": "surge",
    "name": {"zh": "水位急涨", "en": "Surge"},
    "source": "test",
    "definition": {
        "kind": "rate",
        "metric": "water_level",
        "direction": "above",
        "window_s": 600,
        "levels": [{"severity": "high", "limit": 0.5}],
    },
}


def send(site: Site, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
    return site.request(method, f"/api/v1/rules{path}", **options)


def test_a_rule_lives_in_versions(site: Site, harbour: Harbour) -> None:
    del harbour
    made = send(site, "POST", "", json={**RULE, **WHO, "park": "harbour"})
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == '"1"'
    path = f"/{made.json()['id']}"
    again = send(site, "POST", "", json={**RULE, **WHO, "park": "harbour"})
    assert again.status_code == 409
    assert made.json()["source_zh"] == ""
    source = {"source": "design document", "source_zh": "设计文件"}
    wanted = {**RULE, **WHO, **source, "note": "as agreed"}
    put = send(site, "PUT", path, json=wanted, headers={"if-match": '"1"'})
    assert (put.status_code, put.json()["version"]) == (200, 2)
    stale = send(site, "PUT", path, json=wanted, headers={"if-match": '"1"'})
    assert stale.status_code == 409
    off = send(site, "POST", f"{path}/disable", json={**WHO, "version": 2})
    assert off.json()["enabled"] is False
    assert off.json()["edited"] is True
    detail = site.get(f"/rules{path}")
    assert [each["version"] for each in detail["versions"]] == [3, 2, 1]
    assert detail["versions"][1]["note"] == "as agreed"
    assert [each["source_zh"] for each in detail["versions"]] == ["设计文件"] * 2 + [""]
    assert {each["actor"] for each in detail["versions"]} == {"Li Na"}
    listed = site.items("/rules", park="harbour", kind="rate", enabled=False)
    assert [each["code"] for each in listed] == ["surge"]


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        (
            {"levels": [{"severity": "high", "limit": "x"}]},
            "/definition/levels/0/limit",
        ),
        ({"kind": "nonsense"}, "/definition/kind"),
        ({"metric": "nonsense"}, "/definition"),
        ({"more": 1}, "/definition"),
    ],
)
def test_what_is_wrong_is_named(
    site: Site, definition: dict[str, Any], pointer: str
) -> None:
    body = {**RULE, **WHO, "definition": {**RULE["definition"], **definition}}
    answer = send(site, "POST", "", json=body)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_edited_rules_survive_a_new_rule_set(site: Site) -> None:
    shipped = {each.code: each for each in rule.shipped()}
    with site.lab.database.transaction() as conn:
        store.install(conn, list(shipped.values()), 1)
        assert not store.install(conn, [], 1)
    (found,) = site.items("/rules", q="tunnel-methane")
    off = send(site, "POST", f"/{found['id']}/disable", json=WHO)
    assert off.json()["edited"] is True
    with site.lab.database.transaction() as conn:
        assert store.install(conn, list(shipped.values()), 2)
    (found,) = site.items("/rules", q="tunnel-methane")
    assert (found["enabled"], found["version"]) == (False, 2)


def test_the_command_writes_and_shows(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    del site
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    file = tmp_path / "surge.json"
    file.write_text(json.dumps(RULE))
    run = CliRunner().invoke
    put = run(cli.rules, ["put", str(file), "--by", "Wu", "--note", "new", "--json"])
    assert put.exit_code == 0, put.output
    assert json.loads(put.output)[0]["version"] == 1
    assert run(cli.rules, ["disable", "surge", "--by", "Wu"]).exit_code == 0
    shown = run(cli.rules, ["show", "surge", "--json"])
    assert json.loads(shown.output)["enabled"] is False
    again = tmp_path / "again.json"
    again.write_text(shown.output)
    assert run(cli.rules, ["put", str(again), "--by", "Wu"]).exit_code == 0
    past = json.loads(run(cli.rules, ["history", "surge", "--json"]).output)
    assert [(each["version"], each["actor"]) for each in past[-2:]] == [
        (2, "Wu"),
        (1, "Wu"),
    ]
    again.write_text(json.dumps([RULE, {"code": "tide"}]))
    wrong = run(cli.rules, ["put", str(again)])
    assert str(wrong.exception).startswith(f"{again}, rule tide: ")
    unknown = run(cli.rules, ["list", "--park", "nowhere"])
    assert str(unknown.exception) == "there is no park 'nowhere'"
    tried = run(cli.rules, ["backtest", "surge", "--json"])
    assert json.loads(tried.output)["surge"]["alerts"] == 0


def _said(words: list[str]) -> str:
    done = CliRunner().invoke(cli.rules, words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def _notes(done: Result) -> list[str]:
    return [*getattr(done.exception, "__notes__", ())]


@pytest.fixture
def shipped(site: Site, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    with site.lab.database.transaction() as conn:
        store.install(conn, list(rule.shipped()), 1)


@pytest.mark.usefixtures("harbour", "shipped")
def test_a_rule_of_all_parks_is_switched_off_in_one() -> None:
    methane = ["tunnel-methane", "--park", "harbour"]
    before = json.loads(_said(["show", "tunnel-methane", "--json"]))
    nothing = _said(["enable", *methane, "--by", "Wu"])
    assert "on in all parks: nothing was changed" in nothing
    off = _said(["disable", *methane, "--by", "Wu", "--note", "no gas here"])
    assert off.startswith("off harbour      tunnel-methane")
    assert json.loads(_said(["show", "tunnel-methane", "--json"])) == before
    own = json.loads(_said(["show", *methane, "--json"]))
    assert own == {**before, "enabled": False}
    (version,) = json.loads(_said(["history", *methane, "--json"]))
    assert (version["actor"], version["note"]) == ("Wu", "no gas here")
    assert _said(["enable", *methane, "--by", "Wu"]).startswith("on  harbour ")
    assert json.loads(_said(["show", *methane, "--json"])) == before


@pytest.mark.usefixtures("harbour", "shipped")
@pytest.mark.parametrize("words", [["disable"], ["enable"], ["show"], ["history"]])
def test_a_rule_or_park_that_is_none(words: list[str]) -> None:
    run = CliRunner().invoke
    wrong = run(cli.rules, [*words, "nonsense", "--park", "harbour"])
    assert str(wrong.exception) == "there is no rule 'nonsense'"
    wrong = run(cli.rules, [*words, "tunnel-methane", "--park", "nowhere"])
    assert str(wrong.exception) == "there is no park 'nowhere'"
    assert _notes(wrong) == ["there are: harbour"]


@pytest.mark.usefixtures("harbour", "shipped")
def test_a_rule_of_one_park_asks_for_it(tmp_path: Path) -> None:
    file = tmp_path / "surge.json"
    file.write_text(json.dumps(RULE))
    _said(["put", str(file), "--park", "harbour", "--by", "Wu"])
    wrong = CliRunner().invoke(cli.rules, ["disable", "surge"])
    assert str(wrong.exception) == "there is no rule 'surge'"
    assert _notes(wrong) == ["it is a park's own: give --park (harbour)"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.toml", "", "there is no rule in"),
        ("a.toml", "rules = []", "there is no rule in"),
        ("a.toml", "rules = 5", "rule 1: "),
        ("a.json", "", "cannot be read"),
        ("a.json", "[]", "there is no rule in"),
        ("a.json", "null", "rule 1: "),
        ("a.json", "[" * 100_000, "cannot be read"),
    ],
)
def test_a_file_without_rules(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    file = tmp_path / name
    file.write_text(content)
    wrong = CliRunner().invoke(cli.rules, ["put", str(file)])
    assert said in str(wrong.exception)
    assert isinstance(wrong.exception, InvalidRequestError)


def test_a_rule_that_is_known_is_not_sent_again(site: Site, harbour: Harbour) -> None:
    del harbour
    made = send(site, "POST", "", json={**RULE, **WHO, "park": "harbour"})
    path = f"/{made.json()['id']}"
    tag = send(site, "GET", path).headers["etag"]
    again = send(site, "GET", path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    send(site, "POST", f"{path}/disable", json=WHO)
    assert send(site, "GET", path, headers={"If-None-Match": tag}).status_code == 200
