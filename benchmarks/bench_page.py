"""The page's budgets, measured in the Chromium that its tests use.

Real service (broker, database, ingest, API) with a park of 5,000 series that report
every second, a year of minutes of one of them, and an alert. Each load is that of a
browser without any past.

    python -m benchmarks.bench_page --out benchmarks/results/page.md
    python -m benchmarks.bench_page --only interactive --only alert

Beside the time that passes stands the processor time of all of the browser's processes,
which tells what the page needs on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from playwright.sync_api import sync_playwright

from benchmarks import page_park, processes
from benchmarks.bench_ingest import COMMAND, private_servers, running
from parkpulse import settings
from parkpulse.services import ports
from parkpulse.store import pool
from tests.plugins import fix_chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser, Page

LOADS = 5
JOBS = ("script", "interactive", "alert", "year", "overview", "list")
LIVE_S = 20.0
_WITHIN_S = 60.0
_FIRST_VALUE = "[data-series]"
_READABLE = "article h1, article .big, article .handle button"
# The chart's foot names the number of points once the chart is drawn.
_CLICK_AND_DRAW = """
    name => new Promise(done => {
        const foot = () => document.querySelector('.foot')?.textContent ?? '';
        const before = foot();
        const button = [...document.querySelectorAll('.chips button')]
            .find(each => each.textContent.trim() === name);
        const begin = performance.now();
        button.click();
        const look = () => foot() !== before && foot() !== ''
            && document.querySelector('canvas') !== null
            ? requestAnimationFrame(() => setTimeout(
                () => done([performance.now() - begin, foot()])))
            : requestAnimationFrame(look);
        look();
    })
"""
_SCRIPTS = """
    () => performance.getEntriesByType('resource')
        .filter(each => /\\.(js|css)$/.test(new URL(each.name).pathname))
        .map(each => [/\\.js$/.test(each.name), each.encodedBodySize])
"""


class Row(NamedTuple):
    """A budget and what was measured."""

    what: str
    measured: str
    budget: str
    kept: bool


def _visited(
    browser: Browser, url: str, *, width: int = 1440, slower: float = 1.0
) -> tuple[Page, Any]:
    context = browser.new_context(
        locale="en-GB",
        viewport={"width": width, "height": 900},
        is_mobile=width < 600,
        has_touch=width < 600,
    )
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable")
    if slower > 1:
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(url, wait_until="commit")
    return page, devtools


def _since_navigation_ms(page: Page) -> float:
    """Time since the address was opened, by the page's own clock. [ms]."""
    return float(page.evaluate("performance.now()"))


def script(browser: Browser, url: str) -> Row:
    """Compressed script of the first load."""
    page, _ = _visited(browser, f"{url}/#/{page_park.PARK}")
    page.locator(_FIRST_VALUE).first.wait_for()
    sizes = page.evaluate(_SCRIPTS)
    page.context.close()
    scripts = sum(size for is_script, size in sizes if is_script) / 1000
    styles = sum(size for is_script, size in sizes if not is_script) / 1000
    return Row(
        "script of the first load, compressed",
        f"{scripts:.0f} kB (and {styles:.0f} kB of style)",
        "< 200 kB",
        scripts < 200,
    )


class Load(NamedTuple):
    """What one load took: time, and the browser's processor time. [ms]."""

    passed: float
    worked: float


def _browser_ms(pid: int) -> float:
    """Processor time of a browser and all processes below it. [ms]."""
    every = processes.running()
    below = {pid}
    for each in sorted(every):
        if every[each].parent in below:
            below.add(each)
    return 1000 * sum(every[each].cpu_s for each in below if each in every)


def _loads(pid: int, once: Callable[[], Page]) -> list[Load]:
    """Load a page several times, each without any past."""
    taken = []
    for _ in range(LOADS):
        before = _browser_ms(pid)
        page = once()
        passed = _since_navigation_ms(page)
        taken.append(Load(passed, _browser_ms(pid) - before))
        page.context.close()
    return taken


def _row(what: str, taken: list[Load], budget: str, most_ms: float) -> Row:
    median = statistics.median(each.passed for each in taken)
    worst = max(each.passed for each in taken)
    worked = statistics.median(each.worked for each in taken)
    text = (
        f"{median:.0f} ms (worst of {LOADS}: {worst:.0f} ms;"
        f" the browser worked {worked:.0f} ms)"
    )
    return Row(what, text, budget, median < most_ms)


def interactive(browser: Browser, url: str, pid: int) -> Row:
    """From the address to live values that answer to the keyboard."""

    def once() -> Page:
        page, _ = _visited(browser, f"{url}/#/{page_park.PARK}")
        page.locator(_FIRST_VALUE).first.wait_for()
        page.locator("[data-connection=live]").wait_for()
        page.keyboard.press("?")
        page.locator("dialog[open]").wait_for()
        return page

    what = f"interactive: values live and a key answered, {page_park.SERIES:,} series"
    return _row(what, _loads(pid, once), "< 1 s", 1000)


def _renderer(pid: int) -> dict[str, int]:
    """Ids of the browser's processes: that of the page has used most time."""
    used = {
        each: process.cpu_s
        for each, process in processes.running().items()
        if b"--type=renderer" in process.command and _is_below(each, pid)
    }
    return {"page": max(used, key=lambda each: used[each])}


def _is_below(pid: int, ancestor: int) -> bool:
    every = processes.running()
    while pid in every and pid != ancestor:
        pid = every[pid].parent
    return pid == ancestor


