"""The formats that simulated devices speak, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.errors import ConfigError
from simulators.scenario.packets import Native

if TYPE_CHECKING:
    from simulators.scenario.packets import Encoder

ENCODERS: dict[str, type[Encoder]] = {"native": Native}


def find(name: str) -> Encoder:
    """Make the encoder of a format.

    Raises
    ------
    ConfigError
        Simulated devices do not speak it.
    """
    if name not in ENCODERS:
        message = f"simulated devices speak {', '.join(ENCODERS)}, not {name!r}"
        raise ConfigError(message)
    return ENCODERS[name]()
