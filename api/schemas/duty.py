"""Duty plans, who is on duty, and alarm performance."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, StrictInt

from api.schemas.alerts import Signed
from api.schemas.common import (
    Answer,
    Code,
    Document,
    Moment,
    Request,
    Sorted,
    example,
)

_PLAN: dict[str, Any] = {
    "people": [
        {
            "code": "li",
            "name": "李",
            "mobile": "13800000000",
            "email": "li@park.example",
            "channels": ["li-dingtalk"],
        }
    ],
    "rosters": [
        {
            "code": "control-room",
            "name": "值班室",
            "shifts": [
                {
                    "person": "li",
                    "days": [1, 2, 3, 4, 5],
                    "start": "08:00",
                    "end": "20:00",
                }
            ],
            "substitutions": [],
        }
    ],
    "policies": [
        {
            "code": "usual",
            "min_severity": "medium",
            "steps": [
                {
                    "after_minutes": 0,
                    "rosters": ["control-room"],
                    "people": [],
                    "channels": [],
                }
            ],
        }
    ],
}


class DutyQuery(Request):
    """When."""

    at: Moment | None = Field(default=None, description="Now on the park's clock.")


class Contact(Answer):
    """Somebody who can be called."""

    code: str
    name: str
    mobile: str
    email: str
    channels: list[str]


class Post(Answer):
    """Who is on duty at one post."""

    roster: str
    name: str
    people: list[Contact]


class OnDuty(Answer):
    """Who is on duty in a park at a time."""

    model_config = example(
        {
            "at": "2026-11-23T02:00:00Z",
            "version": 3,
            "posts": [
                {
                    "roster": "control-room",
                    "name": "值班室",
                    "people": _PLAN["people"],
                }
            ],
        }
    )

    at: datetime
    version: int = Field(description="Of the plan.")
    posts: list[Post]


class NewPlan(Request):
    """A duty plan: people, rosters with weekly shifts, escalation policies."""

    actor: Signed
    plan: Document
    version: StrictInt | None = Field(
        default=None, description="What was seen; 409 when it has changed since."
    )


class StoredPlan(Answer):
    """The duty plan in force."""

    model_config = example(
        {
            "version": 3,
            "plan": _PLAN,
            "actor": "Li",
            "at": "2026-11-22T10:00:00Z",
        }
    )

    version: int = Field(description="0: none was ever made.")
    plan: dict[str, Any]
    actor: str
    at: datetime | None


class NewSubstitution(Request):
    """Who stands in, from start to end; without `person` for everybody."""

    actor: Signed
    roster: Code
    start: Moment
    end: Moment
    by: Code
    person: Code | None = None
    reason: Code = ""


class Escalation(Answer):
    """How far the escalation of an alert is; times are of the park's clock."""

    model_config = example(
        {
            "alert": "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e40",
            "policy": "usual",
            "started_at": "2026-11-22T10:10:00Z",
            "steps_taken": 1,
            "due": "2026-11-22T10:20:00Z",
            "people": ["李"],
            "channels": ["li-dingtalk"],
        }
    )

    alert: UUID
    policy: str
    started_at: datetime
    steps_taken: int
    due: datetime | None = Field(description="Next step; null: all were taken.")
    people: list[str] = Field(description="Who was called last.")
    channels: list[str] = Field(description="Where they were called.")


class EscalationsQuery(Sorted):
    """Escalations in an order."""

    limit: int = Field(default=1000, ge=1, le=1000, description="Most items of a page.")
    sort: Literal["started_at", "-started_at", "due", "-due", "policy", "-policy"] = (
        "started_at"
    )
