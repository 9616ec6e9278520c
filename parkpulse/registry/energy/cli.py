"""`parkpulse energy`: certificates, emission factors, operating points, design."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from parkpulse import settings
from parkpulse.errors import NotFoundError
from parkpulse.registry import output
from parkpulse.registry.energy import importing, sheets
from parkpulse.store import certificates, commandline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from parkpulse.registry.drafts import Problem
    from parkpulse.registry.energy.importing import Change
    from parkpulse.registry.energy.sheets import Sheet
    from parkpulse.store.pool import Connection

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_table = click.Choice([sheet.name for sheet in sheets.SHEETS])


def _connected() -> AbstractContextManager[Connection]:
    url = settings.load().required_database_url()
    return commandline.transaction(url, name="parkpulse energy")


def _chosen(names: Sequence[str]) -> list[Sheet]:
    return [each for each in sheets.SHEETS if not names or each.name in names]


@click.group()
def energy() -> None:
    """Import and export what energy figures rest on beside meters.

    Tables: certificates (also green power contracts and sold attributes),
    emission_factors, operating_points (GB 40879) and design_energy (designed PUE).
    """


@energy.command("import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@_json_option
def import_files(paths: Sequence[Path], *, dry_run: bool, as_json: bool) -> None:
    """Take CSV files in, all or nothing; again, and nothing changes.

    The header tells which table a file is. Rows that no file names stay as they are.
    """
    problems: list[Problem] = []
    found = [importing.read(path, problems) for path in paths]
    with _connected() as connection, connection.transaction() as changing:
        changes = [
            change
            for lines in found
            if lines is not None
            for change in importing.apply(connection, lines, problems)
        ]
        changing.force_rollback = dry_run or bool(problems)
    if problems:
        output.show_problems(problems, as_json=as_json)
        raise SystemExit(2)
    _show(changes, as_json=as_json)
    if not as_json:
        print("Nothing was changed." if dry_run or not changes else "Imported.")


@energy.command("export")
@click.argument("tables", nargs=-1, type=_table)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the files.")
def export_files(tables: Sequence[str], out: Path | None) -> None:
    """Write TABLES (else all) as `import` reads them; one goes to standard output."""
    chosen = _chosen(tables)
    if out is None and len(chosen) > 1:
        message = "several tables need a folder: --out FOLDER"
        raise click.UsageError(message)
    with _connected() as connection:
        texts = {
            f"{sheet.name}.csv": importing.csv_text(sheet, sheet.load(connection))
            for sheet in chosen
        }
    if out is None:
        print(*texts.values(), end="")
        return
    output.write_files(out, texts)


@energy.command("list")
@click.argument("tables", nargs=-1, type=_table)
@_json_option
def list_rows(tables: Sequence[str], *, as_json: bool) -> None:
    """Show the rows of TABLES, else of all."""
    with _connected() as connection:
        rows = {sheet.name: sheet.load(connection) for sheet in _chosen(tables)}
    if as_json:
        print(json.dumps(msgspec.to_builtins(rows), ensure_ascii=False))
        return
    for sheet in _chosen(tables):
        print(f"{sheet.name}: {len(rows[sheet.name])}")
        print(importing.csv_text(sheet, rows[sheet.name]))


@energy.command("remove")
@click.argument("serials", nargs=-1, required=True)
def remove(serials: Sequence[str]) -> None:
    """Take rows out of the ledger of certificates; their figures follow."""
    with _connected() as connection:
        missing = set(serials) - set(certificates.forget(connection, serials))
        if missing:
            kind = "certificate"
            raise NotFoundError(kind, min(missing))
    print(f"{len(set(serials))} rows were removed.")


def _show(changes: Sequence[Change], *, as_json: bool) -> None:
    if as_json:
        items = [each._asdict() for each in changes]
        print(json.dumps({"items": items}, ensure_ascii=False))
        return
    for each in changes:
        fields = f": {', '.join(each.fields)}" if each.fields else ""
        print(f"{each.kind:8} {each.table:16} {each.key}{fields}")
    print(f"{len(changes)} differences.")
