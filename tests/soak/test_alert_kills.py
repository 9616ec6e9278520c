"""`kill -9` of engine and notify at any moment while 1,000 alerts rise and clear."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.plugins.alerting import Bench, rule
from tests.plugins.killing import Storm

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.store.pool import Database
    from tests.plugins.fix_webhook import Webhook

GAUGES = 1000


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_alerts_through_kills(
    database: Database,
    webhook: Webhook,
    tmp_path: Path,
) -> None:
    bench = Bench(database, gauges=GAUGES)
    bench.apply(rule())
    storm = Storm(bench, 5, webhook, tmp_path, pause_s=(0.0, 3.0))
    kills = storm.run()
    counts = storm.check()
    sys.stdout.write(f"{json.dumps({**kills, **counts, 'seed': storm.seed})}\n")
    assert min(kills.values()) >= 10
