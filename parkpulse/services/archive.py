"""Fetches programs from Debian's package archive into a private folder.

Nothing on the machine changes and no root is needed: `apt-get` works with folders of
its own, checks the archive's signature with the machine's keyring, and resolves what
the packages need; `dpkg` unpacks them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError
from parkpulse.services import locks, process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUITE = "trixie"
OWN_SERVERS = (
    "or set PARKPULSE_DATABASE_URL and PARKPULSE_MQTT_URL to servers of your own"
)
_KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
_UNPACKED_FACTOR = 6  # measured: 42 MB of packages become 190 MB
_RECIPE = 1
"""Raise it when the way of unpacking changes, so that old folders are not reused."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Packages to fetch.

    Parameters
    ----------
    name
        Begins the folder's name.
    title
        What a person reads.
    packages
        What is asked for.
    assumed
        Dependencies that are not needed to run it from a private folder.
    """

    name: str
    title: str
    packages: tuple[str, ...]
    assumed: tuple[str, ...]

    def folder_name(self, architecture: str) -> str:
        """Name of the unpacked folder: another recipe gets another one."""
        recipe = [_RECIPE, SUITE, architecture, self.packages, self.assumed]
        digest = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()
        return f"{self.name}-{digest[:12]}"


def unpacked(
    wanted: Wanted,
    cache: Path,
    tell: Callable[[str], None],
    finish: Callable[[Path, Path], None],
) -> Path:
    """Return the folder that holds the unpacked packages, fetching them if needed.

    Parameters
    ----------
    wanted
        Packages to fetch.
    cache
        Folder that keeps them for the next start, and for others on this machine.
    tell
        Called with each step.
    finish
        Called with the unpacked tree and its final place before it is moved there.

    Raises
    ------
    ServiceError
        The packages cannot be fetched or unpacked.
    """
    _require_tools()
    architecture = _checked(["dpkg", "--print-architecture"]).strip()
    final = cache / wanted.folder_name(architecture)
    if final.is_dir():
        return final
    _make(cache)
    with locks.waiting(cache / f"{wanted.name}.lock"):
        if not final.is_dir():
            work = cache / f"{final.name}.partial"
            _Fetch(wanted, work, architecture, tell).into(final, finish)
    return final


def _require_tools() -> None:
    missing = [name for name in ("apt-get", "dpkg") if shutil.which(name) is None]
    if missing:
        message = (
            f"this machine has no {missing[0]}, which fetches TimescaleDB and Mosquitto:"
            f" use Debian 12 or newer, {OWN_SERVERS}"
        )
        raise ServiceError(message)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = (
            f"the folder {folder} cannot be made ({error.strerror}): set"
            " PARKPULSE_CACHE to a folder you may write to"
        )
        raise ServiceError(message) from error


def mirror() -> str:
    """Address of the Debian archive that this machine's apt is configured with.

    Raises
    ------
    ServiceError
        Its apt names no Debian archive.
    """
    listing = _checked(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(COMPONENT)"]
    )
    found = choose_mirror(listing.splitlines())
    if found is None:
        message = (
            "this machine's apt names no Debian archive: add one to"
            f" /etc/apt/sources.list.d, {OWN_SERVERS}"
        )
        raise ServiceError(message)
    return found


def choose_mirror(targets: list[str]) -> str | None:
    """Pick Debian's own archive among lines of `address|component`."""
    addresses = [
        address
        for address, _, component in (line.partition("|") for line in targets)
        if component == "main" and address.rstrip("/").endswith("/debian")
    ]
    return addresses[0] if addresses else None


def _keyring() -> str:
    for name in _KEYRINGS:
        if os.path.exists(name):  # noqa: PTH110 - plain strings go into apt's file
            return name
    message = (
        "this machine lacks the keys of Debian's archive: install the package"
        f" debian-archive-keyring, {OWN_SERVERS}"
    )
    raise ServiceError(message)


def _checked(command: list[str]) -> str:
    result = process.run(command)
    if result.status != 0:
        raise ServiceError(explain(result.output, ""))
    return result.output


_CAUSES = (
    (
        ("NO_PUBKEY", "is not signed", "EXPKEYSIG", "Missing key"),
        "the signature of {mirror} cannot be checked: update the package"
        " debian-archive-keyring and try again",
    ),
    (
        ("No space left", "enough free space", "No space"),
        "there is no space left on the disk: free some, or set PARKPULSE_CACHE to a"
        " folder on another disk",
    ),
    (
        ("Unable to locate package", "no installation candidate"),
        "{mirror} lacks a package for this kind of machine: name a complete Debian"
        " mirror in apt's sources, {own}",
    ),
    (
        ("does not have a Release file", "404  Not Found", "404 Not Found"),
        "{mirror} does not carry Debian 13 ({suite}): name a complete Debian mirror in"
        " apt's sources, {own}",
    ),
    (
        (
            "Could not resolve",
            "Temporary failure",
            "Could not connect",
            "Unable to connect",
            "Connection failed",
            "Connection timed out",
            "Could not handshake",
            "Failed to fetch",
        ),
        "{mirror} cannot be reached: check the network and apt's proxy settings, {own}",
    ),
    (
        ("Could not get lock", "Unable to lock"),
        "another process is fetching into the same folder: wait for it and try again",
    ),
)


