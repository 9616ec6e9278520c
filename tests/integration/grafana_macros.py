"""What Grafana's PostgreSQL plug-in makes of a query before the server sees it.

Written from the documented behaviour of the macros and of the variable formats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_STEPS_S = (
    *((0.35, 0.2), (0.75, 0.5), (1.5, 1), (3.5, 2), (7.5, 5), (12.5, 10), (17.5, 15)),
    *((25, 20), (45, 30), (90, 60), (210, 120), (450, 300), (750, 600), (1050, 900)),
    *((1500, 1200), (2700, 1800), (5400, 3600), (9000, 7200), (16200, 10800)),
    *((32400, 21600), (86400, 43200), (604800, 86400), (1814400, 604800)),
)
"""Below the first a step has the second length."""
_MACRO = re.compile(r"\$__(\w+)(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(?!_)(\w+)")


@dataclass(frozen=True)
class Shown:
    """The time that a dashboard shows, and what is chosen on it."""

    start: datetime
    end: datetime
    points: int = 360
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def interval_s(self) -> float:
        """Width of a step, rounded as Grafana does. [s]."""
        wanted = (self.end - self.start).total_seconds() / self.points
        return next((step for below, step in _STEPS_S if wanted < below), 2592000)


def expand(query: str, shown: Shown) -> str:
    """Fill in variables, then macros."""
    filled = _VARIABLE.sub(lambda found: _variable(found, shown), query)
    return _MACRO.sub(lambda found: _macro(found, shown), filled)


def _variable(found: re.Match[str], shown: Shown) -> str:
    name = found[1] or found[3]
    values = shown.chosen[name]
    if found[2] == "sqlstring":
        return ",".join("'" + value.replace("'", "''") + "'" for value in values)
    assert found[2] is None, f"format {found[2]} is not known here"
    (value,) = values
    return value


def _macro(found: re.Match[str], shown: Shown) -> str:
    name, argument = found[1], (found[2] or "").strip()
    start, end = (f"'{each:%Y-%m-%dT%H:%M:%SZ}'" for each in (shown.start, shown.end))
    match name:
        case "timeFilter":
            return f"{argument} BETWEEN {start} AND {end}"
        case "timeFrom":
            return start
        case "timeTo":
            return end
        case "interval_ms":
            return f"{shown.interval_s * 1000:.0f}"
        case "interval":
            return f"{shown.interval_s:g}s"
        case "timeGroupAlias" | "timeGroup":
            column, width = (part.strip(" '") for part in argument.split(",")[:2])
            alias = ' AS "time"' if name.endswith("Alias") else ""
            return (
                f"floor(extract(epoch from {column})/{_seconds(width)})"
                f"*{_seconds(width)}{alias}"
            )
        case _:
            message = f"macro {name} is not known here"
            raise AssertionError(message)


def _seconds(width: str) -> int:
    found = re.fullmatch(r"(\d+)([smhd])", width)
    assert found is not None, width
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]
