"""`parkpulse kpi`: energies, PUE and renewable share of a CSV or Parquet file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
import numpy as np

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.offline import files, zones
from parkpulse.offline.kpi import civil, figures, findings, spec
from parkpulse.offline.kpi.columns import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.offline.files import Table
    from parkpulse.offline.kpi.civil import Period
    from parkpulse.offline.kpi.columns import Stamp
    from parkpulse.offline.kpi.figures import Row

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--time-column", required=True, help="Column of times.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    required=True,
    metavar="NAME=ROLE:KIND",
    help=f"ROLE: {', '.join(spec.ROLES)}. KIND: {', '.join(spec.KINDS)}.",
)
@click.option(
    "--period",
    type=click.Choice(["day", "month", "year", "all"]),
    default="all",
    show_default=True,
    help="Length of a row.",
)
@click.option(
    "--tz",
    default="Asia/Shanghai",
    show_default=True,
    help="Zone of days and months, and of times without a zone.",
)
@click.option(
    "--stamp",
    type=click.Choice(["auto", "start", "end"]),
    default="auto",
    show_default=True,
    help="Whether powers and interval energies are stamped with the start or the end of"
    " their interval; auto: the start, unless the file begins one interval after a"
    " midnight and ends at one.",
)
@click.option("--interval", type=float, help="Interval of a single row [s].")
@click.option("--rollover", multiple=True, metavar="NAME=MODULUS")
@click.option("--max-power", multiple=True, metavar="NAME=KW")
@click.option(
    "--certificates",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Retired green certificates (1,000 kWh each) of the file's one period.",
)
@click.option("--emission-factor", type=float, help="For CUE [kgCO2/kWh].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def kpi(
    file: Path,
    time_column: str,
    columns: Sequence[str],
    period: Period,
    tz: str,
    stamp: Stamp,
    interval: float | None,
    rollover: Sequence[str],
    max_power: Sequence[str],
    certificates: float,
    emission_factor: float | None,
    as_json: bool,  # noqa: FBT001 - how click passes an option
) -> None:
    """Compute energies, PUE and renewable share of FILE without any server."""
    wanted = spec.columns(columns, rollover, max_power)
    names = [column.name for column in wanted]
    zone = zones.zone(tz)
    table = files.read(file, time_column, names, tz).sorted()
    alone = int(interval * instants.SECOND) if interval else _alone(table, period, tz)
    reader = Reader(zone, _stamp(stamp, table, tz), alone)
    meters = [reader.meter(column, table) for column in wanted]
    asked = figures.Asked(period, zone, certificates, emission_factor)
    found = figures.rows(meters, asked)
    if certificates and len(found) != 1:
        message = f"--certificates needs a file of one period, here are {len(found)}"
        raise InvalidRequestError(
            code="several_periods", message=message, pointer="certificates"
        )
    if found:
        found[0].findings += findings.of_file(table.findings)
    elif table.findings:
        print("\n".join(each.text for each in table.findings), file=sys.stderr)
    print(_json(found) if as_json else _text(found))


def _alone(table: Table, period: Period, tz: str) -> int:
    """Interval of a single row: the whole period, an hour if there is none. [us]."""
    if period == "all" or not len(table):
        return instants.HOUR
    moment = int(table.ts[0])
    edges = civil.edges(period, moment, moment + 1, zones.zone(tz))
    return int(edges[1] - edges[0])


def _stamp(stamp: Stamp, table: Table, tz: str) -> Stamp:
    """Tell from the shape of the file whether it stamps the ends of intervals."""
    moments = np.unique(table.ts)
    if stamp != "auto" or len(moments) < 3:  # noqa: PLR2004 - no shape to speak of
        return "start" if stamp == "auto" else stamp
    step = int(np.median(np.diff(moments)))
    first, last = int(moments[0]), int(moments[-1])
    shape = [first - step, last, first, last + step]
    is_edge = [civil.is_midnight(moment, zones.zone(tz)) for moment in shape]
    return "end" if is_edge == [True, True, False, False] else "start"


def _json(found: Sequence[Row]) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def _text(found: Sequence[Row]) -> str:
    head = f"{'period':<12} {'E_DC kWh':>16} {'E_IT kWh':>16} {'PUE':>8} {'REF':>7}"
    lines = [f"{head} {'coverage':>9}  verdict"]
    for row in found:
        lines.append(
            f"{row.label:<12} {_number(row.e_dc_kwh, 16, 1)}"
            f" {_number(row.e_it_kwh, 16, 1)} {_number(row.pue, 8, 4)}"
            f" {_number(row.ref, 7, 4)} {row.coverage:9.2%}  {row.pue_verdict}"
        )
        lines += [f"  - {each.text}" for each in row.findings]
    return "\n".join(lines)


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width},.{digits}f}"
