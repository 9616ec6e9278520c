"""`parkpulse engine` and `recompute`: from readings to alerts, roll-ups and KPIs."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import click

from parkpulse import logs, settings
from parkpulse.engine import alerting, executors
from parkpulse.engine.companion import Companion, Order
from parkpulse.engine.recompute import Progress, plan, run
from parkpulse.errors import InvalidRequestError
from parkpulse.model import rule, typed
from parkpulse.store import commandline, rules
from parkpulse.store.pool import Database
from parkpulse.store.recompute import Asked

if TYPE_CHECKING:
    from parkpulse.settings import Settings


def _page_url(config: Settings) -> str:
    return config.public_url or f"http://{config.host}:{config.port}"


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@click.command()
def engine() -> None:
    """Follow the batch log: alerts, roll-ups, KPIs, retention."""
    config = settings.load()
    logs.configure(config.log_level, config.log_format)
    url, owner = config.required_database_url(), _owner()
    database = Database(url, size=5, name="parkpulse engine")
    database.open()
    calling = Database(url, size=1, name="parkpulse engine")
    calling.open()
    with database.transaction() as conn:
        rules.install(conn, rule.shipped(), rule.set_version())
    order = Order(
        database_url=url,
        owner=owner,
        page_url=_page_url(config),
        raw_retention_days=config.raw_retention_days,
        log_level=config.log_level,
        log_format=config.log_format,
    )
    process = alerting.engine(
        database, calling, owner, _page_url(config), Companion(order).run
    )
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: process.stop())
    try:
        process.run()
    finally:
        calling.close()
        database.close()


_INTERRUPTED = 130


@click.command()
@click.option("--from", "since", required=True, help="First day, or RFC 3339.")
@click.option("--to", "until", required=True, help="Day after the last, or RFC 3339.")
@click.option("--tz", default="Asia/Shanghai", show_default=True, help="Of the days.")
@click.option("--park", help="Only this park.")
@click.option("--data-centre", help="Only data centres of this code.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    help="Processes; by default one for each core.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Use the workers of this Dask scheduler, such as tcp://10.0.0.5:8786.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def recompute(
    since: str,
    until: str,
    tz: str,
    park: str | None,
    data_centre: str | None,
    jobs: int,
    scheduler: str | None,
    as_json: bool,  # noqa: FBT001 - how click passes an option
) -> None:
    """Compute the KPIs of a time again; interrupted, the same command goes on."""
    start = typed.day_or_moment(since, tz, "from")
    asked = Asked(start, typed.day_or_moment(until, tz, "to"), park, data_centre)
    if asked.until <= asked.since:
        message = "--to must lie after --from"
        raise InvalidRequestError(code="range_empty", message=message, pointer="to")
    url = settings.load().required_database_url()
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    crew = executors.cluster(scheduler) if scheduler else executors.processes(jobs)
    with commandline.database(url, size=2, name="parkpulse recompute") as database:
        wanted = plan(database, url, asked)
        with crew as (executor, at_once):
            is_done = run(database, wanted, executor, stop, _tell, at_once)
    parts = len(wanted.hours) + len(wanted.days)
    if as_json:
        found = {"done": is_done, "parts": parts, "skipped": wanted.skipped}
        print(json.dumps(found))
    if not is_done:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(_INTERRUPTED)


def _tell(progress: Progress) -> None:
    before = f" ({progress.skipped} were done before)" if progress.skipped else ""
    line = f"{progress.done} of {progress.parts} parts done{before}"
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    engine()
