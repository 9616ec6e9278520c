"""Makes reports and hands out their files, a few at a time."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from parkpulse.errors import BusyError, NotFoundError
from parkpulse.query import reports as query
from parkpulse.reports import compose, pdf, workbook
from parkpulse.reports.compose import Issued
from parkpulse.services import fonts
from parkpulse.store import reports
from parkpulse.store.reports import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from parkpulse.model.report import FileFormat, Language
    from parkpulse.query.reports import Order
    from parkpulse.store.pool import Connection, Database
    from parkpulse.store.reports import ReportRow

_AT_ONCE = 2
_PATIENCE_S = 10.0


class Desk:
    """Where reports are ordered and fetched.

    Parameters
    ----------
    database
        Open as long as the desk.
    cache
        Folder that keeps the font, if it must be fetched.
    tell
        Called with each step of fetching the font.
    """

    def __init__(
        self, database: Database, cache: Path, tell: Callable[[str], None]
    ) -> None:
        self._database = database
        self._cache = cache
        self._tell = tell
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def make(self, order: Order) -> ReportRow:
        """Freeze the figures of a period.

        Raises
        ------
        NotFoundError, InvalidRequestError
            As `query.reports.make`.
        BusyError
            Others' reports are being made.
        """
        with self._place(), self._database.transaction() as conn:
            made = query.make(conn, order)
            return _row(conn, order.park, made)

    def find(self, park: str, report_id: UUID) -> ReportRow:
        """Look one report of a park up; raises NotFoundError."""
        with self._database.transaction() as conn:
            return _row(conn, park, report_id)

    def file(
        self, park: str, report_id: UUID, language: Language, form: FileFormat
    ) -> bytes:
        """Write a report; once handed out, a file stays the same for ever.

        Raises
        ------
        NotFoundError
            The park has no such report.
        ServiceError
            There is no Chinese font and it cannot be fetched.
        BusyError
            Others' reports are being written.
        """
        row = self.find(park, report_id)
        with self._database.transaction() as conn:
            known = reports.file(conn, report_id, language, form)
            content = reports.content(conn, park, report_id) or ""
        if known is not None:
            return known
        issued = Issued(row.id, row.kind, row.made_at, content)
        with self._place():
            body = self._write(issued, language, form)
        with self._database.transaction() as conn:
            reports.keep_file(conn, report_id, (language, form), body)
            # Somebody else may have been first: theirs is the one that counts.
            return reports.file(conn, report_id, language, form) or body

    def _write(self, issued: Issued, language: Language, form: FileFormat) -> bytes:
        document = compose.document(issued, language)
        if form == "xlsx":
            return workbook.write(document, issued.made_at)
        font = fonts.chinese(self._cache, self._tell)
        return pdf.write(document, font, issued.made_at)

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=_PATIENCE_S):
            raise BusyError
        try:
            yield
        finally:
            self._places.release()


def _row(conn: Connection, park: str, report_id: UUID) -> ReportRow:
    for each in reports.listed(conn, Wanted(park, id=report_id), limit=1):
        return each
    kind = "report"
    raise NotFoundError(kind, str(report_id))
