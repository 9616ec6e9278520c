"""Scenarios of simulated parks, and the one that is under way."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.common import Answer, Code, Name, Request, example

_SCENARIO = {
    "code": "tunnel-gas-leak",
    "name": {"zh": "管廊燃气泄漏", "en": "Gas leak in the utility tunnel"},
    "about": {"zh": "风机停运时燃气泄漏。", "en": "Methane while the fan is out."},
    "start": "2026-11-03T00:00:00Z",
    "duration_h": 8.0,
    "devices": 30,
    "events": 6,
}


class Scenario(Answer):
    """A shipped scenario."""

    model_config = example(_SCENARIO)

    code: str
    name: Name
    about: Name
    start: datetime = Field(description="Begin by the park's own clock.")
    duration_h: float = Field(description="By the park's own clock. [h]")
    devices: int = Field(description="Meters of a data centre aside.")
    events: int = Field(description="How many things go wrong.")


class Simulation(Answer):
    """The scenario that was started last, if any."""

    model_config = example(
        {
            "allowed": True,
            "state": "running",
            "scenario": _SCENARIO,
            "park": "training-tunnel-gas-leak-20261122101500",
            "speed": 60.0,
            "started_at": "2026-11-22T10:15:00Z",
            "now": "2026-11-03T02:30:00Z",
        }
    )

    allowed: bool = Field(description="Whether scenarios may be started here.")
    state: Literal["idle", "running", "finished", "stopped", "failed"]
    scenario: Scenario | None
    park: str | None
    speed: float | None = Field(description="Times as fast as the wall clock.")
    started_at: datetime | None
    now: datetime | None = Field(
        description="The park's own clock; null until the park is there."
    )


class SimulationStart(Request):
    """What is to be started."""

    scenario: Code
    speed: float = Field(default=60.0, ge=0.1, le=100_000, allow_inf_nan=False)
