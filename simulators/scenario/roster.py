"""Who is in a scenario's park: fleets of like devices, and the park's registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec import structs

from parkpulse.model.registry import (
    DataCentreSpec,
    DeviceSpec,
    MeterSpec,
    Name,
    ParkSpec,
    PlaceSpec,
    SeriesSpec,
)
from simulators import draws
from simulators.demo import park as demo
from simulators.scenario.kinds import DEVICES, REACHES, Reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parkpulse.model.packed import Int64Array
    from simulators.scenario.document import Scenario
    from simulators.scenario.events import Fault
    from simulators.site.happenings import Happenings

HEALTH = ("battery_voltage", "rsrp", "snr")
METER_METRICS = ("active_energy_import", "active_power")
CONTRACT_METRICS = ("active_energy_interval",)
_METER_INTERVAL_S = 900
_HOUR_S, _DAY_S = 3600, 86400
_ACCEPTED_BEFORE_S = 2 * _DAY_S
_LONGEST_DELAY_MIN = 10


class Archetype(NamedTuple):
    """A device of the site's model that devices of a fleet are like."""

    code: str
    happenings: Happenings
    """What befalls just these devices' part of the world."""
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Fleet:
    """Devices of a kind.

    Parameters
    ----------
    kind
        As the registry has it.
    codes
        Of the devices, n of them.
    metrics
        What each of their samples holds.
    interval_s
        Between samples. [s]
    samples
        In a message.
    radio
        Whether they sleep, and report battery and signal.
    archetypes
        What they are like.
    like : array, shape (n,)
        Place in `archetypes`.
    delay_s : array, shape (n,)
        How much later than at the archetype everything happens. [s]
    phase_s : array, shape (n,)
        When they send: at whole periods after it. [s]
    first : int
        Number of the first device among all devices of the park.
    """

    kind: str
    codes: tuple[str, ...]
    metrics: tuple[str, ...]
    interval_s: int
    samples: int
    radio: bool
    archetypes: tuple[Archetype, ...]
    like: Int64Array
    delay_s: Int64Array
    phase_s: Int64Array
    first: int

    @property
    def period_s(self) -> int:
        """Between messages. [s]."""
        return self.interval_s * self.samples

    @property
    def lanes(self) -> Int64Array:
        """Numbers of the devices among all of the park."""
        return self.first + np.arange(len(self.codes), dtype=np.int64)


