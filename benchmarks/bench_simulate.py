"""Messages that simulated devices make in a second on one core, by format.

Nothing is sent: what is measured is the model, the sensors, the way and the writing.

    python -m benchmarks.bench_simulate --devices 100000 --seconds 5
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

from simulators.scenario import document, encoders
from simulators.scenario.park import Park

# Every kind of device, without the meters of a data centre.
SCENARIO = """
name = { zh = "测速", en = "Speed" }
about = { zh = "", en = "" }
start = 2026-07-20T00:00:00+08:00
duration_h = 240

[devices]
rain_gauge = 20
water_level = 40
flow_meter = 10
waterlogging = 10
soil_moisture = 15
tunnel_controller = 5
"""


def measure(format_name: str, devices: int, seconds: float) -> dict[str, float]:
    """Return messages and bytes a second of CPU time."""
    scenario = document.read(SCENARIO, "speed")
    park = Park(scenario, "speed", 7, devices, format_name)
    blocks = park.blocks()
    next(blocks)  # the days of the model are made
    begin, count, size = time.process_time(), 0, 0
    while (used := time.process_time() - begin) < seconds:
        block = next(blocks)
        count += len(block.payloads)
        size += sum(map(len, block.payloads))
    return {"messages_per_s": count / used, "bytes_per_message": size / count}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--formats", nargs="*", default=encoders.NAMES)
    options = parser.parse_args()
    for name in options.formats:
        runs = [
            measure(name, options.devices, options.seconds) for _ in range(options.runs)
        ]
        rates = sorted(round(each["messages_per_s"]) for each in runs)
        figures = {
            "format": name,
            "devices": options.devices,
            "messages_per_s": {"median": statistics.median(rates), "runs": rates},
            "bytes_per_message": round(runs[0]["bytes_per_message"]),
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
