"""Where the energy of a data centre goes, and whether its meters agree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.rights import Right, needs
from api.context import Ctx
from api.schemas.common import Page, Paged
from api.schemas.energy import (
    AttributeRow,
    BalanceQuery,
    Balances,
    EnergyFlow,
    FactorRow,
    PeriodQuery,
)
from parkpulse.query import energy_flow, evidence

router = APIRouter(tags=["kpis"], dependencies=[needs(Right.READ)])
_CENTRE = "/parks/{park}/data-centres/{centre}"


@router.get(f"{_CENTRE}/energy-flow", response_model=EnergyFlow, summary="Energy flow")
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


@router.get(f"{_CENTRE}/balance", response_model=Balances, summary="Meter balance")
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


@router.get(
    f"{_CENTRE}/certificates",
    response_model=Page[AttributeRow],
    summary="Ledger of certificates",
)
def list_certificates(
    park: str, centre: str, query: Annotated[Paged, Query()], ctx: Ctx
) -> object:
    """Certificates, green power and sold attributes that annual figures rest on."""
    data_centre = ctx.live.park(park).data_centre(centre).id
    with ctx.database.transaction() as conn:
        return evidence.attributes(
            conn, data_centre, limit=query.limit, cursor=query.cursor
        )


@router.get(
    "/emission-factors", response_model=Page[FactorRow], summary="Emission factors"
)
def list_factors(query: Annotated[Paged, Query()], ctx: Ctx) -> object:
    """All dated factors with their sources, newest first."""
    with ctx.database.transaction() as conn:
        return evidence.factors(conn, limit=query.limit, cursor=query.cursor)
