"""Messages and requests to begin with."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files("api").joinpath(name).read_text("utf-8"))


_MESSAGES = _read("examples.toml")
REQUESTS = _read("requests.toml")
"""Bodies by operation (`POST /users`); some models have theirs themselves."""


def of(name: str) -> dict[str, Any] | None:
    """Return payload, encoding and topic of a message in a format, if there is one."""
    return _MESSAGES.get(name)
