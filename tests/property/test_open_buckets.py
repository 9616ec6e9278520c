"""Buckets that wait, against a plain set."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from parkpulse.engine import tiers
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


@settings(max_examples=40)
@given(st.lists(KEYS, min_size=len(TIERS), max_size=len(TIERS)))
def test_what_waits_survives_slot_by_slot(
    tiered: list[list[tuple[int, int]]],
) -> None:
    ids = np.arange(1, 36)
    nothing = np.zeros(len(ids), np.int64)
    known = tiers.Catalogue(ids, nothing, nothing, nothing > 0, ids % 4 * 16, nothing)
    waiting = Waiting()
    for tier, pairs in zip(TIERS, tiered, strict=True):
        keys = {(series << 32) + bucket for series, bucket in pairs}
        waiting.add(tier, np.array(sorted(keys), np.int64))
    slots = [16, 48, 63]
    for slot, packed in zip(slots, waiting.packed(known, slots), strict=True):
        found = Waiting()
        found.restore(packed)
        for tier in TIERS:
            of = waiting.of(tier)
            # Of series that are not registered nothing is kept.
            mine = ((of >> 32) % 4 * 16 == slot) & (of >> 32 < 36)
            assert found.of(tier).tolist() == of[mine].tolist()


def test_what_an_earlier_version_kept_is_taken_up() -> None:
    keys = [np.array([1, 2]), np.array([], np.int64), np.array([3])]
    waiting = Waiting()
    waiting.restore(np.concatenate([[2, 0, 1], *keys]).astype(np.int64).tobytes())
    assert [waiting.of(tier).tolist() for tier in TIERS] == [[1, 2], [], [3]]
