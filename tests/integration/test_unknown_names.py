"""Every command that takes a name says of an unknown one what names there are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from parkpulse.cli import main
from parkpulse.store import registry
from tests.integration import ingesting

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.store.pool import Database

ID = "01939fd0-0000-7000-8000-000000000000"
SPAN = "--start 2026-01-01T00:00:00Z --end 2026-01-02T00:00:00Z"
OF_PARKS = (
    "alerts list --park nowhere",
    f"alerts performance nowhere {SPAN}",
    "alerts plan nowhere water-level",
    "anomalies nowhere",
    "duty now nowhere",
    "duty show nowhere",
    f"duty substitute nowhere day {SPAN} --stand-in wang --by Li",
    "gaps --park nowhere",
    "ledger --park nowhere",
    "maintenance list nowhere",
    "maintenance add nowhere --end 2026-01-02T00:00:00Z --by Li --reason dredging",
    "push accounts add ctwing meters --park nowhere",
    "push gaps --park nowhere",
    "quarantine list --park nowhere",
    "quarantine discard --all --park nowhere",
    "quarantine replay --all --park nowhere",
    "recompute --from 2026-01-01 --to 2026-01-02 --park nowhere",
    "registry export --park nowhere",
    "registry retire nowhere gauge",
    "registry topics list --park nowhere",
    "report list nowhere",
    "report make nowhere monthly 2026-03 --by Li",
    "rules backtest water-level --park nowhere",
    "rules list --park nowhere",
    "notify channels add duty --url https://example.org/ --park nowhere",
)
OF_OTHERS = {
    f"alerts show {ID}": f"alert '{ID}'; 'parkpulse alerts list' shows",
    "alerts list --place nowhere": "place 'nowhere'",
    "alerts list --rule nonsense": "rule 'nonsense'; 'parkpulse rules list' shows",
    "anomalies demo --device none": "device 'none'; 'parkpulse registry export",
    "maintenance end demo 7 --by Li": "maintenance window '7'",
    "notify channels test none": "channel 'none'; 'parkpulse notify channels list'",
    "notify deliveries list --channel none": "channel 'none'",
    "notify deliveries resend --channel none": "channel 'none'",
    "push accounts remove ctwing none": "push account 'ctwing/none'",
    f"quarantine show {ID}": f"quarantine entry '{ID}'",
    "registry retire demo none": "device 'none'",
    "registry replace demo none b": "device 'none'",
    f"report show demo {ID} --out report.pdf": f"report '{ID}'",
    "rules show nonsense": "rule 'nonsense'",
    "users passwd nobody": "user 'nobody'; 'parkpulse users list' shows",
}


@pytest.fixture
def _demo(
    database: Database,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARKPULSE_HOME", str(tmp_path))
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    with database.transaction() as conn:
        registry.apply(conn, ingesting.park())


pytestmark = pytest.mark.usefixtures("_demo")


def _refused(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    monkeypatch.setattr(sys, "argv", ["parkpulse", *line.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    found = capsys.readouterr()
    assert (ended.value.code, found.out) == (1, ""), found
    return found.err.strip()


def test_a_park_that_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = "parkpulse: there is no park 'nowhere'; there are: demo"
    said = {line: _refused(line, monkeypatch, capsys) for line in OF_PARKS}
    assert said == dict.fromkeys(OF_PARKS, wanted)


def test_another_name_that_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for line, wanted in OF_OTHERS.items():
        said = _refused(line, monkeypatch, capsys)
        assert said.startswith(f"parkpulse: there is no {wanted}"), said


def test_where_nothing_is_registered(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with database.transaction() as conn:
        conn.execute("truncate park cascade")
    said = _refused("duty now demo", monkeypatch, capsys)
    assert said.endswith(
        "none is registered yet: 'parkpulse registry import' takes one in"
    )


def test_what_is_of_no_park_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["parkpulse", "ledger", "--park", "?"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "adds up" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "holds no secret"), (b"\xff\xfe\x00", "holds no text")]
)
def test_a_secret_that_is_none(
    content: bytes,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").write_bytes(content)
    line = "push accounts add onenet wells --park demo --secret-file secret"
    assert _refused(line, monkeypatch, capsys) == f"parkpulse: secret {said}"
