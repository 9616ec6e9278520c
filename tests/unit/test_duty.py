"""Who is on duty when, and what a plan must not hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from parkpulse.errors import InvalidRequestError
from parkpulse.model import duty
from parkpulse.model.duty import Plan, Roster

ZONE = "Asia/Shanghai"
PEOPLE = [{"code": code, "name": code} for code in ("li", "wang", "zhao")]
WEEK = [1, 2, 3, 4, 5, 6, 7]


def roster(**more: Any) -> Roster:  # noqa: ANN401
    return msgspec.convert(
        {
            "code": "control-room",
            "name": "值班室",
            "shifts": [
                {
                    "person": "li",
                    "days": [1, 2, 3, 4, 5],
                    "start": "08:00",
                    "end": "20:00",
                },
                {"person": "wang", "days": WEEK, "start": "20:00", "end": "08:00"},
            ],
            **more,
        },
        Roster,
    )


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20T07:59:59", ["wang"]),  # Friday
        ("2026-11-20T08:00", ["li"]),
        ("2026-11-20T19:59:59", ["li"]),
        ("2026-11-20T20:00", ["wang"]),
        ("2026-11-21T03:00", ["wang"]),
        ("2026-11-21T12:00", []),  # Saturday
        ("2026-11-23T07:59", ["wang"]),
    ],
)
def test_weekly_shifts_also_over_midnight(at: str, expected: list[str]) -> None:
    assert duty.on_duty(roster(), local(at), ZONE) == expected


def test_a_shift_may_last_a_day() -> None:
    whole = {"person": "li", "days": [1], "start": "08:00", "end": "08:00"}
    found = roster(shifts=[whole])
    for at, expected in [
        ("2026-11-23T08:00", ["li"]),
        ("2026-11-24T07:59", ["li"]),
        ("2026-11-24T08:00", []),
    ]:
        assert duty.on_duty(found, local(at), ZONE) == expected


def test_substitutes_stand_in() -> None:
    span = {"start": local("2026-11-20T00:00"), "end": local("2026-11-21T00:00")}
    for_li = roster(substitutions=[{**span, "by": "zhao", "person": "li"}])
    assert duty.on_duty(for_li, local("2026-11-20T12:00"), ZONE) == ["zhao"]
    assert duty.on_duty(for_li, local("2026-11-20T21:00"), ZONE) == ["wang"]
    assert duty.on_duty(for_li, local("2026-11-23T12:00"), ZONE) == ["li"]
    for_all = roster(substitutions=[{**span, "by": "zhao"}], shifts=[])
    assert duty.on_duty(for_all, local("2026-11-20T12:00"), ZONE) == ["zhao"]
    assert duty.on_duty(for_all, local("2026-11-21T00:00"), ZONE) == []


def document(**more: Any) -> Plan:  # noqa: ANN401
    return msgspec.convert({"people": PEOPLE, "rosters": [roster()], **more}, Plan)


def policy(code: str, least: str, *minutes: float) -> dict[str, Any]:
    steps = [{"after_minutes": each, "people": ["li"]} for each in minutes]
    return {"code": code, "min_severity": least, "steps": steps}


def test_the_policy_for_the_most_severe_holds() -> None:
    plan = document(policies=[policy("all", "low", 5), policy("hard", "high", 0, 2)])
    duty.check(plan)
    for severity, expected in [("low", "all"), ("medium", "all"), ("critical", "hard")]:
        found = duty.policy_for(plan, severity)  # type: ignore[arg-type]
        assert found is not None
        assert found.code == expected
    assert duty.policy_for(document(), "critical") is None
    hard = plan.policies[1]
    start = local("2026-11-20T12:00")
    assert duty.due(hard, start, 1) == start + timedelta(minutes=2)
    assert duty.due(hard, start, 2) is None


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"people": [*PEOPLE, PEOPLE[0]]}, "/people"),
        ({"people": PEOPLE[:1]}, "/rosters/0/shifts/1/person"),
        ({"policies": [policy("a", "low", 5, 2)]}, "/policies/0/steps"),
        ({"policies": [policy("a", "low", 5)] * 2}, "/policies"),
        (
            {
                "policies": [
                    {
                        "code": "a",
                        "min_severity": "low",
                        "steps": [{"after_minutes": 0, "rosters": ["nobody"]}],
                    }
                ]
            },
            "/policies/0/steps/0/rosters",
        ),
    ],
)
def test_plans_that_mean_nothing(more: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRequestError) as error:
        duty.check(document(**more))
    assert error.value.pointer == pointer
