"""CPU time and memory of the processes of a benchmark, from /proc."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_TICKS = os.sysconf("SC_CLK_TCK")
_MEGABYTE = 1e6


class Process(NamedTuple):
    """A running process."""

    parent: int
    cpu_s: float
    """User and system time, ended children included. [s]"""
    command: bytes


def running() -> dict[int, Process]:
    """All processes of the machine, by id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            cpu_s = sum(map(int, fields[11:15])) / _TICKS
            command = (folder / "cmdline").read_bytes()
            found[int(folder.name)] = Process(int(fields[1]), cpu_s, command)
    return found


def cpu_s(roots: Mapping[str, int]) -> dict[str, float]:
    """CPU time by name, each with everything below its process. [s]."""
    every = running()
    total: dict[str, float] = defaultdict(float)
    names = {pid: name for name, pid in roots.items()}
    for pid, process in every.items():
        at = pid
        while at in every and at not in names:
            at = every[at].parent
        if at in names:
            total[names[at]] += process.cpu_s
    return dict(total)


def memory_mb(pid: int) -> float:
    """Proportional share of the memory of a process and all below it. [MB]."""
    every = running()
    total = 0
    for each in every:
        at = each
        while at in every and at != pid:
            at = every[at].parent
        if at == pid:
            total += _pss_kb(each)
    return total * 1024 / _MEGABYTE


def _pss_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def find(*parts: bytes) -> int:
    """Id of the oldest process in whose command line all parts stand."""
    found = [
        pid
        for pid, process in running().items()
        if all(part in process.command for part in parts)
    ]
    return min(found)


def below(pid: int, part: bytes) -> int:
    """Id of the process, at or below another, in whose command line a part stands."""
    every = running()
    for each, process in every.items():
        at = each
        while at in every and at != pid:
            at = every[at].parent
        if at == pid and process.command.partition(b"\0")[0].endswith(part):
            return each
    return pid


def written(pid: int) -> int:
    """Bytes that a process has written."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    return 0
