"""The wheel and the systemd units, as somebody who installs them has them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from parkpulse.services import ports
from tests.plugins.fix_services import wait_until

REPOSITORY = Path(__file__).parents[2]
DATA = (
    "dashboards/web/dist/index.html",
    "parkpulse/model/metrics.toml",
    "parkpulse/store/migrations/20261122T190000_foundation.sql",
    "parkpulse/services/systemd/parkpulse.service",
    "api/openapi.json",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("parkpulse-*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Environment with the wheel in it; what it depends on is borrowed."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(python), "install"),
            *("--quiet", "--no-deps", "--no-index", str(wheel)),
        ],
        check=True,
        capture_output=True,
    )
    (packages,) = folder.glob("lib/python3*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def _git() -> str:
    found = shutil.which("git")
    assert found is not None
    return found


def test_everything_that_is_no_program_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert set(DATA) <= names
    for folder in ("parkpulse", "ingest", "analytics", "api", "simulators"):
        tracked = subprocess.run(
            [_git(), "ls-files", folder],
            cwd=REPOSITORY,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        there = {each for each in tracked if (REPOSITORY / each).is_file()}
        assert there - names == set()
    assert not [name for name in names if "node_modules" in name or "/src/" in name]


@pytest.fixture
def settings(server_home: Path, servers_cache: Path) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "PARKPULSE_HOME": str(server_home / "home"),
        "PARKPULSE_CACHE": str(servers_cache),
        "PARKPULSE_PORT": str(ports.free()),
        "PARKPULSE_DATABASE_PORT": str(ports.free()),
        "PARKPULSE_MQTT_PORT": str(ports.free()),
    }


def test_what_is_installed_runs_in_an_empty_folder(
    environment: Path, settings: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "output"
    empty = tmp_path / "empty"
    empty.mkdir()
    with log.open("wb") as output:
        running = subprocess.Popen(
            [environment / "bin" / "parkpulse", "up"],
            cwd=empty,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )

    def is_ready() -> bool:
        assert running.poll() is None, log.read_text()
        return "Parkpulse is ready" in log.read_text()

    try:
        wait_until(is_ready, 120.0)
        page = f"http://127.0.0.1:{settings['PARKPULSE_PORT']}/"
        with urllib.request.urlopen(page, timeout=20) as answer:
            assert b"<title>" in answer.read()
    finally:
        running.send_signal(signal.SIGTERM)
        status = running.wait(90)
    assert status == 0
    assert list(empty.iterdir()) == []
    # It was the wheel's program that ran, and none of the repository's.
    found = subprocess.run(
        [environment / "bin" / "python", "-c", "import api; print(api.__file__)"],
        cwd=empty,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(found.stdout.strip()).is_relative_to(environment)


def test_the_units_are_sound_and_shut_off(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("parkpulse")
    printed = subprocess.run(
        [command, "services", "units", "--write", tmp_path],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = sorted(tmp_path.iterdir())
    assert printed.split() == [str(file) for file in files]
    started = {file.name: _started(file) for file in files if file.suffix == ".service"}
    assert started["parkpulse.service"] == f"{command} up"
    assert started["parkpulse-ingest@.service"] == f"{command} ingest --worker %i"
    for file in files:
        if file.suffix == ".service":
            assert "\nUser=parkpulse\n" in file.read_text()
            assert "\nProtectSystem=strict\n" in file.read_text()
    analyse = shutil.which("systemd-analyze")
    if analyse is not None:
        checked = subprocess.run(
            [analyse, "verify", *files], check=False, capture_output=True, text=True
        )
        assert str(tmp_path) not in checked.stderr
        for file in files:
            if file.suffix == ".service":
                subprocess.run(
                    [analyse, "security", "--offline=yes", "--threshold=20", file],
                    check=True,
                    capture_output=True,
                )


def _started(unit: Path) -> str:
    (line,) = (
        each for each in unit.read_text().splitlines() if each.startswith("ExecStart=")
    )
    return line.removeprefix("ExecStart=")
