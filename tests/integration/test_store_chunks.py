"""Chunks that fit into the database's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from parkpulse.model import instants
from parkpulse.store import chunks, readings
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection
    from tests.plugins.fix_engine import Lab

DAY_S = 86_400.0
GIB = 1 << 30


@pytest.mark.parametrize(
    ("rows_per_s", "memory", "kept_days", "expected"),
    [
        (0.0, GIB, 90, 604_800),  # nothing registered
        (20.0, GIB, 90, 604_800),
        (150.0, GIB, 90, 86_400),
        (4_000.0, GIB, 90, 3_600),
        (50_000.0, GIB, 90, 3_600),  # no shorter: too many chunks
        (50_000.0, 16 * GIB, 2, 3_600),
        (50_000.0, GIB, 2, 600),
        (1e9, GIB, 2, 600),
    ],
)
def test_a_chunk_s_index_fits_into_memory(
    rows_per_s: float, memory: int, kept_days: int, expected: int
) -> None:
    found = chunks.width_s(rows_per_s, memory, kept_days * DAY_S)
    assert found == expected


def test_chunks_follow_what_is_registered(lab: Lab) -> None:
    with lab.database.transaction() as conn:
        conn.execute(
            "insert into park (code, name_zh, name_en, accept_from)"
            " values ('big', 'n', 'n', now())"
        )
        conn.execute(
            "insert into device (park_id, code, name_zh, name_en)"
            " select id, 'd', 'n', 'n' from park"
        )
        chunks.fit(conn, 90 * DAY_S, 400 * DAY_S)
        assert _widths(conn) == {"reading": 604_800, "rollup_1m": 604_800}
        conn.execute(
            "insert into series (device_id, metric, kind, report_interval_s)"
            " select device.id, 'm' || n, 'gauge', 5"
            " from device, generate_series(1, 20000) as n"
        )
        chunks.fit(conn, 2 * DAY_S, 400 * DAY_S)
        widths = _widths(conn)
        assert widths["reading"] < widths["rollup_1m"] < 604_800
        ts = instants.to_us(NOW) + np.arange(2, dtype=np.int64) * 86_400_000_000
        readings.insert(conn, np.ones(2, np.int32), ts, np.ones(2))
        made = conn.execute("select show_chunks('reading')").fetchall()
        assert len(made) == 2


def _widths(conn: Connection) -> dict[str, int]:
    rows = conn.execute(
        "select hypertable_name, extract(epoch from time_interval)::int"
        " from timescaledb_information.dimensions"
        " where hypertable_name in ('reading', 'rollup_1m')"
    )
    return dict(rows.fetchall())
