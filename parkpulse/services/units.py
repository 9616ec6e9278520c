"""The systemd units that are shipped, for where the command lies."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from parkpulse.errors import ServiceError

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND = "@COMMAND@"


def units(command: Path) -> dict[str, str]:
    """Contents of the units by file name.

    Parameters
    ----------
    command
        The program `parkpulse` that they start.
    """
    folder = resources.files("parkpulse.services") / "systemd"
    return {
        file.name: file.read_text().replace(_COMMAND, str(command))
        for file in sorted(folder.iterdir(), key=lambda each: each.name)
    }


def write(folder: Path, command: Path) -> list[Path]:
    """Write the units into a folder; return the files.

    Raises
    ------
    ServiceError
        The folder cannot be written to, or the command's name cannot stand in a unit.
    """
    if any(sign.isspace() or sign in "%\"'\\$" for sign in str(command)):
        message = f"systemd cannot start {command}: install Parkpulse in a plain folder"
        raise ServiceError(message)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, content in units(command).items():
            (folder / name).write_text(content)
            written.append(folder / name)
    except OSError as error:
        message = f"{folder} cannot be written to: {error.strerror}"
        raise ServiceError(message) from error
    return written
