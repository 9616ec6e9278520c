"""Simulated devices in other formats, from the command to the stored readings."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.fix_chain import Chain

SCENARIO = """
name = { zh = "短", en = "short" }
about = { zh = "短", en = "short" }
start = 2026-06-01T08:00:00+08:00
duration_h = 2

[devices]
water_level = 3
rain_gauge = 1
[interval_s]
water_level = 60
rain_gauge = 300
[way]
late = 0

[[events]]
kind = "firmware_restart"
target = "level-2"
start_h = 1.2
"""
_WITHIN_S = 60


def test_edge_nodes_and_stations_are_read_as_they_speak(
    chain: Chain, tmp_path: Path
) -> None:
    for name in ("sparkplug", "sl651-ascii"):
        file = tmp_path / f"{name}.toml"
        file.write_text(SCENARIO)
        words = ("simulate", "--scenario", str(file), "--speed", "max")
        sent = json.loads(chain.run(*words, "--format", name, "--json"))
        wait_until(functools.partial(counted, chain, name), _WITHIN_S)
        totals = chain.get("/ledger", park=name)["totals"]
        assert totals["quarantined"] == 0, chain.get("/quarantine", park=name)
        assert totals["received"] >= sent["published"]
        (park,) = [
            each for each in chain.get("/parks")["items"] if each["code"] == name
        ]
        assert park["devices"]["total"] == 4
        assert park["devices"]["discovered"] == 0


def counted(chain: Chain, park: str) -> bool:
    """Whether all that was sent has been stored: 3 x 120 + 24 messages at least."""
    return int(chain.get("/ledger", park=park)["totals"]["stored"]) >= 3 * 120 + 24 - 4
