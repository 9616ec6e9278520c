"""The page that says what each process needs agrees with units, settings and rights."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest

from parkpulse.model import credentials, service_park
from parkpulse.notify import emergency, vault
from parkpulse.services import units
from parkpulse.services.processes import Processes
from parkpulse.settings import Settings

GUIDE = (Path(__file__).parents[2] / "docs" / "install.md").read_text()
HEAD = "| process | command | unit | listens on |"
COMMAND = Path("/opt/bin/parkpulse")
VARIABLES = {f"PARKPULSE_{name.upper()}" for name in Settings.model_fields}


def _rows() -> dict[str, list[str]]:
    lines = GUIDE.split(HEAD, 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return {row[0]: row for row in cells}


ROWS = _rows()
_COMMANDS = {
    name: re.findall(r"`(parkpulse [^`]+)`", row[1]) for name, row in ROWS.items()
}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_whole(name: str) -> None:
    assert len(ROWS[name]) == 8


def test_every_unit_has_its_row() -> None:
    for file, text in units.units(COMMAND).items():
        (started,) = re.findall(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE) or [None]
        if started is None:
            assert file == "parkpulse.target"
            continue
        (row,) = [each for each in ROWS.values() if each[2] == f"`{file}`"]
        assert _COMMANDS[row[0]] == [f"parkpulse {started.replace('%i', 'N')}"]


def test_every_process_of_up_has_its_row() -> None:
    processes = Processes(1, "127.0.0.1", 8080, ("--demo",), {})
    known = {words for of in _COMMANDS.values() for words in of}
    for words in processes._commands().values():
        assert (
            f"parkpulse {' '.join(words)}".replace("--worker 1", "--worker N") in known
        )


def test_units_wait_for_nothing_that_may_be_away() -> None:
    for file, text in units.units(COMMAND).items():
        assert "\nRequires=" not in text, file
        assert file.endswith(".target") or "\nStartLimitIntervalSec=0\n" in text


@pytest.mark.parametrize("name", ROWS)
def test_every_variable_is_a_setting(name: str) -> None:
    for named in re.findall(r"PARKPULSE_[A-Z_*]+", " ".join(ROWS[name])):
        assert fnmatch.filter(VARIABLES, named), named


def test_ports_are_those_of_the_settings() -> None:
    ports = {
        "database (private)": ("database_port",),
        "broker (private)": ("mqtt_port", "mqtt_listen_port"),
        "api and page": ("port",),
    }
    for name, row in ROWS.items():
        defaults = [Settings.model_fields[each].default for each in ports.get(name, ())]
        assert [int(each) for each in re.findall(r"\b\d{4,5}\b", row[3])] == defaults


def test_rights_at_the_broker_are_those_that_exist() -> None:
    named = {
        each for row in ROWS.values() for each in re.findall(r"`service:(\w+)`", row[5])
    }
    assert named == set(credentials.SERVICES) - {"all"}
    for row in ROWS.values():
        assert ("broker" in row[4].split(";")[0]) is ("`service:" in row[5])


def test_files_of_the_home_are_those_that_are_used() -> None:
    for name, files in {
        "notify": [vault.FILE],
        "watch": [
            *(emergency.FILE, emergency.STATE_FILE),
            f"logs/{service_park.RESTARTS}",
        ],
    }.items():
        assert re.findall(r"home/([\w./-]+)", ROWS[name][6]) == files
