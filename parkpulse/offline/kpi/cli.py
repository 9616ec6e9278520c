"""`parkpulse kpi`: energies, PUE and renewable share of a CSV or Parquet file."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
import numpy as np

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.offline import files, zones
from parkpulse.offline.kpi import civil, figures, findings, spec, strays
from parkpulse.offline.kpi.columns import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from parkpulse.offline.files import Table
    from parkpulse.offline.kpi.civil import Period
    from parkpulse.offline.kpi.columns import Stamp
    from parkpulse.offline.kpi.figures import Row
    from parkpulse.offline.kpi.meters import Meter
    from parkpulse.offline.kpi.spec import Column

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_MOST = 1e12
"""Greater numbers are slips."""


_FROM_0 = click.FloatRange(0.0, _MOST)
_ABOVE_0 = click.FloatRange(0.0, _MOST, min_open=True)


def _not_nan(
    _: click.Context, param: click.Parameter, value: float | None
) -> float | None:
    """Refuse NaN, which lies in every range."""
    if value is not None and math.isnan(value):
        message = "nan is no number"
        raise click.BadParameter(message, param=param)
    return value


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
@click.option(
    "--interval", type=_ABOVE_0, callback=_not_nan, help="Interval of a single row [s]."
)
@click.option("--rollover", multiple=True, metavar="NAME=MODULUS")
@click.option("--max-power", multiple=True, metavar="NAME=KW")
@click.option(
    "--certificates",
    type=_FROM_0,
    callback=_not_nan,
    default=0.0,
    help="Retired green certificates (1,000 kWh each) of the file's one period.",
)
@click.option(
    "--emission-factor", type=_FROM_0, callback=_not_nan, help="For CUE [kgCO2/kWh]."
)
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
    _require_rows(file, table)
    table = strays.without(table)
    stamp = _stamp(stamp, table, wanted, tz)
    reader = _reader(table, period, zone, stamp, interval)
    meters = [reader.meter(column, table) for column in wanted]
    asked = figures.Asked(period, zone, certificates, emission_factor)
    found = figures.rows(meters, asked, _span(table, reader, meters))
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


def _require_rows(file: Path, table: Table) -> None:
    if not len(table):
        left_out = "; ".join(each.text for each in table.findings)
        why = f" that can be read ({left_out})" if left_out else ""
        message = f"{file}: there is no row below the header{why}"
        raise InvalidRequestError(code="no_rows", message=message, pointer="file")


def _reader(
    table: Table, period: Period, zone: ZoneInfo, stamp: Stamp, interval: float | None
) -> Reader:
    """Tell what the only sample of a column stands for.

    Of a file with but one row: the whole period, an hour if there is none; of others:
    for an amount the same, where `all` is the whole file, for a power the usual step.
    """
    moments = np.unique(table.ts)
    if interval is not None or not len(moments):
        step = int((interval or 0.0) * instants.SECOND) or instants.HOUR
        return Reader(zone, stamp, step)
    if len(moments) == 1 and period == "all":
        return Reader(zone, stamp, instants.HOUR)
    step = int(np.median(np.diff(moments))) if len(moments) > 1 else 0
    before = step if stamp == "end" else 0
    start, end = int(moments[0]) - before, int(moments[-1]) - before + max(step, 1)
    if len(moments) == 1 and stamp == "end":
        start, end = start - 1, end - 1
    edges = civil.edges(period, start, end, zone)
    return Reader(zone, stamp, step, None if step else edges, edges)


def _span(table: Table, reader: Reader, meters: Sequence[Meter]) -> tuple[int, int]:
    """Span of the rows without any value, of all rows if no column says anything."""
    which = np.ones(len(table), np.bool_)
    if any(len(meter.segments) for meter in meters):
        which = np.logical_and.reduce([np.isnan(v) for v in table.columns.values()])
    if not which.any():
        return 0, 0
    if reader.powers is not None:
        return int(reader.powers[0]), int(reader.powers[-1])
    # Registers say nothing of what follows their last reading.
    sampled = not all(meter.column.is_register for meter in meters)
    after = reader.step if sampled or len(table) == 1 else 0
    before = after if reader.stamp == "end" else 0
    ts = table.ts[which] - before
    return int(ts[0]), int(ts[-1]) + after


def _stamp(stamp: Stamp, table: Table, wanted: Sequence[Column], tz: str) -> Stamp:
    """Tell from the shape of the file whether it stamps the ends of intervals.

    Registers are read at both ends of a day and say nothing of it.
    """
    sampled = [table.columns[each.name] for each in wanted if not each.is_register]
    given = [np.isfinite(value) for value in sampled]
    moments = np.unique(table.ts[np.logical_or.reduce(given)] if given else table.ts)
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
