"""Columns of an exported table."""

from __future__ import annotations

COLUMNS = ("place", "device", "metric", "unit", "ts", "value", "quality")
"""Of readings: time in UTC, value in the unit, QARTOD flag (empty in roll-ups)."""
STATISTICS = ("min", "max", "count")
"""What follows in roll-ups."""
