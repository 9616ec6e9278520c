"""Every command that needs the database tells in one sentence that it is away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from parkpulse.cli import cli, main

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVEL = Path(__file__).parents[1] / "data" / "ea_hebden_bridge_level.csv.gz"
ID = "01939fd0-0000-7000-8000-000000000000"
SPAN = "--start 2026-01-01T00:00:00Z --end 2026-01-02T00:00:00Z"
FILES = {
    "duty.yaml": "people: []",
    "steps.yaml": "steps: []",
    "rule.toml": """
        code = "tide"
        name = { zh = "潮", en = "Tide" }
        source = "test"
        [definition]
        kind = "threshold"
        metric = "water_level"
        direction = "above"
        levels = [{ severity = "high", limit = 4.0 }]
    """,
    "park.yaml": "parks: []",
    "certificates.csv": "park,data_centre,serial\n",
}

NEEDING = {
    "alerts acknowledge": f"{ID} --by Li",
    "alerts assign": f"{ID} --by Li",
    "alerts commands": ID,
    "alerts comment": f"{ID} seen --by Li",
    "alerts in-service": f"{ID} --by Li",
    "alerts list": "",
    "alerts out-of-service": f"{ID} --by Li --reason dredging",
    "alerts performance": f"harbour {SPAN}",
    "alerts plan": "harbour stage",
    "alerts put-plan": "harbour stage steps.yaml --by Li",
    "alerts request": f"{ID} pump-1 --by Li",
    "alerts shelve": f"{ID} --by Li --reason dredging --hours 1",
    "alerts show": ID,
    "alerts unshelve": f"{ID} --by Li",
    "anomalies": "harbour",
    "api": "",
    "backup": "folder",
    "db migrate": "",
    "db status": "",
    "devices credentials create": "harbour/gauge --out passwords.csv",
    "devices credentials list": "",
    "devices credentials revoke": "harbour/gauge",
    "devices credentials rotate": "harbour/gauge --out passwords.csv",
    "devices credentials write": "--folder .",
    "duty now": "harbour",
    "duty put": "harbour duty.yaml --by Li",
    "duty show": "harbour",
    "duty substitute": f"harbour day {SPAN} --stand-in wang --by Li",
    "energy export": "certificates",
    "energy import": "certificates.csv",
    "energy list": "",
    "energy remove": "GC-1",
    "gaps": "",
    "grafana role": "",
    "ledger": "",
    "maintenance add": "harbour --end 2026-01-02T00:00:00Z --by Li --reason dredging",
    "maintenance end": "harbour 1 --by Li",
    "maintenance list": "harbour",
    "notify channels add": "duty --url https://example.org/hook",
    "notify channels emergency": "duty",
    "notify channels list": "",
    "notify channels remove": "duty",
    "notify channels test": "duty",
    "notify deliveries": "",
    "notify deliveries list": "",
    "notify deliveries resend": "--channel duty",
    "push accounts add": "ctwing meters --park harbour",
    "push accounts list": "",
    "push accounts remove": "ctwing meters",
    "push gaps": "--park harbour",
    "quarantine discard": ID,
    "quarantine list": "",
    "quarantine replay": ID,
    "quarantine show": ID,
    "recompute": "--from 2026-01-01 --to 2026-01-02",
    "registry diff": "park.yaml",
    "registry export": "",
    "registry import": "park.yaml",
    "registry replace": "harbour gauge gauge-2",
    "registry retire": "harbour gauge",
    "registry topics list": "",
    "registry topics remove": "meters/#",
    "replay": str(LEVEL),
    "report list": "harbour",
    "report make": "harbour monthly 2026-03 --by Li",
    "report show": f"harbour {ID} --out report.pdf",
    "restore": ".",
    "rules backtest": "stage",
    "rules disable": "stage",
    "rules enable": "stage",
    "rules history": "stage",
    "rules list": "",
    "rules put": "rule.toml",
    "rules show": "stage",
    "simulate": "--demo",
    "users add": "li --role admin",
    "users disable": "li",
    "users list": "",
    "users passwd": "li",
    "users role": "li admin",
    "users sessions": "li",
}
LONG_RUNNING = {
    "devices credentials follow",
    "engine",
    "ingest",
    "notify",
    "notify watch",
    "services run",
    "up",
}
"""These wait for the database, or start it."""
NOT_NEEDING = {
    "db url",
    "decode",
    "detect",
    "doctor",
    "grafana diff",
    "grafana export",
    "grafana push",
    "kpi",
    "quality",
    "services start",
    "services status",
    "services stop",
    "services tls",
    "services units",
    "simulate scenarios",
    "simulate score",
}


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    if command.invoke_without_command:
        yield " ".join(path)
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from commands(found, (*path, name))


def test_every_command_is_known() -> None:
    assert set(commands(cli)) == set(NEEDING) | LONG_RUNNING | NOT_NEEDING


@pytest.mark.parametrize("command", NEEDING)
def test_a_database_that_is_away(
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    away = "127.0.0.1:1"
    monkeypatch.setenv("PARKPULSE_HOME", str(tmp_path))
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", f"postgresql://li:hidden@{away}/x")
    monkeypatch.setenv("PARKPULSE_MQTT_URL", f"mqtt://li:hidden@{away}")
    monkeypatch.setattr(
        sys, "argv", ["parkpulse", *command.split(), *NEEDING[command].split()]
    )
    monkeypatch.setattr("getpass.getpass", lambda *_: "correct horse")
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 1, said
    *_, last = said.splitlines()
    assert last.startswith("parkpulse: the database does not answer (")
    assert last.endswith("or correct PARKPULSE_DATABASE_URL")
    assert "hidden" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("line", ["rules list", "ledger", "report list harbour"])
def test_a_database_that_is_not_migrated(
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    empty_database_url: str,
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", empty_database_url)
    monkeypatch.setattr(sys, "argv", ["parkpulse", *line.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    wanted = "the database is not of this version: run 'parkpulse db migrate'"
    assert (ended.value.code, said) == (1, f"parkpulse: {wanted}\n")
