"""Time of every query of every dashboard over a year of data, as the read-only role.

The year is written straight into the tables that dashboards read (`grafana_year.py`).
Each query is asked as Grafana asks it: over the time that its dashboard shows at first,
and over the whole year.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import psycopg

from benchmarks import grafana_year
from benchmarks.bench_ingest import COMMAND, private_servers
from dashboards.grafana import documents
from parkpulse.store import migrate, pool, reader
from tests.integration.grafana_macros import Shown, expand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GOAL_MS = 200.0
_DAYS = {"h": 1 / 24, "d": 1.0, "y": 365.0}
Connection = psycopg.Connection[tuple[Any, ...]]


class Query(NamedTuple):
    """A query of a dashboard."""

    board: str
    panel: str
    sql: str
    days: float
    """That the dashboard shows at first. [d]"""


class Timing(NamedTuple):
    """How long it took."""

    query: Query
    days: float
    rows: int
    median_ms: float
    worst_ms: float


def queries() -> Iterator[Query]:
    """All queries of panels, variables and annotations."""
    for code, document in documents.documents(documents.PAGE, "en").items():
        span = document["time"]["from"].removeprefix("now-")
        days = int(span[:-1]) * _DAYS[span[-1]]
        for panel in document["panels"]:
            for target in panel["targets"]:
                title = f"{panel['title']} {target['refId']}"
                yield Query(code, title, target["rawSql"], days)
        for variable in document["templating"]["list"]:
            if variable["type"] == "query":
                yield Query(code, f"${variable['name']}", variable["query"], days)
        for each in document["annotations"].get("list", []):
            yield Query(code, "annotations", each["target"]["rawSql"], days)


def shown(chosen: Mapping[str, Sequence[str]], days: float) -> Shown:
    """Show so many days up to the end of the year."""
    end = grafana_year.END
    return Shown(end - timedelta(days=days), end, chosen=chosen)


def choices(conn: Connection) -> dict[str, dict[str, list[str]]]:
    """Everything that the variables of each dashboard offer; one park."""
    found: dict[str, dict[str, list[str]]] = {}
    for code, document in documents.documents(documents.PAGE, "en").items():
        chosen: dict[str, list[str]] = {}
        for variable in document["templating"]["list"]:
            if variable["type"] == "query":
                sql = expand(variable["query"], shown(chosen, 1.0))
                values = [row[1] for row in conn.execute(sql.encode())]
                # The park of which most is known.
                one = ["north"] if variable["name"] == "park" else values[:1]
                chosen[variable["name"]] = values if variable["multi"] else one
        found[code] = chosen
    return found


def measure(
    conn: Connection, query: Query, chosen: Mapping[str, Sequence[str]], days: float
) -> Timing:
    """Ask once to warm up, then five times."""
    sql = expand(query.sql, shown(chosen, days)).encode()
    rows = len(conn.execute(sql).fetchall())
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        conn.execute(sql).fetchall()
        taken.append((time.perf_counter() - started) * 1000.0)
    return Timing(query, days, rows, statistics.median(taken), max(taken))


def show(timings: Sequence[Timing], sizes: Mapping[str, int]) -> str:
    """Write the table of results, slowest first."""
    slow = [each for each in timings if each.median_ms >= GOAL_MS]
    medians = sorted(each.median_ms for each in timings)
    lines = [
        "# Queries of the dashboards over a year",
        "",
        (
            f"`make bench-grafana`, {platform.machine()}, {len(timings)} timings, goal"
            f" {GOAL_MS:.0f} ms: {len(timings) - len(slow)} below it; median of all"
            f" {statistics.median(medians):.1f} ms, slowest {medians[-1]:.0f} ms."
        ),
        "",
        "Rows: " + ", ".join(f"{table} {count:,}" for table, count in sizes.items()),
        "",
        "| dashboard | query | days | rows | median [ms] | worst [ms] |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    ordered = sorted(timings, key=lambda each: -each.median_ms)
    lines += [
        f"| {each.query.board} | {each.query.panel} | {each.days:g} | {each.rows}"
        f" | {each.median_ms:.1f} | {each.worst_ms:.1f} |"
        for each in ordered
    ]
    return "\n".join(lines) + "\n"


def run(environment: dict[str, str]) -> str:
    """Fill a database and measure."""
    url = environment["PARKPULSE_DATABASE_URL"]
    migrate.apply(url)
    with pool.connect(url) as own:
        grafana_year.fill(own)
        sizes = grafana_year.sizes(own)
    home = environment["PARKPULSE_HOME"]
    private = {**environment}
    del private["PARKPULSE_DATABASE_URL"], private["PARKPULSE_MQTT_URL"]
    subprocess.run([COMMAND, "grafana", "role"], env=private, check=True)
    password = (Path(home) / "grafana.password").read_text().strip()
    parts = urlsplit(url)
    address = f"{parts.hostname}:{parts.port}{parts.path}"
    with psycopg.connect(
        f"postgresql://{reader.ROLE}:{password}@{address}", autocommit=True
    ) as conn:
        chosen = choices(conn)
        timings = [
            measure(conn, query, chosen[query.board], days)
            for query in queries()
            for days in sorted({query.days, 365.0})
        ]
    return show(timings, sizes)


def main() -> None:
    """Print the table, or write it into a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
    with private_servers() as environment:
        text = run(environment)
    if wanted.out is None:
        print(text)
    else:
        wanted.out.write_text(text)


if __name__ == "__main__":
    main()
