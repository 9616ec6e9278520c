"""Fetches programs from Debian's package archive into a private folder.

No root is needed: apt checks the archive's signature with the machine's keyring and
resolves what the packages need, `dpkg` unpacks them, and nothing is installed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError
from parkpulse.services import apt, folders, locks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_UNPACKED_FACTOR = 6  # measured: 42 MB of packages become 162 MB beside them
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
    otherwise
        What a person can do instead, for messages: "or install it yourself".
    """

    name: str
    title: str
    packages: tuple[str, ...]
    assumed: tuple[str, ...]
    otherwise: str

    def folder_name(self, architecture: str) -> str:
        """Name of the unpacked folder: another recipe gets another one."""
        recipe = [_RECIPE, apt.SUITE, architecture, self.packages, self.assumed]
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
    _require_tools(wanted)
    printed = apt.checked(["dpkg", "--print-architecture"], wanted.otherwise)
    architecture = printed.strip()
    final = cache / wanted.folder_name(architecture)
    if final.is_dir():
        return final
    folders.make(cache, "PARKPULSE_CACHE", folders.READABLE)
    with locks.waiting(cache / f"{wanted.name}.lock"):
        if not final.is_dir():
            _fetch(wanted, architecture, final, tell, finish)
    return final


def _require_tools(wanted: Wanted) -> None:
    missing = [name for name in ("apt-get", "dpkg") if shutil.which(name) is None]
    if missing:
        message = (
            f"this machine has no {missing[0]} to fetch {wanted.title} with: use"
            f" Debian 12 or newer, {wanted.otherwise}"
        )
        raise ServiceError(message)


def _fetch(
    wanted: Wanted,
    architecture: str,
    final: Path,
    tell: Callable[[str], None],
    finish: Callable[[Path, Path], None],
) -> None:
    """Fetch, unpack and move; what is downloaded stays if it is interrupted."""
    work = final.with_name(f"{final.name}.partial")
    private = apt.Apt(work, architecture, wanted.assumed, wanted.otherwise)
    tell(f"Reading the package lists of {private.mirror}")
    private.get("update")
    _download(wanted, private, work, tell)
    tell(f"Unpacking {wanted.title}")
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    _unpack(private.archives, tree, wanted.otherwise)
    finish(tree, final)
    tree.rename(final)
    shutil.rmtree(work, ignore_errors=True)


def _download(
    wanted: Wanted, private: apt.Apt, work: Path, tell: Callable[[str], None]
) -> None:
    listing = private.get("install", "--print-uris", "-y", *wanted.packages)
    sizes = apt.package_sizes(listing)
    total = sum(sizes)
    folders.require_space(work.parent, "PARKPULSE_CACHE", total * _UNPACKED_FACTOR)
    tell(f"Fetching {wanted.title}: {len(sizes)} packages, {total / 1e6:.0f} MB")
    percent = apt.Percent(lambda done: tell(f"Fetching {wanted.title}: {done} %"))
    options = ("--download-only", "-y", *apt.Percent.OPTIONS)
    private.get("install", *options, *wanted.packages, on_line=percent)


def _unpack(archives: Path, tree: Path, otherwise: str) -> None:
    tree.mkdir()
    tree.chmod(0o755)
    for package in sorted(archives.glob("*.deb")):
        apt.checked(["dpkg", "-x", package, tree], otherwise)
    for path in tree.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            path.chmod(stat.S_IMODE(mode) & 0o777)
