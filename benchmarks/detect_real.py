"""Real series of rivers, rain, power, air and gauges, for judging detectors.

They come from `tests/data`, where origin and licence stand. Nobody has labelled them;
faults are put into them, and what else they hold counts as good.
"""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.detect_series import Series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = Path(__file__).parent.parent / "tests" / "data"
Row = dict[str, str]


def _rows(name: str, fields: list[str] | None = None) -> Iterator[Row]:
    with gzip.open(DATA / f"{name}.csv.gz", "rt", newline="") as text:
        yield from csv.DictReader(text, fields)


def _iso(text: str) -> int:
    at = datetime.fromisoformat(text)
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * 1_000_000


def _series(
    name: str, rows: list[Row], at: Callable[[Row], int], column: str, missing: float
) -> Series:
    kept = [(at(row), float(row[column])) for row in rows if row[column]]
    kept = sorted(pair for pair in kept if pair[1] != missing)
    ts = np.array([pair[0] for pair in kept], dtype=np.int64)
    return Series(name, ts, np.array([pair[1] for pair in kept]), ())


def _waters() -> list[Series]:
    names = ["ea_hebden_bridge_level", "ea_gorpley_rainfall"]
    return [
        _series(name, list(_rows(name)), lambda r: _iso(r["dateTime"]), "value", -999.0)
        for name in names
    ]


def _powers() -> list[Series]:
    rows = list(_rows("eia_ciso_2022_generation"))
    columns = ["WND", "SUN", "WAT", "NG", "COL", "OTH"]
    return [
        _series(f"power_{c}", rows, lambda r: _iso(r["timestamp"]), c, -999.0)
        for c in columns
    ]


def _air() -> list[Series]:
    rows = list(_rows("uci_air_quality_excerpt"))

    def at(row: Row) -> int:
        text = f"{row['Date']} {row['Time']}"
        moment = datetime.strptime(text, "%d/%m/%Y %H:%M:%S").replace(tzinfo=UTC)
        return int(moment.timestamp()) * 1_000_000

    columns = [
        c for c in ("CO_GT", "C6H6_GT", "NOx_GT", "NO2_GT", "T", "RH") if c in rows[0]
    ]
    return [_series(f"air_{c}", rows, at, c, -200.0) for c in columns]


def _gauges() -> list[Series]:
    fields = [
        "device",
        "published",
        "name",
        "event",
        "unix",
        "distance",
        "volts",
        "percent",
    ]
    rows = list(_rows("owl_cellular_telemetry", fields))
    rows = [row for row in rows if int(row["unix"]) > 1_600_000_000]
    devices = sorted({row["device"] for row in rows})
    found = []
    for device in devices:
        own = [row for row in rows if row["device"] == device]
        for column in ("distance", "volts"):
            name = f"gauge_{column}_{device[-4:]}"
            found.append(
                _series(name, own, lambda r: int(r["unix"]) * 1_000_000, column, -999.0)
            )
    return [one for one in found if one.ts.size > 400]


def load() -> list[Series]:
    """All real series, sorted by time, without missing values."""
    return [*_waters(), *_powers(), *_air(), *_gauges()]
