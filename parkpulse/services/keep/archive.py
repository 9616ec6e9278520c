"""What a backup is: a folder with a dump, a manifest and files of the home."""

from __future__ import annotations

import hashlib
import re
import shutil
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from parkpulse.errors import ConfigError
from parkpulse.store.keep import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

DUMP = "database.dump"
MANIFEST = "manifest.json"
HOME = "home"
KEPT = ("profiles", "postgresql.d", "mosquitto.d", "emergency.json")
"""What of the home goes into a backup; no password and no key does."""
FORMAT = 1
_TABLE = re.compile(r' table "([^"]+)"')
_STEP = 5


class Manifest(Struct, frozen=True):
    """What was backed up."""

    made_at: datetime
    parkpulse: str
    source: Source
    rows: dict[str, int]
    """By table of ours."""
    sizes: dict[str, int]
    """By table, for progress. [bytes]"""
    sha256: str
    """Of the dump."""
    format: int = FORMAT


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, last of all."""
    encoded = msgspec.json.format(msgspec.json.encode(manifest))
    (folder / MANIFEST).write_bytes(encoded)


def read(folder: Path) -> Manifest:
    """Read the manifest of a backup and make sure that the dump is the one.

    Raises
    ------
    ConfigError
        It is no backup, is damaged, or a newer Parkpulse made it.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        message = f"{folder} is no backup of Parkpulse: its {MANIFEST} cannot be read"
        raise ConfigError(message) from error
    if manifest.format > FORMAT:
        message = f"a newer Parkpulse ({manifest.parkpulse}) made {folder}: install it"
        raise ConfigError(message)
    if not (folder / DUMP).is_file() or digest(folder / DUMP) != manifest.sha256:
        message = f"{folder / DUMP} is damaged: take another backup"
        raise ConfigError(message)
    return manifest


def digest(file: Path) -> str:
    """Fingerprint of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def keep_files(home: Path, folder: Path) -> None:
    """Copy what belongs to a backup."""
    _copy(home, folder / HOME)


def restore_files(folder: Path, home: Path) -> None:
    """Copy back what is missing; what is there stays."""
    _copy(folder / HOME, home)


def _copy(origin: Path, to: Path) -> None:
    for name in KEPT:
        if (to / name).exists() and not (to / name).is_dir():
            continue
        if (origin / name).is_dir():
            _copy_missing(origin / name, to / name)
        elif (origin / name).exists():
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy2(origin / name, to / name)


def _copy_missing(origin: Path, to: Path) -> None:
    for file in origin.rglob("*"):
        place = to / file.relative_to(origin)
        if file.is_file() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)


class Progress:
    """Tells how far a dump is, by the tables that it names.

    Parameters
    ----------
    sizes
        Sizes of the tables. [bytes]
    tell
        Called with each five percent.
    """

    def __init__(self, sizes: Mapping[str, int], tell: Callable[[int], None]) -> None:
        self._left = dict(sizes)
        self._total = max(sum(sizes.values()), 1)
        self._done = 0
        self._current = 0
        self._told = 0
        self._tell = tell

    def line(self, text: str) -> None:
        """Read a line that the program prints: the tables before it are done."""
        found = _TABLE.search(text)
        if found is None:
            return
        self._done += self._current
        self._current = self._left.pop(found[1], 0)
        percent = 100 * self._done // self._total // _STEP * _STEP
        if percent > self._told:
            self._told = percent
            self._tell(percent)
