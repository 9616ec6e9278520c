"""Every test starts without our settings; using a server's fixture marks the test."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile

import pytest

from parkpulse import settings

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


def pytest_collection_finish() -> None:
    # What has been imported stays; looking through it took a tenth of the suite's time.
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


def _group(item: pytest.Item) -> str:
    """All page tests share one service, so one of several workers runs them."""
    pages = item.config.rootpath / "tests" / "page"
    return "page" if item.path.is_relative_to(pages) else str(item.path)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # One worker has the pages alone, so it begins with them.
    items.sort(key=lambda item: _group(item) != "page")
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _MARKERS:
                item.add_marker(_MARKERS[fixture])
