"""All dashboards as the documents that Grafana reads, and as files."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana import board
from dashboards.grafana.boards import (
    alerts,
    centre,
    devices,
    ingest,
    overview,
    portfolio,
    storm,
    tunnel,
)
from dashboards.grafana.words import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from dashboards.grafana.words import Language

PAGE = "http://127.0.0.1:8080"
"""Address of our page in the files that are shipped."""
_BOARDS = (overview, storm, tunnel, centre, portfolio, devices, ingest, alerts)
_PROVISIONING = ("datasources/parkpulse.yaml", "dashboards/parkpulse.yaml")
Document = dict[str, Any]
"""A dashboard in JSON."""


def documents(page: str, language: Language) -> dict[str, Document]:
    """Return all dashboards of a language by their short names.

    Parameters
    ----------
    page
        Address of our page, for links.
    language
        Of all words.
    """
    found = [module.board(language) for module in _BOARDS]
    return {
        each.code: json.loads(
            json.dumps(board.built(each, language, page), cls=JSONEncoder)
        )
        for each in found
    }


def files(page: str) -> dict[str, str]:
    """Return what a folder for Grafana's provisioning holds: path and text."""
    dashboards = {
        f"json/{language}/{code}.json": text(document)
        for language in LANGUAGES
        for code, document in documents(page, language).items()
    }
    folder = resources.files("dashboards.grafana") / "provisioning"
    settings = {
        f"provisioning/{path}": (folder / path).read_text("utf-8")
        for path in _PROVISIONING
    }
    return dashboards | settings


def text(document: Document) -> str:
    """Write a dashboard as it is kept in files."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def write(folder: Path, page: str) -> list[str]:
    """Write all files into a folder; return their paths."""
    found = files(page)
    for path, content in found.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return sorted(found)
