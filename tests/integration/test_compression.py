"""Compression on the Apache edition: not tried by itself, refused when tried."""

from __future__ import annotations

import pytest

from parkpulse.errors import StoreError
from parkpulse.store import compression, pool, status


def test_the_apache_edition_is_left_as_it_is(database_url: str) -> None:
    with pool.connect(database_url) as conn:
        assert status.server(conn).license == "apache"
        assert compression.switch_on(conn) == ()
        assert status.compressed(conn) == []


@pytest.mark.parametrize("policy", compression.POLICIES)
def test_what_would_be_done_is_refused_for_the_licence_alone(
    database_url: str, policy: compression.Policy
) -> None:
    with (
        pytest.raises(StoreError) as refused,
        pool.translated(),
        pool.connect(database_url) as conn,
    ):
        compression.enable(conn, policy)
    assert "functionality not supported" in str(refused.value.__cause__)


def test_late_readings_may_unpack_any_number_of_rows(database_url: str) -> None:
    setting = "timescaledb.max_tuples_decompressed_per_dml_transaction"
    with pool.connect(database_url) as conn:
        compression.allow_late(conn)
        conn.commit()
    with pool.connect(database_url) as conn:
        row = conn.execute("select current_setting(%s)", [setting]).fetchone()
        assert row == ("0",)
