"""Which hypertables are compressed under which licence, and what is said of it."""

from __future__ import annotations

import pytest

from parkpulse.services import status as words
from parkpulse.services.status import Report
from parkpulse.store import compression
from parkpulse.store.compression import Saved
from parkpulse.store.status import TIERS, Server


def _report(licence: str, *compressed: str, saved: tuple[Saved, ...] = ()) -> Report:
    server = Server("17", "2.19", licence, 0, "on", "on", "on", 100, 1, None)
    return Report(1, [], server, compressed=compressed, saved=saved)


def test_only_the_community_licence_compresses() -> None:
    assert compression.wanted("apache") == ()
    assert compression.wanted("") == ()
    policies = compression.wanted("timescale")
    assert [each.table for each in policies] == list(TIERS[:-1])
    days = [each.after_days for each in policies]
    # Coarser tiers later, and readings long before they are dropped (90 days).
    assert days == sorted(days)
    assert 2 < days[0] < 90


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (_report("apache"), "not available: this build of TimescaleDB is the Apache"),
        (_report("timescale"), "run 'parkpulse db migrate'"),
        (_report("timescale", "reading"), "active for reading"),
        (
            _report(
                "timescale", "reading", saved=(Saved("reading", 3, 9_000_000, 600_000),)
            ),
            "active for reading; reading: 3 chunks of 9 MB became 600 kB",
        ),
    ],
)
def test_what_db_status_says(report: Report, said: str) -> None:
    assert said in words.compression(report)
