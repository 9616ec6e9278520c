"""How long a reading holds: the freshness of a series and of a device."""

from __future__ import annotations

INTERVALS = 2.5
"""A reading holds this many report intervals of its series."""
MINIMUM_S = 900.0
"""No series is stale sooner than this. [s]"""


def freshness_s(report_interval_s: float) -> float:
    """Return the age up to which a reading is fresh, on the park's clock [s]."""
    return max(INTERVALS * report_interval_s, MINIMUM_S)
