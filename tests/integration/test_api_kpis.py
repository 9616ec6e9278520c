"""KPIs of a data centre over HTTP, on a real TimescaleDB."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from parkpulse.model import instants
from parkpulse.store import kpis
from parkpulse.store.kpis import Key, Record, Revision

if TYPE_CHECKING:
    from tests.plugins.fix_api import Site

CENTRE = "/parks/harbour/data-centres/dc1/kpis"
HOURS = [
    instants.to_us(datetime(2026, 3, 10, hour, tzinfo=UTC)) for hour in (8, 9, 10, 11)
]


def record(start: int, value: float | None, evidence: dict[str, object]) -> Record:
    return Record(
        key=Key("hour", start, start + instants.HOUR, "pue", 1),
        value=value,
        numerator_kwh=120.0,
        numerator_estimated_kwh=12.0,
        denominator_kwh=100.0,
        denominator_estimated_kwh=10.0,
        covered_us=3_000 * instants.SECOND,
        estimated_us=300 * instants.SECOND,
        elapsed_us=3_600 * instants.SECOND,
        gap_start_us=None,
        gap_end_us=None,
        coverage=0.8333,
        verdict="insufficient data",
        target=1.25,
        state="closed",
        revision=1,
        evidence=json.dumps(evidence),
    )


@pytest.fixture
def centre(site: Site, harbour: object) -> int:
    """Four hours of PUE and a revision of the last; id of the data centre."""
    assert harbour
    with site.lab.database.transaction() as conn:
        ((centre, meter),) = conn.execute(
            "select d.id, m.id from data_centre d join meter m"
            " on m.data_centre_id = d.id"
        ).fetchall()
        ((target,),) = conn.execute(
            "select id from target where kpi = 'pue'"
        ).fetchall()
        evidence = {"meters": [[meter, 120.0, 12.0, 3000.0]], "target": target}
        rows = [record(start, 1.2, evidence) for start in HOURS[:3]]
        kpis.write(conn, centre, [*rows, record(HOURS[3], None, {})])
        change = Revision(rows[2].key, 1, 1.1, 1.2, 0.5, 0.8333, "late data")
        kpis.add_revisions(conn, centre, [change])
    return int(centre)


@pytest.mark.usefixtures("centre")
def test_kpis_with_their_evidence(site: Site) -> None:
    rows = site.items(CENTRE)
    assert [row["start"][11:13] for row in rows] == ["08", "09", "10", "11"]
    assert rows[3]["value"] is None
    first = rows[0]
    assert (first["kpi"], first["category"], first["period"]) == ("pue", 1, "hour")
    assert (first["value"], first["coverage"]) == (1.2, 0.8333)
    assert (first["covered_s"], first["elapsed_s"]) == (3000, 3600)
    assert (first["target"], first["comparison"]) == (1.25, "lt")
    assert first["evidence"]["meters"] == [
        {
            "device": "meter",
            "metric": "active_energy_import",
            "role": "grid_import",
            "kwh": 120.0,
            "estimated_kwh": 12.0,
            "covered_s": 3000.0,
        }
    ]
    assert first["evidence"]["rule"]["min_standard_racks"] == 3000
    assert first["evidence"]["rule"]["source"]
    (newest,) = site.items(f"{CENTRE}/summary")
    assert newest == rows[3]


@pytest.mark.usefixtures("centre")
def test_kpis_by_filter_and_page(site: Site) -> None:
    assert site.items(CENTRE, kpi="ref") == []
    assert site.items(CENTRE, category=2) == []
    assert len(site.items(CENTRE, kpi="pue", category=1, period="hour")) == 4
    span = {"start": "2026-03-10T09:30:00Z", "end": "2026-03-10T11:00:00Z"}
    assert len(site.items(CENTRE, **span)) == 2
    first = site.get(CENTRE, limit=3)
    assert len(first["items"]) == 3
    rest = site.get(CENTRE, limit=3, cursor=first["next"])
    assert [row["start"] for row in rest["items"]] == ["2026-03-10T11:00:00Z"]
    assert rest["next"] is None
    query = {"format": "csv"}
    answer = site.request("GET", f"/api/v1{CENTRE}", params=query)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["value"] for row in rows] == ["1.2", "1.2", "1.2", ""]
    assert rows[0]["verdict"] == "insufficient data"


@pytest.mark.usefixtures("centre")
def test_revisions(site: Site) -> None:
    (change,) = site.items(f"{CENTRE}/revisions")
    assert (change["old_value"], change["new_value"]) == (1.1, 1.2)
    assert (change["cause"], change["revision"]) == ("late data", 1)
    assert change["start"] == "2026-03-10T10:00:00Z"


@pytest.mark.usefixtures("harbour")
def test_an_unknown_data_centre(site: Site) -> None:
    for path in ("", "/summary", "/revisions"):
        found = site.problem(f"/parks/harbour/data-centres/dc9/kpis{path}", 404)
        assert found["detail"] == "There is no data centre dc9."
    found = site.problem(CENTRE, 422, period="decade", category=4)
    assert {error["pointer"] for error in found["errors"]} == {"period", "category"}


@pytest.mark.usefixtures("centre")
def test_a_changed_figure_is_told(site: Site) -> None:
    with site.stream("harbour") as stream:
        stream.next("snapshot")
        with site.lab.database.transaction() as conn:
            kpis.announce(conn, "elsewhere", "dc7")
            kpis.announce(conn, "harbour", "dc1")
            kpis.announce(conn, "harbour", "dc1")
        assert stream.next("kpi").data == {"data_centre": "dc1"}
        assert stream.next("kpi", "flow").kind == "flow"
