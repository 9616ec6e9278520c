"""Who is on duty when, and who is called next while nobody answers; pure.

Shifts are weekly in the park's zone. A substitution replaces one person, or everybody,
of a roster for a time. A policy calls step by step while an alert is unacknowledged.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, field

from parkpulse.errors import InvalidRequestError
from parkpulse.model.alert import Severity, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Words = Annotated[str, Meta(min_length=1, max_length=100)]
Contact = Annotated[str, Meta(max_length=200)]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_MOST = 1000
_DAY = timedelta(days=1)


class Person(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who can be called.

    `channels` are names of channels, the person's own or a shared one that is not told
    otherwise; `mobile` and `email` are what people read on the page.
    """

    code: Code
    name: Words
    mobile: Contact = ""
    email: Contact = ""
    channels: Annotated[list[Words], Meta(max_length=20)] = field(default_factory=list)


class Shift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weekly duty: days are 1 (Monday) to 7, `end` not after `start` is next day's."""

    person: Code
    days: Annotated[
        list[Annotated[int, Meta(ge=1, le=7)]], Meta(min_length=1, max_length=7)
    ]
    start: Clock
    end: Clock


class Substitution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`by` stands in for `person`, or without one for everybody, in [start, end)."""

    start: datetime
    end: datetime
    by: Code
    person: Code | None = None
    reason: Contact = ""


class Roster(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shifts of one post."""

    code: Code
    name: Words
    shifts: Annotated[list[Shift], Meta(max_length=_MOST)] = field(default_factory=list)
    substitutions: Annotated[list[Substitution], Meta(max_length=_MOST)] = field(
        default_factory=list
    )


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Call these so many minutes after the alert was told, while it waits."""

    after_minutes: Annotated[float, Meta(ge=0, le=10080)]
    rosters: Annotated[list[Code], Meta(max_length=20)] = field(default_factory=list)
    people: Annotated[list[Code], Meta(max_length=20)] = field(default_factory=list)
    channels: Annotated[list[Words], Meta(max_length=20)] = field(default_factory=list)


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps for alerts of this severity and above, in order of their minutes."""

    code: Code
    min_severity: Severity
    steps: Annotated[list[Step], Meta(min_length=1, max_length=20)]


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of a park."""

    people: Annotated[list[Person], Meta(max_length=_MOST)] = field(
        default_factory=list
    )
    rosters: Annotated[list[Roster], Meta(max_length=100)] = field(default_factory=list)
    policies: Annotated[list[Policy], Meta(max_length=20)] = field(default_factory=list)

    def person(self, code: str) -> Person:
        """Find a person whom `check` has found."""
        return next(each for each in self.people if each.code == code)

    def roster(self, code: str) -> Roster:
        """Find a roster that `check` has found."""
        return next(each for each in self.rosters if each.code == code)


def check(plan: Plan) -> None:
    """Raise InvalidRequestError, with the place, unless all names have a meaning."""
    people = _codes("/people", (each.code for each in plan.people))
    rosters = _codes("/rosters", (each.code for each in plan.rosters))
    _codes("/policies", (each.code for each in plan.policies))
    for n, roster in enumerate(plan.rosters):
        _check_roster(f"/rosters/{n}", roster, people)
    for n, policy in enumerate(plan.policies):
        for m, step in enumerate(policy.steps):
            at = f"/policies/{n}/steps/{m}"
            _known(f"{at}/people", step.people, people)
            _known(f"{at}/rosters", step.rosters, rosters)
        minutes = [step.after_minutes for step in policy.steps]
        is_sorted = minutes == sorted(minutes)
        _require(is_sorted, f"/policies/{n}/steps", "steps come in order of minutes")


def _check_roster(at: str, roster: Roster, people: set[str]) -> None:
    for n, shift in enumerate(roster.shifts):
        _known(f"{at}/shifts/{n}/person", [shift.person], people)
    for n, each in enumerate(roster.substitutions):
        named = [each.by] if each.person is None else [each.by, each.person]
        _known(f"{at}/substitutions/{n}/by", named, people)
        has_zone = each.start.tzinfo is not None and each.end.tzinfo is not None
        _require(has_zone, f"{at}/substitutions/{n}/start", "times have a zone")
        is_after = each.end > each.start
        _require(is_after, f"{at}/substitutions/{n}/end", "the end is after the start")


def _codes(at: str, codes: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for code in codes:
        _require(code not in found, at, f"{code!r} is there twice")
        found.add(code)
    return found


def _known(at: str, named: Iterable[str], known: set[str]) -> None:
    for code in named:
        _require(code in known, at, f"{code!r} is not defined")


def _require(is_right: bool, pointer: str, message: str) -> None:  # noqa: FBT001 - a test
    if not is_right:
        code = "invalid_value"
        raise InvalidRequestError(code, message, pointer)


def on_duty(roster: Roster, at: datetime, zone: str) -> list[str]:
    """Codes of those on duty at a time, substitutes in place, each once.

    Parameters
    ----------
    roster
        Which post.
    at
        When, with a zone.
    zone
        The park's zone, in which shifts are meant. A time that a change of the clock
        leaves out or repeats is taken as the wall says.
    """
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    found = [each.person for each in roster.shifts if _is_within(each, local)]
    for each in roster.substitutions:
        if each.start <= at < each.end:
            found = [
                each.by if each.person in {None, code} else code for code in found
            ] or ([each.by] if each.person is None else [])
    return list(dict.fromkeys(found))


def _is_within(shift: Shift, local: datetime) -> bool:
    """Whether a shift that begins this day or the day before covers the time."""
    return any(_covers(shift, local, local.date() - back) for back in (0 * _DAY, _DAY))


def _covers(shift: Shift, local: datetime, day: date) -> bool:
    start = datetime.combine(day, time.fromisoformat(shift.start))
    if start.isoweekday() not in shift.days:
        return False
    length = timedelta() if shift.end > shift.start else _DAY
    end = datetime.combine(day, time.fromisoformat(shift.end)) + length
    return start <= local < end


def policy_for(plan: Plan, severity: Severity) -> Policy | None:
    """Return the policy of an alert: of those that hold the one for the most severe."""
    fitting = [
        each for each in plan.policies if rank(each.min_severity) <= rank(severity)
    ]
    return max(fitting, key=lambda each: rank(each.min_severity), default=None)


def due(policy: Policy, started: datetime, step: int) -> datetime | None:
    """When a step is to be taken; None when there is no such step."""
    if step >= len(policy.steps):
        return None
    return started + timedelta(minutes=policy.steps[step].after_minutes)


def called(plan: Plan, step: Step, at: datetime, zone: str) -> list[Person]:
    """People whom a step calls at a time, each once."""
    codes = [
        code
        for roster in step.rosters
        for code in on_duty(plan.roster(roster), at, zone)
    ]
    return [plan.person(code) for code in dict.fromkeys([*codes, *step.people])]


def channels(people: Sequence[Person], step: Step) -> list[str]:
    """Names of the channels that a step calls, each once."""
    names = [name for person in people for name in person.channels]
    return list(dict.fromkeys([*names, *step.channels]))
