"""`kill -9` of engine and notify while alerts rise, worsen and clear; short form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugins.alerting import Bench, rule
from tests.plugins.killing import Storm

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.store.pool import Database
    from tests.plugins.fix_webhook import Webhook

GAUGES = 40


@pytest.fixture
def bench(database: Database) -> Bench:
    bench = Bench(database, gauges=GAUGES)
    bench.apply(rule())
    return bench


def test_nothing_is_lost_doubled_or_out_of_order(
    bench: Bench, webhook: Webhook, tmp_path: Path
) -> None:
    storm = Storm(bench, 10, webhook, tmp_path, pause_s=(0.0, 0.6))
    kills = storm.run()
    storm.check()
    assert sum(kills.values()) >= 1
