"""`parkpulse detect` writes the rows of the file with a score and a flag."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from parkpulse.errors import InvalidRequestError
from parkpulse.offline.detect.cli import detect

if TYPE_CHECKING:
    from pathlib import Path


def _lines() -> list[tuple[str, str]]:
    rng = np.random.default_rng(8)
    values = [f"{v:.3f}" for v in 50.0 + rng.standard_normal(700)]
    values[600], values[650], values[655] = "90", "", "broken"
    days = [f"2026-03-{1 + i // 24:02d} {i % 24:02d}:00:00" for i in range(700)]
    days[660] = "no time"
    return list(zip(days, values, strict=True))


def _write(path: Path, lines: list[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["at", "level", "note"])
        table.writerows([*line, "x"] for line in lines)


def _run(source: Path, *more: str) -> str:
    names = ["--time-column", "at", "--value-column", "level"]
    result = CliRunner().invoke(
        detect, [str(source), *names, *more], catch_exceptions=False
    )
    assert result.exit_code == 0
    return result.output


def test_every_row_comes_back_with_score_and_flag(tmp_path: Path) -> None:
    lines = _lines()
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    _write(source, lines)
    assert not _run(source, "--out", str(out))
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["timestamp", "value", "anomaly_score", "flag"]
    assert [(r["timestamp"], r["value"]) for r in rows] == lines
    assert all(0.0 <= float(r["anomaly_score"]) <= 1.0 for r in rows)
    flags = [r["flag"] for r in rows]
    assert set(flags[:100]) == {"2"}
    assert [flags[i] for i in (600, 650, 655, 660)] == ["3", "9", "9", "2"]


def test_a_file_with_the_newest_first_has_the_same_scores(tmp_path: Path) -> None:
    source, turned = tmp_path / "in.csv", tmp_path / "turned.csv"
    lines = _lines()
    del lines[660]
    _write(source, lines)
    _write(turned, lines[::-1])
    head, *rows = _run(source, "--explain", "en").splitlines()
    assert _run(turned, "--explain", "en").splitlines() == [head, *rows[::-1]]


def test_a_cut_file_has_the_same_first_rows(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.csv", tmp_path / "cut.csv"
    _write(whole, _lines())
    _write(cut, _lines()[:620])
    assert _run(whole).startswith(_run(cut))


def test_explanations_are_a_column_in_either_language(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    _write(source, _lines()[:620])
    english, chinese = _run(source, "--explain", "en"), _run(source, "--explain", "zh")
    assert "above the usual for Thursday 00:00, first time in 25 days" in english
    assert "比星期四00:00的平常值高" in chinese


def test_an_unknown_column_is_named(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    _write(source, _lines()[:3])
    with pytest.raises(InvalidRequestError, match="no column 'depth'"):
        _run(source, "--value-column", "depth")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("", encoding="utf-8")
    with pytest.raises(InvalidRequestError, match="is empty"):
        _run(source)


def test_the_file_that_is_read_is_not_written_over(tmp_path: Path) -> None:
    source = tmp_path / "load.csv"
    _write(source, _lines())
    before = source.read_bytes()
    with pytest.raises(InvalidRequestError, match="is the file that is read"):
        _run(source, "--out", str(source))
    assert source.read_bytes() == before
    with pytest.raises(InvalidRequestError, match="written: No such file or directory"):
        _run(source, "--out", str(tmp_path / "no" / "folder.csv"))


def test_a_program_is_no_table(tmp_path: Path) -> None:
    source = tmp_path / "program"
    source.write_bytes(b"\x7fELF\x02\x01\xff\xd8\xff\n" * 9)
    with pytest.raises(InvalidRequestError, match="no text in UTF-8, UTF-16 or GB"):
        _run(source)


def test_a_field_that_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text(f"at,level\n1,{'9' * 200_000}\n")
    with pytest.raises(InvalidRequestError, match="field larger than"):
        _run(path)


def test_columns_that_fill_a_page_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text(",".join(["a" * 5000, *map(str, range(500))]) + "\n")
    with pytest.raises(InvalidRequestError, match="there are: aaa") as refused:
        _run(path)
    assert len(str(refused.value)) < 500
