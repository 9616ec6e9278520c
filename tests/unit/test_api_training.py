"""Whoever may not see a simulated park is not told that it is there."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from api.auth.rights import Caller
from api.routes import simulation
from parkpulse.errors import NotFoundError
from parkpulse.model.account import Actor

STARTED = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Nothing:
    """Knows of no park."""

    def park(self, code: str) -> None:
        """Find none."""
        kind = "park"
        raise NotFoundError(kind, code)


@pytest.mark.parametrize(
    ("parks", "park"),
    [(None, "training-1"), ({"training-1"}, "training-1"), ({"demo"}, None)],
)
def test_who_is_told_of_a_training(parks: set[str] | None, park: str | None) -> None:
    session = SimpleNamespace(
        park="training-1", scenario="quiet-week", speed=60.0, started_at=STARTED
    )
    training: Any = SimpleNamespace(session=session, state="running")
    context: Any = SimpleNamespace(live=Nothing())
    seen = None if parks is None else frozenset(parks)
    who = Caller(Actor("ann", "Ann", frozenset(), seen, "session"))
    told: Any = simulation.training_now(training, context, who)
    assert told["park"] == park
    assert told["state"] == ("idle" if park is None else "running")
