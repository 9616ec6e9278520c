"""Log files of the supervised programs, limited in size."""

from __future__ import annotations

import contextlib
import itertools
import re
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 10_000_000
_KEPT = 3
_LOUD = re.compile(r"\b(ERROR|CRITICAL|FATAL|PANIC)\b|Error: |^Traceback")


class LogFile:
    """Appends lines to a file and starts a new one when it is full.

    Parameters
    ----------
    path
        The file; older ones are `path.1` (newest) to `path.3`.
    most_bytes
        Size that starts a new one. [bytes]
    """

    def __init__(self, path: Path, most_bytes: int = _MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._file = self._open()
        self._size = path.stat().st_size

    def _open(self) -> IO[bytes]:
        return self._path.open("ab", buffering=0)

    def write(self, lines: list[bytes]) -> None:
        """Append lines, given without their ends; a full disk loses them."""
        with contextlib.suppress(OSError):
            if self._size > self._most_bytes:
                self._turn()
            self._size += self._file.write(b"".join(line + b"\n" for line in lines))

    def _turn(self) -> None:
        self._file.close()
        names = [self._path, *(self._older(number) for number in range(1, _KEPT + 1))]
        for newer, older in reversed(list(itertools.pairwise(names))):
            if newer.exists():
                newer.replace(older)
        self._file = self._open()
        self._size = 0

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Lines:
    """Cuts a stream of bytes into lines; an endless line is cut at 64 KiB."""

    _LONGEST = 65536

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what came, and return the lines that are complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > self._LONGEST:
            lines.append(self._rest)
            self._rest = b""
        return lines

    def end(self) -> list[bytes]:
        """Return what is left at the end of the stream."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def is_loud(line: str) -> bool:
    """Whether a line tells of an error that a person at the console should see."""
    return _LOUD.search(line) is not None
