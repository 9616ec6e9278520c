"""A million unknown inputs over all decoders, in bounded time and memory."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INPUTS = 1_000_000


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_inputs() -> None:
    done = ran("tests.fuzzing", "--inputs", str(INPUTS))
    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(done.stdout)
    asked = sum(result["accepted"].values()) + sum(result["refused"].values())
    assert asked == result["inputs"] == INPUTS
    assert min(result["refused"].values()) > 0


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_inputs_that_look_for_new_paths() -> None:
    if importlib.util.find_spec("atheris") is None:
        # No wheel for this machine: another stream of mutations instead.
        done = ran("tests.fuzzing", "--inputs", str(INPUTS), "--seed", "2")
    else:
        done = ran("tests.guided", f"-runs={INPUTS}")
    assert done.returncode == 0, done.stderr[-4000:]
