"""The collector waits while anybody loads."""

from __future__ import annotations

import gc

import pytest

from parkpulse.errors import StoreError
from parkpulse.loading import uncollected


def test_the_collector_waits_for_the_last_load() -> None:
    with uncollected():
        with pytest.raises(StoreError), uncollected():
            raise StoreError
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_is_loaded_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    with uncollected():
        loaded = [[each] for each in range(10_000)]
    assert gc.get_freeze_count() >= before + len(loaded)
    with uncollected():
        assert gc.get_freeze_count() == 0
    gc.unfreeze()
