"""Response plans: checklists of rules and of alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.schemas.alerts import Acknowledgement, Person
from api.schemas.common import Answer, Code, Request, example

_STEP: dict[str, Any] = {
    "code": "pump",
    "zh": "确认排水泵已启动",
    "en": "Check that the drain pump runs",
}


class NewSteps(Request):
    """A rule's checklist: steps in order, each `{code, zh, en}`; empty: none."""

    actor: Person
    steps: list[dict[str, Any]]


class Step(Answer):
    """One thing to do."""

    code: str
    zh: str
    en: str


class StoredSteps(Answer):
    """A rule's checklist in force; version 0: none was ever made."""

    model_config = example(
        {
            "rule": "tunnel-water",
            "version": 1,
            "steps": [_STEP],
            "actor": "Li",
            "at": "2026-11-22T10:00:00Z",
        }
    )

    rule: str
    version: int
    steps: list[Step]
    actor: str
    at: datetime | None


class Ticked(Step):
    """A step of an alert's checklist, and who has done it."""

    done_by: str | None
    done_at: datetime | None


class Checklist(Answer):
    """An alert's checklist."""

    model_config = example(
        {
            "steps": [
                {**_STEP, "done_by": "Li", "done_at": "2026-11-22T10:12:00Z"},
            ]
        }
    )

    steps: list[Ticked]


class Tick(Acknowledgement):
    """Who has done a step, or with `done` false that it was not."""

    step: Code
    done: bool = True
