"""The files of profiles: listed with what is wrong with them, kept and removed."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from parkpulse.errors import (
    ConfigError,
    InvalidRequestError,
    NotFoundError,
    ServiceError,
)
from parkpulse.wire import profiles
from parkpulse.wire.profiles import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

_KIND = "profile"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
Language = Literal["toml", "yaml"]


class Volume(NamedTuple):
    """A profile as its file stands."""

    name: str
    own: bool
    shipped: bool
    language: Language
    kind: str | None
    description: str
    problem: str | None
    text: str


def listed(folder: Path | None) -> list[Volume]:
    """All profiles by name; one's own before shipped ones of the same name."""
    found = {Path(each.name).stem: (each, False) for each in _shipped()}
    shipped = frozenset(found)
    found |= {each.stem: (each, True) for each in _own(folder)}
    return [
        _volume(name, file, own=own, shipped=name in shipped)
        for name, (file, own) in sorted(found.items())
    ]


def find(folder: Path | None, name: str) -> Volume:
    """Return the profile of a name; raises NotFoundError."""
    for each in listed(folder):
        if each.name == name:
            return each
    raise NotFoundError(_KIND, name)


def place(folder: Path | None, name: str, language: Language) -> Path:
    """Tell where a profile of one's own is kept.

    Raises
    ------
    InvalidRequestError
        The name is none that options can hold.
    ServiceError
        There is no folder for profiles.
    """
    if not _NAME.fullmatch(name):
        code, message = "bad_characters", f"a name is {_NAME.pattern}"
        raise InvalidRequestError(code, message, "name")
    if folder is None:
        message = "this service has no folder for profiles"
        raise ServiceError(message)
    return folder / f"{name}.{language}"


def keep(path: Path, text: str) -> None:
    """Write a profile, whole or not at all, in place of others of its name.

    Raises
    ------
    ServiceError
        The folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f".{path.name}.new")
        made.write_text(text, encoding="utf-8", newline="")
        made.replace(path)
        for other in _own(path.parent):
            if other.stem == path.stem and other != path:
                other.unlink()
    except OSError as error:
        message = f"the profile cannot be written: {error.strerror}"
        raise ServiceError(message) from error


def remove(folder: Path | None, name: str) -> None:
    """Remove a profile of one's own; raises NotFoundError."""
    files = [each for each in _own(folder) if each.stem == name]
    if not files:
        raise NotFoundError(_KIND, name)
    for each in files:
        each.unlink(missing_ok=True)


def _own(folder: Path | None) -> list[Path]:
    if folder is None or not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if _is_profile(each))


def _shipped() -> Iterator[Traversable]:
    every = resources.files(profiles).iterdir()
    return (each for each in every if _is_profile(each))


def _is_profile(file: Traversable) -> bool:
    return file.name.endswith(schema.SUFFIXES) and not file.name.startswith(".")


def _volume(name: str, file: Traversable, *, own: bool, shipped: bool) -> Volume:
    language: Language = "toml" if file.name.endswith(".toml") else "yaml"
    kind, description, problem = None, "", None
    try:
        specification = schema.read(file)
        kind = "json" if isinstance(specification, schema.JsonProfile) else "binary"
        description = specification.description
    except ConfigError as error:
        problem = str(error).removeprefix(f"profile {file}: ")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    return Volume(name, own, shipped, language, kind, description, problem, text)
