"""Messages to begin with, one a format."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

_TEXTS: dict[str, dict[str, Any]] = tomllib.loads(
    resources.files("api").joinpath("examples.toml").read_text("utf-8")
)


def of(name: str) -> dict[str, Any] | None:
    """Return payload, encoding and topic of a message in a format, if there is one."""
    return _TEXTS.get(name)