def explain(output: str, mirror_address: str) -> str:
    """Say in one sentence what apt's messages mean and what to do about them."""
    name = f"the Debian archive {mirror_address}".rstrip()
    for signs, sentence in _CAUSES:
        if any(sign in output for sign in signs):
            return sentence.format(mirror=name, suite=SUITE, own=OWN_SERVERS)
    errors = [line for line in output.splitlines() if line.startswith("E:")]
    last = (errors or output.strip().splitlines() or ["no message"])[-1]
    return f"fetching from {name} failed: {last}"


class _Fetch:
    """One fetch into a folder that becomes visible when it is complete."""

    def __init__(
        self,
        wanted: Wanted,
        work: Path,
        architecture: str,
        tell: Callable[[str], None],
    ) -> None:
        self._wanted = wanted
        self._work = work
        self._architecture = architecture
        self._tell = tell
        self._mirror = mirror()

    def into(self, final: Path, finish: Callable[[Path, Path], None]) -> None:
        """Fetch, unpack and move; what is downloaded stays if it is interrupted."""
        self._configure()
        self._tell(f"Reading the package lists of {self._mirror}")
        self._apt("update")
        self._download()
        tree = self._work / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir(mode=0o755)
        self._unpack(tree)
        finish(tree, final)
        tree.rename(final)
        shutil.rmtree(self._work, ignore_errors=True)

    def _configure(self) -> None:
        for name in ("lists/partial", "archives/partial"):
            (self._work / name).mkdir(parents=True, exist_ok=True)
        (self._work / "status").write_text(self._assumed())
        (self._work / "sources.list").write_text(
            f"deb [arch={self._architecture} signed-by={_keyring()}]"
            f" {self._mirror} {SUITE} main\n"
        )
        configuration = self._work / "apt.conf"
        configuration.touch(mode=0o600)  # a proxy's password may stand in it
        configuration.write_text(self._configuration())

    def _assumed(self) -> str:
        # A version and epoch that satisfies every "at least".
        return "".join(
            f"Package: {name}\nStatus: install ok installed\nArchitecture: all\n"
            "Multi-Arch: foreign\nVersion: 999:999\nMaintainer: none\n"
            "Description: assumed\n\n"
            for name in self._wanted.assumed
        )

    def _configuration(self) -> str:
        machine = _checked(["apt-config", "dump", "Acquire"])
        kept = [line for line in machine.splitlines() if _is_wanted(line)]
        own = {
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::sourcelist": self._work / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": self._work,
            "Dir::State::status": self._work / "status",
            "Dir::State::lists": self._work / "lists",
            "Dir::Cache": self._work,
            "Dir::Cache::archives": self._work / "archives",
            "Dir::Log": self._work,
            "APT::Install-Recommends": "false",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "30",
            "Acquire::https::Timeout": "30",
        }
        return "\n".join([*kept, *(f'{key} "{value}";' for key, value in own.items())])

    def _apt(self, *arguments: str) -> str:
        environment = {**os.environ, "APT_CONFIG": str(self._work / "apt.conf")}
        environment.update(LC_ALL="C.UTF-8", LANGUAGE="en")
        result = process.run(["apt-get", *arguments], environment=environment)
        if result.status != 0:
            raise ServiceError(explain(result.output, self._mirror))
        return result.output

    def _download(self) -> None:
        listing = self._apt("install", "--print-uris", "-y", *self._wanted.packages)
        sizes = package_sizes(listing)
        total = sum(sizes)
        _require_space(self._work, total * _UNPACKED_FACTOR)
        self._tell(
            f"Fetching {self._wanted.title}: {len(sizes)} packages,"
            f" {total / 1e6:.0f} MB"
        )
        self._apt("install", "--download-only", "-y", *self._wanted.packages)

    def _unpack(self, tree: Path) -> None:
        self._tell(f"Unpacking {self._wanted.title}")
        for package in sorted((self._work / "archives").glob("*.deb")):
            result = process.run(["dpkg", "-x", package, tree])
            if result.status != 0:
                raise ServiceError(explain(result.output, self._mirror))


def _is_wanted(line: str) -> bool:
    # The proxy and the like; not the extra indexes that desktop packages ask for.
    return not line.startswith(("Acquire::IndexTargets", "Acquire::Changelogs"))


def package_sizes(listing: str) -> list[int]:
    """Sizes in bytes of the packages that `apt-get --print-uris` lists."""
    lines = [line.split() for line in listing.splitlines() if line.startswith("'")]
    return [int(fields[2]) for fields in lines]


def _require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        message = (
            f"{folder.parent} has {free / 1e6:.0f} MB free and {needed / 1e6:.0f} MB are"
            " needed: free some, or set PARKPULSE_CACHE to a folder on another disk"
        )
        raise ServiceError(message)
