"""Numbers written in bulk are those that Python writes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from simulators.scenario import text

WHOLE = npst.arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 2**53))
NUMBERS = npst.arrays(
    np.float64,
    st.integers(1, 30),
    elements=st.floats(-1e9, 1e9, allow_nan=False, width=32),
)


@given(values=WHOLE)
@settings(max_examples=60)
def test_whole_numbers(values: np.ndarray) -> None:
    written = text.lines([text.integers(values)], len(values))
    assert written == [b"%d" % value for value in values.tolist()]


@given(values=NUMBERS, digits=st.integers(-2, 4))
@settings(max_examples=100)
def test_decimals(values: np.ndarray, digits: int) -> None:
    rounded = np.round(values, digits)
    written = text.lines(text.decimals(rounded, digits), len(values))
    for line, value in zip(written, rounded.tolist(), strict=True):
        assert float(line) == value or abs(float(line) - value) <= abs(value) * 1e-15
        assert line.partition(b".")[2] == b"" or len(line.partition(b".")[2]) == digits
        assert not line.startswith((b"-0.0000", b"00"))


@given(values=WHOLE, texts=st.text(st.characters(max_codepoint=126, min_codepoint=32)))
@settings(max_examples=30)
def test_lines_hold_what_was_put_side_by_side(values: np.ndarray, texts: str) -> None:
    columns = [text.constant(texts), text.integers(values), text.constant("}")]
    written = text.lines(columns, len(values))
    assert written == [f"{texts}{value}}}".encode() for value in values.tolist()]
