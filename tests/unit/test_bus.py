"""Addresses of brokers."""

from __future__ import annotations

import pytest

from parkpulse import bus
from parkpulse.errors import ConfigError


def test_an_address_is_taken_apart() -> None:
    found = bus.address("mqtt://us%40er:p%3Aw@broker.example:1884")
    assert found == bus.Address("broker.example", 1884, "us@er", "p:w")


def test_port_and_user_may_be_left_out() -> None:
    assert bus.address("mqtt://localhost") == bus.Address("localhost", 1883, None, None)


@pytest.mark.parametrize(
    "url", ["", "localhost:1883", "http://localhost", "mqtt://", "mqtt://h:port"]
)
def test_a_wrong_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError, match="must look like mqtt://user:password"):
        bus.address(url)
