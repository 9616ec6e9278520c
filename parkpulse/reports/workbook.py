"""Writes a document as an Excel workbook: numbers stay numbers."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import xlsxwriter

from parkpulse.reports.document import Number, width

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.reports.document import Cell, Document, Section, Table

_LONGEST_NAME = 31
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_WIDEST = 48
_LINE = 110
"""Characters of a line of running text."""


def write(document: Document, made_at: datetime) -> bytes:
    """Write a document; the same document gives the same bytes.

    Parameters
    ----------
    document
        What to write: one sheet for the summary, one for each part.
    made_at
        Stands in the file as the time of its creation.
    """
    buffer = io.BytesIO()
    # Texts never become formulas or links, whatever a device is called.
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        # Excel knows no zones: UTC.
        created = made_at.replace(tzinfo=None)
        title = f"{document.title} · {document.subtitle}"
        book.set_properties(
            {
                "title": title,
                "author": "Parkpulse 园区脉搏",
                "created": created,
                "comments": document.footer,
            }
        )
        writer = _Writer(book)
        writer.summary(document)
        for section in document.sections:
            writer.section(section, document.footer)
    return buffer.getvalue()


class _Writer:
    """Fills sheets from top to bottom."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._head = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}
        )
        self._text = book.add_format({"text_wrap": True, "valign": "top"})
        self._soft = book.add_format({"font_color": "#5c6470"})
        self._numbers: dict[str, Any] = {}
        self._names: set[str] = set()

    def summary(self, document: Document) -> None:
        """Write title, sentences and facts."""
        sheet, row = self._sheet(document.title, document.title)
        sheet.write_string(row, 0, document.subtitle, self._soft)
        for text in (*document.warnings, *document.sentences):
            row += 1
            self._paragraph(sheet, row, text)
        row += 2
        for name, value in document.facts:
            sheet.write_string(row, 0, name, self._soft)
            sheet.write_string(row, 1, value)
            row += 1
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 80)
        self._finish(sheet, document.footer)

    def section(self, section: Section, footer: str) -> None:
        """Write a part on a sheet of its own."""
        sheet, row = self._sheet(section.title, section.title)
        for text in section.paragraphs:
            self._paragraph(sheet, row, text)
            row += 1
        for table in section.tables:
            row = self._table(sheet, row + 1, table)
        self._widen(sheet, section)
        self._finish(sheet, footer)

    def _sheet(self, name: str, title: str) -> tuple[Any, int]:
        short = _FORBIDDEN.sub(" ", name)[:_LONGEST_NAME].strip()
        sheet = self._book.add_worksheet(short)
        sheet.write_string(0, 0, title, self._title)
        return sheet, 1

    def _paragraph(self, sheet: Any, row: int, text: str) -> None:  # noqa: ANN401 - untyped
        sheet.merge_range(row, 0, row, 7, "", self._text)
        sheet.write_string(row, 0, text, self._text)
        sheet.set_row(row, 15 * (1 + width(text) // _LINE))

    def _table(self, sheet: Any, row: int, table: Table) -> int:  # noqa: ANN401 - untyped
        if table.title:
            sheet.write_string(row, 0, table.title, self._title)
            row += 1
        for column, head in enumerate(table.heads):
            sheet.write_string(row, column, head, self._head)
        for cells in table.rows:
            row += 1
            for column, cell in enumerate(cells):
                self._cell(sheet, row, column, cell)
        return row + 1

    def _cell(self, sheet: Any, row: int, column: int, cell: Cell) -> None:  # noqa: ANN401 - untyped
        if not isinstance(cell, Number):
            sheet.write_string(row, column, cell)
        elif cell.value is not None:
            sheet.write_number(row, column, cell.value, self._number(cell))

    def _number(self, cell: Number) -> Any:  # noqa: ANN401 - untyped
        digits = f".{'0' * cell.digits}" if cell.digits else ""
        shown = f"0{digits}%" if cell.is_share else f"#,##0{digits}"
        if shown not in self._numbers:
            self._numbers[shown] = self._book.add_format({"num_format": shown})
        return self._numbers[shown]

    def _widen(self, sheet: Any, section: Section) -> None:  # noqa: ANN401 - untyped
        count = max((len(table.heads) for table in section.tables), default=8)
        for column in range(count):
            texts = [
                cell.text if isinstance(cell, Number) else cell
                for table in section.tables
                for row in table.rows
                for cell in row[column : column + 1]
            ]
            widest = max((width(text) for text in texts), default=0)
            sheet.set_column(column, column, min(max(widest + 2, 12), _WIDEST))

    def _finish(self, sheet: Any, footer: str) -> None:  # noqa: ANN401 - untyped
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L&8{footer.replace('&', '&&')}&R&8&P / &N")
