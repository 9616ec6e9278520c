"""A scenario through the whole chain, judged against its own truth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.fix_chain import Chain

# A storm floods an underpass and a canal, gas leaks where the fan has failed, a sensor
# is stuck, two gateways forward late; four hours in some seconds.
SCENARIO = """
name = { zh = "验收", en = "Acceptance" }
about = { zh = "短", en = "short" }
start = 2026-08-12T17:00:00+08:00
duration_h = 4

[devices]
rain_gauge = 3
water_level = 6
waterlogging = 3
tunnel_controller = 8

[interval_s]
rain_gauge = 120
water_level = 60
waterlogging = 60
energy_meter = 300

[data_centre]

[weather]
natural_storms = false

[[storms]]
start_h = 0.5
duration_h = 1.0
return_period_years = 5

[[events]]
kind = "fan_failure"
target = "tunnel-5"
start_h = 0.2
end_h = 2.0

[[events]]
kind = "gas"
target = "tunnel-5"
start_h = 0.5
end_h = 1.5

[[events]]
kind = "leak"
target = "tunnel-7"
start_h = 0.5
end_h = 1.0
size = 20.0

[[events]]
kind = "gateway_outage"
target = "tunnel-[58]"
start_h = 0.4
end_h = 0.9

[[events]]
kind = "offset"
target = "tunnel-2"
metric = "oxygen"
start_h = 2.5
end_h = 3.0
size = -3.0

[[events]]
kind = "clock_reset"
target = "rain-2"
start_h = 1.0
end_h = 1.5

[[events]]
kind = "register_reset"
target = "racks-b"
start_h = 2.5

[[events]]
kind = "chiller_failure"
target = "cooling"
start_h = 2.0
end_h = 3.0
"""


def scored(chain: Chain, truth: Path) -> dict[str, Any]:
    words = ("simulate", "score", "--truth", str(truth), "--url", chain.url, "--json")
    found: dict[str, Any] = json.loads(chain.run(*words))
    return found


def test_what_is_reported_is_what_happened(chain: Chain, tmp_path: Path) -> None:
    file, truth = tmp_path / "short.toml", tmp_path / "truth.json"
    file.write_text(SCENARIO)
    words = ("--scenario", str(file), "--speed", "3600", "--truth", str(truth))
    sent = json.loads(chain.run("simulate", *words, "--json"))
    assert sent["acknowledged"] == sent["published"]

    def is_received() -> bool:
        ledger = chain.get("/ledger", park="short")
        return bool(ledger["totals"]["received"] == sent["published"])

    def is_computed() -> bool:
        figures = scored(chain, truth)
        return not figures["alerts"]["missed"] and [
            each["reported"] >= 3 for each in figures["kpis"]
        ] == 4 * [True]

    wait_until(is_received, 60)
    # Figures are computed once a minute, and at once when an engine starts.
    assert chain.stop("engine") == 0
    chain.start("engine")
    wait_until(is_computed, 60)
    figures = scored(chain, truth)
    assert figures["ledger"]["balanced"]
    assert figures["ledger"]["quarantined"] > 0
    alerts = figures["alerts"]
    assert alerts["expected"] >= 8
    assert alerts["recall"] == 1
    assert alerts["spurious"] == []
    assert alerts["delay"]["largest_s"] <= 180
    for kind in ("gas", "leak", "offset"):
        assert figures["faults"][kind]["recall"] == 1, kind
    for kpi in figures["kpis"]:
        full = kpi["error_by_coverage"][0]
        assert full["hours"] >= 2
        # Registers are read to a tenth of a kWh; a reset one loses its quarter-hour.
        assert full["largest_error"] < 2e-4, kpi
