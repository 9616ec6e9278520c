"""Every test starts without our settings; using a server's fixture marks the test."""

from __future__ import annotations

import os

import pytest

from parkpulse import settings

pytest_plugins = [
    "tests.plugins.fix_services",
    "tests.plugins.fix_proxy",
    "tests.plugins.fix_webhook",
    "tests.plugins.fix_chain",
]

_MARKERS = {
    "database_server": "db",
    "own_database_server": "db",
    "database_url": "db",
    "broker": "broker",
}

for _name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
    del os.environ[_name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _MARKERS:
                item.add_marker(_MARKERS[fixture])
