"""Every test starts without our settings; using a server's fixture marks the test."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from parkpulse import settings

if TYPE_CHECKING:
    import pytest

pytest_plugins = [
    "tests.plugins.fix_services",
    "tests.plugins.fix_listener",
    "tests.plugins.fix_proxy",
    "tests.plugins.fix_webhook",
    "tests.plugins.fix_robots",
    "tests.plugins.fix_chromium",
    "tests.plugins.fix_chain",
    "tests.plugins.fix_engine",
    "tests.plugins.fix_api",
]

_MARKERS = {
    "database_server": "db",
    "own_database_server": "db",
    "database_url": "db",
    "broker": "broker",
}

for _name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
    del os.environ[_name]

# The user's own home may have a running service, which no test may touch.
_HOME = tempfile.mkdtemp(prefix="parkpulse-test-home-")
os.environ["PARKPULSE_HOME"] = _HOME


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _MARKERS:
                item.add_marker(_MARKERS[fixture])
