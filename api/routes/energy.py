"""Where the energy of a data centre goes, and whether its meters agree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api import lists
from api.auth.rights import Right, Who, needs
from api.context import Ctx
from api.schemas.common import Page
from api.schemas.energy import (
    AttributeRow,
    BalanceQuery,
    Balances,
    CertificatesBody,
    CertificatesQuery,
    Changed,
    EndedTarget,
    EnergyFlow,
    FactorRow,
    FactorsQuery,
    NewTarget,
    PeriodQuery,
    SerialQuery,
    TargetRow,
    TargetsQuery,
)
from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model.certificates import AttributeSpec
from parkpulse.query import energy_flow
from parkpulse.store import certificates, factors, meters, targets
from parkpulse.store.targets import TargetSpec

router = APIRouter(tags=["kpis"], dependencies=[needs(Right.READ)])
_CODES = {
    "serial": "serial_taken",
    "volume_kwh": "not_whole_certificates",
    "generated_to": "empty_period",
    "used_to": "empty_period",
    "valid_to": "validity_too_short",
}
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
    park: str,
    centre: str,
    query: Annotated[CertificatesQuery, Query()],
    request: Request,
    ctx: Ctx,
) -> object:
    """Certificates, green power and sold attributes that annual figures rest on."""
    data_centre = ctx.live.park(park).data_centre(centre).id
    with ctx.database.transaction() as conn:
        found = certificates.load(conn, data_centre)
    return lists.give(request, query, found, AttributeRow, ("serial", "used_from"))


@router.post(
    f"{_CENTRE}/certificates",
    response_model=Changed,
    summary="Put certificates into the ledger",
    dependencies=[needs(Right.EDIT_CERTIFICATES)],
)
def put_certificates(
    park: str, centre: str, body: CertificatesBody, ctx: Ctx
) -> object:
    """All rows or none; a known serial is replaced, one of elsewhere refused."""
    data_centre = ctx.live.park(park).data_centre(centre).id
    specs = [AttributeSpec(**each.model_dump()) for each in body.items]
    with ctx.database.transaction() as conn:
        for fault in certificates.faults(conn, data_centre, specs):
            pointer = f"/items/{fault.row}/{fault.field}"
            raise InvalidRequestError(_CODES[fault.field], fault.text, pointer)
        return {"changed": certificates.apply(conn, data_centre, specs)}


@router.delete(
    f"{_CENTRE}/certificates",
    response_model=Changed,
    summary="Take a certificate out of the ledger",
    dependencies=[needs(Right.EDIT_CERTIFICATES)],
)
def remove_certificate(
    park: str, centre: str, query: Annotated[SerialQuery, Query()], ctx: Ctx
) -> object:
    """Annual figures that counted it are computed again; 404 when there is none."""
    data_centre = ctx.live.park(park).data_centre(centre).id
    with ctx.database.transaction() as conn:
        changed = certificates.remove(conn, data_centre, [query.serial])
    if not changed:
        kind = "certificate"
        raise NotFoundError(kind, query.serial)
    return {"changed": changed}


@router.get("/targets", response_model=Page[TargetRow], summary="Targets")
def list_targets(
    query: Annotated[TargetsQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """All dated targets with their sources, newest first."""
    with ctx.database.transaction() as conn:
        found = meters.targets(conn)
    return lists.give(request, query, found, TargetRow, ("id",))


@router.post(
    "/targets",
    response_model=TargetRow,
    status_code=201,
    summary="Put a target in force",
    dependencies=[needs(Right.EDIT_TARGETS)],
)
def add_target(body: NewTarget, ctx: Ctx, who: Who) -> object:
    """Of those in force the newest counts; figures from its day on are judged again."""
    who.check(None)
    if body.kpi == "ref" and body.value > 1:
        code, message = "share_above_1", "a share is at most 1"
        raise InvalidRequestError(code, message, "/value")
    with ctx.database.transaction() as conn:
        key = targets.add(conn, TargetSpec(**body.model_dump()))
        return next(row for row in meters.targets(conn) if row.id == key)


@router.post(
    "/targets/end",
    response_model=TargetRow,
    summary="End a target",
    dependencies=[needs(Right.EDIT_TARGETS)],
)
def end_target(body: EndedTarget, ctx: Ctx, who: Who) -> object:
    """Keep it in the list, for the figures that were judged by it."""
    who.check(None)
    with ctx.database.transaction() as conn:
        targets.end(conn, body.id, body.valid_to)
        return next(row for row in meters.targets(conn) if row.id == body.id)


@router.get(
    "/emission-factors", response_model=Page[FactorRow], summary="Emission factors"
)
def list_factors(
    query: Annotated[FactorsQuery, Query()], request: Request, ctx: Ctx
) -> object:
    """All dated factors with their sources, newest first."""
    with ctx.database.transaction() as conn:
        found = factors.load(conn)
    return lists.give(
        request, query, found, FactorRow, ("region", "kind", "valid_from")
    )
