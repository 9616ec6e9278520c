"""Compartments of utility tunnels."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth.rights import Right, needs
from api.context import Ctx
from api.schemas.tunnel import Tunnel
from parkpulse.query import tunnel

router = APIRouter(tags=["parks"], dependencies=[needs(Right.READ)])


@router.get("/parks/{park}/tunnel", response_model=Tunnel, summary="Tunnels now")
def read_tunnel(park: str, ctx: Ctx) -> object:
    """Air, water, hatches and fans of each compartment, and whether one may enter."""
    seen = ctx.look(park)
    return {"at": seen.now, "items": tunnel.read(seen, ctx.live.limits)}
