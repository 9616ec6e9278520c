"""Commands to local controllers over HTTP and from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from parkpulse.engine.desk import cli
from tests.plugins.alerting import Bench, rule

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from parkpulse.store.pool import Database
    from tests.plugins.fix_api import Harbour, Site

FAN: dict[str, Any] = {
    "code": "fan",
    "device": "gauge-01",
    "name": "ventilate",
    "zh": "通风",
    "en": "Ventilate",
}


def post(site: Site, path: str, **body: Any) -> httpx.Response:  # noqa: ANN401
    return site.request("POST", f"/api/v1{path}", json=body)


def put(site: Site, **fan: object) -> httpx.Response:
    body = {"actor": "Li", "commands": [{**FAN, "device": "level-1", **fan}]}
    path = "/api/v1/parks/harbour/response-plans/stage"
    return site.request("PUT", path, json=body)


def test_a_plan_holds_commands(site: Site, harbour: Harbour) -> None:
    row = site.raise_alert(harbour["level-1", "water_level"])
    path = f"/alerts/{row.id}/commands"
    assert site.get(path) == {"planned": [], "commands": []}
    wrong = put(site, device="nobody")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["code"] == "unknown_device"
    assert wrong.json()["errors"][0]["pointer"] == "/commands/0/device"
    too_short = put(site, timeout_s=1).json()["errors"][0]
    assert too_short["pointer"] == "/commands/0/timeout_s"
    stored = put(site).json()
    assert stored["steps"] == []
    (planned,) = stored["commands"]
    assert (planned["automatic"], planned["timeout_s"]) == (False, 60)
    assert site.get(path)["planned"] == [planned]


def test_a_command_is_asked_for(site: Site, harbour: Harbour) -> None:
    row = site.raise_alert(harbour["level-1", "water_level"])
    path = f"/alerts/{row.id}/commands"
    put(site, arguments={"speed": 2})
    by_data = post(site, path, actor="Li", code="fan")
    assert by_data.json()["errors"][0]["code"] == "data_clock"
    with site.lab.database.transaction() as conn:
        conn.execute("update park set clock = 'wall'")
    assert post(site, path, actor="Li", code="none").status_code == 404
    assert post(site, path, actor="Li", code="fan", version=7).status_code == 409
    asked = post(site, path, actor="Li", code="fan", comment="smell of gas")
    assert asked.status_code == 201, asked.text
    command = asked.json()
    assert (command["state"], command["requested_by"]) == ("requested", "Li")
    assert (command["arguments"], command["reason"]) == ({"speed": 2}, None)
    assert site.get(path)["commands"] == [command]
    assert post(site, path, actor="Li", code="fan").status_code == 409
    *_, line = site.get(f"/alerts/{row.id}")["events"]
    assert line["kind"] == "command_requested"
    assert line["detail"]["command"] == command["id"]
    site.change_alert(row, "cleared", state="returned_unacknowledged")
    assert post(site, path, actor="Li", code="fan").status_code == 409


@pytest.fixture
def bench(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    bench = Bench(database)
    bench.apply(rule())
    bench.feed([(0, 1.5)])
    return bench


def run(*words: str) -> str:
    done = CliRunner().invoke(cli.alerts, words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_from_the_command_line(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(json.dumps({"commands": [FAN]}))
    run("put-plan", "harbour", "level", str(file), "--by", "Li")
    file.write_text(run("plan", "harbour", "level"))
    words = run("put-plan", "harbour", "level", str(file), "--by", "Li", "--json")
    assert json.loads(words) == {"version": 2}
    with bench.database.transaction() as conn:
        conn.execute("update park set clock = 'wall'")
    key = bench.alert().id
    assert "ventilate" in run("request", key, "fan", "--by", "Li")
    shown = json.loads(run("commands", key, "--json"))
    assert [each["state"] for each in shown["commands"]] == ["requested"]
    assert "by hand" in run("commands", key)
    assert json.loads(run("plan", "harbour", "level", "--json"))["version"] == 2


@pytest.mark.parametrize("text", ["[", "[]", '{"orders": []}', '{"commands": 1}'])
def test_a_file_that_holds_no_plan(bench: Bench, tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(text)
    words = ["put-plan", "harbour", "level", str(file), "--by", "Li"]
    assert CliRunner().invoke(cli.alerts, words).exit_code == 1
    assert bench.alert().state == "unacknowledged"
