"""`parkpulse engine`: from the batch log to alerts, roll-ups and KPIs."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
from typing import TYPE_CHECKING

import click

from parkpulse import settings
from parkpulse.engine.alerts import AlertConsumer
from parkpulse.engine.housekeeping import Housekeeper
from parkpulse.engine.kpis import KpiConsumer
from parkpulse.engine.lease import LeaseKeeper
from parkpulse.engine.loop import Loop
from parkpulse.engine.process import Engine
from parkpulse.engine.rollups import PAUSE_S, RollupConsumer
from parkpulse.model import rule
from parkpulse.store import rules
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from parkpulse.settings import Settings


def _loops(config: Settings, database: Database, keeper: LeaseKeeper) -> list[Loop]:
    """One loop for each consumer; each wakes by its own event."""
    page_url = config.public_url or f"http://{config.host}:{config.port}"
    alerts = AlertConsumer(database, page_url)
    return [
        Loop(database, keeper, alerts, wake=threading.Event()),
        Loop(database, keeper, RollupConsumer(), pause_s=PAUSE_S),
        Loop(database, keeper, KpiConsumer()),
    ]


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@click.command()
def engine() -> None:
    """Follow the batch log: alerts, roll-ups, KPIs, retention."""
    config = settings.load()
    logging.basicConfig(
        level=config.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    database = Database(config.required_database_url(), size=8, name="parkpulse engine")
    database.open()
    with database.transaction() as conn:
        rules.apply(conn, rule.shipped(), park_id=None)
    keeper = LeaseKeeper(database, _owner())
    loops = _loops(config, database, keeper)
    names = [loop.consumer.name for loop in loops]
    housekeeper = Housekeeper(database, names, config.raw_retention_days)
    process = Engine(database, keeper, loops, [housekeeper.run])
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: process.stop())
    try:
        process.run()
    finally:
        database.close()


if __name__ == "__main__":
    engine()