def counts(scenario: Scenario, devices: int | None) -> dict[str, int]:
    """Count the devices of each kind, in all as many as wanted (meters aside)."""
    usual = structs.asdict(scenario.devices)
    total = sum(usual.values())
    if devices is None or not total:
        return usual
    scaled = {kind: count * devices // total for kind, count in usual.items()}
    largest = max(usual, key=lambda kind: usual[kind])
    scaled[largest] += devices - sum(scaled.values())
    return scaled


def codes(scenario: Scenario, wanted: Mapping[str, int]) -> dict[str, str]:
    """List the codes of all devices with their kinds."""
    found = {
        f"{DEVICES[kind].prefix}-{number + 1}": kind
        for kind, count in wanted.items()
        for number in range(count)
    }
    return found | {each.code: each.kind for each in _meters(scenario)}


def fleets(
    scenario: Scenario,
    wanted: Mapping[str, int],
    befalling: Mapping[str, Happenings],
    plant: Happenings,
    seed: int,
) -> list[Fleet]:
    """Line up all devices.

    Parameters
    ----------
    scenario
        That has them.
    wanted
        How many of each kind.
    befalling
        What befalls a device's part of the world, by its code.
    plant
        What befalls the data centre.
    seed
        Of all chance.
    """
    found: list[Fleet] = []
    first = 0
    for kind, count in wanted.items():
        if count:
            found.append(_fleet(scenario, kind, count, befalling, seed, first))
            first += count
    for kind, metrics in (
        ("energy_meter", METER_METRICS),
        ("energy_contract", CONTRACT_METRICS),
    ):
        of_kind = [each.code for each in _meters(scenario) if each.kind == kind]
        if of_kind:
            found.append(_metering(scenario, kind, of_kind, metrics, plant, first))
            first += len(of_kind)
    return found


def _fleet(
    scenario: Scenario,
    kind: str,
    count: int,
    befalling: Mapping[str, Happenings],
    seed: int,
    first: int,
) -> Fleet:
    info = DEVICES[kind]
    index = np.arange(count, dtype=np.int64)
    names = tuple(f"{info.prefix}-{number + 1}" for number in range(count))
    archetypes: dict[Archetype, int] = {}
    like = np.empty(count, dtype=np.int64)
    for number, code in enumerate(names):
        place, turn = number % len(info.archetypes), number // len(info.archetypes)
        gain = info.gains[turn % len(info.gains)]
        each = Archetype(info.archetypes[place], befalling.get(code, ()), gain)
        like[number] = archetypes.setdefault(each, len(archetypes))
    minutes = draws.uniform(seed, f"{kind} delay", index) * _LONGEST_DELAY_MIN
    delay_s = 60 * minutes.astype(np.int64)
    is_special = np.array([code in befalling for code in names]) | (index == 0)
    interval_s = scenario.interval_s.get(kind, info.interval_s)
    period_s = interval_s * scenario.samples_per_message
    share = draws.uniform(seed, f"{kind} phase", index)
    return Fleet(
        kind,
        names,
        info.metrics,
        interval_s,
        scenario.samples_per_message,
        info.radio,
        tuple(archetypes),
        like,
        np.where(is_special, 0, delay_s),
        (share * period_s).astype(np.int64),
        first,
    )


def _metering(
    scenario: Scenario,
    kind: str,
    of_kind: list[str],
    metrics: tuple[str, ...],
    plant: Happenings,
    first: int,
) -> Fleet:
    count = len(of_kind)
    usual = _METER_INTERVAL_S if kind == "energy_meter" else _HOUR_S
    interval_s = scenario.interval_s.get(kind, usual)
    return Fleet(
        kind,
        tuple(of_kind),
        metrics,
        interval_s,
        max(1, min(scenario.samples_per_message, _DAY_S // interval_s)),
        radio=False,
        archetypes=tuple(Archetype(code, plant) for code in of_kind),
        like=np.arange(count, dtype=np.int64),
        delay_s=np.zeros(count, dtype=np.int64),
        phase_s=np.zeros(count, dtype=np.int64),
        first=first,
    )


def _demo() -> ParkSpec:
    return demo.park("demo", 0 + _DAY_S * 1000)


def _meters(scenario: Scenario) -> list[DeviceSpec]:
    """List the data centre's meters, those of the demonstration park first."""
    if scenario.data_centre is None:
        return []
    found = [
        each
        for each in _demo().devices
        if each.kind in {"energy_meter", "energy_contract"}
    ]
    like = found[0]
    more = [
        structs.replace(like, code=code, name=name)
        for code, name, _ in _more_meters(scenario)
    ]
    return found + more


def _more_meters(scenario: Scenario) -> Iterator[tuple[str, Name, str]]:
    """Yield code, name and role of the meters that not every data centre has."""
    plant = scenario.data_centre
    if plant is None:
        return
    if plant.generator:
        yield "generator", Name(zh="柴油发电机", en="Diesel generator"), "generator"
    if plant.wind_kw:
        yield "wind", Name(zh="风力发电", en="Wind turbines"), "wind"
    if plant.storage_kwh:
        yield "storage-charge", Name(zh="储能充电", en="Storage, charging"), "storage"
        yield (
            "storage-discharge",
            Name(zh="储能放电", en="Storage, discharging"),
            "storage",
        )


def park(
    scenario: Scenario, fleets: list[Fleet], faults: tuple[Fault, ...], code: str
) -> ParkSpec:
    """Describe the park for the registry; its clock is the data."""
    accept_from = datetime.fromtimestamp(scenario.start_s - _ACCEPTED_BEFORE_S, UTC)
    centre = None if scenario.data_centre is None else _data_centre(scenario)
    rollovers = {
        code: each.size
        for each in faults
        if each.kind == "register_rollover"
        for code in each.devices
    }
    places, devices = _places(scenario, fleets), _devices(scenario, fleets)
    return ParkSpec(
        code=code,
        name=scenario.name,
        accept_from=accept_from,
        grade="demonstration",
        clock="data",
        simulated=True,
        places=places,
        devices=[_with_modulus(each, rollovers) for each in devices],
        data_centres=[] if centre is None else [centre],
    )


def _with_modulus(device: DeviceSpec, moduli: Mapping[str, float]) -> DeviceSpec:
    if device.code not in moduli:
        return device
    series = [
        structs.replace(each, modulus=moduli[device.code])
        if each.metric == "active_energy_import"
        else each
        for each in device.series
    ]
    return structs.replace(device, series=series)


def _places(scenario: Scenario, fleets: list[Fleet]) -> list[PlaceSpec]:
    found: list[PlaceSpec] = []
    if scenario.data_centre is not None:
        inside = {"data-centre", "hall-a", "hall-b"}
        found += [each for each in _demo().places if each.code in inside]
    for fleet in fleets:
        if fleet.kind in DEVICES:
            info = DEVICES[fleet.kind]
            found += [
                PlaceSpec(code=reach.code, kind=info.place, name=reach.name)
                for reach in reaches(fleet).values()
            ]
            found += [
                PlaceSpec(
                    code=f"at-{code}",
                    kind=info.place,
                    name=_numbered(fleet, number),
                    parent=reach_of(fleet, number),
                )
                for number, code in enumerate(fleet.codes)
            ]
    return found


def reaches(fleet: Fleet) -> dict[str, Reach]:
    """List the waters that gauges of a fleet stand in, by code."""
    archetypes = {each.code for each in fleet.archetypes}
    return {reach.code: reach for code, reach in REACHES.items() if code in archetypes}


def reach_of(fleet: Fleet, number: int) -> str | None:
    """Code of the water that a device of a fleet stands in, if it is one."""
    reach = REACHES.get(fleet.archetypes[int(fleet.like[number])].code)
    return None if reach is None else reach.code


def _numbered(fleet: Fleet, number: int) -> Name:
    name = DEVICES[fleet.kind].name
    return Name(zh=f"{name.zh} {number + 1}", en=f"{name.en} {number + 1}")


def _devices(scenario: Scenario, fleets: list[Fleet]) -> list[DeviceSpec]:
    meters = {each.code: each for each in _meters(scenario)}
    return [
        _metered(meters[code], fleet)
        if code in meters
        else _device(fleet, number, code)
        for fleet in fleets
        for number, code in enumerate(fleet.codes)
    ]


def _device(fleet: Fleet, number: int, code: str) -> DeviceSpec:
    health = HEALTH if fleet.radio else ()
    return DeviceSpec(
        code=code,
        kind=fleet.kind,
        name=_numbered(fleet, number),
        series=[
            *(SeriesSpec(metric) for metric in fleet.metrics),
            *(SeriesSpec(metric, report_interval_s=_DAY_S) for metric in health),
        ],
        place=f"at-{code}",
        report_interval_s=fleet.interval_s,
    )


def _metered(meter: DeviceSpec, fleet: Fleet) -> DeviceSpec:
    series = [SeriesSpec(metric) for metric in fleet.metrics]
    return structs.replace(meter, series=series, report_interval_s=fleet.interval_s)


def _data_centre(scenario: Scenario) -> DataCentreSpec:
    like = _demo().data_centres[0]
    more = [
        MeterSpec(device=code, metric="active_energy_import", role=role)  # type: ignore[arg-type]
        for code, _, role in _more_meters(scenario)
    ]
    # The demonstration park's weather station is no meter: scenarios have none.
    there = {each.code for each in _meters(scenario)}
    meters = [each for each in like.meters if each.device in there]
    return structs.replace(like, meters=[*meters, *more])
