"""Work that only a few may ask for at the same time."""

from __future__ import annotations

import pytest

from api.turns import Turns
from parkpulse.errors import BusyError


def test_so_many_and_no_more() -> None:
    turns = Turns(2, patience_s=0.01)
    with turns.one():
        with turns.one(), pytest.raises(BusyError):
            turns.one().__enter__()
        with turns.one():
            pass


def test_a_place_is_given_back_after_a_failure() -> None:
    turns = Turns(1, patience_s=0.01)
    for _ in range(2):
        with pytest.raises(BusyError, match="odd"):
            fail(turns)


def fail(turns: Turns) -> None:
    with turns.one():
        message = "odd"
        raise BusyError(message)
