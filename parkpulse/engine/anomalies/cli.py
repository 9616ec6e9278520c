"""`parkpulse anomalies`: what the streaming detector found unusual in a park."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import click
import msgspec

from parkpulse import listing, settings
from parkpulse.errors import NotFoundError
from parkpulse.model import typed
from parkpulse.model.definitions import LEAST_SCORE
from parkpulse.model.metrics import METRICS
from parkpulse.query import anomalies as query
from parkpulse.store import commandline, devices, parks
from parkpulse.store.anomalies import Search

if TYPE_CHECKING:
    from parkpulse.store.parks import ParkRow
    from parkpulse.store.pool import Connection

_LIMIT = 100


@click.command()
@click.argument("park")
@click.option("--from", "since", help="RFC 3339 with zone; observed time.")
@click.option("--to", "until", help="RFC 3339 with zone.")
@click.option("--device", help="Only of this device.")
@click.option("--metric", help="Only of this metric.")
@click.option("--min-score", type=float, default=LEAST_SCORE, show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=_LIMIT)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def anomalies(
    park: str,
    since: str | None,
    until: str | None,
    device: str | None,
    metric: str | None,
    min_score: float,
    limit: int,
    as_json: bool,  # noqa: FBT001 - how click passes an option
) -> None:
    """List unusual readings of PARK, newest first, and why they are."""
    if metric is not None and metric not in METRICS:
        raise NotFoundError(kind="metric", key=metric)
    search = Search(
        park,
        typed.moment(since, "from") if since else None,
        typed.moment(until, "to") if until else None,
        device=device,
        metric=metric,
        least_score=min_score,
    )
    url = settings.load().required_database_url()
    with commandline.transaction(url, name="parkpulse anomalies") as conn:
        row = parks.find(conn, park)
        found = query.page(conn, search, limit=limit, cursor=None).items
        if not found and device is not None:
            _check_device(conn, row, device)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    for each in found:
        at = each.ts.astimezone(UTC)
        print(
            f"{at:%Y-%m-%dT%H:%M:%SZ}  {each.score:.4f}  {each.device}/{each.metric}"
            f"  {each.value:g}  {each.reason.zh} / {each.reason.en}"
        )
    listing.say_if_none(found, "anomalies")


def _check_device(conn: Connection, park: ParkRow, device: str) -> None:
    known = {each.code for each in devices.devices(conn) if each.park_id == park.id}
    if device not in known:
        raise NotFoundError(kind="device", key=device)
