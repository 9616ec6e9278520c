"""The demonstration park's response plan, whose commands its controller answers."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

from parkpulse.query import responses
from parkpulse.store import responses as store

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

_AUTHOR = "demo"


def put(connection: Connection, park_id: int) -> None:
    """Put the plan in force, unless somebody has made one."""
    document = _document()
    rule = document.pop("rule")
    if store.load(connection, park_id, rule).version == 0:
        wanted = responses.read_document(document)
        # The rule is a shipped one, which the engine may be about to install.
        store.save(connection, park_id, rule, wanted.steps, wanted.commands, _AUTHOR)


def _document() -> dict[str, Any]:
    file = resources.files("simulators.demo").joinpath("response.toml")
    return tomllib.loads(file.read_text("utf-8"))
