"""The levels that rules watch, by series, for scales and charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.model import rule
from parkpulse.model.definitions import Threshold
from parkpulse.model.registry import SLOTS
from parkpulse.store import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parkpulse.model.alert import Direction, Severity
    from parkpulse.model.definitions import Definition
    from parkpulse.model.registry import Name
    from parkpulse.model.rule import StoredRule
    from parkpulse.store.pool import Connection
    from parkpulse.store.rules import WatchedSeries


@dataclass(frozen=True, slots=True)
class Limit:
    """A level that a rule watches."""

    severity: Severity
    direction: Direction
    limit: float
    name: Name | None


Limits = dict[int, list[Limit]]
"""Levels by series id; series without any are left out."""


def load(conn: Connection) -> Limits:
    """Levels of the rules in force."""
    return by_series(rules.load(conn), rules.watched(conn, range(SLOTS)))


def by_series(stored: Iterable[StoredRule], watched: Iterable[WatchedSeries]) -> Limits:
    """Levels of those rules that are in force for each series."""
    every = list(stored)
    in_park: dict[int, list[StoredRule]] = {}
    found: Limits = {}
    for series in watched:
        if series.park_id not in in_park:
            in_park[series.park_id] = rule.in_force(every, series.park_id)
        limits = [
            limit
            for each in in_park[series.park_id]
            if _watches(each.spec.definition, series)
            for limit in _limits(each.spec.definition)
        ]
        if limits:
            found[series.id] = limits
    return found


def _watches(definition: Definition, series: WatchedSeries) -> bool:
    return (
        isinstance(definition, Threshold)
        and definition.metric == series.metric
        and definition.scope.holds(
            series.device, series.device_kind, series.places, series.tags
        )
    )


def _limits(definition: Definition) -> Iterator[Limit]:
    for level in definition.levels:
        yield Limit(level.severity, definition.direction, level.limit, level.name)
