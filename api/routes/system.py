"""The state of the whole service, part by part."""

from __future__ import annotations

import platform
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request

from api.auth.rights import Right, needs
from api.context import Ctx
from api.routes import health
from api.schemas.system import System
from api.workshop import Shop
from parkpulse.query import health as judgement
from parkpulse.store import detector_states, ledger, processes, system, workers
from parkpulse.store.workers import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.store.pool import Connection

router = APIRouter(
    tags=["health"], dependencies=[needs(Right.READ), needs(Right.SYSTEM)]
)
_DAY = timedelta(hours=24)


@router.get("/system", response_model=System, summary="The state of the service")
def read_system(request: Request, ctx: Ctx, shop: Shop) -> object:
    """Tell of processes, positions, deliveries, the ledger, versions and room."""
    now = datetime.now(UTC)
    ready = health.summary(request, ctx)
    with ctx.database.transaction() as conn:
        versions = system.versions(conn)
        return {
            **ready,
            "at": now,
            "versions": {
                "parkpulse": health.VERSION,
                "python": platform.python_version(),
                **versions._asdict(),
            },
            "workers": [_worker(each, now) for each in workers.workers(conn)],
            "engines": system.engines(conn),
            "processes": processes.living(conn),
            "consumers": system.consumers(conn),
            "detector": detector_states.told(conn),
            "outbox": system.outbox(conn),
            "ledger": _balance(conn, now),
            "storage": {
                "database_bytes": versions.database_bytes,
                **_room(shop.profiles),
            },
        }


def _worker(worker: Worker, now: datetime) -> dict[str, Any]:
    age_s = (now - worker.seen_at).total_seconds()
    return {**worker._asdict(), "is_alive": age_s <= judgement.ALIVE_S}


def _balance(conn: Connection, now: datetime) -> dict[str, Any]:
    rows = ledger.hours(conn, now - _DAY, now + timedelta(hours=1), None)
    totals = ledger.total(rows)
    return {
        "received": totals.received,
        "stored": totals.stored,
        "duplicate": totals.duplicate,
        "quarantined": totals.quarantined,
        "dropped_by_broker": totals.dropped_by_broker,
        "balanced": totals.is_balanced,
    }


def _room(folder: Path | None) -> dict[str, int | None]:
    """Free and total room of the disk that holds a folder, or would hold it."""
    while folder is not None and not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if folder is None:
        return {"folder_free_bytes": None, "folder_total_bytes": None}
    usage = shutil.disk_usage(folder)
    return {"folder_free_bytes": usage.free, "folder_total_bytes": usage.total}
