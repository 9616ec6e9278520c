"""What alert rules of each kind say: the part of a rule that decides."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Protocol

from msgspec import Meta, Struct, field

from parkpulse.model.alert import Direction, Severity, rank
from parkpulse.model.kpi import KpiName
from parkpulse.model.metrics import METRICS
from parkpulse.model.periods import Period
from parkpulse.model.quality import TESTS, TestName
from parkpulse.model.registry import Code, Name, PlaceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

MAXIMUM_DELAY_S = 7 * 86400
"""Longest on-delay or off-delay. [s]"""
MAXIMUM_SAMPLES = 100
"""Most readings that a delay may count."""
LEAST_SCORE = 0.99
"""Least anomaly score that is recorded."""
Delay = Annotated[float, Meta(ge=0, le=MAXIMUM_DELAY_S)]
Samples = Annotated[int, Meta(ge=1, le=MAXIMUM_SAMPLES)]
WindowS = Annotated[float, Meta(gt=0, le=31 * 86400)]
_LISTED = Annotated[list[str], Meta(max_length=10_000)]
_Minute = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]


class Level(Struct, frozen=True, forbid_unknown_fields=True):
    """A limit and how severe it is to be beyond it."""

    severity: Severity
    limit: float
    name: Name | None = None
    """What people call it, such as 警戒水位 / warning stage."""


class SumLevel(Struct, frozen=True, forbid_unknown_fields=True):
    """A sum within a time of its own and how severe it is to reach it."""

    severity: Severity
    limit: float
    window_s: WindowS
    name: Name | None = None


class Place(NamedTuple):
    """A place that holds a device, directly or around another place."""

    code: str
    kind: str


class Scope(Struct, frozen=True, forbid_unknown_fields=True):
    """Which devices a rule watches; None does not restrict."""

    devices: _LISTED | None = None
    """Codes of devices."""
    places: _LISTED | None = None
    """Codes of places; what lies within them counts."""
    device_kinds: _LISTED | None = None
    place_kinds: list[PlaceKind] | None = None
    tags: _LISTED | None = None
    """Tags of devices (their option `tags`, parted by spaces), any of them."""

    def holds(
        self,
        device: str,
        kind: str,
        places: Sequence[Place],
        tags: Sequence[str] = (),
    ) -> bool:
        """Whether a device of this code, kind and tags in these places is meant."""
        return (
            (self.devices is None or device in self.devices)
            and (self.device_kinds is None or kind in self.device_kinds)
            and (self.tags is None or any(tag in self.tags for tag in tags))
            and (self.places is None or any(at.code in self.places for at in places))
            and (
                self.place_kinds is None
                or any(at.kind in self.place_kinds for at in places)
            )
        )


class Weekly(Struct, frozen=True, forbid_unknown_fields=True):
    """Times of the week, in the park's zone, at which a rule watches.

    Raises ValueError when the end does not lie after the start.
    """

    days: Annotated[list[Annotated[int, Meta(ge=1, le=7)]], Meta(min_length=1)]
    """ISO weekdays: 1 is Monday."""
    start: _Minute = "00:00"
    end: _Minute = "24:00"

    def __post_init__(self) -> None:
        if self.start >= self.end:
            message = "a window of the week ends after its start, on the same day"
            raise ValueError(message)


Schedule = Annotated[list[Weekly], Meta(min_length=1, max_length=50)]


class Repeat(Struct, frozen=True, forbid_unknown_fields=True):
    """Only the n-th breach within a time counts."""

    count: Annotated[int, Meta(ge=2, le=MAXIMUM_SAMPLES)]
    within_s: WindowS


class _HasLevels(Protocol):
    @property
    def levels(self) -> Sequence[Level | SumLevel]: ...


class Levelled(Struct, frozen=True):
    """Base of all kinds: severity is told by levels."""

    def level(self: _HasLevels, severity: Severity) -> Level | SumLevel:
        """Return the level that has this severity, else the nearest below it."""
        fitting = [
            each for each in self.levels if rank(each.severity) <= rank(severity)
        ]
        return (fitting or self.levels)[-1 if fitting else 0]


def _check_levels(direction: Direction, levels: Sequence[Level]) -> None:
    if not math.isfinite(sum(each.limit for each in levels)):
        message = "limits and deadband must be finite"
        raise ValueError(message)
    for less, more in itertools.pairwise(levels):
        further = less.limit < more.limit
        if direction == "below":
            further = less.limit > more.limit
        if not further or rank(less.severity) >= rank(more.severity):
            message = "levels must go from less to more severe and from inner to outer"
            raise ValueError(message)


def _check_metric(name: str, *kinds: str) -> None:
    metric = METRICS.get(name)
    if metric is None or metric.kind not in kinds:
        message = f"there is no metric {name!r} of the kinds {', '.join(kinds)}"
        raise ValueError(message)


def _check_metrics(names: Sequence[str] | None) -> None:
    unknown = sorted(set(names or ()) - set(METRICS))
    if unknown:
        message = f"there is no metric {unknown[0]!r}"
        raise ValueError(message)


_LEVELS = Annotated[list[Level], Meta(min_length=1, max_length=4)]


class Threshold(
    Levelled, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="threshold"
):
    """A value beyond a limit; severity rises with the levels.

    The meaning of deadband and delays is in `analytics.thresholds`. Raises ValueError
    (on decoding msgspec.ValidationError) when the levels contradict each other.
    """

    metric: str
    direction: Direction
    levels: _LEVELS
    """From the least severe, which is the first to be passed."""
    deadband: Annotated[float, Meta(ge=0)] = 0.0
    """How far back across a limit is back, in the metric's unit."""
    on_delay_s: Delay = 0.0
    off_delay_s: Delay = 0.0
    scope: Scope = field(default_factory=Scope)
    on_samples: Samples = 1
    """So many readings in a row must be beyond the limit."""
    off_samples: Samples = 1
    repeat: Repeat | None = None
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        _check_metric(self.metric, "gauge", "interval", "state")
        if not math.isfinite(self.deadband):
            message = "limits and deadband must be finite"
            raise ValueError(message)
        _check_levels(self.direction, self.levels)


