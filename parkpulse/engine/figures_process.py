"""The engine's second process: roll-ups, KPIs, tests of quality, anomalies, retention.

`python -m parkpulse.engine.figures_process` is started by the first one
(`engine.companion`), which hands over the order on standard input.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from parkpulse import logs
from parkpulse.engine import alerting, anomaly, companion, registered
from parkpulse.engine.anomaly import AnomalyConsumer
from parkpulse.engine.drift import DriftKeeper
from parkpulse.engine.housekeeping import Housekeeper
from parkpulse.engine.kpis import KpiConsumer
from parkpulse.engine.lease import LeaseKeeper
from parkpulse.engine.loop import Loop
from parkpulse.engine.process import Engine
from parkpulse.engine.quality import QualityConsumer
from parkpulse.engine.registered import News
from parkpulse.engine.rollups import PAUSE_S, RollupConsumer
from parkpulse.engine.rules.found import FoundRules
from parkpulse.engine.rules.ticker import RuleTicker
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from parkpulse.engine.companion import Order

ROLE = "figures"
_NICE = 5
"""Whoever calls people gets the processor first."""
_CONNECTIONS = 9


def _loops(database: Database, keeper: LeaseKeeper, page_url: str) -> list[Loop]:
    """One loop for each consumer."""
    news = News(registered.of(database))
    quality = QualityConsumer(FoundRules(database, page_url, "quality"))
    unusual = AnomalyConsumer(FoundRules(database, page_url, "anomaly"))
    return [
        Loop(database, keeper, RollupConsumer(news), pause_s=PAUSE_S),
        Loop(database, keeper, KpiConsumer()),
        Loop(database, keeper, quality),
        Loop(database, keeper, unusual, pause_s=anomaly.PAUSE_S),
    ]


def engine(database: Database, order: Order) -> Engine:
    """Make the process."""
    keeper = LeaseKeeper(database, f"{order.owner}/{ROLE}", ROLE)
    loops = _loops(database, keeper, order.page_url)
    names = [*alerting.CONSUMERS, *(loop.consumer.name for loop in loops)]
    chores = [
        Housekeeper(database, names, order.raw_retention_days).run,
        RuleTicker(database, keeper, order.page_url).run,
        DriftKeeper(database, keeper).run,
    ]
    return Engine(database, keeper, loops, chores)


def main() -> None:
    """Work until the first process says so, ends, or a signal comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process tells
    os.nice(_NICE)
    order = companion.received(sys.stdin.buffer)
    logs.configure(order.log_level, order.log_format)
    database = Database(
        order.database_url, size=_CONNECTIONS, name="parkpulse engine figures"
    )
    database.open()
    process = engine(database, order)
    signal.signal(signal.SIGTERM, lambda *_: process.stop())
    threading.Thread(target=_obey, args=(process,), daemon=True).start()
    try:
        process.run()
    finally:
        database.close()


def _obey(process: Engine) -> None:
    companion.wait_for_end(sys.stdin.buffer)
    process.stop()


if __name__ == "__main__":
    main()
