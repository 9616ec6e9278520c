"""`parkpulse grafana push|diff|role` against a stand-in that follows Grafana's API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner

from dashboards.grafana.cli import grafana
from parkpulse.errors import ConfigError, GrafanaError
from parkpulse.store import pool
from tests.integration import grafana_stand_in
from tests.integration.grafana_stand_in import ADMIN, VIEWER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from tests.integration.grafana_stand_in import StandIn
    from tests.plugins.fix_services import DatabaseServer

PASSWORD = "a-password-of-this-test"
STORM = "parkpulse-zh-storm"
DASHBOARDS = 16
EVERYTHING = 1 + 2 + DASHBOARDS


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with grafana_stand_in.serving() as stand_in:
        for name, value in {
            "GRAFANA_URL": stand_in.url,
            "GRAFANA_TOKEN": ADMIN,
            "GRAFANA_DATABASE_PASSWORD": PASSWORD,
            "DATABASE_URL": "postgresql://parkpulse:x@127.0.0.1:9/parkpulse",
            "PUBLIC_URL": "https://park.example/",
        }.items():
            monkeypatch.setenv(f"PARKPULSE_{name}", value)
        # Without a database behind it the password always works.
        works = grafana_stand_in.Answer(200, {"status": "OK"})
        monkeypatch.setattr(stand_in, "_health", lambda *_: works)
        yield stand_in


def run(*words: str) -> Result:
    return CliRunner().invoke(grafana, words)


def items(*words: str) -> list[dict[str, Any]]:
    result = run(*words, "--json")
    assert result.exception is None, result.output
    found: list[dict[str, Any]] = json.loads(result.output)["items"]
    return found


def actions(*words: str) -> dict[str, int]:
    found = [each["action"] for each in items(*words)]
    return {name: found.count(name) for name in set(found)}


def test_everything_comes_into_an_empty_grafana(server: StandIn) -> None:
    assert actions("push") == {"create": EVERYTHING}
    assert set(server.folders) == {"parkpulse-zh", "parkpulse-en"}
    assert len(server.dashboards) == DASHBOARDS
    assert {each[-1]["folderUid"] for each in server.dashboards.values()} == set(
        server.folders
    )
    assert server.passwords == {"parkpulse": PASSWORD}


def test_links_lead_to_our_page(server: StandIn) -> None:
    run("push")
    document = server.dashboards[STORM][-1]["dashboard"]
    (page,) = [
        each for each in document["templating"]["list"] if each["name"] == "page"
    ]
    assert page["query"] == "https://park.example"
    assert document["links"][0]["url"] == "${page}/#/${park}/alerts"


@pytest.mark.parametrize("lists_versions", [False, True])
def test_a_second_push_changes_nothing_and_says_so(
    server: StandIn, *, lists_versions: bool
) -> None:
    server.lists_versions = lists_versions
    run("push", "--contact", "duty@park.example")
    server.requests.clear()
    result = run("push", "--contact", "duty@park.example")
    assert result.output.endswith("Nothing was changed.\n")
    assert server.writes == []


def test_a_dry_run_and_a_diff_only_tell(server: StandIn) -> None:
    assert actions("push", "--dry-run") == {"create": EVERYTHING}
    different = run("diff")
    assert different.exit_code == 1
    assert "create dashboard 暴雨" in different.output
    assert server.writes == []
    run("push")
    assert run("diff").exit_code == 0


def test_what_another_version_made_is_updated(server: StandIn) -> None:
    run("push")
    server.edit(STORM, message="parkpulse grafana push 0123456789abcdef")
    changed = [each for each in items("push") if each["action"] != "same"]
    assert [(each["name"], each["action"]) for each in changed] == [("暴雨", "update")]
    assert actions("push") == {"same": EVERYTHING}


def test_what_a_person_edited_stays_unless_asked(server: StandIn) -> None:
    run("push")
    server.edit(STORM, message="more room for the table")
    result = run("push")
    assert "left   dashboard 暴雨 (edited in Grafana by li)" in result.output
    assert len(server.dashboards[STORM]) == 2
    assert actions("push", "--overwrite") == {"same": EVERYTHING - 1, "update": 1}
    assert len(server.dashboards[STORM]) == 3


def test_what_comes_from_files_of_the_server_is_left(server: StandIn) -> None:
    run("push")
    server.provisioned.add(STORM)
    assert actions("push") == {"same": EVERYTHING - 1, "left": 1}


def test_a_lost_race_is_told_and_nothing_is_overwritten(server: StandIn) -> None:
    run("push")
    server.edit(STORM, message="parkpulse grafana push 0123456789abcdef")
    server.race(STORM)
    result = run("push")
    assert isinstance(result.exception, GrafanaError)
    assert str(result.exception) == (
        "dashboard 暴雨: somebody changed it in Grafana meanwhile: run the command"
        " again"
    )
    assert result.exception.status == 412
    assert server.dashboards[STORM][-1]["createdBy"] == "li"


def test_a_renamed_folder_and_data_source_are_put_right(server: StandIn) -> None:
    run("push")
    server.folders["parkpulse-zh"]["title"] = "Mine"
    server.sources["parkpulse"]["user"] = "postgres"
    changed = [each for each in items("push") if each["action"] == "update"]
    assert [(each["kind"], each["reason"]) for each in changed] == [
        ("data source", "user"),
        ("folder", "title"),
    ]
    assert server.folders["parkpulse-zh"]["title"] == "园区脉搏"


def test_a_name_that_is_taken_is_told(server: StandIn) -> None:
    server.sources["other"] = {"name": "Parkpulse"}
    result = run("push")
    assert "data source Parkpulse: there is something of this name" in str(
        result.exception
    )


def test_a_token_without_permission_is_told(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_GRAFANA_TOKEN", VIEWER)
    result = run("push")
    assert "data source Parkpulse: the token may not do this" in str(result.exception)
    assert server.dashboards == {}


def test_an_unknown_token_is_told(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_GRAFANA_TOKEN", "glsa_other")
    result = run("push")
    assert "Grafana does not know this token" in str(result.exception)
    assert server.writes == []


@pytest.mark.parametrize("version", ["9.5.20", "10.4.1", "", "main"])
def test_a_grafana_that_is_too_old_is_told(server: StandIn, version: str) -> None:
    server.version = version
    result = run("push")
    assert "is too old: these dashboards need 11 or newer" in str(result.exception)
    assert server.writes == []


def test_a_grafana_that_is_away_is_told(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_GRAFANA_URL", "http://127.0.0.1:9")
    assert "cannot be reached" in str(run("push").exception)
    assert server.requests == []


@pytest.mark.parametrize(
    "url", ["https://me:secret@grafana.example", "grafana.example", "ftp://x"]
)
def test_an_address_with_a_password_or_without_scheme_is_refused(
    server: StandIn, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PARKPULSE_GRAFANA_URL", url)
    result = run("push")
    assert isinstance(result.exception, ConfigError)
    assert "secret" not in str(result.exception)
    assert server.requests == []


def test_without_a_grafana_or_a_password_it_says_what_to_set(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARKPULSE_GRAFANA_DATABASE_PASSWORD")
    assert "run 'parkpulse grafana role'" in str(run("push").exception)
    monkeypatch.delenv("PARKPULSE_GRAFANA_TOKEN")
    assert "set PARKPULSE_GRAFANA_URL" in str(run("push").exception)
    assert server.sources == {}


def test_the_contact_point_follows_what_is_asked(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "contact point" not in {each["kind"] for each in items("push")}
    people = ("--contact", "li@park.example", "--contact", "wang@park.example")
    assert items("push", *people)[-1]["action"] == "create"
    (point,) = server.points.values()
    assert point["settings"]["addresses"] == "li@park.example;wang@park.example"
    monkeypatch.setenv("PARKPULSE_GRAFANA_CONTACT_URL", "https://hooks.example/T0K3N")
    assert items("push")[-1]["action"] == "update"
    (point,) = server.points.values()
    assert point["type"] == "webhook"
    # What Grafana does not tell cannot be compared.
    point["settings"] = {**point["settings"], "url": "[REDACTED]"}
    assert items("push")[-1]["action"] == "same"


def test_secrets_stand_in_no_address_and_in_nothing_printed(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_GRAFANA_CONTACT_URL", "https://hooks.example/T0K3N")
    printed = run("push").output + run("diff", "--json").output
    paths = " ".join(each.path for each in server.requests)
    for secret in (ADMIN, PASSWORD, "T0K3N"):
        assert secret not in printed + paths


@pytest.fixture
def role_name() -> str:
    """Of its own: roles are of the server, not of a database."""
    return f"grafana_{uuid4().hex[:12]}"


def test_role_and_push_make_a_data_source_that_works(
    server: StandIn,
    database_url: str,
    database_server: DatabaseServer,
    role_name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    monkeypatch.setenv("PARKPULSE_HOME", str(tmp_path))
    monkeypatch.delenv("PARKPULSE_GRAFANA_DATABASE_PASSWORD")
    monkeypatch.delattr(server, "_health")
    refused = run("role", "--name", role_name)
    assert "set PARKPULSE_ADMIN_DATABASE_URL" in str(refused.exception)
    admin = database_server.superuser_url
    monkeypatch.setenv("PARKPULSE_ADMIN_DATABASE_URL", admin)
    made = run("role", "--name", role_name, "--json")
    file = tmp_path / "grafana.password"
    assert json.loads(made.output) == {
        "role": role_name,
        "outcome": "made",
        "password": str(file),
    }
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() not in made.output
    assert items("push", "--name", role_name)[0]["action"] == "create"
    assert items("push", "--name", role_name)[0]["action"] == "same"
    # Somebody gives the role another password: it is brought to Grafana again.
    monkeypatch.setenv("PARKPULSE_GRAFANA_DATABASE_PASSWORD", PASSWORD)
    again = run("role", "--name", role_name, "--json")
    assert json.loads(again.output)["outcome"] == "renewed"
    first = items("push", "--name", role_name)[0]
    assert (first["action"], first["reason"]) == ("update", "password")
    assert items("push", "--name", role_name)[0]["action"] == "same"


def test_a_role_that_an_administrator_made_by_hand_is_let_read(
    database_url: str,
    database_server: DatabaseServer,
    role_name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    monkeypatch.setenv("PARKPULSE_HOME", str(tmp_path))
    script = run("role", "--name", role_name, "--sql").output
    assert f'\\password "{role_name}"' in script
    with psycopg.connect(database_server.superuser_url) as connection:
        connection.execute(script.partition("\\password")[0].encode())
        connection.execute(f"alter role {role_name} password '{PASSWORD}'".encode())
    outcome = run("role", "--name", role_name, "--json")
    assert json.loads(outcome.output)["outcome"] == "kept"
    parts = urlsplit(database_url)
    host = f"{parts.hostname}:{parts.port}{parts.path}"
    with psycopg.connect(f"postgresql://{role_name}:{PASSWORD}@{host}") as reading:
        assert reading.execute("select count(*) from park").fetchone() == (0,)


def test_a_superuser_is_never_taken_for_the_role(
    database_url: str, database_server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    monkeypatch.setenv("PARKPULSE_GRAFANA_DATABASE_PASSWORD", PASSWORD)
    admin = database_server.superuser_url
    monkeypatch.setenv("PARKPULSE_ADMIN_DATABASE_URL", admin)
    assert "is a superuser" in str(run("role", "--name", "postgres").exception)
    with pool.connect(admin) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_database_without_the_views_is_told(
    empty_database_url: str,
    database_server: DatabaseServer,
    role_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("PARKPULSE_GRAFANA_DATABASE_PASSWORD", PASSWORD)
    admin = database_server.superuser_url
    monkeypatch.setenv("PARKPULSE_ADMIN_DATABASE_URL", admin)
    result = run("role", "--name", role_name)
    assert "run 'parkpulse db migrate' first" in str(result.exception)


def test_the_command_line_says_one_sentence(server: StandIn) -> None:
    server.version = "9.0.0"
    done = subprocess.run(
        [Path(sys.executable).with_name("parkpulse"), "grafana", "push"],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "parkpulse: Grafana 9.0.0 is too old: these dashboards need 11 or newer\n"
    )
