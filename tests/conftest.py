"""Every test starts without our settings; using a server's fixture marks the test."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from typing import TYPE_CHECKING

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from parkpulse import settings

if TYPE_CHECKING:
    from xdist.remote import Producer

_PAGES = "tests/page/"

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

# No test asserts an absolute time, so a slow example is no failure either.
hypothesis.settings.register_profile("parkpulse", deadline=None)
hypothesis.settings.load_profile("parkpulse")

for _name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
    del os.environ[_name]

# A script's background job ignores it, and so would all programs that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The user's own home may have a running service, which no test may touch.
_HOME = tempfile.mkdtemp(prefix="parkpulse-test-home-")
os.environ["PARKPULSE_HOME"] = _HOME


def pytest_collection_finish() -> None:
    # What has been imported stays; looking through it took a tenth of the suite's time.
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """A file's tests share servers, all page tests one service: each has one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return "page" if nodeid.startswith(_PAGES) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile:
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # One worker has the pages alone, so it begins with them.
    items.sort(key=lambda item: not item.nodeid.startswith(_PAGES))
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _MARKERS:
                item.add_marker(_MARKERS[fixture])