class Rate(
    Levelled, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="rate"
):
    """A change per time beyond a limit; what falls has a negative rate.

    The change is counted from the oldest reading in the window, which must cover at
    least half of it.
    """

    metric: str
    direction: Direction
    levels: _LEVELS
    """Limits in the metric's unit per `per_s`."""
    window_s: WindowS
    per_s: WindowS = 3600.0
    deadband: Annotated[float, Meta(ge=0)] = 0.0
    on_delay_s: Delay = 0.0
    off_delay_s: Delay = 0.0
    scope: Scope = field(default_factory=Scope)
    on_samples: Samples = 1
    off_samples: Samples = 1
    repeat: Repeat | None = None
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        _check_metric(self.metric, "gauge")
        _check_levels(self.direction, self.levels)


class RollingSum(
    Levelled,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="rolling_sum",
):
    """Sums over the last hours that reach limits; the highest level reached counts."""

    metric: str
    levels: Annotated[list[SumLevel], Meta(min_length=1, max_length=4)]
    deadband: Annotated[float, Meta(ge=0)] = 0.0
    on_delay_s: Delay = 0.0
    off_delay_s: Delay = 0.0
    scope: Scope = field(default_factory=Scope)
    on_samples: Samples = 1
    off_samples: Samples = 1
    repeat: Repeat | None = None
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        _check_metric(self.metric, "interval", "counter")
        for less, more in itertools.pairwise(self.levels):
            if rank(less.severity) >= rank(more.severity):
                message = "levels must go from less to more severe"
                raise ValueError(message)

    @property
    def direction(self) -> Direction:
        """Sums are too high."""
        return "above"


class Absence(
    Levelled, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="absence"
):
    """A device that has sent nothing for so many of its own report intervals."""

    levels: _LEVELS
    """Limits in report intervals."""
    scope: Scope = field(default_factory=Scope)
    schedule: Schedule | None = None
    """Silence counts only then; `analytics.silence` has the meaning."""

    def __post_init__(self) -> None:
        _check_levels("above", self.levels)
        if self.levels[0].limit < 1:
            message = "a device is not absent before its next report is due"
            raise ValueError(message)

    @property
    def direction(self) -> Direction:
        """Silence is too long."""
        return "above"


class KpiRule(
    Levelled, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="kpi"
):
    """A key figure of a data centre beyond a limit, or at it if `inclusive`."""

    kpi: KpiName
    direction: Direction
    levels: _LEVELS
    category: Annotated[int, Meta(ge=0, le=3)] | None = None
    """Of PUE, WUE; None means each that there is."""
    period: Period = "day"
    span: Literal["period", "year_to_date"] = "period"
    """Each period by itself, or the ratio of the sums since 1 January."""
    quantity: Literal["value", "coverage"] = "value"
    inclusive: bool = False
    least_coverage: Annotated[float, Meta(ge=0, le=1)] = 0.95
    """Periods that are measured less say nothing of the value."""
    deadband: Annotated[float, Meta(ge=0)] = 0.0
    on_samples: Samples = 1
    off_samples: Samples = 1
    data_centres: _LISTED | None = None
    """Codes; None means all."""

    def __post_init__(self) -> None:
        _check_levels(self.direction, self.levels)


class Composition(
    Levelled,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="composition",
):
    """Conditions of several rules in one place within a time of each other."""

    rules: Annotated[list[Code], Meta(min_length=2, max_length=4)]
    """Codes of the rules whose conditions must come together."""
    severity: Severity
    within_s: Delay = 0.0
    """A condition counts for so long after its end."""
    place_kinds: list[PlaceKind] | None = None
    """Kinds of places in which they must lie together; None: the same park."""

    def __post_init__(self) -> None:
        if len(set(self.rules)) != len(self.rules):
            message = "a composition names each rule once"
            raise ValueError(message)

    @property
    def levels(self) -> list[Level]:
        """One, of as many conditions as there are rules."""
        return [Level(self.severity, float(len(self.rules)))]

    @property
    def direction(self) -> Direction:
        """All of them are needed."""
        return "above"


