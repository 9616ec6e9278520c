"""Real measurements, replayed through every station, give their published totals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_chain import Chain

DATA = Path(__file__).parents[1] / "data"
_WITHIN_S = 120.0


def _replay(chain: Chain, name: str) -> str:
    """Replay a file as fast as it goes; return the code of the park it made."""
    before = {park["code"] for park in chain.get("/parks")["items"]}
    chain.run("replay", str(DATA / name), "--speed", "max")
    after = {park["code"] for park in chain.get("/parks")["items"]}
    (park,) = after - before
    return str(park)


def _series(chain: Chain, park: str, metric: str) -> list[dict[str, Any]]:
    found = chain.get(f"/parks/{park}/series", metric=metric, limit=1000)["items"]
    assert isinstance(found, list)
    return found


def _ledger(chain: Chain, park: str) -> dict[str, Any]:
    answer = chain.get("/ledger", park=park)
    assert answer["balanced"] is True
    totals = answer["totals"]
    assert isinstance(totals, dict)
    return totals


def _wait_for_messages(chain: Chain, park: str, messages: int) -> None:
    wait_until(lambda: _ledger(chain, park)["received"] >= messages, _WITHIN_S)


def _summary(chain: Chain, series: int, **query: str) -> dict[str, Any]:
    span = {"start": "2025-08-16T00:00:00Z", "end": "2025-10-01T00:00:00Z"}
    answer = chain.get(f"/series/{series}/summary", **(span | query))
    assert isinstance(answer, dict)
    return answer


def test_river_level(chain: Chain) -> None:
    park = _replay(chain, "ea_hebden_bridge_level.csv.gz")
    _wait_for_messages(chain, park, 2749)
    (series,) = _series(chain, park, "water_level")
    summary = _summary(chain, series["id"])
    assert summary["n"] == 2749
    assert summary["min"] == pytest.approx(-0.094)
    assert summary["max"] == pytest.approx(0.289)
    assert summary["max_at"] == "2025-09-12T09:15:00Z"
    assert summary["missing"] == 3


def test_rainfall(chain: Chain) -> None:
    park = _replay(chain, "ea_gorpley_rainfall.csv.gz")
    _wait_for_messages(chain, park, 2748)
    (series,) = _series(chain, park, "rainfall_interval")
    summary = _summary(chain, series["id"], windows="900,3600", day_zone="UTC")
    assert summary["sum"] == pytest.approx(91.4)
    assert summary["missing"] == 4
    quarter, hour = summary["windows"]
    assert quarter["max_sum"] == pytest.approx(3.0)
    # Stamped with its start 15:45, so the interval ends at 16:00.
    assert quarter["end"] == "2025-09-08T16:00:00Z"
    assert hour["max_sum"] == pytest.approx(6.8)
    assert hour["end"] in {"2025-09-08T16:30:00Z", "2025-09-08T16:45:00Z"}
    wettest = max(summary["days"], key=lambda day: float(day["sum"]))
    assert wettest["day"] == "2025-09-04"
    assert wettest["sum"] == pytest.approx(13.8)


def test_cellular_gauges_with_wrong_clocks(chain: Chain) -> None:
    park = _replay(chain, "owl_cellular_telemetry.csv.gz")
    _wait_for_messages(chain, park, 2902)
    totals = _ledger(chain, park)
    assert totals["received"] == 2902
    assert (totals["stored"], totals["duplicate"], totals["quarantined"]) == (
        2881,
        4,
        17,
    )
    stored = sum(
        chain.get(
            f"/series/{series['id']}/summary",
            start="2000-01-01T00:00:00Z",
            end="2025-01-01T00:00:00Z",
        )["n"]
        for series in _series(chain, park, "water_distance")
    )
    assert stored == 2881
    rows = chain.get("/quarantine", park=park, limit=100)["items"]
    assert len(rows) == 17
    assert {row["reason"] for row in rows} <= {"clock_past", "clock_future"}


def _year(chain: Chain, park: str, kpi: str) -> dict[str, Any]:
    (centre,) = chain.get(f"/parks/{park}/data-centres")["items"]
    rows = chain.get(
        f"/parks/{park}/data-centres/{centre['code']}/kpis",
        kpi=kpi,
        period="year",
        start="2022-01-01T00:00:00Z",
        end="2023-01-01T00:00:00Z",
    )["items"]
    return rows[0] if rows else {"covered_s": 0.0}


def test_a_year_of_generation(chain: Chain) -> None:
    park = _replay(chain, "eia_ciso_2022_generation.csv.gz")
    hours = 8760 - 3

    def complete() -> bool:
        return float(_year(chain, park, "ref")["covered_s"]) >= 3600 * hours

    wait_until(complete, _WITHIN_S)
    year = _year(chain, park, "ref")
    assert year["value"] == pytest.approx(0.3961, abs=5e-5)
    assert year["coverage"] == pytest.approx(hours / 8760, abs=1e-9)
    assert year["covered_s"] == 3600 * hours
    # The target of 25 % is dated 2023-12-28.
    assert year["verdict"] == "not applicable"
