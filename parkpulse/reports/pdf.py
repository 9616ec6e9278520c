"""Writes a document as PDF/A with its font embedded."""

from __future__ import annotations

from dataclasses import asdict
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec
import typst

from parkpulse.reports.document import Number, width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.reports.document import Cell, Document, Table
    from parkpulse.services.fonts import Font

_LEAST, _HEAD, _MOST = 7, 14, 44
"""Widths of a column in characters: at least, for its head, at most."""


def write(document: Document, font: Font, made_at: datetime) -> bytes:
    """Lay a document out; the same document gives the same bytes.

    Parameters
    ----------
    document
        What to write.
    font
        A font with Chinese characters; no other is used.
    made_at
        Stands in the file as the time of its creation.
    """
    compiler = typst.Compiler(
        (resources.files(__package__) / "report.typ").read_bytes(),
        font_paths=typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(font.folder)],
        ),
        sys_inputs={"document": _json(document, font)},
    )
    made = compiler.compile(
        format="pdf", pdf_standards="a-2u", timestamp=int(made_at.timestamp())
    )
    if not isinstance(made, bytes):
        message = "a report is one file"
        raise TypeError(message)
    return made


def _json(document: Document, font: Font) -> str:
    fields: dict[str, Any] = asdict(document)
    fields["font"] = font.family
    for section, given in zip(fields["sections"], document.sections, strict=True):
        section["tables"] = [_table(each) for each in given.tables]
    return msgspec.json.encode(fields).decode()


def _table(table: Table) -> dict[str, object]:
    columns = range(len(table.heads))
    return {
        "title": table.title,
        "heads": table.heads,
        "rows": [[_text(cell) for cell in row] for row in table.rows],
        "numeric": [isinstance(_first(table, at), Number) for at in columns],
        "widths": _widths(table),
    }


def _widths(table: Table) -> list[int]:
    """Shares of the line by the widest texts."""
    return [
        min(
            max(
                _LEAST,
                min(width(head), _HEAD),
                *(width(_text(row[at])) for row in table.rows),
            ),
            _MOST,
        )
        for at, head in enumerate(table.heads)
    ]


def _first(table: Table, column: int) -> Cell:
    return table.rows[0][column] if table.rows else ""


def _text(cell: Cell | Sequence[str]) -> str:
    return cell.text if isinstance(cell, Number) else str(cell)
