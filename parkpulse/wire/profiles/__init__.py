"""Profiles: how messages of a device type are read, in a file instead of code."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from parkpulse.errors import ConfigError, DecodeError
from parkpulse.model import reasons
from parkpulse.model.message import Telegram
from parkpulse.wire.profiles import schema
from parkpulse.wire.profiles.binary_reader import BinaryReader
from parkpulse.wire.profiles.json_reader import JsonReader
from parkpulse.wire.profiles.schema import JsonProfile
from parkpulse.wire.profiles.taking import Given

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from parkpulse.model.message import Message
    from parkpulse.wire.context import Context

__all__ = [
    "FOLDER",
    "Decoder",
    "Given",
    "Named",
    "Profile",
    "by_name",
    "find",
    "load",
    "names",
    "use",
]


FOLDER = "profiles"
"""Folder of the user's own profiles, below the home."""


class _Reader(Protocol):
    def read(self, payload: bytes, given: Given) -> list[Message]: ...

    def read_document(self, document: object, given: Given) -> list[Message]: ...


@dataclass(frozen=True, slots=True)
class Profile:
    """A device type.

    Parameters
    ----------
    name
        Name of its file without the ending.
    specification
        What the file says.
    reader
        Reads messages; raises only DecodeError.
    """

    name: str
    specification: schema.Specification
    reader: _Reader


class Decoder:
    """Reads messages by a profile; option `device`: where nothing else names it."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read a message; raises DecodeError."""
        given = Given(context.topic, context.options.get("device"))
        messages = self._profile.reader.read(payload, given)
        return Telegram(messages, {"profile": self._profile.name})


class Named:
    """The format `profile:<name>`: a profile that may change while we run."""

    def __init__(self, name: str) -> None:
        self._name = name

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read a message; raises DecodeError."""
        return Decoder(by_name(self._name)).decode(payload, context)


def by_name(name: str) -> Profile:
    """Return the profile that an option or a topic names.

    Raises
    ------
    DecodeError
        `bad_option`: there is none of this name, or its file cannot be used.
    """
    try:
        return find(name)
    except ConfigError as error:
        raise DecodeError(reasons.BAD_OPTION, str(error)) from error


def load(path: Path) -> Profile:
    """Read a profile file.

    Raises
    ------
    ConfigError
        It cannot be read or used; names file, field and reason.
    """
    return _made(path)


class _Library:
    """Where this process looks for profiles besides the shipped ones."""

    folder: Path | None = None


def use(folder: Path) -> None:
    """Look for the user's own profiles in a folder, which may be missing.

    Called once by the command line of a process.
    """
    _Library.folder = folder


def find(name: str) -> Profile:
    """Return the profile of a name: the user's own before a shipped one.

    A file that has changed is read anew.

    Raises
    ------
    ConfigError
        There is none of this name, or its file cannot be used.
    """
    for path in _own_files():
        if path.stem == name:
            return _loaded(path, path.stat().st_mtime_ns)
    return _shipped(name)


def names() -> list[str]:
    """List the names of all profiles, shipped ones and the user's own."""
    return sorted({*_shipped_names(), *(path.stem for path in _own_files())})


def _own_files() -> list[Path]:
    folder = _Library.folder
    if folder is None or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _is_profile(path))


@functools.lru_cache(maxsize=256)
def _loaded(path: Path, changed_ns: int) -> Profile:
    del changed_ns
    return _made(path)


@functools.cache
def _shipped(name: str) -> Profile:
    if name not in _shipped_names():
        message = f"there is no profile {name!r:.80}: one of {', '.join(names())}"
        raise ConfigError(message)
    return _made(_folder() / f"{name}.toml")


@functools.cache
def _shipped_names() -> frozenset[str]:
    return frozenset(Path(f.name).stem for f in _folder().iterdir() if _is_profile(f))


def _folder() -> Traversable:
    return resources.files("parkpulse.wire.profiles")


def _is_profile(file: Traversable) -> bool:
    return file.name.endswith(schema.SUFFIXES)


def _made(file: Traversable) -> Profile:
    specification = schema.read(file)
    reader = (
        JsonReader(specification)
        if isinstance(specification, JsonProfile)
        else BinaryReader(specification)
    )
    return Profile(Path(file.name).stem, specification, reader)
