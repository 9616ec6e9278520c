"""`parkpulse quality`: QARTOD flags of the columns of a CSV or Parquet file."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from analytics import qartod
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.offline import files, outputs, zones
from parkpulse.offline.quality import config, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.qartod import Flags
    from parkpulse.offline.files import Table
    from parkpulse.offline.quality.config import Tests

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TIME_COLUMNS = (
    *("timestamp", "time", "ts", "t", "datetime", "dateTime", "date_time"),
    *("date", "时间"),
)
"""Tried in turn where the user names none."""
_VALUE_COLUMN = "value"
_NAMES = {
    qartod.GOOD: "good",
    qartod.NOT_EVALUATED: "not_evaluated",
    qartod.SUSPECT: "suspect",
    qartod.FAIL: "fail",
    qartod.MISSING: "missing",
}
Found = dict[str, dict[str, "Flags"]]
"""Flags by stream and test."""


@click.command()
@click.argument("file", type=_FILE)
@click.option(
    "--config",
    "config_file",
    required=True,
    type=_FILE,
    help="YAML, TOML or JSON: {stream: {qartod: {gross_range_test: {…}, …}}}.",
)
@click.option(
    "--time-column", help=f"By default the first of {', '.join(_TIME_COLUMNS)}."
)
@click.option(
    "--value-column",
    help="Column of a configuration that names no stream, or of its only stream.",
)
@click.option(
    "--tz",
    default="Asia/Shanghai",
    show_default=True,
    help="Zone of seasons, and of times without a zone.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a CSV file: line, timestamp, value and flags of each row.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def quality(
    file: Path,
    config_file: Path,
    time_column: str | None,
    value_column: str | None,
    tz: str,
    out: Path | None,
    as_json: bool,  # noqa: FBT001 - how click passes an option
) -> None:
    """Flag the rows of FILE by the QARTOD tests of a configuration.

    Flags: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing.
    """
    zone = zones.zone(tz)
    outputs.check(out, file)
    streams = _streams(config.read(config_file), value_column)
    table = _read(file, time_column, list(streams), tz)
    found = run.flags(table, streams, zone, datetime.now(UTC))
    notes = run.warnings(table, streams)
    if out is not None:
        _write(out, table, found)
    answer = _answer(table, found, notes)
    print(json.dumps(answer, ensure_ascii=False) if as_json else _text(answer))


def _streams(streams: dict[str, Tests], column: str | None) -> dict[str, Tests]:
    """Find the tests by column, where the user or the configuration leaves it open."""
    if len(streams) == 1 and (column is not None or config.EVERY in streams):
        (tests,) = streams.values()
        return {column or _VALUE_COLUMN: tests}
    if column is not None:
        message = "--value-column fits only a configuration of one stream"
        raise InvalidRequestError(
            code="several_streams", message=message, pointer="value-column"
        )
    return streams


def _read(file: Path, time_column: str | None, columns: list[str], tz: str) -> Table:
    if time_column is not None:
        return files.read(file, time_column, columns, tz)
    for candidate in _TIME_COLUMNS:
        try:
            return files.read(file, candidate, columns, tz)
        except InvalidRequestError as error:
            if error.code != "unknown_column" or error.pointer != candidate:
                raise
    message = f"{file} has no column of times of a usual name: give --time-column"
    raise InvalidRequestError(
        code="unknown_column", message=message, pointer="time-column"
    )


def _answer(table: Table, found: Found, notes: Sequence[str]) -> dict[str, Any]:
    aggregates = [tests["aggregate"] for tests in found.values()]
    return {
        "rows": len(table),
        "streams": {
            name: {test: flag.tolist() for test, flag in tests.items()}
            for name, tests in found.items()
        },
        "aggregate": qartod.aggregate(aggregates).tolist(),
        "summary": {
            name: {test: _counts(flag) for test, flag in tests.items()}
            for name, tests in found.items()
        },
        "findings": [
            *(
                {
                    "code": each.code,
                    "column": each.column,
                    "lines": each.lines,
                    "count": each.count,
                    "text": each.text,
                }
                for each in table.findings
            ),
            *({"code": "doubtful_parameter", "text": note} for note in notes),
        ],
    }


def _counts(flag: Flags) -> dict[str, int]:
    return {
        name: int(np.count_nonzero(flag == number)) for number, name in _NAMES.items()
    }


def _text(answer: dict[str, Any]) -> str:
    head = " ".join(f"{name:>13}" for name in _NAMES.values())
    lines = [f"{answer['rows']} rows", f"{'':<40} {head}"]
    for stream, tests in answer["summary"].items():
        for test, counts in tests.items():
            numbers = " ".join(f"{count:>13}" for count in counts.values())
            lines.append(f"{f'{stream}: {test}':<40} {numbers}")
    lines += [f"- {each['text']}" for each in answer["findings"]]
    return "\n".join(lines)


def _write(out: Path, table: Table, found: Found) -> None:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    columns: list[list[Any]] = [
        table.line.tolist(),
        [instants.from_us(us).isoformat() for us in table.ts.tolist()],
    ]
    head = ["line", "timestamp"]
    for name, tests in found.items():
        value = table.columns[name]
        head += [name, *(f"{name}:{test}" for test in tests)]
        columns.append(["" if np.isnan(each) else each for each in value.tolist()])
        columns += [flag.tolist() for flag in tests.values()]
    rows.writerow(head)
    rows.writerows(zip(*columns, strict=True))
    outputs.write(out, text.getvalue())
