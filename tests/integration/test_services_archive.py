"""Packages are fetched from the real archive into a private folder."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from parkpulse.errors import ServiceError
from parkpulse.services import archive
from tests.plugins.fix_services import wait_until

SMALL = archive.Wanted(
    name="small",
    title="a small package",
    packages=("libwrap0",),
    assumed=("libc6",),
    otherwise="or do without",
)
SCRIPT = """
import pathlib, sys
from parkpulse.services import archive
wanted = archive.Wanted("small", "a small package", ("libwrap0",), ("libc6",), "")
archive.unpacked(wanted, pathlib.Path(sys.argv[1]), print, lambda *_: None)
"""


def _nothing(_tree: Path, _final: Path) -> None:
    pass


def _fetch(cache: Path, steps: list[str]) -> Path:
    return archive.unpacked(SMALL, cache, steps.append, _nothing)


def _fetch_in_process(cache: Path) -> tuple[str, int]:
    steps: list[str] = []
    return str(_fetch(cache, steps)), len(steps)


def test_a_package_is_fetched_once(tmp_path: Path) -> None:
    before = _machine_state()
    steps: list[str] = []
    tree = _fetch(tmp_path, steps)
    assert list(tree.glob("usr/lib/*/libwrap.so.0"))
    kinds = [step.split()[0] for step in steps]
    assert list(dict.fromkeys(kinds)) == ["Reading", "Fetching", "Unpacking"]
    count = len(steps)
    assert _fetch(tmp_path, steps) == tree
    assert len(steps) == count
    assert not list(tmp_path.glob("*.partial"))
    assert _machine_state() == before


def _machine_state() -> list[float]:
    watched = ("/var/lib/dpkg/status", "/var/lib/apt/lists", "/var/cache/apt/archives")
    return [Path(path).stat().st_mtime for path in watched if Path(path).exists()]


def test_two_starting_at_once_fetch_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        results = pool.map(_fetch_in_process, [tmp_path, tmp_path], chunksize=1)
    assert results[0][0] == results[1][0]
    assert min(steps for _, steps in results) == 0
    assert max(steps for _, steps in results) > 0


def test_a_killed_fetch_is_taken_up_again(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, tmp_path],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: any(tmp_path.glob("small-*.partial/lists/*_InRelease")), 30.0)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert not [path for path in tmp_path.glob("small-*") if path.suffix != ".partial"]
    tree = _fetch(tmp_path, [])
    assert list(tree.glob("usr/lib/*/libwrap.so.0"))


def test_no_network_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A proxy that nobody runs is a network that does not work.
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    begun = time.monotonic()
    with pytest.raises(ServiceError, match="check the network") as error:
        _fetch(tmp_path, [])
    assert "\n" not in str(error.value)
    assert time.monotonic() - begun < 120.0


def test_an_unknown_package_is_one_sentence(tmp_path: Path) -> None:
    wanted = archive.Wanted("odd", "odd", ("no-such-package-anywhere",), (), "or not")
    with pytest.raises(ServiceError, match="lacks a package"):
        archive.unpacked(wanted, tmp_path, lambda _: None, _nothing)
