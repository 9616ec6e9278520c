"""`parkpulse report`: makes reports, lists them, writes their files."""

from __future__ import annotations

import contextlib
import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from parkpulse import listing, settings
from parkpulse.errors import InvalidRequestError
from parkpulse.query.reports import Order
from parkpulse.reports.desk import Desk
from parkpulse.store import commandline, parks, reports
from parkpulse.store.reports import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from parkpulse.model.report import FileFormat, Language, ReportKind
    from parkpulse.store.pool import Database
    from parkpulse.store.reports import ReportRow

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_kind = click.Choice(["inspection", "monthly", "quarterly"])


@contextlib.contextmanager
def _opened() -> Iterator[tuple[Database, Desk]]:
    config = settings.load()
    url = config.required_database_url()
    with commandline.database(url, name="parkpulse report") as database:
        cache = config.cache.expanduser().absolute()
        yield database, Desk(database, cache, _tell)


def _tell(step: str) -> None:
    print(f"==> {step}", file=sys.stderr, flush=True)


def _shown(row: ReportRow) -> dict[str, Any]:
    fields = row._asdict()
    moments = {name: fields[name].isoformat() for name in ("start", "end", "made_at")}
    return {**fields, "id": str(row.id), **moments}


@click.group()
def report() -> None:
    """Make reports of a data centre or park as PDF and Excel workbook."""


@report.command()
@click.argument("park")
@click.argument("kind", type=_kind)
@click.argument("period")
@click.option("--data-centre", help="Of the inspector's report.")
@click.option("--by", default=getpass.getuser, help="Who makes it.")
@_json_option
def make(
    park: str,
    kind: str,
    period: str,
    *,
    data_centre: str | None,
    by: str,
    as_json: bool,
) -> None:
    """Freeze the figures of PERIOD and print the report's id.

    PERIOD is 2026, or 2026-03-31 for the 12 months up to that day (inspection),
    2026-03 (monthly) or 2026-Q1 (quarterly).
    """
    order = Order(park, cast("ReportKind", kind), period, data_centre, by)
    with _opened() as (_, desk):
        made = desk.make(order)
    print(json.dumps(_shown(made)) if as_json else made.id)


@report.command("list")
@click.argument("park")
@click.option("--kind", type=_kind, help="Only these.")
@click.option("--data-centre", help="Only of this one.")
@_json_option
def list_reports(
    park: str, *, kind: str | None, data_centre: str | None, as_json: bool
) -> None:
    """List the reports of a park, newest first."""
    wanted = Wanted(park, cast("ReportKind | None", kind), data_centre)
    with _opened() as (database, _), database.transaction() as conn:
        parks.find(conn, park)
        found = reports.listed(conn, wanted)
    if as_json:
        print(json.dumps([_shown(row) for row in found]))
        return
    for row in found:
        revised = f"  revised since: {row.revised}" if row.revised else ""
        of = row.data_centre or row.park
        print(f"{row.id}  {row.kind:<10} {of} {row.period}{revised}")
    listing.say_if_none(found, "reports")


@report.command()
@click.argument("park")
@click.argument("report_id", type=click.UUID)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh")
def show(park: str, report_id: UUID, *, out: Path, language: str) -> None:
    """Write a report to a file; its ending says whether PDF or workbook."""
    form = out.suffix.removeprefix(".").lower()
    if form not in {"pdf", "xlsx"}:
        code, message = "unknown_value", "the file must end in .pdf or .xlsx"
        raise InvalidRequestError(code, message, "out")
    of = cast("Language", language), cast("FileFormat", form)
    with _opened() as (_, desk):
        out.write_bytes(desk.file(park, report_id, *of))
