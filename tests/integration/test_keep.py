"""Backup and restore with real servers and PostgreSQL's programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from parkpulse.engine.rollups import RollupConsumer
from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.store.pool import Database
from tests.plugins.fix_engine import NOW, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.plugins.fix_services import DatabaseServer

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
T0 = instants.to_us(NOW - timedelta(days=20))
SPEC = ParkSpec(
    code="yard",
    name=Name(zh="园", en="yard"),
    accept_from=NOW - timedelta(days=999),
    clock="data",
    devices=[
        DeviceSpec(
            code="well",
            kind="sensor",
            name=Name(zh="井", en="well"),
            series=[SeriesSpec(metric="water_level")],
            report_interval_s=60,
        )
    ],
)


@pytest.fixture
def empty_place(database_server: DatabaseServer) -> Iterator[str]:
    """Name of a database that does not exist yet."""
    name = f"restored_{uuid4().hex}"
    yield name
    with psycopg.connect(database_server.superuser_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("drop database if exists {} with (force)").format(
                sql.Identifier(name)
            )
        )


def _fill(lab: Lab, start: int) -> None:
    series = lab.register(SPEC)["well", "water_level"]
    lab.put(
        [(series, start + i * 20 * instants.MINUTE, 1.0 + i / 7) for i in range(1000)],
        "yard",
    )
    lab.step(RollupConsumer())


def _run(
    url: str, home: Path, cache: Path, *words: str, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words],
        env={
            **os.environ,
            "PARKPULSE_DATABASE_URL": url,
            "PARKPULSE_HOME": str(home),
            "PARKPULSE_CACHE": str(cache),
            **more,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def _figures(url: str) -> Any:  # noqa: ANN401 - a row
    with psycopg.connect(url) as conn:
        return conn.execute(
            """
            select (select count(*) from reading), (select sum(value) from reading),
                (select sum(n) from rollup_1h), (select sum(sum) from rollup_1h),
                (select count(*) from migration),
                (select count(*) from show_chunks('reading'))
            """
        ).fetchone()


def test_what_was_backed_up_is_there_again_and_goes_on(
    lab: Lab,
    database_url: str,
    database_server: DatabaseServer,
    empty_place: str,
    servers_cache: Path,
    tmp_path: Path,
) -> None:
    _fill(lab, T0)
    home = tmp_path / "home"
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "mine.toml").write_text("# mine\n")
    (home / "secret.key").write_text("5up3rsecretkey\n")
    made = _run(
        database_url, home, servers_cache, "backup", str(tmp_path / "kept"), "--json"
    )
    assert made.returncode == 0, made.stderr
    assert "Backing up: 50 %" in made.stderr
    folder = Path(json.loads(made.stdout)["backup"])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not any(b"5up3rsecretkey" in file.read_bytes() for file in _files(folder))

    there = _at(database_server.url, empty_place)
    more = {"PARKPULSE_ADMIN_DATABASE_URL": database_server.superuser_url}
    _create(database_server, empty_place)
    other = tmp_path / "other"
    done = _run(there, other, servers_cache, "restore", str(folder), **more)
    assert done.returncode == 0, done.stderr
    assert "all there" in done.stdout
    assert "put the key of that time there" in done.stdout
    assert (other / "profiles" / "mine.toml").read_text() == "# mine\n"
    assert _figures(there) == _figures(database_url)

    again = _run(there, other, servers_cache, "restore", str(folder), **more)
    assert again.returncode == 1
    assert "is not empty" in again.stderr
    _goes_on(there)
    before = _figures(there)
    assert before[0] == 2000
    replaced = _run(
        there, other, servers_cache, "restore", str(folder), "--replace", **more
    )
    assert replaced.returncode == 0, replaced.stderr
    assert _figures(there) == _figures(database_url)


def _goes_on(url: str) -> None:
    """The engine and the receiving side work on it, in chunks that are new."""
    database = Database(url)
    database.open()
    try:
        lab = Lab(database)
        _fill(lab, T0 + 200 * instants.DAY)
    finally:
        database.close()


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _at(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


def _create(server: DatabaseServer, name: str) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("create database {} owner parkpulse").format(sql.Identifier(name))
        )


@pytest.fixture
def kept(
    database_url: str, servers_cache: Path, tmp_path: Path
) -> tuple[Path, Mapping[str, Any]]:
    made = _run(
        database_url, tmp_path / "home", servers_cache, "backup", str(tmp_path / "kept")
    )
    assert made.returncode == 0, made.stderr
    (folder,) = (tmp_path / "kept").iterdir()
    return folder, json.loads((folder / "manifest.json").read_text())


def test_what_does_not_fit_is_refused_before_anything_changes(
    kept: tuple[Path, dict[str, Any]],
    database_url: str,
    database_server: DatabaseServer,
    servers_cache: Path,
    tmp_path: Path,
) -> None:
    folder, manifest = kept
    more = {"PARKPULSE_ADMIN_DATABASE_URL": database_server.superuser_url}

    def said(**changed: object) -> str:
        (folder / "manifest.json").write_text(json.dumps({**manifest, **changed}))
        done = _run(
            database_url,
            tmp_path,
            servers_cache,
            *("restore", str(folder), "--replace"),
            **more,
        )
        assert done.returncode == 1
        return done.stderr

    source = manifest["source"]
    newer = [*source[4], "29991231T000000_to_come"]
    assert "install that version" in said(source=[*source[:4], newer])
    assert "lacks" in said(source=[*source[:3], "9.9.9", source[4]])
    assert "create it" in said(source=[source[0], "nobody_at_all", *source[2:]])
    assert "is damaged" in said(sha256="0" * 64)
    rows = {**manifest["rows"], "park": 7}
    assert "park has not as many rows" in said(rows=rows)
    with psycopg.connect(database_url, application_name="parkpulse engine"):
        assert "in use (parkpulse engine)" in said()
    more.clear()
    assert "PARKPULSE_ADMIN_DATABASE_URL" in said()
    assert _figures(database_url)[4] == len(source[4])


def test_a_backup_that_fails_leaves_nothing(
    database_url: str, servers_cache: Path, tmp_path: Path
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("drop table migration")
    done = _run(database_url, tmp_path, servers_cache, "backup", str(tmp_path / "kept"))
    assert done.returncode == 1
    assert "holds nothing of Parkpulse" in done.stderr
    assert list((tmp_path / "kept").iterdir()) == []
