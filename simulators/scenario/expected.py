"""Alerts that should follow, from true values and the limits that the park knows.

This judges the service, so none of its code is used: limits are read as people write
them, and what they mean is worked out here once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec import structs

from parkpulse.model import rule
from parkpulse.model.registry import Name
from simulators.demo import park as demo
from simulators.scenario import roster
from simulators.scenario.kinds import DEVICES, SITE
from simulators.scenario.sensors import metrics_of, sensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray
    from parkpulse.model.rule import RuleSpec, Threshold
    from simulators.scenario.events import Fault
    from simulators.scenario.kinds import Reach
    from simulators.scenario.park import Park
    from simulators.scenario.roster import Archetype, Fleet

_STEP_S = 60
_NOISES = 3.0


class Condition(NamedTuple):
    """A time in which a value is beyond a limit: [onset, clear).

    Parameters
    ----------
    onset_s, clear_s
        Seconds since 1970 UTC; clear is None if it outlasts the scenario. [s]
    severity
        The highest that is reached.
    peak, limit
        The farthest value and the first limit, in the unit of the metric.
    is_marginal
        Whether noise and resolution of the sensor may hide it.
    """

    onset_s: int
    clear_s: int | None
    severity: str
    peak: float
    limit: float
    is_marginal: bool


class Alert(NamedTuple):
    """An alert that should follow."""

    rule: str
    device: str
    metric: str
    report_interval_s: int
    condition: Condition
    is_observable: bool
    """Whether the device reports at all between onset and clear."""
    is_affected: bool
    """Whether a fault of the device may hide or delay it."""


def rules(park: Park) -> list[RuleSpec]:
    """List the limits of a park that are its own: those of its waters and sumps."""
    own = {each.code: each for each in demo.rules()}
    (like,) = judged([own["water-level-canal"]]).values()
    return [own["sump-level"]] + [
        _stage_rule(like, reach)
        for fleet in park.fleets
        for reach in roster.reaches(fleet).values()
    ]


def _stage_rule(like: Threshold, reach: Reach) -> RuleSpec:
    levels = [
        structs.replace(each, limit=limit)
        for each, limit in zip(like.levels, reach.stages, strict=True)
    ]
    return rule.RuleSpec(
        code=f"water-level-{reach.code}",
        name=Name(zh=f"{reach.name.zh}水位超限", en=f"Water level: {reach.name.en}"),
        source="Made-up stages of simulated parks",
        definition=structs.replace(
            like, levels=levels, scope=rule.Scope(places=[reach.code])
        ),
    )


def judged(specs: Iterable[RuleSpec]) -> dict[str, Threshold]:
    """Pick the rules whose alerts can be foretold here: limits of values, by code."""
    return {
        each.code: each.definition
        for each in specs
        if isinstance(each.definition, rule.Threshold)
    }


def foretold(park: Park) -> dict[str, Threshold]:
    """List the limits of a park whose alerts can be foretold, by code."""
    return judged([*rule.shipped(), *rules(park)])


def alerts(park: Park) -> Iterator[Alert]:
    """Yield the alerts that should follow from what truly happens in a park."""
    in_force = foretold(park)
    for fleet in park.fleets:
        for metric in fleet.metrics:
            for code, limits in in_force.items():
                if limits.metric == metric:
                    yield from _of_fleet(park, fleet, code, limits)


def _of_fleet(
    park: Park, fleet: Fleet, rule_code: str, limits: Threshold
) -> Iterator[Alert]:
    place = DEVICES[fleet.kind].place if fleet.kind in DEVICES else "building"
    known: dict[tuple[int, int], list[Condition]] = {}
    for number, code in enumerate(fleet.codes):
        inside = [rule.Place(f"at-{code}", place)]
        reach = roster.reach_of(fleet, number)
        if reach is not None:
            inside.append(rule.Place(reach, place))
        if not limits.scope.holds(code, fleet.kind, inside):
            continue
        like, delay_s = int(fleet.like[number]), int(fleet.delay_s[number])
        if (like, delay_s) not in known:
            archetype = fleet.archetypes[like]
            known[like, delay_s] = _conditions(park, archetype, delay_s, limits)
        for condition in known[like, delay_s]:
            yield Alert(
                rule_code,
                code,
                limits.metric,
                fleet.interval_s,
                condition,
                _is_observable(park, fleet, number, condition),
                _is_affected(park, fleet, code, limits.metric, condition),
            )


def _conditions(
    park: Park, archetype: Archetype, delay_s: int, limits: Threshold
) -> list[Condition]:
    scenario = park.scenario
    times = np.arange(scenario.start_s, scenario.end_s + 1, _STEP_S, dtype=np.int64)
    values = park.world.curve(archetype, limits.metric, times - delay_s)
    return conditions(values, scenario.start_s, limits)


def conditions(values: FloatArray, start_s: int, limits: Threshold) -> list[Condition]:
    """Find the times in which a value is beyond a rule's limits.

    Parameters
    ----------
    values : array, shape (n,)
        One a minute.
    start_s
        Time of the first. [s]
    limits
        The rule's.

    Returns
    -------
    list
        In the order of time.
    """
    sign = 1.0 if limits.direction == "above" else -1.0
    first = limits.levels[0].limit
    beyond = sign * (values - first)
    found: list[Condition] = []
    lasting = _lasting(beyond > 0, limits.on_delay_s)
    for begin, end in _runs(lasting, beyond > -max(limits.deadband, 1e-12)):
        peak = float(values[begin:end][np.argmax(beyond[begin:end])])
        reached = [level for level in limits.levels if sign * (peak - level.limit) > 0]
        how = sensor(limits.metric)
        doubt = _NOISES * (how.noise + how.relative * abs(peak)) + 10.0**-how.digits
        found.append(
            Condition(
                start_s + begin * _STEP_S,
                start_s + end * _STEP_S if end < len(values) else None,
                reached[-1].severity,
                peak,
                first,
                sign * (peak - first) <= doubt,
            )
        )
    return _merged(found, limits.off_delay_s)


def _lasting(above: npt.NDArray[np.bool_], on_delay_s: float) -> npt.NDArray[np.bool_]:
    """Keep the runs that outlast the on-delay."""
    kept = np.zeros(len(above), dtype=np.bool_)
    for begin, end in _runs(above, above):
        kept[begin:end] = (end - begin) * _STEP_S >= on_delay_s
    return kept


def _runs(
    above: npt.NDArray[np.bool_], stays: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Yield [begin, end) of the runs that begin above and last while they stay."""
    begin: int | None = None
    changes = np.flatnonzero(np.diff(above.astype(np.int8) + 2 * stays)) + 1
    for place in [0, *changes.tolist()] if len(above) else []:
        if begin is None and above[place]:
            begin = place
        elif begin is not None and not stays[place]:
            yield begin, place
            begin = None
    if begin is not None:
        yield begin, len(above)


