"""Finds PostgreSQL's programs for backups: the machine's or the fetched ones."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError
from parkpulse.services import process

if TYPE_CHECKING:
    from collections.abc import Iterator

_MACHINE = Path("/usr/lib/postgresql")
_FETCHED = "servers-*/usr/lib/postgresql/*/bin"

Command = tuple[str, ...]
"""A program with what must stand before it."""


def find(name: str, cache: Path, major: int) -> Command:
    """Find a program that can talk to a server of a major version.

    Parameters
    ----------
    name
        `pg_dump` or `pg_restore`.
    cache
        Folder of fetched programs.
    major
        It must be at least of this version.

    Raises
    ------
    ServiceError
        There is none.
    """
    for command in _candidates(name, cache):
        if _major(command) >= major:
            return command
    message = (
        f"this machine has no {name} of PostgreSQL {major} or newer: install the"
        f" package postgresql-client-{major}"
    )
    raise ServiceError(message)


def _candidates(name: str, cache: Path) -> Iterator[Command]:
    for program in sorted(_MACHINE.glob(f"*/bin/{name}"), reverse=True):
        yield (str(program),)
    for program in sorted(cache.glob(f"{_FETCHED}/{name}"), reverse=True):
        yield _with_loader(program)
    on_path = shutil.which(name)
    if on_path is not None:
        yield (on_path,)


def _with_loader(program: Path) -> Command:
    """Run a fetched program with the loader and libraries fetched with it."""
    usr = program.parents[4]
    loaders = [*usr.glob("lib*/ld-linux*.so*")]
    libraries = [*usr.glob("lib/*-linux-gnu*")]
    if not loaders or not libraries:
        return (str(program),)
    return (str(loaders[0]), "--library-path", str(libraries[0]), str(program))


def _major(command: Command) -> int:
    try:
        printed = process.run([*command, "--version"]).output
    except ServiceError:
        return 0
    found = re.search(r"\) (\d+)", printed)
    return int(found[1]) if found else 0
