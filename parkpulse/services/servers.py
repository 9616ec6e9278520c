"""Finds the programs of TimescaleDB and Mosquitto: the machine's or fetched."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError
from parkpulse.services import archive, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OLDEST_POSTGRES = 15
OLDEST_MOSQUITTO = (2, 0)
PACKAGES = archive.Wanted(
    name="servers",
    title="TimescaleDB and Mosquitto",
    packages=("postgresql-17", "postgresql-17-timescaledb", "mosquitto"),
    assumed=(
        "adduser",
        "base-passwd",
        "debconf",
        "init-system-helpers",
        "libc-bin",
        "libipc-run-perl",
        "libjson-perl",
        "libllvm19",
        "libpam-modules",
        "libz3-4",
        "locales",
        "login.defs",
        "netbase",
        "openssl",
        "openssl-provider-legacy",
        "passwd",
        "perl",
        "perl-base",
        "postgresql-client-common",
        "postgresql-common",
        "postgresql-common-dev",
        "procps",
        "readline-common",
        "sensible-utils",
        "ssl-cert",
        "sysvinit-utils",
        "tzdata",
        "ucf",
    ),
    otherwise=(
        "or set PARKPULSE_DATABASE_URL and PARKPULSE_MQTT_URL to servers of your own"
    ),
)
_DATABASE_PROGRAMS = ("initdb", "pg_controldata", "postgres", "psql")
_MACHINE_POSTGRES = Path("/usr/lib/postgresql")
_MACHINE_EXTENSIONS = Path("/usr/share/postgresql")
_ZONES = Path("/usr/share/zoneinfo/Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Servers:
    """Programs to start.

    Parameters
    ----------
    postgres
        Folder of `postgres`, `initdb` and `psql`.
    mosquitto
        The broker's program.
    """

    postgres: Path
    mosquitto: Path


def find(cache: Path, data_version: int | None, tell: Callable[[str], None]) -> Servers:
    """Take the machine's own servers where it has them, else fetch them.

    Parameters
    ----------
    cache
        Folder that keeps fetched programs.
    data_version
        Major version of PostgreSQL that made the existing data; None if there is none.
    tell
        Called with each step.

    Raises
    ------
    ServiceError
        The machine has none and they cannot be fetched.
    """
    _require_zones()
    postgres = machine_postgres(_installed(), data_version)
    mosquitto = _machine_mosquitto()
    if postgres is None or mosquitto is None:
        tree = archive.unpacked(PACKAGES, cache, tell, patch)
        postgres = postgres or tree / "usr/lib/postgresql/17/bin"
        mosquitto = mosquitto or tree / "usr/sbin/mosquitto"
    return Servers(postgres, mosquitto)


def _require_zones() -> None:
    if not _ZONES.exists():
        message = (
            "this machine has no time zones, which PostgreSQL reads from"
            " /usr/share/zoneinfo: install the package tzdata"
        )
        raise ServiceError(message)


def _installed() -> Iterable[tuple[int, Path]]:
    for folder in _MACHINE_POSTGRES.glob("*/bin"):
        version = folder.parent.name
        control = _MACHINE_EXTENSIONS / version / "extension/timescaledb.control"
        if version.isdigit() and control.exists() and (folder / "initdb").exists():
            yield int(version), folder


def machine_postgres(
    installed: Iterable[tuple[int, Path]], data_version: int | None
) -> Path | None:
    """Pick the newest usable server, or the one that made the data."""
    usable = [
        (version, folder)
        for version, folder in installed
        if version >= OLDEST_POSTGRES and data_version in {None, version}
    ]
    return max(usable)[1] if usable else None


def _machine_mosquitto() -> Path | None:
    found = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if found is None:
        return None
    printed = process.run([found, "-h"]).output
    return Path(found) if mosquitto_version(printed) >= OLDEST_MOSQUITTO else None


def mosquitto_version(printed: str) -> tuple[int, int]:
    """Version that `mosquitto -h` prints; (0, 0) when it prints none."""
    found = re.search(r"mosquitto version (\d+)\.(\d+)", printed)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def patch(tree: Path, final: Path) -> None:
    """Make the fetched programs load the libraries that were fetched with them.

    Parameters
    ----------
    tree
        The unpacked packages.
    final
        Where the tree will lie: that place is written into the programs.

    Raises
    ------
    ServiceError
        A program is not as expected.
    """
    programs = [
        tree / "usr/lib/postgresql/17/bin" / name for name in _DATABASE_PROGRAMS
    ]
    libraries = next(tree.glob("usr/lib/*-linux-gnu*")).relative_to(tree)
    for program in [*programs, tree / "usr/sbin/mosquitto"]:
        set_loader(program, final)
        # An RPATH, unlike a RUNPATH, also serves the libraries' own dependencies.
        _patchelf("--force-rpath", "--set-rpath", final / libraries, program)


def set_loader(program: Path, final: Path) -> None:
    """Make a fetched program start with the loader that was fetched with it."""
    loader = _patchelf("--print-interpreter", program).strip().lstrip("/")
    _patchelf("--set-interpreter", final / "usr" / loader, program)


def _patchelf(*arguments: str | Path) -> str:
    beside = Path(sys.executable).parent / "patchelf"
    command = (
        beside if beside.exists() else Path(sysconfig.get_path("scripts"), "patchelf")
    )
    result = process.run([command, *arguments])
    if result.status != 0:
        message = f"a fetched program cannot be prepared: {result.output.strip()}"
        raise ServiceError(message)
    return result.output
