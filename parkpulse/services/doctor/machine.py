"""Checks of this machine: Python, folders, secrets, disk, addresses."""

from __future__ import annotations

import http.client
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from parkpulse.services import locks, ports
from parkpulse.services.doctor.finding import fail, ok, warn
from parkpulse.store import disk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.services.doctor.finding import Finding

_OLDEST = (3, 11)
_ANSWER_S = 3.0
_MOST_BYTES = 10_000
_GROUP_AND_OTHERS = 0o077
_SECRETS = (
    "secret.key",
    "database.password",
    "superuser.password",
    "broker.password",
    "grafana.password",
    "emergency.json",
    "tls/ca.key",
    "tls/server.key",
)
_HERE = {None, "", "localhost", "127.0.0.1", "::1"}


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Whether Python is new enough."""
    text = ".".join(map(str, version))
    if version < _OLDEST:
        return fail("python", text, "install Python 3.11 or newer")
    return ok("python", text)


def home(folder: Path) -> Finding:
    """Whether the home can be used."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir():
        remedy = "set PARKPULSE_HOME to a folder"
        return fail("home", f"{there} is no folder", remedy)
    if not os.access(there, os.W_OK | os.X_OK):
        remedy = "run as its owner, or set PARKPULSE_HOME to a folder of your own"
        return fail("home", f"{there} cannot be written to", remedy)
    if there != folder:
        return warn("home", f"{folder} is not there yet", "'parkpulse up' makes it")
    return ok("home", str(folder))


def page(folder: Path | None = None) -> Finding:
    """Whether the page is built.

    Parameters
    ----------
    folder
        Where it is built to; None: as installed.
    """
    if folder is None:
        found = importlib.util.find_spec("dashboards")
        installed = found.submodule_search_locations if found else None
        folder = Path(next(iter(installed or ["dashboards"]))) / "web" / "dist"
    if not (folder / "index.html").is_file():
        text = f"it is not built: {folder} has no index.html"
        return fail("page", text, "'make page' builds it; wheels carry it")
    return ok("page", "is built")


def secrets(folder: Path) -> Iterator[Finding]:
    """Tell whether anybody else may read the secrets."""
    found = [folder / name for name in _SECRETS if (folder / name).exists()]
    for file in found:
        if file.stat().st_mode & _GROUP_AND_OTHERS:
            text = f"{file} can be read by others"
            yield fail("secrets", text, f"chmod 600 {file}")
    if not any(file.stat().st_mode & _GROUP_AND_OTHERS for file in found):
        yield ok("secrets", f"{len(found)} files, for their owner only")


def programs(cache: Path, url: str | None, mqtt_url: str | None) -> Finding:
    """Whether the private servers' programs are there, if they are needed."""
    if url is not None and mqtt_url is not None:
        return ok("programs", "none are needed: the servers are named")
    fetched = sorted(cache.glob("servers-*/usr/lib/postgresql/*/bin/postgres"))
    machine = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not fetched and not machine:
        text = "TimescaleDB and Mosquitto are not here yet"
        return warn("programs", text, "'parkpulse up' fetches them (42 MB)")
    return ok("programs", str((fetched or machine)[-1].parent))


def port(name: str, number: int, setting: str, home: Path, *lock_files: str) -> Finding:
    """Whether a port is free, or used by ourselves.

    Parameters
    ----------
    name, number, setting
        What the port is for, the port, and where it is set.
    home
        The home.
    lock_files
        Files of it one of which is locked by whoever of us uses the port.
    """
    if not ports.answers(number):
        return ok(name, f"port {number} is free")
    held = [locks.holder(home / each) for each in lock_files]
    if any(each is not None for each in held) or _is_page(number):
        return ok(name, f"port {number} is in use while Parkpulse runs")
    text = f"port {number} is used by another program"
    return fail(name, text, f"stop it, or set {setting} to another port")


def _is_page(number: int) -> bool:
    """Whether a page that was started by itself, and so locks nothing, has the port."""
    asked = http.client.HTTPConnection("127.0.0.1", number, timeout=_ANSWER_S)
    try:
        asked.request("GET", "/api/v1/health")
        return b'"alive"' in asked.getresponse().read(_MOST_BYTES)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def space(folder: Path, warn_mb: int | None, stop_mb: int | None) -> Finding:
    """Whether the disk has room."""
    found = disk.look(folder)
    limits = disk.limits(found.total_bytes, warn_mb, stop_mb)
    text = f"{found.free_bytes / 1e9:.1f} of {found.total_bytes / 1e9:.1f} GB free"
    state = disk.judge(found.free_bytes, limits)
    if state == "full":
        text += ": ingest takes no messages, the broker keeps them"
        remedy = f"make room on the disk of {folder}, or lower PARKPULSE_DISK_STOP_MB"
        return fail("disk", text, remedy)
    if state == "low":
        remedy = "make room, or set PARKPULSE_RAW_RETENTION_DAYS lower"
        return warn("disk", text, remedy)
    return ok("disk", text)


def links(
    host: str, public_url: str | None, urls: dict[str, str], *, is_sealed: bool = False
) -> list[Finding]:
    """Tell which connections leave this machine unencrypted.

    Parameters
    ----------
    host, public_url
        Where the page is served, and by which address people reach it.
    urls
        Addresses of the servers, by what they are.
    is_sealed
        Whether the page is served with TLS by ourselves.
    """
    found = [
        warn(
            "links",
            f"the {name} at {urlsplit(url).hostname} is reached in the clear",
            "use TLS, or a network that only they share",
        )
        for name, url in urls.items()
        if not _is_here(url) and not _is_encrypted(url)
    ]
    is_sealed = is_sealed or (public_url or "").startswith("https://")
    if host not in _HERE and not is_sealed:
        text = f"the page is served at {host} without TLS"
        remedy = (
            "set PARKPULSE_TLS_CERT and PARKPULSE_TLS_KEY, or put a proxy with TLS"
            " before it and set PARKPULSE_PUBLIC_URL"
        )
        found.append(warn("links", text, remedy))
    return found or [ok("links", "nothing leaves this machine in the clear")]


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in _HERE


def _is_encrypted(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "mqtts":
        return True
    mode = parse_qs(parts.query).get("sslmode", [""])[0]
    return mode in {"require", "verify-ca", "verify-full"}
