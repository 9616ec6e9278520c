"""The collector waits while anybody loads."""

from __future__ import annotations

import gc

import pytest

from parkpulse.engine.loading import uncollected
from parkpulse.errors import StoreError


def test_the_collector_waits_for_the_last_load() -> None:
    with uncollected():
        with pytest.raises(StoreError), uncollected():
            raise StoreError
        assert not gc.isenabled()
    assert gc.isenabled()
