"""Exports over HTTP: every row in every form, and never all rows at once."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.exports import arrow, text, workbook
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.query import exports
from parkpulse.query.exports import Block, Source
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugins.fix_api import Harbour, Site

PATH = "/api/v1/parks/harbour/export"
DAY = {"start": "2026-03-09T12:00:00Z", "end": "2026-03-10T12:00:01Z"}
COLUMNS = ["place", "device", "metric", "unit", "ts", "value", "quality"]
SOURCE = Source(1, "river", "=level", "water_level", "m")


@pytest.fixture
def levels(site: Site, harbour: Harbour) -> list[int]:
    """A day of two levels, one reading every 5 minutes."""
    found = [harbour[f"level-{n}", "water_level"] for n in (2, 1)]
    end, step = instants.to_us(NOW), 5 * instants.MINUTE
    for series in found:
        points = [(series, end - n * step, 5 - n / 1000) for n in range(289)]
        site.lab.put(points, "harbour")
    return found


def fetched(site: Site, **query: Any) -> bytes:  # noqa: ANN401 - any parameter
    answer = site.request("GET", PATH, params=DAY | query)
    assert answer.status_code == 200, answer.text
    return answer.content


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_every_form_has_the_same_rows(
    site: Site, levels: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "BLOCK", 100)
    rows = rows_of(fetched(site, series=levels, format="csv"))
    assert list(rows[0]) == COLUMNS
    # Level 1 has had one reading besides, between two of these.
    assert [row["device"] for row in rows] == ["level-2"] * 289 + ["level-1"] * 290
    assert rows[0] == {
        "place": "river",
        "device": "level-2",
        "metric": "water_level",
        "unit": "m",
        "ts": "2026-03-09T12:00:00Z",
        "value": "4.712",
        "quality": "2",
    }
    table = pq.read_table(io.BytesIO(fetched(site, series=levels, format="parquet")))
    assert table.column_names == COLUMNS
    assert table.column("value").to_pylist() == [float(row["value"]) for row in rows]
    times = [f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in table.column("ts").to_pylist()]
    assert times == [row["ts"] for row in rows]
    with pa.ipc.open_stream(fetched(site, series=levels, format="arrow")) as stream:
        assert stream.read_all().cast(table.schema).equals(table)
    book = openpyxl.load_workbook(
        io.BytesIO(fetched(site, series=levels, format="xlsx"))
    )
    sheet = list(book["readings"].values)
    assert len(sheet) == 1 + len(rows)
    assert sheet[0][4] == "ts (Asia/Shanghai)"
    first = sheet[1]
    assert first[:4] == ("river", "level-2", "water_level", "m")
    assert first[4] == datetime(2026, 3, 9, 20)  # noqa: DTZ001 - sheets have no zones
    assert first[5:] == (4.712, 2)


def test_rollups_are_made_where_they_lag(site: Site, levels: list[int]) -> None:
    rows = rows_of(fetched(site, series=levels[0], resolution="1h"))
    assert list(rows[0]) == [*COLUMNS, "min", "max", "count"]
    assert [row["count"] for row in rows] == ["12"] * 24 + ["1"]
    assert rows[0]["ts"] == "2026-03-09T12:00:00Z"
    assert float(rows[0]["value"]) == pytest.approx(4.7175)
    assert (rows[0]["min"], rows[0]["max"]) == ("4.712", "4.723")
    assert rows[0]["quality"] == ""
    table = pq.read_table(
        io.BytesIO(fetched(site, series=levels, resolution="1d", format="parquet"))
    )
    assert table.column("count").to_pylist() == [144, 145, 144, 146]


def test_series_by_filter(site: Site, levels: list[int]) -> None:
    rows = rows_of(fetched(site, place="upper", metric="water_level"))
    assert {row["device"] for row in rows} == {"level-1"}
    assert levels


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"end": DAY["start"]}, "end", "range_empty"),
        ({"metric": "nothing"}, "series", "no_series"),
        ({"format": "doc"}, "format", "unknown_value"),
        ({"resolution": "5m"}, "resolution", "unknown_value"),
        ({"start": "1970-01-01T00:00:00Z", "end": "2200-01-01T00:00:00Z"}, "start", ""),
    ],
)
def test_exports_of_no_use(
    site: Site,
    levels: list[int],
    monkeypatch: pytest.MonkeyPatch,
    query: dict[str, Any],
    pointer: str,
    code: str,
) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 1_000_000)
    found = site.problem("/parks/harbour/export", 422, **DAY | query)
    assert found["errors"][0]["pointer"] == pointer
    assert found["errors"][0]["code"] == code or "export_too_long"
    assert levels


def test_series_of_nobody_and_of_others(site: Site, levels: list[int]) -> None:
    site.problem("/parks/harbour/export", 404, **DAY, series=999_999)
    site.problem("/parks/nowhere/export", 404, **DAY, series=levels[0])


def blocks(count: int, made: list[int]) -> Iterator[Block]:
    """Make blocks of readings only as they are asked for."""
    start = instants.to_us(NOW)
    for n in range(count):
        made.append(n)
        ts = start + (n * exports.BLOCK + np.arange(exports.BLOCK)) * instants.SECOND
        quality = np.full(exports.BLOCK, 2)
        yield Block(SOURCE, ts, ts / 7e15, quality, None)


@pytest.mark.parametrize("form", ["csv", "arrow", "parquet"])
def test_what_is_held_does_not_grow_with_the_rows(form: str) -> None:
    """Of 600,000 rows at most a Parquet row group and a block are held."""
    made: list[int] = []
    given = blocks(30, made)
    if form == "csv":
        pieces = text.write(given, is_raw=True)
    else:
        writes = arrow.stream if form == "arrow" else arrow.parquet
        pieces = writes([SOURCE], given, is_raw=True)
    before, held, largest, taken = pa.total_allocated_bytes(), 0, 0, 0
    for piece in pieces:
        held = max(held, pa.total_allocated_bytes() - before)
        largest = max(largest, len(piece))
        ahead = len(made) - taken
        taken = len(made)
        assert ahead <= 6
    assert len(made) == 30
    assert largest < 4_000_000
    assert held < 10_000_000


def test_nothing_is_read_before_it_is_wanted() -> None:
    made: list[int] = []
    pieces = text.write(blocks(9, made), is_raw=True)
    assert not made
    next(pieces)
    next(pieces)
    assert made == [0]
    assert next(pieces).decode().startswith("river,'=level,water_level,m,2026-")


def test_a_sheet_holds_so_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "BLOCK", 100)
    monkeypatch.setattr(workbook, "MOST_ROWS", 200)
    with pytest.raises(InvalidRequestError):
        workbook.write(blocks(3, []), "Asia/Shanghai", is_raw=True)
    pieces = workbook.write(blocks(2, []), "Asia/Shanghai", is_raw=True)
    assert sum(map(len, pieces)) > 5000


def test_times_of_a_zone_with_summer_time() -> None:
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    ts = np.array([instants.to_us(start + timedelta(hours=n)) for n in (0, 1)])
    block = Block(SOURCE, ts, np.array([1.0, 2.0]), np.array([2, 2]), None)
    content = b"".join(workbook.write([block], "Europe/Berlin", is_raw=True))
    sheet = list(openpyxl.load_workbook(io.BytesIO(content))["readings"].values)
    assert [str(row[4])[11:16] for row in sheet[1:]] == ["01:30", "03:30"]
    assert sheet[1][1] == "=level"


def test_a_sheet_computes_no_text() -> None:
    source = replace(SOURCE, place="+1", unit="@x")
    block = Block(source, np.array([0]), np.array([1.0]), np.array([2]), None)
    content = b"".join(workbook.write([block], "UTC", is_raw=True))
    row = openpyxl.load_workbook(io.BytesIO(content))["readings"][2]
    assert [each.value for each in row[:4]] == ["+1", "=level", "water_level", "@x"]
    assert {each.data_type for each in row[:4]} == {"s"}
