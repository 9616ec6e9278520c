"""A scenario as people write it: a park's make-up, its weather, and what goes wrong."""

from __future__ import annotations

import tomllib
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from parkpulse.errors import ConfigError
from parkpulse.model.registry import Name

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

_Share = Annotated[float, Meta(ge=0, le=1)]
_Hours = Annotated[float, Meta(ge=0, le=24 * 3660)]
_Positive = Annotated[float, Meta(gt=0)]
_Count = Annotated[int, Meta(ge=0, le=1_000_000)]

ValueFault = Literal[
    "stuck",
    "spike",
    "drift",
    "offset",
    "noise",
    "wrong_ct_ratio",
    "meter_swap",
    "register_reset",
    "register_rollover",
]
WayFault = Literal[
    "silence",
    "coverage_loss",
    "gateway_outage",
    "clock_drift",
    "clock_reset",
    "firmware_restart",
]
PlantEvent = Literal[
    "chiller_failure", "ups_inefficiency", "lost_feeder", "generator_test"
]
SiteEvent = Literal["flood", "blocked_drain", "gas", "leak", "fan_failure"]
EventKind = ValueFault | WayFault | PlantEvent | SiteEvent


class Storm(Struct, frozen=True, forbid_unknown_fields=True):
    """A storm with a Chicago hyetograph: by its return period or its depth."""

    start_h: _Hours
    duration_h: Annotated[float, Meta(gt=0, le=72)]
    return_period_years: Annotated[float, Meta(ge=1, le=1000)] | None = None
    depth_mm: Annotated[float, Meta(gt=0, le=2000)] | None = None
    peak: Annotated[float, Meta(gt=0, lt=1)] = 0.4

    def __post_init__(self) -> None:
        if (self.return_period_years is None) == (self.depth_mm is None):
            message = "a storm has either return_period_years or depth_mm"
            raise ValueError(message)


class Event(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that goes wrong, hours after the begin of the scenario."""

    kind: EventKind
    start_h: _Hours
    end_h: _Hours | None = None
    """None: until the end of the scenario."""
    target: str = "*"
    """Code of a device, or a pattern such as `level-*`."""
    share: _Share = 1.0
    """Share of the devices that the pattern fits, chosen by the seed."""
    size: float | None = None
    """In the unit of the kind; None: as is usual for it."""
    metric: str | None = None
    """The one metric that a fault of the values befalls; None: the first that may."""

    def __post_init__(self) -> None:
        if self.end_h is not None and self.end_h <= self.start_h:
            message = "an event must end after it has started"
            raise ValueError(message)


class Devices(Struct, frozen=True, forbid_unknown_fields=True):
    """How many devices of each kind there are, meters of the data centre aside."""

    rain_gauge: _Count = 0
    water_level: _Count = 0
    flow_meter: _Count = 0
    waterlogging: _Count = 0
    soil_moisture: _Count = 0
    tunnel_controller: _Count = 0


class DataCentre(Struct, frozen=True, forbid_unknown_fields=True):
    """What a data centre has besides feeders, UPS, cooling and photovoltaics."""

    storage_kwh: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    wind_kw: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    generator: bool = False


class WeatherChange(Struct, frozen=True, forbid_unknown_fields=True):
    """How the weather differs from the climate's."""

    warmer_k: Annotated[float, Meta(ge=-30, le=30)] = 0.0
    natural_storms: bool = True


class Way(Struct, frozen=True, forbid_unknown_fields=True):
    """What befalls messages on their way by chance."""

    repeat: _Share = 0.01
    """Share that is sent twice."""
    late: _Share = 0.005
    """Share that is overtaken by one to three later ones."""


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that happens, but for the seed."""

    name: Name
    about: Name
    start: datetime
    duration_h: Annotated[float, Meta(gt=0, le=24 * 3660)]
    devices: Devices
    data_centre: DataCentre | None = None
    interval_s: dict[str, Annotated[int, Meta(ge=1, le=86400)]] = field(
        default_factory=dict
    )
    """Report interval by kind of device, where it is not the usual one."""
    samples_per_message: Annotated[int, Meta(ge=1, le=1000)] = 1
    weather: WeatherChange = field(default_factory=WeatherChange)
    way: Way = field(default_factory=Way)
    storms: Annotated[list[Storm], Meta(max_length=1000)] = field(default_factory=list)
    events: Annotated[list[Event], Meta(max_length=1000)] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            message = "start needs a zone, such as 2026-07-20T00:00:00+08:00"
            raise ValueError(message)

    @property
    def start_s(self) -> int:
        """When it begins, in seconds since 1970 UTC. [s]."""
        return round(self.start.timestamp())

    @property
    def end_s(self) -> int:
        """When it ends, in seconds since 1970 UTC. [s]."""
        return self.start_s + round(self.duration_h * 3600)


def read(text: str, origin: str) -> Scenario:
    """Read a scenario from TOML.

    Raises
    ------
    ConfigError
        It is no TOML or no scenario; the message says where and why.
    """
    try:
        return msgspec.convert(tomllib.loads(text), Scenario)
    except (ValueError, msgspec.ValidationError) as error:
        message = f"{origin}: {error}"
        raise ConfigError(message) from error


def _shipped() -> dict[str, Traversable]:
    folder = resources.files("simulators.scenario").joinpath("library")
    files = sorted(folder.iterdir(), key=lambda each: each.name)
    return {
        each.name.removesuffix(".toml"): each
        for each in files
        if each.name.endswith(".toml")
    }


def library() -> dict[str, Scenario]:
    """Read the shipped scenarios, by name."""
    return {
        name: read(file.read_text("utf-8"), name) for name, file in _shipped().items()
    }


def find(name: str, file: Path) -> Scenario:
    """Read a shipped scenario by its name, or a file.

    Raises
    ------
    ConfigError
        There is no such scenario, or it is unusable.
    """
    shipped = _shipped()
    if name in shipped:
        return read(shipped[name].read_text("utf-8"), name)
    if not file.is_file():
        message = (
            f"there is no scenario {name!r}: give a TOML file or one of"
            f" {', '.join(shipped)}"
        )
        raise ConfigError(message)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {error}"
        raise ConfigError(message) from error
    return read(text, str(file))
