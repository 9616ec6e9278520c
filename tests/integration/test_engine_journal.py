"""Snapshots of what has changed, on a real TimescaleDB."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parkpulse.engine.journal import Journal
from parkpulse.store import snapshots
from tests.plugins.alerting import Bench, rule

if TYPE_CHECKING:
    from parkpulse.store.pool import Database

GAUGES = 12


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database, gauges=GAUGES)


def test_changes_on_top_of_a_snapshot_are_the_whole(bench: Bench) -> None:
    bench.apply(rule())
    watch, slot = bench.watch(), bench.park_id % 64
    journal, kept = Journal("test"), []
    for step in range(20):
        row = np.array([step % GAUGES])
        state = watch.state(row)
        state["last_ts"] = step
        watch.keep(row, state)
        with bench.database.transaction() as conn:
            journal.save(conn, slot, watch.news(slot), partial(watch.snapshot, slot))
            kept.append(len(snapshots.changes(conn, "test", [slot])))
            restored = bench.watch()
            for each in Journal("test").load(conn, [slot]):
                restored.restore(each)
        assert restored.rows.tobytes() == watch.rows.tobytes()
    assert kept[0] == 0  # a whole first
    assert max(kept) > 1
    assert 0 in kept[1:]  # and again when the changes have become as much
    bench.database.close()


def test_after_a_new_beginning_the_whole_is_kept(bench: Bench) -> None:
    slot = bench.park_id % 64
    journal = Journal("test")
    with bench.database.transaction() as conn:
        journal.save(conn, slot, b"", lambda: b"a state")
        journal.save(conn, slot, b"news", lambda: b"never asked for")
        assert journal.load(conn, [slot]) == [b"a state", b"news"]
        journal.begin_anew()
        journal.save(conn, slot, b"", lambda: b"another")
        assert journal.load(conn, [slot]) == [b"another"]
        assert journal.load(conn, [slot + 1]) == []
    bench.database.close()