def _merged(found: list[Condition], off_delay_s: float) -> list[Condition]:
    """Join conditions that come back before the off-delay is over."""
    joined: list[Condition] = []
    for each in found:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.clear_s is not None
            and each.onset_s - last.clear_s < off_delay_s
        ):
            joined[-1] = last._replace(
                clear_s=each.clear_s, is_marginal=last.is_marginal and each.is_marginal
            )
        else:
            joined.append(each)
    return joined


def _is_observable(park: Park, fleet: Fleet, number: int, condition: Condition) -> bool:
    end_s = condition.clear_s or park.scenario.end_s
    phase_s, interval_s = int(fleet.phase_s[number]), fleet.interval_s
    last = (end_s - _STEP_S - phase_s) // interval_s
    return phase_s + last * interval_s >= condition.onset_s


def _is_affected(
    park: Park, fleet: Fleet, code: str, metric: str, condition: Condition
) -> bool:
    end_s = condition.clear_s or park.scenario.end_s
    return any(
        _touches(each, fleet, code, metric) and each.start_s < end_s
        for each in park.faults
        if each.end_s > condition.onset_s
    )


def _touches(fault: Fault, fleet: Fleet, code: str, metric: str) -> bool:
    return (
        fault.kind not in SITE
        and code in fault.devices
        and metric in metrics_of(fault, fleet)
    )
