"""Buckets that wait, against a plain set."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from parkpulse.engine.open_buckets import GRACE, Waiting, ends
from parkpulse.engine.tiers import TIERS

KEYS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3)), max_size=25)
STEPS = st.lists(st.tuples(st.booleans(), KEYS), max_size=20)


@settings(max_examples=60)
@given(STEPS)
def test_waiting_equals_a_set(steps: list[tuple[bool, list[tuple[int, int]]]]) -> None:
    tier = TIERS[0]
    waiting, expected = Waiting(), set[int]()
    for is_added, pairs in steps:
        keys = {(series << 32) + bucket for series, bucket in pairs}
        key = np.array(sorted(keys), np.int64)
        if is_added:
            waiting.add(tier, key)
            expected |= keys
        else:
            waiting.remove(tier, key)
            expected -= keys
        now = tier.width + GRACE
        over = [each for each in sorted(expected) if (each & 0xFFFF) < 1]
        assert waiting.due(tier, now).tolist() == over
        assert (ends(waiting.due(tier, now), tier) + GRACE <= now).all()
    assert waiting.of(tier).tolist() == sorted(expected)
