"""`parkpulse registry` against a real database: out, changed, and in again."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from parkpulse.cli import cli
from parkpulse.store import registry
from tests.integration import ingesting

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from parkpulse.store.pool import Database


@pytest.fixture
def _registered(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    with database.transaction() as conn:
        registry.apply(conn, ingesting.park())


pytestmark = pytest.mark.usefixtures("_registered")


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["registry", *map(str, arguments)])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def _edit(file: Path, device: str, **cells: str) -> None:
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    for row in rows:
        if row["device"] == device:
            row.update(cells)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("written", ["yaml", "csv"])
def test_what_is_exported_changes_nothing(tmp_path: Path, written: str) -> None:
    out = tmp_path / ("park.yaml" if written == "yaml" else "tables")
    run("export", "--format", written, "--out", out)
    assert json.loads(run("diff", out, "--json").output) == {"items": []}
    assert "Nothing was changed." in run("import", out).output


def test_a_changed_table_changes_what_it_names(tmp_path: Path) -> None:
    run("export", "--format", "csv", "--out", tmp_path)
    devices = tmp_path / "devices.csv"
    _edit(devices, "gauge", name_zh="水位计", report_interval_s="60", aliases="861 862")
    found = json.loads(run("import", devices, "--dry-run", "--json").output)["items"]
    changed = [each for each in found if each["table"] == "devices"]
    assert changed == [
        {
            "kind": "changed",
            "table": "devices",
            "park": "demo",
            "key": "gauge",
            "before": {"name_zh": "名", "report_interval_s": "900", "aliases": ""},
            "after": {
                "name_zh": "水位计",
                "report_interval_s": "60",
                "aliases": "861 862",
            },
        }
    ]
    run("diff", devices, code=1)
    run("import", devices)
    run("diff", devices)
    run("import", devices)


def test_a_new_park_from_one_document(tmp_path: Path) -> None:
    file = tmp_path / "park.yaml"
    file.write_text(
        """
code: harbour
name: {zh: 港口, en: Harbour}
accept_from: 2026-01-01T00:00:00Z
devices:
  - code: w1
    kind: gauge
    name: {zh: 水位, en: level}
    series: [{metric: water_level}]
topics:
  - {filter: tele/+/SENSOR, format: senml, device_level: 2}
""",
        encoding="utf-8",
    )
    assert "added" in run("import", file).output
    assert "tele/+/SENSOR" in run("export", "--park", "harbour").output
    run("diff", file)


def test_every_wrong_row_is_named(tmp_path: Path) -> None:
    devices, series = tmp_path / "devices.csv", tmp_path / "series.csv"
    devices.write_text("park,device,place\ndemo,gauge,nowhere\n", encoding="utf-8")
    series.write_text(
        "park,device,metric\ndemo,missing,water_level\ndemo,gauge\ndemo,gauge,\n",
        encoding="utf-8",
    )
    problems = json.loads(run("import", tmp_path, "--json", code=2).output)["problems"]
    where = {
        each["where"].removeprefix(f"{tmp_path}/"): each["text"] for each in problems
    }
    assert set(where) == {
        "devices.csv:2: place",
        "series.csv:2",
        "series.csv:3",
        "series.csv:4",
    }
    assert "missing" in where["series.csv:2"]
    run("diff", devices.with_name("no.csv"), code=2)


def test_wrong_values_are_placed(tmp_path: Path) -> None:
    devices = tmp_path / "devices.csv"
    devices.write_text(
        "park,device,report_interval_s\ndemo,gauge,often\n", encoding="utf-8"
    )
    result = run("import", devices, code=2)
    assert "devices.csv:2: report_interval_s" in result.output


def test_replaced_and_retired() -> None:
    run("replace", "demo", "gauge", "861")
    run("retire", "demo", "drifting")
    text = run("export").output
    assert "- '861'" in text
    assert "retired: true" in text
    assert run("replace", "demo", "nothing", "862", code=1).exception is not None


def test_a_foreign_topic_is_taken_out_of_force(tmp_path: Path) -> None:
    table = tmp_path / "topics.csv"
    table.write_text(
        "park,filter,format,device_level,options\n"
        "demo,tele/+/SENSOR,profile:tasmota,2,\ndemo,field/+/up,sl651,2,crc=accept\n"
    )
    run("import", table)
    found = json.loads(run("topics", "list", "--json").output)["items"]
    assert [each["filter"] for each in found] == ["field/+/up", "tele/+/SENSOR"]
    assert "demo  field/+/up  sl651 device=2 crc=accept" in run("topics", "list").output
    run("topics", "remove", "tele/+/SENSOR")
    assert "1 rules." in run("topics", "list", "--park", "demo").output
    unknown = run("topics", "list", "--park", "elsewhere", code=1)
    assert str(unknown.exception) == "there is no park 'elsewhere'"
    unknown = run("topics", "remove", "tele/+/SENSOR", code=1)
    assert "tele/+/SENSOR" in str(unknown.exception)


_TOPICS = "park,filter,format,device_level,options\n"


@pytest.mark.parametrize("command", ["diff", "import"])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("park.yaml", "", "there is no park in it, nor a row of one"),
        ("park.yaml", "# later\n", "there is no park in it, nor a row of one"),
        ("park.yaml", "[]", "there is no park in it, nor a row of one"),
        ("park.yaml", "---\n", "a document is a park with its code"),
        ("devices.csv", "", "its columns are those of no table"),
        ("park.yaml", "a: [", "while parsing"),
        ("devices.csv", "a" * 200_000, "its columns are those of no table"),
        ("topics.csv", _TOPICS + "demo," + "a" * 200_000, "field larger than"),
    ],
)
def test_a_file_that_says_nothing(
    tmp_path: Path, command: str, name: str, content: str, said: str
) -> None:
    file = tmp_path / name
    file.write_text(content)
    output = run(command, file, code=2).output
    assert f"{file}" in output
    assert said in output
    assert "1 problem; nothing was imported." in output


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "park.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    wrong = run("diff", file, code=1)
    assert "cannot be read" in str(wrong.exception)


def test_an_id_that_is_none() -> None:
    wrong = run("replace", "demo", "gauge", "two words", code=1)
    assert str(wrong.exception).startswith("'two words' is no id: ")
