"""Writes what an offline command found, never over the file that it read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.errors import InvalidRequestError

if TYPE_CHECKING:
    from pathlib import Path

_CODE, _OUT = "file_unwritable", "out"


def check(out: Path | None, given: Path) -> None:
    """Refuse to write over the file that is read.

    Raises
    ------
    InvalidRequestError
        Both are the same file.
    """
    if out is not None and out.exists() and out.samefile(given):
        message = f"--out {out} is the file that is read: name another one"
        raise InvalidRequestError(_CODE, message, _OUT)


def write(out: Path, text: str) -> None:
    """Write a text as UTF-8.

    Raises
    ------
    InvalidRequestError
        The file cannot be written.
    """
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}"
        raise InvalidRequestError(_CODE, message, _OUT) from error
