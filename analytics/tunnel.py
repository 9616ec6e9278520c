"""Utility tunnels: limits of the air by kind of compartment, and what is to be done.

References
----------
.. [1] GB/T 50838-2015 (2024 edition), 7.5.4; GB/T 51274-2017; GBZ/T 205; GBZ 2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Compartment = Literal["water", "sewage", "gas", "heat", "power"]
Grade = Literal["normal", "warning", "critical"]
Action = Literal["ventilate", "exhaust", "block_entry", "shut_off_gas", "measure_again"]


class Limit(NamedTuple):
    """A quantity beyond which a compartment is in a grade."""

    quantity: str
    direction: Literal["above", "below"]
    warning: float
    critical: float | None
    actions: tuple[Action, ...]
    at_limit: bool = False
    """Whether the limit itself is beyond."""


_AIR = (
    Limit("oxygen", "below", 19.5, 18.0, ("block_entry", "ventilate", "measure_again")),
    Limit("oxygen", "above", 23.5, None, ("block_entry", "ventilate")),
    Limit(
        "hydrogen_sulfide",
        "above",
        10.0,
        20.0,
        ("block_entry", "ventilate", "measure_again"),
    ),
    Limit("carbon_monoxide", "above", 27.9, 58.2, ("block_entry", "ventilate")),
    Limit("air_temperature", "above", 40.0, 50.0, ("exhaust",)),
    Limit("air_temperature", "below", 5.0, None, ()),
    Limit("relative_humidity", "above", 90.0, 95.0, ("exhaust",)),
)
_METHANE = Limit("methane", "above", 1.0, 1.25, ("block_entry", "ventilate"))
# Alarm at no more than 20 %, shut-off at no more than 25 % of the explosive limit.
_METHANE_GAS = _METHANE._replace(
    actions=(*_METHANE.actions, "shut_off_gas"), at_limit=True
)
REQUIRED: dict[Compartment, frozenset[str]] = {
    "water": frozenset(
        {"air_temperature", "relative_humidity", "sump_level", "oxygen"}
    ),
    "heat": frozenset({"air_temperature", "relative_humidity", "sump_level", "oxygen"}),
    "power": frozenset(
        {"air_temperature", "relative_humidity", "sump_level", "oxygen"}
    ),
    "sewage": frozenset(
        {
            "air_temperature",
            "relative_humidity",
            "sump_level",
            "oxygen",
            "hydrogen_sulfide",
            "methane",
        }
    ),
    "gas": frozenset(
        {"air_temperature", "relative_humidity", "sump_level", "oxygen", "methane"}
    ),
}
"""Quantities that shall be monitored, by kind of compartment [1]_."""
TEXTS: dict[Action, tuple[str, str]] = {
    "ventilate": (
        "启动本区段及相邻区段的事故通风",
        "Start accident ventilation in this section and its neighbours",
    ),
    "exhaust": ("启动排风机", "Start the exhaust fans"),
    "block_entry": ("禁止人员进入", "Let nobody in"),
    "shut_off_gas": ("紧急切断燃气", "Shut off the gas"),
    "measure_again": ("通风后复测", "Ventilate, then measure again"),
}
"""Linked actions in Chinese and English; controllers on site carry them out."""


def limits(compartment: Compartment) -> tuple[Limit, ...]:
    """Limits of the air; mg/m3 at 20 degC, %vol, degC, %RH [1]_."""
    return (*_AIR, _METHANE_GAS if compartment == "gas" else _METHANE)


class Finding(NamedTuple):
    """A quantity beyond a limit."""

    quantity: str
    grade: Grade
    value: float
    limit: float
    actions: tuple[Action, ...]


def check(compartment: Compartment, values: Mapping[str, float]) -> list[Finding]:
    """Compare measured values with the limits; a limit itself is not exceeded.

    In a gas compartment it is, of methane, and the gas is shut off at the critical one.
    """
    found = []
    for limit in limits(compartment):
        value = values.get(limit.quantity, float("nan"))
        if limit.critical is not None and _beyond(value, limit.critical, limit):
            found.append(
                Finding(
                    limit.quantity, "critical", value, limit.critical, limit.actions
                )
            )
        elif _beyond(value, limit.warning, limit):
            actions = tuple(each for each in limit.actions if each != "shut_off_gas")
            found.append(
                Finding(limit.quantity, "warning", value, limit.warning, actions)
            )
    return found


def missing(compartment: Compartment, quantities: frozenset[str]) -> frozenset[str]:
    """Quantities that shall be monitored and are not."""
    return REQUIRED[compartment] - quantities


def _beyond(value: float, limit: float, of: Limit) -> bool:
    if of.at_limit and value == limit:
        return True
    return value > limit if of.direction == "above" else value < limit
