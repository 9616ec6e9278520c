"""Where the energy of a data centre goes, and whether its meters agree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.context import Ctx
from api.schemas.energy import BalanceQuery, Balances, EnergyFlow, PeriodQuery
from parkpulse.query import energy_flow

router = APIRouter(prefix="/parks/{park}/data-centres/{centre}", tags=["kpis"])


@router.get("/energy-flow", response_model=EnergyFlow, summary="Energy flow")
def read_energy_flow(
    park: str, centre: str, query: Annotated[PeriodQuery, Query()], ctx: Ctx
) -> object:
    """Nodes and links from the supplies to the racks, with losses and coverage."""
    found = ctx.live.park(park)
    data_centre = found.data_centre(centre).id
    with ctx.database.transaction() as conn:
        return energy_flow.flow(
            conn, data_centre, query.start, query.end, ctx.live.now(found)
        )


@router.get("/balance", response_model=Balances, summary="Meter balance")
def read_balance(
    park: str, centre: str, query: Annotated[BalanceQuery, Query()], ctx: Ctx
) -> object:
    """Each meter against the sum of the meters below it, with what is not right."""
    found = ctx.live.park(park)
    data_centre = found.data_centre(centre).id
    with ctx.database.transaction() as conn:
        return energy_flow.balances(
            conn,
            data_centre,
            query.start,
            query.end,
            ctx.live.now(found),
            tolerance=query.tolerance,
        )
