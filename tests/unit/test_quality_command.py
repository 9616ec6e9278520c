"""`parkpulse quality` on files: the vectors, forms of the configuration, errors."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from analytics import qartod
from parkpulse.errors import ConfigError, InvalidRequestError
from parkpulse.offline.quality.cli import quality

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "qartod_vectors.jsonl")
    .read_text("utf-8")
    .splitlines()
]
_FULL = {
    "gross": ("gross_range_test", {"fail": "fail_span", "suspect": "suspect_span"}),
    "spike": (
        "spike_test",
        {"suspect": "suspect_threshold", "fail": "fail_threshold"},
    ),
    "rate": ("rate_of_change_test", {"threshold_per_s": "threshold"}),
    "flat": (
        "flat_line_test",
        {
            "suspect_s": "suspect_threshold",
            "fail_s": "fail_threshold",
            "tolerance": "tolerance",
        },
    ),
}


class Quality:
    """Runs the command on rows of a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, values: list[Any], config: str, *more: str, step_s: int = 900
    ) -> dict[str, Any]:
        rows = [
            f"{step_s * n},{'' if value is None else value}"
            for n, value in enumerate(values)
        ]
        file = self.folder / "some.csv"
        file.write_text("\n".join(["time,level", *rows, ""]), "utf-8")
        name = "some.json" if config.startswith("{") else "some.yaml"
        (self.folder / name).write_text(config, "utf-8")
        arguments = [str(file), "--config", str(self.folder / name), *more, "--json"]
        done = CliRunner().invoke(quality, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def run(tmp_path: Path) -> Quality:
    return Quality(tmp_path)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["id"])
def test_vectors(run: Quality, vector: dict[str, Any]) -> None:
    kind, _, method = vector["id"].partition("-")
    test, names = _FULL[kind]
    parameters = {full: vector[name] for name, full in names.items()}
    if kind == "spike":
        parameters["method"] = method
    config = {"level": {"qartod": {test: parameters, "aggregate": None}}}
    found = run(vector["x"], json.dumps(config), step_s=vector.get("dt_s", 900))
    assert found["streams"]["level"][test] == vector["flags"]
    assert found["streams"]["level"]["aggregate"] == vector["flags"]
    assert found["aggregate"] == vector["flags"]
    assert found["rows"] == len(vector["x"])
    counts = found["summary"]["level"][test]
    assert counts["fail"] == vector["flags"].count(4)
    assert sum(counts.values()) == found["rows"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["id"])
def test_parameters_as_the_vectors_name_them(
    run: Quality, vector: dict[str, Any]
) -> None:
    config = json.dumps({"streams": {"level": {vector["id"]: vector}}})
    if vector["id"].endswith("-missing"):
        config = config.replace("-missing", "")
    found = run(vector["x"], config, step_s=vector.get("dt_s", 900))
    (flags, _) = found["streams"]["level"].values()
    assert flags == vector["flags"]


def test_all_tests_of_one_file(run: Quality) -> None:
    found = run(
        [5, 10, 15, 20, 25, None, 35, 40, 45, 51],
        """
        streams:
          level:
            qartod:
              gross_range_test: {suspect_span: [40, 20], fail_span: [10, 50]}
              rate_of_change_test: {threshold: 1e-3, fail_threshold: 2}
              attenuated_signal_test:
                {suspect_threshold: 6, fail_threshold: 4, test_period: 10800,
                 min_obs: 2, check_type: range}
              climatology_test:
                config:
                  - {tspan: [1, 1], period: month, vspan: [0, 30], fspan: [0, 45]}
                  - {tspan: [1970-01-01 10:00:00, 1970-01-01T03:00:00Z],
                     vspan: [0, 1]}
              time_gap_test: {fail_span: 0.5}
              data_reception_test: {fail_span: 2, from_time: 32400}
        """,
        step_s=3600,
    )
    flags = found["streams"]["level"]
    # The second season holds 10:00 to 11:00 of the file's zone, and stands last.
    assert flags["climatology_test"] == [1, 1, 3, 3, 1, 9, 3, 3, 3, 4]
    assert flags["attenuated_signal_test"] == [2, 3, 1, 1, 1, 9, 1, 3, 1, 1]
    assert flags["time_gap_test"] == [1, 4, 4, 4, 4, 9, 4, 4, 4, 4]
    assert flags["data_reception_test"] == [4, 4, 4, 4, 4, 9, 4, 1, 1, 1]
    assert flags["aggregate"] == [4, 4, 4, 4, 4, 9, 4, 4, 4, 4]


def test_rows_out_of_order_keep_their_places(run: Quality) -> None:
    file = run.folder / "mixed.csv"
    file.write_text("time,level\n1800,9\n0,1\nnever,7\n900,2\n", "utf-8")
    config = run.folder / "c.toml"
    config.write_text("[spike]\nsuspect = 1\nfail = 3\n", "utf-8")
    out = run.folder / "out.csv"
    arguments = [str(file), "--config", str(config), "--value-column", "level"]
    done = CliRunner().invoke(
        quality, [*arguments, "--out", str(out)], catch_exceptions=False
    )
    assert "rows without a time" in done.output
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert [(row["line"], row["level:spike_test"]) for row in rows] == [
        ("2", "2"),
        ("3", "2"),
        ("5", "3"),
    ]
    assert rows[2]["timestamp"] == "1970-01-01T00:15:00+00:00"


