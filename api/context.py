"""What all handlers share, given by the application that they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from api.charts import Charts
from api.follower import Follower
from api.hub import Frame, Hub
from api.joined import Joined
from api.kept import Kept
from parkpulse.query.flow import FlowMeter
from parkpulse.query.live import Live, ParkNow
from parkpulse.store.pool import Database


@dataclass(frozen=True, slots=True)
class Context:
    """The database, and what this process knows of the present."""

    database: Database
    live: Live
    flow: FlowMeter
    hub: Hub
    follower: Follower
    kept: Kept
    charts: Charts
    page_url: str
    """Address of the page in messages."""
    snapshots: Joined[Frame] = field(default_factory=Joined)
    """What streams begin with, by view."""

    def look(self, park: str) -> ParkNow:
        """See a park as it is now; raises NotFoundError."""
        return self.live.look(self.live.park(park))


async def _of_request(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(_of_request)]
"""Parameter of a handler that needs the context."""
