"""Which park something belongs to, so that people see only their own.

A foreign park, and whatever belongs to one, is answered as if it did not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from parkpulse.errors import ForbiddenError, NotFoundError
from parkpulse.query import alerts, quarantine, rule_edits
from parkpulse.store import channels

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request

    from api.context import Context
    from parkpulse.model.account import Actor

_PARK = "park"
_LARGEST = 2**31 - 1
_API_PARTS = 4  # of "/api/v1/alerts/..." by slashes


class Owned(NamedTuple):
    """A kind of thing that belongs to a park."""

    parameter: str
    """Name of its id in paths."""
    kind: str
    """As a NotFoundError calls it."""
    park: Callable[[Context, str], str | None]
    """Finds the park's code; None: it belongs to all. Raises NotFoundError."""


def _of_alert(ctx: Context, key: str) -> str | None:
    with ctx.database.transaction() as conn:
        return alerts.find(conn, UUID(key)).park


def _of_series(ctx: Context, key: str) -> str | None:
    return ctx.live.catalogue.series(int(key)).park.row.code


def _of_rule(ctx: Context, key: str) -> str | None:
    number = int(key)
    if not 1 <= number <= _LARGEST:
        raise ValueError
    with ctx.database.transaction() as conn:
        return rule_edits.one(conn, number)[0].park


def _of_quarantined(ctx: Context, key: str) -> str | None:
    with ctx.database.transaction() as conn:
        # What came from no known park is nobody's but the administrator's.
        return quarantine.find(conn, UUID(key)).park or ""


def _of_channel(ctx: Context, key: str) -> str | None:
    with ctx.database.transaction() as conn:
        return channels.find(conn, key).park


PARK_OF: dict[str, Owned] = {
    "alerts": Owned("alert_id", "alert", _of_alert),
    "series": Owned("series_id", "series", _of_series),
    "rules": Owned("rule_id", "rule", _of_rule),
    "quarantine": Owned("entry_id", "quarantine", _of_quarantined),
    "channels": Owned("name", "channel", _of_channel),
}
"""Things by the beginning of their paths after `/api/v1/`."""


async def check(request: Request, actor: Actor, *, is_change: bool) -> None:
    """Make sure that what the path names is within somebody's parks.

    Raises
    ------
    NotFoundError
        It is not.
    ForbiddenError
        It belongs to all parks, and they want to change it.
    """
    path, found = request.url.path.split("/"), request.path_params
    if _PARK in found:
        if not actor.sees(found[_PARK]):
            raise NotFoundError(_PARK, found[_PARK])
        return
    owned = PARK_OF.get(path[_API_PARTS - 1]) if len(path) > _API_PARTS else None
    if owned is not None and owned.parameter in found:
        context: Context = request.app.state.context
        key = found[owned.parameter]
        await run_in_threadpool(_check, context, actor, owned, key, is_change)


def _check(
    context: Context,
    actor: Actor,
    owned: Owned,
    key: str,
    is_change: bool,  # noqa: FBT001 - run_in_threadpool takes positions
) -> None:
    try:
        park = owned.park(context, key)
    except ValueError:
        return  # No id at all: the route says so.
    if not actor.sees(park):
        raise NotFoundError(owned.kind, key)
    if park is None and is_change:
        code = "all_parks_needed"
        raise ForbiddenError(code)
