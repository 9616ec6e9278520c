"""What the command line changes is in the audit, with who gave the command."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from parkpulse.cli import cli
from parkpulse.store import audit
from parkpulse.store.audit import Search

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.store.audit import Entry
    from tests.plugins.fix_engine import Lab

PARK = """
code: yard
name: {zh: 院, en: Yard}
accept_from: 2026-01-01T00:00:00Z
"""


@pytest.fixture
def here(
    lab: Lab, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Lab:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    monkeypatch.setenv("PARKPULSE_HOME", str(tmp_path / "home"))
    return lab


def command(*words: str) -> str:
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def deeds(lab: Lab) -> list[Entry]:
    with lab.database.transaction() as conn:
        return audit.page(conn, Search(), 100, order="id")


def test_a_change_is_written_down_once(here: Lab, tmp_path: Path) -> None:
    file = tmp_path / "yard.yaml"
    file.write_text(PARK, encoding="utf-8")
    command("registry", "import", "--dry-run", str(file))
    command("registry", "export")
    assert deeds(here) == []
    command("registry", "import", str(file))
    (done,) = deeds(here)
    assert (done.action, done.object) == ("registry_import", "/registry/import")
    assert (done.who, done.way) == (f"cli:{getpass.getuser()}", "command")
    assert done.after["paths"] == ["yard.yaml"]
    assert not done.after["dry_run"]


def test_a_command_that_says_more_is_left_alone(here: Lab) -> None:
    runner = CliRunner()
    words = ["users", "add", "ann", "--role", "admin"]
    done = runner.invoke(cli, words, input="correct horse battery\n")
    assert done.exit_code == 0, done.output
    assert [each.action for each in deeds(here)] == ["add_user"]


def test_secrets_stay_out(here: Lab) -> None:
    words = ["notify", "channels", "add", "duty", "--url", "https://duty.example/s3cr"]
    command(*words)
    (done,) = deeds(here)
    assert done.after["url"] == "***"
    assert "s3cr" not in str(done)
