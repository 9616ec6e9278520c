"""Response plans: checklists and commands of rules and of alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from api.schemas.alerts import Acknowledgement, Signed
from api.schemas.common import Answer, Code, Document, Request, example
from parkpulse.model.alert import Severity
from parkpulse.model.response import CommandState

_STEP: dict[str, Any] = {
    "code": "pump",
    "zh": "确认排水泵已启动",
    "en": "Check that the drain pump runs",
}
_PLANNED: dict[str, Any] = {
    "code": "pump-1",
    "device": "pump-underpass",
    "name": "start_pump",
    "arguments": {"pump": 1},
    "timeout_s": 60,
    "automatic": False,
    "min_severity": "high",
    "zh": "启动 1 号排水泵",
    "en": "Start drain pump 1",
}
_COMMAND: dict[str, Any] = {
    "id": "019ab3f0-7c1a-7e55-a3c1-5f6f0a1b2c3d",
    "code": "pump-1",
    "device": "pump-underpass",
    "name": "start_pump",
    "arguments": {"pump": 1},
    "automatic": False,
    "requested_by": "Li",
    "requested_at": "2026-11-22T10:12:00Z",
    "expires_at": "2026-11-22T10:13:00Z",
    "state": "confirmed",
    "sent_at": "2026-11-22T10:12:00.02Z",
    "settled_at": "2026-11-22T10:12:01.4Z",
    "reason": None,
}


class NewResponsePlan(Request):
    """A rule's response plan; what is empty or left out is taken away.

    `steps` are a checklist in order, each `{code, zh, en}`. `commands` may be sent to
    local controllers, each `{code, device, name, arguments, timeout_s, automatic,
    min_severity, zh, en}`.
    """

    actor: Signed
    steps: list[Document] = Field(default_factory=list, max_length=100)
    commands: list[Document] = Field(default_factory=list, max_length=100)


class Step(Answer):
    """One thing to do."""

    code: str
    zh: str
    en: str


class Planned(Answer):
    """A command that may be sent to a local controller when the alert is raised."""

    code: str
    device: str = Field(description="The controller, a device of the park.")
    name: str = Field(description="What it is asked for, such as `start_pump`.")
    arguments: dict[str, str | bool | int | float]
    timeout_s: int = Field(
        description="After so long it must not act any more; then it has timed out. [s]"
    )
    automatic: bool = Field(
        description="The engine asks by itself, once for each raise; else a person."
    )
    min_severity: Severity = Field(
        description="Least severity at which the engine asks."
    )
    zh: str
    en: str


class ResponsePlan(Answer):
    """A rule's response plan in force; version 0: none was ever made."""

    model_config = example(
        {
            "rule": "tunnel-water",
            "version": 1,
            "steps": [_STEP],
            "commands": [_PLANNED],
            "actor": "Li",
            "at": "2026-11-22T10:00:00Z",
        }
    )

    rule: str
    version: int
    steps: list[Step]
    commands: list[Planned]
    actor: str
    at: datetime | None


class Command(Answer):
    """A request to a local controller, and what became of it; times are wall times."""

    model_config = example(_COMMAND)

    id: UUID
    code: str
    device: str
    name: str
    arguments: dict[str, str | bool | int | float]
    automatic: bool
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    state: CommandState
    sent_at: datetime | None
    settled_at: datetime | None
    reason: str | None = Field(
        description="In the controller's words why it refused; or `expired`, "
        "`alert_over`, `quiet`, `data_clock`: why it was withdrawn before it was sent."
    )


class Commands(Answer):
    """What may be asked of local controllers for an alert, and what was."""

    model_config = example({"planned": [_PLANNED], "commands": [_COMMAND]})

    planned: list[Planned]
    commands: list[Command]


class Ask(Acknowledgement):
    """Who asks for which command of the alert's response plan."""

    code: Code


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
