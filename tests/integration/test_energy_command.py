"""`parkpulse energy` against a real database: dated rows in, out, and in again."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from parkpulse.cli import cli
from parkpulse.model.registry import DataCentreSpec, Name
from parkpulse.store import registry
from tests.integration import ingesting

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from parkpulse.store.pool import Database

CERTIFICATES = (
    "park,data_centre,serial,kind,volume_kwh,generated_from,generated_to,"
    "used_from,used_to,source\n"
)
DATES = "2026-01-01,2026-07-01,2026-01-01,2027-01-01,registry"


@pytest.fixture
def _registered(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    name = Name(zh="机房", en="hall")
    centres = [
        DataCentreSpec(
            code=code,
            name=name,
            commissioned=date(2025, 1, 1),
            standard_racks=100,
            meters=[],
        )
        for code in ("dc", "dc2")
    ]
    with database.transaction() as conn:
        registry.apply(conn, ingesting.park(data_centres=centres))


pytestmark = pytest.mark.usefixtures("_registered")


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["energy", *map(str, arguments)])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def _file(folder: Path, text: str) -> Path:
    file = folder / "rows.csv"
    file.write_text(text, encoding="utf-8")
    return file


def _certificate(serial: str, volume: int, centre: str = "dc") -> str:
    return f"demo,{centre},{serial},certificate,{volume},{DATES}\n"


def _problems(file: Path) -> dict[str, str]:
    found = json.loads(run("import", file, "--json", code=2).output)["problems"]
    return {each["where"].removeprefix(f"{file}:"): each["text"] for each in found}


def _listed(table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("list", table, "--json").output)[table]
    return found


def test_what_is_imported_is_listed_and_changes_nothing_again(tmp_path: Path) -> None:
    file = _file(tmp_path, CERTIFICATES + _certificate("GEC0001..GEC0100", 100_000))
    assert "Nothing was changed." in run("import", file, "--dry-run").output
    assert _listed("certificates") == []
    assert "Imported." in run("import", file).output
    (row,) = _listed("certificates")
    assert (row["serial"], row["valid_to"]) == ("GEC0001..GEC0100", "2028-07-01")
    assert "0 differences." in run("import", file).output


def test_a_whole_export_changes_nothing(tmp_path: Path) -> None:
    tables = {
        "certificates": CERTIFICATES + _certificate("A1", 1000),
        "operating_points": (
            "park,data_centre,point,time_share,total_kw,it_kw,measured_on,source\n"
            "demo,dc,a,0.25,130.5,100,2026-02-01,test\n"
        ),
        "design_energy": (
            "park,data_centre,month,facility_kwh,it_kwh,it_load_kw,source\n"
            "demo,dc,1,125000,100000,140,model\n"
        ),
    }
    for text in tables.values():
        run("import", _file(tmp_path, text))
    out = tmp_path / "out"
    run("export", "--out", out)
    files = sorted(out.iterdir())
    assert len(files) == 4
    assert json.loads(run("import", *files, "--json").output) == {"items": []}


def test_a_changed_row_says_what_changed(tmp_path: Path) -> None:
    factor = "region,kind,valid_from,factor,source\nCN,grid,2023-01-01,0.5,test\n"
    found = json.loads(run("import", _file(tmp_path, factor), "--json").output)
    assert found["items"] == [
        {
            "kind": "changed",
            "table": "emission_factors",
            "key": "CN/grid/2023-01-01",
            "fields": ["factor", "source"],
        }
    ]


def test_every_wrong_row_is_named_and_nothing_is_imported(tmp_path: Path) -> None:
    rows = [
        _certificate("GEC0001..GEC0100", 100_000),
        _certificate("GEC0100", 1000),
        _certificate("GEC0090..GEC0110", 21_000, "dc2"),
        _certificate("GEC0200..GEC0209", 9_000),
        _certificate("GEC0400..GEC0399", 1000),
        _certificate("GEC0300", 999),
        _certificate("GEC0301", 1000, "nowhere"),
        _certificate("GEC0302", 1000).replace("2026-07-01", "in July"),
        _certificate("GEC0001..GEC0100", 100_000),
        "demo,dc\n",
    ]
    found = _problems(_file(tmp_path, CERTIFICATES + "".join(rows)))
    assert set(found) == {"3", "4", "5", "6", "7", "8", "9", "10", "11"}
    assert "GEC0001..GEC0100" in found["3"]
    assert "counts already" in found["4"]
    assert "10000 kWh" in found["5"]
    assert "generated_to" in found["9"]
    assert _listed("certificates") == []


def test_overlaps_with_what_the_ledger_holds_are_refused(tmp_path: Path) -> None:
    run("import", _file(tmp_path, CERTIFICATES + _certificate("A10..A19", 10_000)))
    for centre in ("dc", "dc2"):
        file = _file(tmp_path, CERTIFICATES + _certificate("A19..A20", 2_000, centre))
        assert "A10..A19" in _problems(file)["2"]
    moved = _file(tmp_path, CERTIFICATES + _certificate("A10..A19", 10_000, "dc2"))
    assert "counts already" in _problems(moved)["2"]


def test_points_and_months_that_cannot_be_are_refused(tmp_path: Path) -> None:
    points = _file(
        tmp_path,
        "park,data_centre,point,time_share,total_kw,it_kw,measured_on,source\n"
        "demo,dc,a,0.7,130,100,2026-02-01,test\n"
        "demo,dc,b,0.7,90,100,2026-02-01,test\n"
        "demo,dc,f,0.1,130,100,2026-02-01,test\n",
    )
    assert set(_problems(points)) == {"3", "4"}
    months = _file(
        tmp_path,
        "park,data_centre,month,facility_kwh,it_kwh,it_load_kw,source\n"
        "demo,dc,13,125000,100000,140,model\n"
        "demo,dc,2,99000,100000,140,model\n",
    )
    assert set(_problems(months)) == {"2", "3"}


def test_a_file_of_no_table(tmp_path: Path) -> None:
    assert "no table" in _problems(_file(tmp_path, "a,b\n1,2\n"))["1"]


def test_removed_rows_are_gone(tmp_path: Path) -> None:
    run("import", _file(tmp_path, CERTIFICATES + _certificate("A10..A19", 10_000)))
    run("remove", "A10..A19")
    assert _listed("certificates") == []
    run("remove", "A10..A19", code=1)
