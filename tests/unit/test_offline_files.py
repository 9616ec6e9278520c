from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.offline import files

if TYPE_CHECKING:
    from pathlib import Path


def _us(text: str) -> int:
    return instants.to_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


def _csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2026-01-31T00:00:00Z", "2026-01-31T00:00"),
        ("2026-01-31T08:00:00+08:00", "2026-01-31T00:00"),
        ("2026-01-31T08:00:00.250+0800", "2026-01-31T00:00:00.250"),
        ("2026-01-30 18:30-0530", "2026-01-31T00:00"),
        ("2026-01-31 08:00:00", "2026-01-31T00:00"),
        ("2026/1/31 8:00", "2026-01-31T00:00"),
        ("2026-01-31", "2026-01-30T16:00"),
        ("2026-01-30 24:00", "2026-01-30T16:00"),
        ("20260131080000", "2026-01-31T00:00"),
        ("1769817600", "2026-01-31T00:00"),
        ("1769817600000", "2026-01-31T00:00"),
        ("1769817600.5", "2026-01-31T00:00:00.500"),
    ],
)
@pytest.mark.parametrize("companion", ["2026-02-01T00:00:00Z", "2026-02-01 08:00:00"])
def test_forms_of_time(
    tmp_path: Path, stamp: str, expected: str, companion: str
) -> None:
    path = _csv(tmp_path, f"t,v\n{stamp},1\n{stamp},2\n{companion},3\n")
    found = files.read(path, "t", ["v"], "Asia/Shanghai")
    instant = _us(expected)
    assert found.ts.tolist() == [instant, instant, _us("2026-02-01")]
    assert found.findings == ()


@pytest.mark.parametrize(
    "stamp",
    ["", "soon", "2026-02-30 00:00", "2026-13-01", "2026-01-01 25:00", "nan", "1e300"],
)
def test_rows_without_time_are_left_out(tmp_path: Path, stamp: str) -> None:
    path = _csv(tmp_path, f"t,v\n{stamp},1\n2026-02-01 08:00:00,2\n")
    found = files.read(path, "t", ["v"])
    assert found.columns["v"].tolist() == [2.0]
    assert [(f.code, f.lines, f.count) for f in found.findings] == [
        ("bad_time", (2,), 1)
    ]


def test_bad_rows_and_values_are_findings_with_their_lines(tmp_path: Path) -> None:
    text = (
        "t,a,b\n2026-01-01 00:00,1,2\n2026-01-01 00:01,2\n\n"
        "2026-01-01 00:02,x,-\n2026-01-01 00:03,+1.5e1,inf\n2026-01-01 00:04, 4 ,NaN\n"
    )
    found = files.read(_csv(tmp_path, text), "t", ["b", "a"])
    assert found.line.tolist() == [2, 5, 6, 7]
    np.testing.assert_array_equal(found.columns["a"], [1.0, np.nan, 15.0, 4.0])
    np.testing.assert_array_equal(found.columns["b"], [2.0, np.nan, np.nan, np.nan])
    assert [(f.code, f.column, f.lines) for f in found.findings] == [
        ("broken_row", None, (3,)),
        ("bad_number", "b", (6,)),
        ("bad_number", "a", (5,)),
    ]


def test_clocks_put_back_and_forward(tmp_path: Path) -> None:
    text = "t,v\n" + "".join(
        f"{stamp},1\n"
        for stamp in (
            "2024-03-31 02:30",  # never was
            "2024-10-27 01:30",
            "2024-10-27 02:30",
            "2024-10-27 02:45",  # only once
            "2024-10-27 02:30",
            "2024-10-27 03:30",
        )
    )
    found = files.read(_csv(tmp_path, text), "t", ["v"], "Europe/Berlin")
    assert found.ts.tolist() == [
        _us("2024-10-26T23:30"),
        _us("2024-10-27T00:30"),
        _us("2024-10-27T00:45"),
        _us("2024-10-27T01:30"),
        _us("2024-10-27T02:30"),
    ]
    assert [(f.code, f.lines) for f in found.findings] == [
        ("nonexistent_time", (2,)),
        ("ambiguous_time", (5,)),
    ]


def test_encodings_delimiters_and_compression(tmp_path: Path) -> None:
    text = "时间;总电\r\n2026-01-01 00:00;1\r\n"
    for data in (
        text.encode(),
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("gb18030"),
        text.encode("utf-16"),
    ):
        path = tmp_path / "some.csv"
        path.write_bytes(data)
        assert files.read(path, "时间", ["总电"]).columns["总电"].tolist() == [1.0]
    packed = tmp_path / "some.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert len(files.read(packed, "时间", ["总电"])) == 1


def test_parquet_of_any_type(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 31, 0, 0, tzinfo=UTC)
    expected = [_us("2026-01-31T00:00")]
    local = moment.replace(tzinfo=None)
    times = [
        pa.array([moment], pa.timestamp("ns", "Asia/Shanghai")),
        pa.array([moment.timestamp()], pa.float64()),
        pa.array([int(moment.timestamp() * 1000)], pa.int64()),
        pa.array(["2026-01-31T08:00:00+08:00"]),
    ]
    path = tmp_path / "some.parquet"
    for time in times:
        pq.write_table(pa.table({"t": time, "v": pa.array([3], pa.int32())}), path)
        found = files.read(path, "t", ["v"])
        assert found.ts.tolist() == expected
        assert found.columns["v"].tolist() == [3.0]
    naive = pa.array([local], pa.timestamp("ms"))
    value = pa.array([None], pa.float64())
    pq.write_table(pa.table({"t": naive, "v": value}), path)
    found = files.read(path, "t", ["v"], "UTC")
    assert found.ts.tolist() == expected
    assert np.isnan(found.columns["v"]).all()


def test_sorted_keeps_the_order_of_equal_times(tmp_path: Path) -> None:
    found = files.read(_csv(tmp_path, "t,v\n2,1\n1,2\n2,3\n"), "t", ["v"]).sorted()
    assert found.columns["v"].tolist() == [2.0, 1.0, 3.0]
    assert found.line.tolist() == [3, 2, 4]


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = _csv(tmp_path, "t,v,v\n1,2,3\n")
    for missing in ("w", "v"):
        with pytest.raises(InvalidRequestError, match=f"column '{missing}'"):
            files.read(path, "t", [missing])
    with pytest.raises(InvalidRequestError, match="empty"):
        files.read(_csv(tmp_path, " \n"), "t", ["v"])
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        files.read(tmp_path / "nowhere.csv", "t", ["v"])
    with pytest.raises(InvalidRequestError, match="no time zone"):
        files.read(path, "t", ["v"], "Asia/Nowhere")
