"""What the caller says of the columns: `NAME=ROLE:KIND` and limits of meters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from parkpulse.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

IT: Final = {"it_ups": 1, "it_pdu": 2, "it_rack": 3}
"""Where IT energy is measured, and the category of the PUE that it gives."""
PARTS: Final = ("cooling", "ups_loss", "distribution_loss", "lighting", "other")
"""What adds to the IT energy where no total is measured."""
BOUNDARY: Final = {
    "grid_import": 1.0,
    "grid_export": -1.0,
    "generator": 1.0,
    "fuel": 1.0,
    "delivered_cooling": 1.0,
    "foreign_load": -1.0,
}
"""What crosses the boundary of the data centre, with its sign."""
RENEWABLE: Final = {
    "renewable_onsite": 1.0,
    "renewable_contract": 1.0,
    "certificates": 1.0,
    "renewable_sold": -1.0,
}
"""What makes up the renewable energy; attributes that were sold do not count."""
OWN: Final = {"renewable_onsite": 1.0, "renewable_sold": -1.0, "grid_export": -1.0}
"""Own generation: what was sold or exported takes away no more than there is."""
WATER_IN: Final = {"water_potable": 1e3, "water_other": 1e3}
"""Water by source; the weight turns m3 into litres."""
WATER: Final = {**WATER_IN, "water_reuse": -1e3}
HEAT: Final = ("heat_reuse", "heat_removed")
ROLES: Final = ("total", *IT, *PARTS, *BOUNDARY, *RENEWABLE, *WATER, *HEAT)
_SCALES: Final = {"w": 1e-3, "kw": 1.0, "wh": 1e-3, "kwh": 1.0, "mwh": 1e3}
"""What turns units of energy and power into kWh and kW."""
KINDS: Final = (
    "power_kw",
    "interval_kwh",
    "register_kwh",
    "power_w",
    "interval_wh",
    "register_wh",
    "interval_mwh",
    "register_mwh",
    "interval_m3",
    "register_m3",
    "count",
)
_UNITS = {"m3": WATER, "count": {"certificates": 1.0}}
KWH_PER_CERTIFICATE = 1000.0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file.

    Parameters
    ----------
    name
        In the header.
    role
        One of `ROLES`.
    kind
        One of `KINDS`.
    modulus
        Value at which a register starts again from 0. [kWh or m3]
    max_power
        Most that it can measure. [kW; m3/h for water]
    """

    name: str
    role: str
    kind: str
    modulus: float | None = None
    max_power: float | None = None

    @property
    def is_register(self) -> bool:
        """Whether the values count up."""
        return self.kind.startswith("register")

    @property
    def is_power(self) -> bool:
        """Whether the values are means of powers."""
        return self.kind.startswith("power")

    @property
    def scale(self) -> float:
        """What turns the values into kWh, kW or m3."""
        if self.kind == "count":
            return KWH_PER_CERTIFICATE
        return _SCALES.get(self.kind.rpartition("_")[2], 1.0)


def columns(
    texts: Sequence[str], rollovers: Sequence[str], max_powers: Sequence[str]
) -> list[Column]:
    """Read the options of the command.

    Parameters
    ----------
    texts
        Each `NAME=ROLE:KIND`; the name may hold `=` and `:`.
    rollovers, max_powers
        Each `NAME=NUMBER`. [the column's unit], [kW]

    Raises
    ------
    InvalidRequestError
        What is wrong with which of them.
    """
    found = [_column(text) for text in texts]
    names = [name for name, _, _ in found]
    for name in names:
        if names.count(name) > 1:
            _refuse("duplicate_column", f"column {name!r} is given twice", "column")
    modulus = _numbers(rollovers, names, "rollover")
    power = _numbers(max_powers, names, "max-power")
    plain = [Column(*each) for each in found]
    return [
        replace(
            each,
            modulus=modulus[each.name] * each.scale if each.name in modulus else None,
            max_power=power.get(each.name),
        )
        for each in plain
    ]


def _column(text: str) -> tuple[str, str, str]:
    name, equals, rest = text.rpartition("=")
    role, colon, kind = rest.partition(":")
    if not (name and equals and colon):
        _refuse("bad_column", f"{text!r} is not NAME=ROLE:KIND", "column")
    if role not in ROLES:
        there = ", ".join(ROLES)
        _refuse("unknown_role", f"{text!r}: the role must be one of {there}", "column")
    if kind not in KINDS:
        there = ", ".join(KINDS)
        _refuse("unknown_kind", f"{text!r}: the kind must be one of {there}", "column")
    unit = kind.rpartition("_")[2]
    special = _UNITS.get(unit, {})
    fits = role in special if special else not any(role in m for m in _UNITS.values())
    if role == "certificates" and unit in {"kwh", "mwh"}:
        fits = True
    if not fits:
        _refuse("wrong_unit", f"{text!r}: {role} cannot be measured so", "column")
    return name, role, kind


def _numbers(
    texts: Sequence[str], names: Sequence[str], option: str
) -> dict[str, float]:
    found = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        if name not in names:
            _refuse("unknown_column", f"--{option} {text}: no such column", option)
        found[name] = _positive(number, option)
    return found


def _positive(text: str, option: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number < float("inf"):
        _refuse("bad_number", f"--{option}: {text!r} is not a number above 0", option)
    return number


def _refuse(code: str, message: str, pointer: str) -> None:
    raise InvalidRequestError(code=code, message=message, pointer=pointer)
