"""Where the built web page lies, for whoever serves it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def dist() -> Path:
    """Folder of the built page; it is missing until `make page` has run."""
    return Path(str(resources.files("dashboards") / "web" / "dist"))
