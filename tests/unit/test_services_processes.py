"""What is run, in which order, and what becomes of its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parkpulse.services import logs, supervisor
from parkpulse.services.local import Addresses
from parkpulse.services.processes import Processes

if TYPE_CHECKING:
    from pathlib import Path

ADDRESSES = Addresses("postgresql://u:hidden@h/d", "mqtt://u:hidden@h")


def _processes(**changes: object) -> Processes:
    given = {
        "ingest_workers": 2,
        "host": "127.0.0.1",
        "port": 8080,
        "simulate": None,
        "environment": {"PARKPULSE_HOME": "/home"},
    }
    return Processes(**{**given, **changes})  # type: ignore[arg-type] # all are named


def test_they_start_in_the_reverse_order_of_their_stop() -> None:
    names = [each.name for each in _processes().programs(ADDRESSES)]
    assert names == ["engine", "notify", "watch", "ingest-1", "ingest-2", "api"]


def test_the_demo_adds_the_simulator() -> None:
    programs = _processes(simulate=("--demo",)).programs(ADDRESSES)
    assert programs[-1].name == "simulate"
    assert programs[-1].command[1:] == ("simulate", "--demo")


def test_secrets_stand_in_the_environment_only() -> None:
    for program in _processes().programs(ADDRESSES):
        assert program.environment["PARKPULSE_DATABASE_URL"] == ADDRESSES.database_url
        assert program.environment["PARKPULSE_MQTT_URL"] == ADDRESSES.mqtt_url
        assert program.environment["PARKPULSE_HOME"] == "/home"
        assert "hidden" not in " ".join(program.command)
        assert "hidden" not in repr(program)


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104 - only turned into text
        ("::", "http://[::1]:8080"),
        ("park.example", "http://park.example:8080"),
    ],
)
def test_the_page_has_an_address_a_browser_can_open(host: str, page: str) -> None:
    assert _processes(host=host).page == page


def test_pauses_grow_to_a_limit() -> None:
    pauses = [supervisor.pause_s(failures) for failures in (1, 2, 3, 4, 5, 6, 60)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_lines_are_put_together() -> None:
    lines = logs.Lines()
    assert lines.feed(b"one\ntw") == [b"one"]
    assert lines.feed(b"o\n\nthr") == [b"two", b""]
    assert lines.end() == [b"thr"]
    assert lines.end() == []


def test_an_endless_line_is_cut() -> None:
    lines = logs.Lines()
    assert lines.feed(b"x" * 70_000) == [b"x" * 70_000]
    assert lines.end() == []


def test_a_full_log_starts_a_new_file_and_keeps_three(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    log = logs.LogFile(path, most_bytes=10)
    for number in range(12):
        log.write([f"line {number:02}".encode()])
    log.close()
    kept = sorted(each.name for each in tmp_path.iterdir())
    assert kept == ["api.log", "api.log.1", "api.log.2", "api.log.3"]
    assert path.read_text() == "line 10\nline 11\n"
    assert (tmp_path / "api.log.1").read_text() == "line 08\nline 09\n"
    assert (tmp_path / "api.log.3").read_text() == "line 04\nline 05\n"


@pytest.mark.parametrize(
    ("line", "loud"),
    [
        ("2026-01-01 ERROR ingest: the database is away", True),
        ("Traceback (most recent call last):", True),
        ("FATAL:  the database system is starting up", True),
        ("ValueError: no", True),
        ("2026-01-01 INFO ingest: 0 errors", False),
        ("2026-01-01 WARNING slow", False),
    ],
)
def test_errors_reach_the_console(line: str, loud: bool) -> None:  # noqa: FBT001 - a table
    assert logs.is_loud(line) is loud
