"""A year of minutes to hourly PUE, REF and coverage: ours, Polars, pandas, the floor.

Run `make bench-analytics` or `python -m benchmarks.bench_energy --data-centres 20`.
Every tool has a process of its own, so that its peak memory can be told, and measures
itself and the floor (one `np.add.reduce` over the same values) by turns. Results that
differ are an error.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import energy_data, energy_tools

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.energy_data import Result, Site

TOOLS = ("ours", "ours, 2 threads", "Polars lazy", "pandas")
RESULTS = Path(__file__).parent / "results" / "energy.md"
BEGIN, END = "<!-- bench-analytics -->", "<!-- end -->"
_MB = 1e6


def _prepared(tool: str, sites: list[Site]) -> Callable[[], Result]:
    if tool == "ours":
        return lambda: energy_tools.ours(sites)
    if tool == "ours, 2 threads":
        return lambda: energy_tools.ours_threads(sites)
    if tool == "Polars lazy":
        polars = energy_tools.polars_frame(sites)
        return lambda: energy_tools.in_polars(polars)
    pandas = energy_tools.pandas_frame(sites)
    return lambda: energy_tools.in_pandas(pandas)


def _measure(tool: str, count: int, repeats: int) -> dict[str, Any]:
    sites = [energy_data.site(seed) for seed in range(count)]
    size = sum(site.size for site in sites)
    floors = [_timed(lambda: energy_data.floor(sites)) for _ in range(repeats)]
    work = _prepared(tool, sites)
    if "ours" not in tool:
        # The tool has its own copy; the arrays must not count as its memory.
        sites.clear()
    times = []
    for _ in range(repeats):
        times.append(_timed(work))
        if sites:
            floors.append(_timed(lambda: energy_data.floor(sites)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "tool": tool,
        "data_mb": round(size / _MB),
        "floor": _medians(floors),
        "times": _medians(times),
        "peak_mb": round(peak / _MB),
        "peak_ratio": peak / size,
        "result": work(),
    }


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time. [s]."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _medians(times: list[tuple[float, float]]) -> list[float]:
    return [float(each) for each in np.median(np.array(times), axis=0)]


def _in_process(tool: str, count: int, repeats: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.bench_energy", "--tool", tool]
    command += ["--data-centres", str(count), "--repeats", str(repeats)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _check(measured: list[dict[str, Any]]) -> None:
    first = measured[0]["result"]
    for each in measured[1:]:
        if not np.allclose(each["result"], first, rtol=1e-9, atol=0.0):
            message = f"{each['tool']}: {each['result']} is not {first}"
            raise SystemExit(message)


def _table(measured: list[dict[str, Any]], count: int) -> str:
    data = measured[0]["data_mb"]
    pue, ref, coverage = measured[0]["result"]
    summary = (
        f"{count} data centres, {data} MB of values. All find PUE {pue:.6f}, REF"
        f" {ref:.6f}, coverage {coverage:.6f} (means over the hours)."
    )
    head = "| tool | wall s | CPU s | floor s | CPU / floor | peak RSS MB | / data |"
    lines = [summary, "", head, "| --- | --- | --- | --- | --- | --- | --- |"]
    for each in measured:
        (wall, cpu), (_, floor) = each["times"], each["floor"]
        lines.append(
            f"| {each['tool']} | {wall:.3f} | {cpu:.3f} | {floor:.3f}"
            f" | {cpu / floor:.1f} | {each['peak_mb']} | {each['peak_ratio']:.2f} |"
        )
    return "\n".join(lines)


def _write(table: str) -> None:
    text = RESULTS.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    RESULTS.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-centres", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tool", choices=TOOLS, help="only this one, as JSON")
    parser.add_argument("--write", action="store_true", help="into results/energy.md")
    asked = parser.parse_args()
    if asked.tool:
        print(json.dumps(_measure(asked.tool, asked.data_centres, asked.repeats)))
        return
    measured = [_in_process(tool, asked.data_centres, asked.repeats) for tool in TOOLS]
    _check(measured)
    table = _table(measured, asked.data_centres)
    print(table)
    if asked.write:
        _write(table)


if __name__ == "__main__":
    main()
