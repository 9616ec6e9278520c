"""A park as people describe it: places, devices, series, data centres, meters.

One document describes one park; `parkpulse.store.registry.apply` writes it, and writing
it again changes nothing. Read one from TOML or JSON with `msgspec.convert`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
"""Id of a park or of something within it, as it stands in topics and addresses."""
Grade = Literal["demonstration", "growth"]
CompartmentKind = Literal["water", "sewage", "gas", "heat", "power"]
PlaceKind = Literal[
    "area",
    "building",
    "machine_hall",
    "compartment",
    "river_section",
    "road",
    "field",
    "service",
]
"""`service`: no place but the service itself (`model/service_park.py`)."""
Stamp = Literal["start", "end"]
Clock = Literal["trusted", "untrusted"]
Role = Literal[
    "grid_import",
    "grid_export",
    "generator",
    "pv",
    "wind",
    "hydro",
    "storage",
    "green_power",
    "delivered_cooling",
    "fuel",
    "foreign_load",
    "ups_input",
    "ups_output",
    "pdu_output",
    "rack",
    "cooling",
    "lighting",
    "other",
    "heat_reuse",
    "heat_removed",
    "water_potable",
    "water_other",
    "water_reuse",
    "outdoor_temperature",
    "outdoor_humidity",
]
"""What a meter of a data centre measures (`architecture`: meter tree)."""
SLOTS = 64
LONGEST_NAME = 100


class Name(Struct, frozen=True, forbid_unknown_fields=True):
    """What people call it, in both languages."""

    zh: str
    en: str


class CalibrationSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Stored = scale * sent + offset from `valid_from` on, with its source."""

    valid_from: datetime
    scale: float = 1.0
    offset: float = 0.0
    source: str = ""


class SeriesSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """One metric of a device, where it differs from the metric's and device's own."""

    metric: str
    stamp: Stamp = "end"
    report_interval_s: int | None = None
    modulus: float | None = None
    max_power_kw: float | None = None
    """Most that a register can count; a greater step is another meter, not energy."""
    calibration: list[CalibrationSpec] = field(default_factory=list)


class DeviceSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A device and the series that it is expected to report."""

    code: Code
    kind: str
    name: Name
    series: list[SeriesSpec]
    place: Code | None = None
    report_interval_s: int = 900
    clock: Clock = "trusted"
    aliases: list[Code] = field(default_factory=list)
    """Other ids under which its messages come: of what replaced it, of its modem."""
    options: dict[str, str] = field(default_factory=dict)
    """How its messages are to be read, by name: `crc`, `stamp`, `profile`."""
    retired: bool = False
    """Out of use: what still comes from it is quarantined."""


class TopicSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Topics outside `parkpulse/v1` on which devices of the park publish."""

    filter: str
    """MQTT topic filter."""
    format: str
    device_level: int | None = None
    """Level of the topic that names the device, from 1; None: the message does."""
    options: dict[str, str] = field(default_factory=dict)


class PlaceSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A building, compartment, river section or other place of a park."""

    code: Code
    kind: PlaceKind
    name: Name
    parent: Code | None = None
    compartment: CompartmentKind | None = None
    """What a compartment of a utility tunnel carries; told from its words if None."""


class MeterSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A series in its role in a data centre's meter tree."""

    device: Code
    metric: str
    role: Role
    parent: Code | None = None
    """Code of the device whose meter stands above this one."""


class DataCentreSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A data centre with its meter tree."""

    code: Code
    name: Name
    commissioned: date
    standard_racks: int
    meters: list[MeterSpec]
    place: Code | None = None
    grid_region: Code = "CN"
    """Whose emission factors hold for the electricity of its grid."""


class ParkSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A park and everything that is registered in it."""

    code: Code
    name: Name
    accept_from: datetime
    grade: Grade = "growth"
    clock: Literal["wall", "data"] = "wall"
    zone: str = "Asia/Shanghai"
    simulated: bool = False
    places: list[PlaceSpec] = field(default_factory=list)
    devices: list[DeviceSpec] = field(default_factory=list)
    topics: list[TopicSpec] = field(default_factory=list)
    data_centres: list[DataCentreSpec] = field(default_factory=list)
