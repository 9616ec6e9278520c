"""Civil time follows the zone, with its summer time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics import civil
from analytics.arrays import HOUR

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2026-03-29T00:59:59", 1),
        ("2026-03-29T01:00:00", 2),
        ("2026-10-25T00:59:59", 2),
        ("2026-10-25T01:00:00", 1),
    ],
)
def test_summer_time_begins_and_ends_to_the_second(text: str, hours: int) -> None:
    at = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    ts = np.array([int(at) * 1_000_000])
    assert civil.offsets(ts, BERLIN).tolist() == [hours * HOUR]


def test_the_ends_of_the_calendar_have_an_offset() -> None:
    ts = np.array([-(2**62), 2**62])
    assert civil.offsets(ts, ZoneInfo("Asia/Shanghai"))[1] == 8 * HOUR
