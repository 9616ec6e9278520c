"""Each package that is imported is ours, not a distribution of the same name."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["parkpulse", "ingest", "analytics", "api", "simulators", "dashboards"]


@pytest.mark.parametrize("package", PACKAGES)
def test_import_finds_our_package(package: str, tmp_path: Path) -> None:
    code = f"import {package}; print({package}.__file__)"
    found = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(found.stdout.strip()).is_relative_to(ROOT / package)
