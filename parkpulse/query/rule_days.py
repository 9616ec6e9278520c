"""Rules that are judged by closed days: how severe a day is, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from analytics.kpi import Target
from parkpulse.model import instants
from parkpulse.model.condition import Interval
from parkpulse.model.registry import Name
from parkpulse.query.catalogue import DataCentre

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from parkpulse.model.alert import Severity
    from parkpulse.model.condition import Step
    from parkpulse.model.definitions import DriftRule, ProjectionRule
    from parkpulse.model.outlook import Projection
    from parkpulse.store.parks import DataCentreRow

SETTLED = 2 * instants.HOUR
"""A day is looked at when it has been over for so long. [us]"""


def centre(row: DataCentreRow) -> DataCentre:
    """Return what projections ask of a data centre."""
    name = Name(row.name_zh, row.name_en)
    return DataCentre(
        row.id, row.code, name, row.commissioned, row.standard_racks, None
    )


def missed(definition: ProjectionRule, found: Projection) -> Severity | None:
    """Tell how severe it is, None when the target is met or binds nobody here."""
    if found.value is None or found.target is None or found.comparison is None:
        return None
    if not found.in_scope or Target(found.target, found.comparison).is_met(found.value):
        return None
    if found.expectation == "missed" and definition.certain is not None:
        return definition.certain
    return definition.severity


def risen(
    definition: DriftRule,
    onset: date | None,
    shift_kw: float | None,
    thermometer: str | None,
) -> Severity | None:
    """Tell how severe a lasting rise is, None when there is none that counts."""
    passed = [each for each in definition.levels if (shift_kw or 0.0) > each.limit]
    is_known = onset is not None and (
        thermometer is not None or not definition.needs_thermometer
    )
    return passed[-1].severity if passed and is_known else None


def present(
    lasting: Sequence[Interval], now: int, step: Step | None, onset: int | None = None
) -> list[Interval]:
    """Return the condition as it is at a moment.

    Parameters
    ----------
    lasting
        The condition that was recorded and lasts, if any.
    now
        The moment. [us]
    step
        The severity that the condition has now; None: it does not hold.
    onset
        Since when that is so, if it began earlier. [us]
    """
    if step is None:
        # What began at this very moment was an error.
        return [replace(each, cleared=now) for each in lasting if each.raised < now]
    if not lasting:
        begin = min(onset or now, now)
        return [Interval(onset=begin, raised=now, cleared=None, steps=(step,))]
    (one,) = lasting
    if one.severity == step.severity:
        return [one]
    steps = tuple(each for each in one.steps if each.ts < now)
    return [replace(one, steps=(*steps, step))]
