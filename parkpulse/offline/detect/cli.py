"""`parkpulse detect`: anomaly scores of a CSV file, row by row."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import numpy as np

from analytics import civil
from analytics.anomaly import explain
from analytics.anomaly.detector import Detector
from parkpulse.offline import outputs, zones
from parkpulse.offline.detect import rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from analytics.anomaly.detector import Found
    from parkpulse.model.packed import Int64Array
    from parkpulse.offline.detect.rows import Rows

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


_DISORDER = 0.25
"""With a greater share of steps back in time, a file has no order of its own."""


class _Scored(NamedTuple):
    rows: Rows
    found: Found
    flag: np.ndarray[tuple[int], np.dtype[np.uint8]]
    order: Int64Array
    """Rows as they were scored."""
    place: Int64Array
    """Place of each row in that order."""


@click.command()
@click.argument("file", type=_FILE)
@click.option("--time-column", default="timestamp", show_default=True)
@click.option("--value-column", default="value", show_default=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write; standard output if left out.",
)
@click.option(
    "--tz",
    default="UTC",
    show_default=True,
    help="Zone of times without a zone, of the usual day, and of the explanations.",
)
@click.option(
    "--explain",
    "language",
    type=click.Choice(["en", "zh"]),
    help="Add a column that explains each alarm in this language.",
)
def detect(
    file: Path,
    time_column: str,
    value_column: str,
    out: Path | None,
    tz: str,
    language: explain.Language | None,
) -> None:
    """Score each row of FILE by how unusual its value is, from the rows before it.

    Writes the columns timestamp, value, anomaly_score (0 to 1) and flag (1 good,
    2 not evaluated, 3 suspect, 4 frozen, 9 missing), row for row as in FILE. Suspect is
    a score of 0.9 and more; 0.99 comes in at most 1 of 10,000 rows of a quiet series.
    """
    zone = zones.zone(tz)
    outputs.check(out, file)
    given = rows.read(file, time_column, value_column, zone)
    if given.is_timeless:
        print(f"{file}: no time can be read, rows count as minutes", file=sys.stderr)
    scored = _score(given, zone)
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    head = ["timestamp", "value", "anomaly_score", "flag"]
    table.writerow([*head, "explanation"] if language else head)
    table.writerows(_lines(scored, zone, language))
    _write(out, text.getvalue())


def _score(given: Rows, zone: ZoneInfo) -> _Scored:
    count = given.value.size
    detector = Detector(1)
    order = _order(given)
    place = np.argsort(order)
    ts = given.ts[order]
    usable = np.where(given.dated, given.value, np.nan)[order]
    series = np.zeros(count, dtype=np.int64)
    found = detector.step(series, ts, usable, civil.offsets(ts, zone)).take(place)
    flag = explain.flags(found)
    flag[np.isnan(given.value)] = explain.MISSING
    return _Scored(given, found, flag, order, place)


def _order(given: Rows) -> Int64Array:
    """Return the order of the file, or that of time if it has none, as newest first."""
    back = np.diff(given.ts[given.dated]) < 0
    if not len(back) or back.mean() <= _DISORDER:
        return np.arange(given.ts.size)
    return np.argsort(given.ts, kind="stable")


def _lines(
    scored: _Scored, zone: ZoneInfo, language: explain.Language | None
) -> Iterator[list[str]]:
    given = scored.rows
    for row, (stamp, text) in enumerate(zip(given.stamp, given.text, strict=True)):
        line = [stamp, text, f"{scored.found.score[row]:.6f}", str(scored.flag[row])]
        if language:
            line.append(_explanation(scored, row, zone, language))
        yield line


def _explanation(
    scored: _Scored, row: int, zone: ZoneInfo, language: explain.Language
) -> str:
    if scored.flag[row] not in {explain.DOUBTFUL, explain.FAIL}:
        return ""
    given, found = scored.rows, scored.found
    until = scored.order[: scored.place[row] + 1]
    case = explain.case(
        given.ts[until],
        given.value[until],
        int(found.kind[row]),
        float(found.expected[row]),
    )
    return explain.text(case, zone, language)


def _write(out: Path | None, text: str) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    outputs.write(out, text)
