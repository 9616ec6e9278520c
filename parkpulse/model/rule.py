"""Alert rules as people write them, and the rules that are shipped."""

from __future__ import annotations

import itertools
import math
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct, field

from parkpulse.model.alert import Direction, Severity, rank
from parkpulse.model.metrics import METRICS
from parkpulse.model.registry import Code, Name, PlaceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAXIMUM_DELAY_S = 7 * 86400
"""Longest on-delay or off-delay. [s]"""
Delay = Annotated[float, Meta(ge=0, le=MAXIMUM_DELAY_S)]
_LISTED = Annotated[list[str], Meta(max_length=10_000)]


class Level(Struct, frozen=True, forbid_unknown_fields=True):
    """A limit and how severe it is to be beyond it."""

    severity: Severity
    limit: float
    name: Name | None = None
    """What people call it, such as 警戒水位 / warning stage."""


class Place(NamedTuple):
    """A place that holds a device, directly or around another place."""

    code: str
    kind: str


class Scope(Struct, frozen=True, forbid_unknown_fields=True):
    """Which series of the metric a rule watches; None does not restrict."""

    devices: _LISTED | None = None
    """Codes of devices."""
    places: _LISTED | None = None
    """Codes of places; what lies within them counts."""
    device_kinds: _LISTED | None = None
    place_kinds: list[PlaceKind] | None = None

    def holds(self, device: str, kind: str, places: Sequence[Place]) -> bool:
        """Whether a device of this code and kind in these places is meant."""
        return (
            (self.devices is None or device in self.devices)
            and (self.device_kinds is None or kind in self.device_kinds)
            and (self.places is None or any(at.code in self.places for at in places))
            and (
                self.place_kinds is None
                or any(at.kind in self.place_kinds for at in places)
            )
        )


class Threshold(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="threshold"
):
    """A value beyond a limit; severity rises with the levels.

    The meaning of deadband and delays is in `analytics.thresholds`. Raises ValueError
    (on decoding msgspec.ValidationError) when the levels contradict each other.
    """

    metric: str
    direction: Direction
    levels: Annotated[list[Level], Meta(min_length=1, max_length=4)]
    """From the least severe, which is the first to be passed."""
    deadband: Annotated[float, Meta(ge=0)] = 0.0
    """How far back across a limit is back, in the metric's unit."""
    on_delay_s: Delay = 0.0
    off_delay_s: Delay = 0.0
    scope: Scope = field(default_factory=Scope)

    def __post_init__(self) -> None:
        metric = METRICS.get(self.metric)
        if metric is None or metric.kind == "counter":
            message = f"there is no metric {self.metric!r} to compare with a limit"
            raise ValueError(message)
        if not math.isfinite(self.deadband + sum(each.limit for each in self.levels)):
            message = "limits and deadband must be finite"
            raise ValueError(message)
        pairs = itertools.pairwise(self.levels)
        if not all(self._follows(less, more) for less, more in pairs):
            message = "levels must go from less to more severe and from inner to outer"
            raise ValueError(message)

    def _follows(self, less: Level, more: Level) -> bool:
        further = less.limit < more.limit
        if self.direction == "below":
            further = less.limit > more.limit
        return further and rank(less.severity) < rank(more.severity)

    def level(self, severity: Severity) -> Level:
        """Return the level that has this severity, else the nearest below it."""
        fitting = [
            each for each in self.levels if rank(each.severity) <= rank(severity)
        ]
        return (fitting or self.levels)[-1 if fitting else 0]


class RuleSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule; `parkpulse.store.rules.apply` puts it in force.

    A park's own rule replaces the shipped one of the same code in that park.
    """

    code: Code
    name: Name
    definition: Threshold
    source: str
    """Standard, document or person that the limits come from."""
    enabled: bool = True


class StoredRule(Struct, frozen=True):
    """A rule as the database has it; `version` grows with each change."""

    id: int
    park_id: int | None
    version: int
    spec: RuleSpec


def in_force(rules: Iterable[StoredRule], park_id: int) -> list[StoredRule]:
    """Rules that hold in a park: its own, and others' whose codes it has no rule of."""
    by_code: dict[str, StoredRule] = {}
    for rule in rules:
        if rule.park_id == park_id:
            by_code[rule.spec.code] = rule
        elif rule.park_id is None:
            by_code.setdefault(rule.spec.code, rule)
    return [rule for rule in by_code.values() if rule.spec.enabled]


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    rules: list[RuleSpec]


def shipped() -> list[RuleSpec]:
    """Rules that hold in every park unless it has its own, by file and order."""
    folder = resources.files("parkpulse.model").joinpath("rules")
    files = sorted(folder.iterdir(), key=lambda each: each.name)
    return [
        rule
        for file in files
        if file.name.endswith(".toml")
        for rule in read(file.read_text("utf-8"))
    ]


def read(text: str) -> list[RuleSpec]:
    """Read rules from TOML: a list of tables `rules`.

    Raises
    ------
    ValueError
        The text is no TOML, or a rule is unusable; the message says which and why.
    """
    return msgspec.convert(tomllib.loads(text), _Document).rules
