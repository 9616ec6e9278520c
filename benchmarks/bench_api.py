"""Time of the API's busiest answers at 1, 16 and 64 clients, and of its streams.

The real process serves the private TimescaleDB with 100,000 series in 20 parks, a year
of daily and as much of hourly roll-ups as the disk allows (`api_data.py`), and three
parks with data centres and a year of figures and alerts (`grafana_year.py`). Charts are
of series chosen at random; everything is asked for once before, so it is in memory if
there is enough. Clients, service and database share the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import selectors
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import psycopg

from api.hub import OF_ONE
from benchmarks import api_data, clients, grafana_year, processes
from benchmarks.bench_ingest import COMMAND
from parkpulse.model.packed import ChangeArrays
from parkpulse.services import ports
from parkpulse.store import batchlog, migrate, pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.clients import Timing

CLIENTS = (1, 16, 64)
GOAL_MS, GOAL_CLIENTS = 50.0, 16
BESIDE = "a month's chart"
"""Measured beside those that the goal is about."""
WARM_S = 1.0
_READY_WITHIN_S = 180.0
_CHARTS = 2000
_STREAM_VALUES = 500
_FILLED = "filled.json"


class Streams(NamedTuple):
    """What it took to tell all open streams of changes."""

    clients: int
    opened_s: float
    """Until the last had its snapshot. [s]"""
    first_ms: list[float]
    """From each commit to the first client's frame. [ms]"""
    last_ms: list[float]
    """From each commit to the last client's frame. [ms]"""
    cpu: float
    """Of one core, while told once a second. [1]"""


