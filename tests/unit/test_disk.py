"""The disk guard's decisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from parkpulse.store import disk
from parkpulse.store.disk import Disk, Guard, Limits

GB = 1_000_000_000
LIMITS = Limits(warn=20 * GB, stop=5 * GB)


@pytest.mark.parametrize(
    ("free", "before", "state"),
    [
        (21 * GB, "ok", "ok"),
        (20 * GB, "full", "ok"),
        (19 * GB, "ok", "low"),
        (5 * GB, "low", "low"),
        (5 * GB - 1, "low", "full"),
        (5 * GB + 1, "full", "full"),
        (6 * GB, "full", "low"),
    ],
)
def test_states(free: int, before: disk.State, state: str) -> None:
    assert disk.judge(free, LIMITS, before) == state


def test_limits_fit_the_disk_unless_they_are_set() -> None:
    assert disk.limits(1000 * GB, None, None) == LIMITS
    assert disk.limits(10 * GB, None, None) == Limits(3 * GB // 2, 2 * GB // 5)
    assert disk.limits(10 * GB, 3000, 1000) == Limits(3 * GB, GB)


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    found = disk.look(tmp_path / "a" / "b")
    assert found.total_bytes == disk.look(tmp_path).total_bytes > found.free_bytes > 0


def test_it_does_not_look_at_each_message() -> None:
    looked = []

    def look(folder: Path) -> Disk:
        looked.append(folder)
        return Disk("", 100 * GB, GB)

    guard = Guard(Path("/somewhere"), None, None, look)
    assert [guard.check() for _ in range(100)] == 100 * ["full"]
    assert len(looked) == 1
    assert guard.free_bytes == GB
