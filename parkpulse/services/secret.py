"""Passwords of the private servers, generated once and readable by their owner only."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 24


def password(path: Path) -> str:
    """Read a password from its file, or write a new one there."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        made = secrets.token_urlsafe(_BYTES)
    path.touch(mode=0o600)
    path.write_text(made + "\n")
    return made
