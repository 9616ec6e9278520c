"""Gaps between the numbers of messages."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import sequences


def _gaps(*messages: tuple[int, int]) -> list[tuple[int, int, int]]:
    device = np.array([each for each, _ in messages], np.int64)
    seq = np.array([each for _, each in messages], np.int64)
    return list(
        zip(*(each.tolist() for each in sequences.gaps(device, seq)), strict=True)
    )


def test_no_messages() -> None:
    assert _gaps() == []


def test_missing_numbers_are_named() -> None:
    assert _gaps((1, 5), (2, 1), (1, 6), (1, 9), (2, 2), (1, 11)) == [
        (1, 7, 8),
        (1, 10, 10),
    ]


def test_disorder_and_repetition_are_no_gaps() -> None:
    assert _gaps((1, 3), (1, 1), (1, 2), (1, 2), (1, 4)) == []


def test_a_restart_begins_anew() -> None:
    assert _gaps((1, 5000), (1, 5001), (1, 0), (1, 1), (1, 3)) == [(1, 2, 2)]


def test_an_old_message_among_new_ones_is_no_restart() -> None:
    found = _gaps((1, 5000), (1, 5001), (1, 3), (1, 5002), (1, 5003))
    assert found == [(1, 4, 4999)]


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
@settings(max_examples=100)
def test_exactly_what_is_missing(numbers: list[int], random: object) -> None:
    random.shuffle(numbers)  # type: ignore[attr-defined]
    missing = set(range(min(numbers), max(numbers))) - set(numbers)
    found = _gaps(*((7, number) for number in numbers))
    named = [n for _, first, last in found for n in range(first, last + 1)]
    assert named == sorted(missing)