def test_a_threshold_below_the_interval_is_told(run: Quality) -> None:
    config = '{"flat": {"suspect_s": 60, "fail_s": 7200, "tolerance": 1}}'
    found = run([1, 2, 3, 4], config, "--value-column", "level")
    assert found["streams"]["level"]["flat_line_test"] == [3, 3, 3, 3]
    assert [each["code"] for each in found["findings"]] == ["doubtful_parameter"]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("level: {qartod: {gross: {fail: [0, 1], suspect: [0, 2]}}}", "inside"),
        ("level: {qartod: {gross: {fail: [0]}}}", "length 2"),
        ("level: {qartod: {gross: {}}}", "needs fail_span"),
        ("level: {qartod: {gross: {fail: [0, .inf]}}}", "finite"),
        ("level: {qartod: {gross: {failspan: [0, 1]}}}", "failspan"),
        ("level: {qartod: {location_test: {bbox: 1}}}", "there are: gross_range_test"),
        ("level: {argo: {pressure_increasing_test: {}}}", "there is no test 'argo'"),
        ("level: {qartod: {gap: {}}, argo: {}}", "only qartod"),
        ("level: {qartod: {spike: {method: best}}}", "best"),
        ("level: {qartod: {flat: 5}}", "no table of parameters"),
        ("level: {qartod: {}}", "no tests"),
        ("contexts: [{streams: {}}]", "contexts"),
        ("[1, 2]", "no table of streams"),
        ("a: [", "cannot be read"),
        (
            "level: {climatology: [{tspan: [11, 2], period: month, vspan: [0, 1]}]}",
            "two members",
        ),
        (
            "level: {climatology: [{tspan: [1, 2], period: moon, vspan: [0, 1]}]}",
            "moon",
        ),
        ("level: {climatology: [{tspan: [a, b], vspan: [0, 1]}]}", "not a time"),
        ("level: {attenuated: {min_obs: 2, min_period: 3}}", "exclude"),
    ],
)
def test_wrong_configurations(run: Quality, config: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        run([1, 2, 3], config)


@pytest.mark.parametrize(
    ("more", "config", "code"),
    [
        ((), "depth: {gap: {}}", "unknown_column"),
        (("--time-column", "when"), "level: {gap: {}}", "unknown_column"),
        (("--value-column", "level"), "{a: {gap: {}}, b: {gap: {}}}", "several_stre"),
        (("--tz", "Moon"), "level: {gap: {}}", "unknown_zone"),
    ],
)
def test_requests_of_no_use(
    run: Quality, more: tuple[str, ...], config: str, code: str
) -> None:
    name = run.folder / "c.yaml"
    name.write_text(config, "utf-8")
    (run.folder / "d.csv").write_text("time,level\n0,1\n", "utf-8")
    arguments = [str(run.folder / "d.csv"), "--config", str(name), *more]
    with pytest.raises(InvalidRequestError) as raised:
        CliRunner().invoke(quality, arguments, catch_exceptions=False)
    assert raised.value.code.startswith(code)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_rows(run: Quality, count: int) -> None:
    config = (
        '{"gross": {"fail": [0, 1]}, "spike": {}, "rate": {}, "flat": {"suspect_s":'
        ' 900, "tolerance": 1}, "gap": {}, "attenuated": {"fail": 1}}'
    )
    found = run([0.5] * count, config, "--value-column", "level")
    assert found["aggregate"] == [4] * count
    assert found["streams"]["level"]["flat_line_test"] == [1] * count
    assert found["streams"]["level"]["spike_test"] == [2] * count


def test_parts_of_the_year() -> None:
    moments = ["2024-12-30T23", "2026-01-01T00", "2028-12-31T05", "1969-12-31T23"]
    ts = np.array(moments, "datetime64[us]").astype(np.int64)
    parts = {
        unit: qartod.season_part(ts, unit).tolist()
        for unit in qartod.UNITS
        if unit != "time"
    }
    assert parts == {
        "year": [2024, 2026, 2028, 1969],
        "quarter": [4, 1, 4, 4],
        "month": [12, 1, 12, 12],
        "week": [1, 1, 52, 1],
        "dayofyear": [365, 1, 366, 365],
        "dayofweek": [0, 3, 6, 2],
        "day": [30, 1, 31, 31],
        "hour": [23, 0, 5, 23],
    }
    with pytest.raises(ValueError, match="moon"):
        qartod.season_part(ts, "moon")


def test_a_constant_stretch_behind_a_jump_does_not_vary() -> None:
    value = np.array([1e9] * 50 + [8.1] * 50)
    ts = np.arange(100) * 60 * qartod.SECOND
    flags = qartod.attenuated_signal(ts, value, 1e-6, 1e-9, period_s=600.0)
    assert flags[60:].tolist() == [4] * 40
    assert flags[55] == 1