class QualityRule(
    Levelled, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="quality"
):
    """Findings of quality tests at a series; the worst flag of a reading counts.

    The meaning of count and off-delay is in `analytics.findings`.
    """

    tests: Annotated[list[TestName], Meta(min_length=1, max_length=len(TESTS))]
    levels: _LEVELS
    """Limits are flags: 3 from suspect on, 4 from failed on."""
    metrics: _LISTED | None = None
    """None means all."""
    count: Annotated[int, Meta(ge=1, le=MAXIMUM_SAMPLES)] = 1
    """So many findings within `within_s` are needed."""
    within_s: WindowS = 3600.0
    off_delay_s: Delay = 0.0
    """Readings without a finding clear when so much time has passed since the last."""
    scope: Scope = field(default_factory=Scope)
    schedule: Schedule | None = None
    """Findings at other times do not count."""

    def __post_init__(self) -> None:
        _check_levels("above", self.levels)
        if not {each.limit for each in self.levels} <= {3.0, 4.0}:
            message = "levels of a rule of quality are flags, 3 or 4"
            raise ValueError(message)
        _check_metrics(self.metrics)

    @property
    def direction(self) -> Direction:
        """A higher flag is worse."""
        return "above"


class AnomalyRule(
    Levelled, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="anomaly"
):
    """Scores of the streaming detector; the rule also says which series it follows."""

    levels: _LEVELS
    """Limits are scores, from 0.99 on."""
    metrics: _LISTED | None = None
    """None means all gauges."""
    count: Annotated[int, Meta(ge=1, le=MAXIMUM_SAMPLES)] = 1
    within_s: WindowS = 86400.0
    off_delay_s: Delay = 3600.0
    scope: Scope = field(default_factory=Scope)
    schedule: Schedule | None = None
    """Findings at other times do not count."""

    def __post_init__(self) -> None:
        _check_levels("above", self.levels)
        limits = [each.limit for each in self.levels]
        if limits[0] < LEAST_SCORE or limits[-1] > 1.0:
            message = f"levels of a rule of anomalies are scores from {LEAST_SCORE} on"
            raise ValueError(message)
        _check_metrics(self.metrics)

    @property
    def direction(self) -> Direction:
        """A higher score is rarer."""
        return "above"


class BalanceRule(
    Levelled, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="balance"
):
    """A meter against the sum of those below it, civil day by civil day."""

    measure: Literal["excess", "loss"]
    """What the children count beyond their parent, or what gets lost above them."""
    levels: _LEVELS
    """Limits as shares of the parent's energy. [-]"""
    roles: _LISTED | None = None
    """Roles of the parent meter; `supply` stands for all supplies together."""
    on_samples: Samples = 1
    """So many days in a row."""
    off_samples: Samples = 1
    least_coverage: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """Days of which all the meters know less say nothing."""
    deadband: Annotated[float, Meta(ge=0)] = 0.0
    data_centres: _LISTED | None = None

    def __post_init__(self) -> None:
        _check_levels("above", self.levels)

    @property
    def direction(self) -> Direction:
        """The difference is too large."""
        return "above"


class ProjectionRule(
    Levelled,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="projection",
):
    """The projected figure of the calendar year misses the target that binds it."""

    kpi: Literal["pue", "ref"]
    severity: Severity
    """When the expected value misses the target."""
    certain: Severity | None = None
    """When the whole interval of the projection does; None: the same."""
    category: Annotated[int, Meta(ge=0, le=3)] | None = None
    data_centres: _LISTED | None = None

    def __post_init__(self) -> None:
        if self.certain is not None and rank(self.certain) <= rank(self.severity):
            message = "a certain miss is more severe than an expected one"
            raise ValueError(message)

    @property
    def levels(self) -> list[Level]:
        """Two at most; the engine knows the target, which is dated."""
        found = [Level(self.severity, 0.0)]
        return found if self.certain is None else [*found, Level(self.certain, 0.0)]

    @property
    def direction(self) -> Direction:
        """A PUE is too high, a share too low."""
        return "above" if self.kpi == "pue" else "below"


class DriftRule(
    Levelled, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="drift"
):
    """A lasting rise of a data centre's overhead that the weather does not explain."""

    levels: _LEVELS
    """Limits of the rise. [kW]"""
    needs_thermometer: bool = True
    """Without outdoor temperature the season may be what has changed."""
    data_centres: _LISTED | None = None

    def __post_init__(self) -> None:
        _check_levels("above", self.levels)

    @property
    def direction(self) -> Direction:
        """The overhead has risen."""
        return "above"


SeriesDefinition = Threshold | Rate | RollingSum
"""Kinds whose subjects are series, by their readings."""
FoundDefinition = QualityRule | AnomalyRule
"""Kinds whose subjects are series, by what was found at their readings."""
DailyDefinition = BalanceRule | ProjectionRule | DriftRule
"""Kinds that are judged by civil days of data centres."""
CentreDefinition = KpiRule | DailyDefinition
"""Kinds whose subjects are of data centres."""
Definition = (
    SeriesDefinition | FoundDefinition | CentreDefinition | Absence | Composition
)