def live(browser: Browser, url: str, fragment: str, name: str, pid: int) -> Row:
    """Share of a core that a page takes while all series change every second."""
    page, devtools = _visited(browser, f"{url}/#/{page_park.PARK}{fragment}")
    page.locator("[data-connection=live]").wait_for()
    time.sleep(8.0)
    which = _renderer(pid)

    def tasks_s() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return float(next(x["value"] for x in metrics if x["name"] == "TaskDuration"))

    before, tasks, begin = processes.cpu_s(which)["page"], tasks_s(), time.monotonic()
    time.sleep(LIVE_S)
    elapsed = time.monotonic() - begin
    share = (processes.cpu_s(which)["page"] - before) / elapsed
    own = (tasks_s() - tasks) / elapsed
    page.context.close()
    return Row(
        f"{page_park.SERIES:,} series at 1 Hz, {name}: share of a core",
        f"{share:.1%} (main thread {own:.1%})",
        "< 30 %",
        share < 0.3,
    )


def year(browser: Browser, url: str, series: int) -> Row:
    """From the click on the longest range to its chart."""
    taken: list[float] = []
    text = ""
    for _ in range(LOADS):
        page, _ = _visited(
            browser, f"{url}/#/{page_park.PARK}/series/{series}?range=1h"
        )
        page.locator("canvas").wait_for()
        page.wait_for_timeout(500)
        took, text = page.evaluate(_CLICK_AND_DRAW, "13 months")
        taken.append(took)
        page.context.close()
    median, worst = statistics.median(taken), max(taken)
    return Row(
        f"chart of a year of minutes after the click ({text.strip()})",
        f"{median:.0f} ms (worst of {LOADS}: {worst:.0f} ms)",
        "< 300 ms",
        median < 300,
    )


def alert(browser: Browser, url: str, identity: str, pid: int) -> Row:
    """From the link in a message to the alert, on a phone four times slower."""

    def once() -> Page:
        page, _ = _visited(
            browser,
            f"{url}/#/{page_park.PARK}/alerts/{identity}",
            width=390,
            slower=4,
        )
        page.locator("article .big").wait_for()
        page.get_by_role("button", name="Acknowledge").first.wait_for()
        return page

    what = f"alert on a phone (390 px, CPU 4 x slower, {page_park.SERIES:,} series)"
    return _row(what, _loads(pid, once), "< 2 s", 2000)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health").is_success
    except httpx.TransportError:
        return False


@contextlib.contextmanager
def _service() -> Iterator[tuple[str, str, int]]:
    """Address of the page, id of the alert, id of the series with a year."""
    with private_servers() as environment:
        port = str(ports.free())
        url = f"http://127.0.0.1:{port}"
        environment |= {"PARKPULSE_PORT": port, "PARKPULSE_RAW_RETENTION_DAYS": "400"}
        identity = page_park.prepare(environment["PARKPULSE_DATABASE_URL"])
        with pool.connect(environment["PARKPULSE_DATABASE_URL"]) as conn:
            series = page_park.series_of_the_year(conn)
        feed = [sys.executable, "-m", "benchmarks.page_park"]
        commands = (
            [COMMAND, "ingest", "--worker", "1"],
            [COMMAND, "api"],
            [*feed, environment["PARKPULSE_MQTT_URL"]],
        )
        with running(environment, *commands):
            until = time.monotonic() + _WITHIN_S
            while not _answers(url) and time.monotonic() < until:
                time.sleep(0.2)
            time.sleep(5.0)
            yield url, identity, series


def measure(url: str, identity: str, series: int, only: Sequence[str]) -> list[Row]:
    """Measure everything, or what is named, in one browser."""
    cache = settings.load().cache
    with (
        fix_chromium.found(cache) as chromium,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium.executable,
            env=dict(chromium.environment),
            args=list(chromium.arguments),
        )
        pid = processes.find(b"chrom", b"--headless", b"--remote-debugging")
        _visited(browser, f"{url}/#/{page_park.PARK}")[0].context.close()
        jobs: dict[str, Callable[[], Row]] = {
            "script": lambda: script(browser, url),
            "interactive": lambda: interactive(browser, url, pid),
            "alert": lambda: alert(browser, url, identity, pid),
            "year": lambda: year(browser, url, series),
            "overview": lambda: live(browser, url, "", "overview", pid),
            "list": lambda: live(browser, url, "/series", "list of all series", pid),
        }
        rows: list[Row] = []
        for name in only or jobs:
            rows.append(jobs[name]())
            print(f"{rows[-1].what}: {rows[-1].measured}", flush=True)
        browser.close()
    return rows


def _word(kept: bool) -> str:  # noqa: FBT001 - what a row says
    return "yes" if kept else "no"


def show(rows: list[Row]) -> str:
    """Write the table of results."""
    lines = [
        "# The page's budgets",
        "",
        (
            f"`make bench-page`, {platform.machine()}, Chromium headless without GPU;"
            " browser, API, ingest, broker, database and the sender of"
            f" {page_park.SERIES:,} readings a second share the machine; load average"
            f" of the last minute at the end {os.getloadavg()[0]:.1f}."
        ),
        "",
        "| what | measured | budget | kept |",
        "| --- | --- | --- | --- |",
        *(
            f"| {row.what} | {row.measured} | {row.budget} | {_word(row.kept)} |"
            for row in rows
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, or write it into a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", action="append", choices=JOBS, default=[])
    wanted = parser.parse_args()
    with _service() as (url, identity, series):
        text = show(measure(url, identity, series, wanted.only))
    print(text)
    if wanted.out is not None:
        wanted.out.write_text(text)


if __name__ == "__main__":
    main()
