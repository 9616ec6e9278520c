"""The engine's flat line test: what stands still rightly, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from analytics import qartod
from parkpulse.engine import quality_tests
from parkpulse.engine.quality_tests import METRICS, Catalogue
from parkpulse.model import instants

STEP_S = 900
DAY = 86400 // STEP_S


def flat(metric: str, value: list[float]) -> list[int]:
    """Flags of the flat line test of readings each quarter of an hour."""
    known = Catalogue(
        {
            "id": np.array([7]),
            "report_interval_s": np.array([STEP_S]),
            "metric": np.array([METRICS.index(metric)]),
            "is_wall": np.array([1]),
        }
    )
    ts = np.arange(len(value)) * STEP_S * instants.SECOND
    rows = quality_tests.rows(np.zeros(len(value), np.int64), ts, np.array(value))
    found = quality_tests.run(known, rows, quality_tests.standing(rows))["flat_line"]
    flags: list[int] = found.tolist()
    return flags


def test_photovoltaics_generate_nothing_at_night() -> None:
    night = [0.0] * 60
    assert set(flat("active_power", [*night, 12.0, 380.0, *night])) == {qartod.GOOD}


@pytest.mark.parametrize(
    ("metric", "value"), [("active_power", 3.0), ("water_level", 0.0)]
)
def test_what_stands_elsewhere_is_frozen(metric: str, value: float) -> None:
    flags = flat(metric, [value] * (DAY + 1))
    assert flags[DAY // 4 - 1] == qartod.GOOD
    assert flags[DAY // 4] == qartod.SUSPECT
    assert flags[DAY] == qartod.FAIL


def test_rest_ends_with_the_first_other_value() -> None:
    flags = flat("active_power", [0.0] * DAY + [5.0] * (DAY // 4 + 1))
    assert flags[-2] == qartod.GOOD
    assert flags[-1] == qartod.SUSPECT
