"""Columns go to a real PostgreSQL and come back bit by bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from parkpulse.errors import StoreError
from parkpulse.store import columns

if TYPE_CHECKING:
    from tests.plugins.fix_engine import Lab

INT4 = np.array([0, 1, -1, 2**31 - 1, -(2**31)])
INT8 = np.array([0, 1, -1, 2**63 - 1, -(2**63)])
FLOAT8 = np.array([0.1, -0.0, 1e-308, -1.7e308, np.inf])
TS = np.array([0, 1, -1, 1_700_000_000_123_456, 946_684_800_000_000])
QUERY = """
    select a, b, c, '1970-01-01Z'::timestamptz + d * interval '1 us'
    from unnest(%b::integer[], %b::bigint[], %b::float8[], %b::bigint[])
        with ordinality as t (a, b, c, d, position)
    order by position
"""
TYPES = {"a": "int4", "b": "int8", "c": "float8", "d": "ts"}


@pytest.mark.parametrize("count", [5, 1, 0])
def test_columns_come_back_bit_by_bit(lab: Lab, count: int) -> None:
    sent = [each[:count] for each in (INT4, INT8, FLOAT8, TS)]
    with lab.database.transaction() as conn:
        found = columns.fetch(
            conn,
            QUERY,
            [
                columns.int4(sent[0]),
                columns.int8(sent[1]),
                columns.float8(sent[2]),
                columns.int8(sent[3]),
            ],
            TYPES,
        )
    assert list(found) == list(TYPES)
    for name, column in zip(TYPES, sent, strict=True):
        assert found[name].tobytes() == column.tobytes()
        assert found[name].dtype.kind == ("f" if name == "c" else "i")


def test_not_a_number_stays_one(lab: Lab) -> None:
    with lab.database.transaction() as conn:
        found = columns.fetch(conn, "select 'NaN'::float8", [], {"x": "float8"})
    assert np.isnan(found["x"]).tolist() == [True]


def test_a_query_that_fails_is_our_error(lab: Lab) -> None:
    with lab.database.transaction() as conn, pytest.raises(StoreError):
        columns.fetch(conn, "select 1/0", [], {"x": "int4"})