@contextlib.contextmanager
def servers(home: Path) -> Iterator[dict[str, str]]:
    """Environment with private servers whose data stays in `home`."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)
    environment = {
        **os.environ,
        "PARKPULSE_HOME": str(home),
        "PARKPULSE_DATABASE_PORT": str(ports.free()),
        "PARKPULSE_MQTT_PORT": str(ports.free()),
    }
    try:
        subprocess.run([COMMAND, "services", "start"], env=environment, check=True)
        found = json.loads((home / "running.json").read_text())
        yield environment | {
            "PARKPULSE_DATABASE_URL": found["database_url"],
            "PARKPULSE_MQTT_URL": found["mqtt_url"],
        }
    finally:
        subprocess.run([COMMAND, "services", "stop"], env=environment, check=False)


@contextlib.contextmanager
def service(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Run the API; gives its port and process."""
    port = ports.free()
    own = {**environment, "PARKPULSE_PORT": str(port)}
    process = subprocess.Popen([COMMAND, "api"], env=own, stdout=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _database(home: Path) -> int:
    """Id of the database's first process."""
    return int((home / "database" / "postmaster.pid").read_text().split()[0])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    last = f"/parks/{api_data.PREFIX}-{api_data.PARKS - 1:02}/latest"
    while time.monotonic() < until:
        time.sleep(0.5)
        assert process.poll() is None, "the service has ended"
        with contextlib.suppress(OSError, AssertionError):
            found = clients.measure(port, "", [last], 1, 0.2)
            if found.size > 10_000:
                time.sleep(2.0)
                return
    message = "the service did not become ready"
    raise TimeoutError(message)


def questions(url: str) -> dict[str, list[str]]:
    """Tell what is asked for, by name."""
    with psycopg.connect(url) as conn:
        ids = [row[0] for row in conn.execute("select id from bench_series")]
    chosen = np.random.default_rng(5).permutation(ids)[:_CHARTS].tolist()
    end = datetime.now(UTC).replace(microsecond=0)
    year, month = (_span(end, days) for days in (365, 30))
    parks = [f"{api_data.PREFIX}-{number:02}" for number in range(api_data.PARKS)]
    centres = [f"/parks/{each}/data-centres/dc/kpis" for each in grafana_year.PARKS]
    return {
        "latest of a park": [f"/parks/{each}/latest" for each in parks],
        "a year's chart": [
            f"/series/{each}/range?{year}&points=1200" for each in chosen
        ],
        BESIDE: [f"/series/{each}/range?{month}&points=600" for each in chosen],
        "KPI page": [f"{each}/summary" for each in centres],
        "alert list": [f"/parks/{each}/alerts" for each in grafana_year.PARKS],
    }


def _span(end: datetime, days: int) -> str:
    start = end - timedelta(days=days)
    return f"start={start:%Y-%m-%dT%H:%M:%SZ}&end={end:%Y-%m-%dT%H:%M:%SZ}"


def asked(
    port: int, url: str, seconds: float, roots: Mapping[str, int]
) -> list[Timing]:
    """Measure every question with every number of clients."""
    found = []
    for name, paths in questions(url).items():
        clients.measure(port, name, paths, GOAL_CLIENTS, WARM_S, at_least=len(paths))
        found += [
            clients.measure(port, name, paths, count, seconds, roots)
            for count in CLIENTS
        ]
    return found


class _Listener:
    """Many open streams of one park."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        # Without accounts an address may have only so many.
        self._open = [
            clients.connect(port, f"127.0.0.{1 + number // OF_ONE}")
            for number in range(count)
        ]
        for sock in self._open:
            sock.sendall(clients.request(path))
            self._selector.register(sock, selectors.EVENT_READ, sock)

    def wait(self, mark: bytes, seconds: float) -> list[float]:
        """Wait until all have been told; return when each was. [s]."""
        seen: dict[int, float] = {}
        until = time.perf_counter() + seconds
        while len(seen) < len(self._open) and time.perf_counter() < until:
            for key, _ in self._selector.select(0.5):
                if mark in key.data.recv(1 << 20):
                    seen[key.fd] = time.perf_counter()
        return sorted(seen.values())

    def close(self) -> None:
        """End all."""
        for sock in self._open:
            sock.close()


def streamed(port: int, pid: int, url: str, count: int, times: int) -> Streams:
    """Open the streams of a park and tell them of new readings again and again."""
    park = f"{api_data.PREFIX}-00"
    begun = time.perf_counter()
    listener = _Listener(port, f"/parks/{park}/stream", count)
    opened = listener.wait(b"event: snapshot", 60.0)
    assert len(opened) == count, f"{len(opened)} of {count} streams were opened"
    first, last = [], []
    used = processes.cpu_s({"api": pid})["api"]
    since = time.perf_counter()
    with pool.connect(url, name="bench") as conn:
        slot, series = _series_of(conn, park)
        for number in range(times):
            at = _commit(conn, slot, series, float(number))
            told = listener.wait(b"event: values", 10.0)
            assert len(told) == count, f"{len(told)} of {count} were told"
            first.append((told[0] - at) * 1000)
            last.append((told[-1] - at) * 1000)
            time.sleep(max(0.0, at + 1.3 - time.perf_counter()))
    lasted = time.perf_counter() - since
    cpu = (processes.cpu_s({"api": pid})["api"] - used) / lasted
    listener.close()
    return Streams(count, opened[-1] - begun, first, last, cpu)


def _series_of(conn: pool.Connection, park: str) -> tuple[int, list[int]]:
    rows = conn.execute(
        "select p.id %% 64, s.id from series s join device d on d.id = s.device_id"
        " join park p on p.id = d.park_id where p.code = %s order by 2 limit %s",
        [park, _STREAM_VALUES],
    ).fetchall()
    return rows[0][0], [row[1] for row in rows]


def _commit(conn: pool.Connection, slot: int, series: list[int], value: float) -> float:
    """Log readings of this moment as ingest does; return when that was committed."""
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us").astype(np.int64)
    size = len(series)
    changed = ChangeArrays(
        np.array(series, np.int32),
        np.full(size, now, np.int64),
        np.full(size, 20.0 + value),
        np.zeros(size, np.uint8),
    )
    batchlog.append(conn, "bench", {slot: changed})
    conn.commit()
    return time.perf_counter()


def sizes(url: str) -> dict[str, int]:
    """Count rows [1] and take the size of the database [B]."""
    tables = ("series", "reading", "rollup_1h", "rollup_1d", "kpi", "alert")
    with psycopg.connect(url) as conn:
        found = {}
        for table in tables:
            # Counting a hundred million rows takes longer than it is worth.
            query = f"select approximate_row_count('{table}')"
            if table in {"series", "kpi", "alert"}:
                query = f"select count(*) from {table}"  # noqa: S608 - as above
            row = conn.execute(query.encode()).fetchone()
            found[table] = 0 if row is None else int(row[0])
        row = conn.execute("select pg_database_size(current_database())").fetchone()
        found["bytes"] = 0 if row is None else int(row[0])
    return found


def _table(timings: Sequence[Timing]) -> list[str]:
    return [
        (
            "| answer | sent | clients | answers/s | p50 [ms] | p99 [ms] |"
            " service's CPU [ms] | database's CPU [ms] |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {each.name} | {each.size:,} B | {each.clients} | {each.per_s:,.0f} |"
            f" {each.p50_ms:.1f} | {each.p99_ms:.1f} | {each.cpu_ms['service']:.2f} |"
            f" {each.cpu_ms['database']:.2f} |"
            for each in timings
        ),
    ]


def _held(timings: Sequence[Timing]) -> str:
    judged = [
        each for each in timings if each.clients == GOAL_CLIENTS and each.name != BESIDE
    ]
    missed = [each.name for each in judged if each.p99_ms >= GOAL_MS]
    said = f"missed by: {', '.join(missed)}" if missed else "held by all"
    return f"Goal (p99 below {GOAL_MS:.0f} ms at {GOAL_CLIENTS} clients): {said}."


def _stream_text(found: Streams) -> str:
    first = np.percentile(found.first_ms, (50, 99))
    last = np.percentile(found.last_ms, (50, 99))
    return (
        f"Streams: {found.clients} clients of one park had their snapshot after"
        f" {found.opened_s:.1f} s. {_STREAM_VALUES} new values a time,"
        f" {len(found.last_ms)} times: from the commit to the first client p50"
        f" {first[0]:.0f} ms, p99 {first[1]:.0f} ms; to the last client p50"
        f" {last[0]:.0f} ms, p99 {last[1]:.0f} ms. A frame waits for up to a second"
        " after the one before, by design. The service used"
        f" {found.cpu:.0%} of one core meanwhile."
    )


def text(
    timings: Sequence[Timing], found: Streams | None, size: dict[str, int], title: str
) -> str:
    """Write one section of the results."""
    rows = ", ".join(f"{name} {count:,}" for name, count in size.items())
    lines = [f"## {title}", "", f"Rows: {rows}.", "", *_table(timings), ""]
    lines += [_held(timings), ""]
    if found is not None:
        lines += [_stream_text(found), ""]
    return "\n".join(lines)


def filled(home: Path, url: str, size: api_data.Size) -> None:
    """Write the data unless an earlier run has left it in `home`."""
    mark = home / _FILLED
    if not mark.exists():
        begun = time.monotonic()
        api_data.fill(url, size)
        mark.write_text(json.dumps(size._asdict()))
        print(f"filled in {time.monotonic() - begun:.0f} s", flush=True)


def run(wanted: argparse.Namespace) -> str:
    """Fill a database, start the service and measure."""
    size = api_data.Size(wanted.series, wanted.hours_d, wanted.days_d)
    with servers(wanted.home) as environment:
        url = environment["PARKPULSE_DATABASE_URL"]
        migrate.apply(url)
        filled(wanted.home, url, size)
        if wanted.cut:
            api_data.cut(url, wanted.cut)
        if wanted.fill_only:
            return ""
        with service(environment) as (port, pid):
            roots = {"service": pid, "database": _database(wanted.home)}
            timings = asked(port, url, wanted.seconds, roots)
            found = None
            if wanted.streams:
                found = streamed(port, pid, url, wanted.streams, wanted.frames)
        return text(timings, found, sizes(url), wanted.title)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--hours-d", type=float, default=20, help="Days of hours.")
    parser.add_argument("--days-d", type=int, default=365, help="Days of days.")
    parser.add_argument("--seconds", type=float, default=8.0, help="Each.")
    parser.add_argument("--title", default="The whole history")
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--cut", type=float, default=0.0, help="Keep this part.")
    parser.add_argument("--keep", action="store_true", help="Leave the data.")
    parser.add_argument("--fill-only", action="store_true")
    parser.add_argument("--home", type=Path, default=Path("build/bench-api"))
    parser.add_argument("--out", type=Path)
    found = parser.parse_args()
    found.home = found.home.absolute()
    return found


def main() -> None:
    """Print the table, or write it into a file."""
    wanted = parse()
    try:
        shown = run(wanted)
    finally:
        if not wanted.keep:
            shutil.rmtree(wanted.home, ignore_errors=True)
    head = (
        f"# The API\n\n`make bench-api`, {os.cpu_count()} cores ({platform.machine()}),"
        f" load {os.getloadavg()[1]:.1f} over the last five minutes. Clients, service"
        " and database share the machine; each client asks again as soon as it is"
        " answered."
    )
    shown = f"{head}\n\n{shown}"
    if wanted.out is None:
        print(shown)
    else:
        wanted.out.write_text(shown)


if __name__ == "__main__":
    main()
