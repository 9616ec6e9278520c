"""The truth file: what really happened, from the model's own state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from parkpulse.errors import ConfigError
from simulators.physics import data_centre as physics
from simulators.scenario import expected
from simulators.scenario.kinds import EVENTS
from simulators.site.centre import GREEN

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.scenario.events import Fault
    from simulators.scenario.park import Park

VERSION = 1
_HOUR_S = 3600
_NODE_S = 300
_TOTAL = ("grid-a", "grid-b", "pv", "wind", "generator")
_RENEWABLE = ("pv", "wind", GREEN)
_IT = {"1": ("ups-a", "ups-b"), "2": ("pdu-a", "pdu-b"), "3": ("racks-a", "racks-b")}
"""Meters of the energy of IT by category of PUE (ISO/IEC 30134-2)."""

_Json = dict[str, Any]


def document(park: Park) -> _Json:
    """Tell everything that is true of a park's scenario, as JSON."""
    scenario = park.scenario
    return {
        "version": VERSION,
        "park": park.code,
        "name": {"zh": scenario.name.zh, "en": scenario.name.en},
        "seed": park.seed,
        "devices": park.devices,
        "start": _text(scenario.start_s),
        "end": _text(scenario.end_s),
        "data_centre": _data_centre(park),
        "rules": sorted(expected.foretold(park)),
        "events": [_event(each) for each in park.faults],
        "alerts": [_alert(each) for each in expected.alerts(park)],
    }


def write(park: Park, file: Path) -> None:
    """Write the truth file."""
    raw = msgspec.json.encode(document(park))
    file.write_bytes(msgspec.json.format(raw, indent=1) + b"\n")


def read(file: Path) -> _Json:
    """Read a truth file.

    Raises
    ------
    ConfigError
        It is none, or one of another version.
    """
    try:
        found = msgspec.json.decode(file.read_bytes(), type=_Json)
    except msgspec.MsgspecError as error:
        message = f"{file} is no truth file: {error}"
        raise ConfigError(message) from error
    if found.get("version") != VERSION:
        message = f"{file} is no truth file of version {VERSION}"
        raise ConfigError(message)
    return found


def _text(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _data_centre(park: Park) -> _Json | None:
    if park.scenario.data_centre is None:
        return None
    start_s, end_s = park.scenario.start_s, park.scenario.end_s
    first = -(-start_s // _HOUR_S)
    hours = np.arange(first, end_s // _HOUR_S, dtype=np.int64)
    energies = _hourly(park, hours)
    sums = {meter: float(each.sum()) for meter, each in energies.items()}
    return {
        "code": park.spec().data_centres[0].code,
        "hours": [
            {"start": _text(int(hour) * _HOUR_S)}
            | _figures({meter: float(each[place]) for meter, each in energies.items()})
            for place, hour in enumerate(hours)
        ],
        "whole": _figures(sums),
    }


def _hourly(park: Park, hours: Int64Array) -> dict[str, FloatArray]:
    """Energy of each hour by meter. [kWh]."""
    nodes = np.arange(0, _HOUR_S + 1, _NODE_S, dtype=np.int64)
    times = (hours[:, None] * _HOUR_S + nodes).ravel()
    powers = park.world.centre.powers(times) if len(hours) else {}
    return {
        meter: np.array(
            [
                physics.energy(of_hour, _NODE_S)[-1]
                for of_hour in power.reshape(len(hours), -1)
            ]
        )
        for meter, power in powers.items()
    }


def _figures(energy: dict[str, float]) -> _Json:
    total = sum(energy.get(meter, 0.0) for meter in _TOTAL)
    renewable = sum(energy.get(meter, 0.0) for meter in _RENEWABLE)
    by_category = {
        category: sum(energy.get(meter, 0.0) for meter in meters)
        for category, meters in _IT.items()
    }
    return {
        "energy_kwh": energy,
        "total_kwh": total,
        "it_kwh": by_category,
        "renewable_kwh": renewable,
        "pue": {
            category: total / it if it > 0 else None
            for category, it in by_category.items()
        },
        "renewable_share": min(1.0, renewable / total) if total > 0 else None,
    }


def _event(fault: Fault) -> _Json:
    info = EVENTS[fault.kind]
    return {
        "kind": fault.kind,
        "name": {"zh": info.name.zh, "en": info.name.en},
        "physical": fault.is_physical,
        "devices": list(fault.devices),
        "metric": fault.metric,
        "start": _text(fault.start_s),
        "end": _text(fault.end_s),
        "size": fault.size,
        "unit": info.unit,
    }


def _alert(alert: expected.Alert) -> _Json:
    condition = alert.condition
    return {
        "rule": alert.rule,
        "device": alert.device,
        "metric": alert.metric,
        "report_interval_s": alert.report_interval_s,
        "severity": condition.severity,
        "onset": _text(condition.onset_s),
        "clear": None if condition.clear_s is None else _text(condition.clear_s),
        "peak": condition.peak,
        "limit": condition.limit,
        "marginal": condition.is_marginal,
        "observable": alert.is_observable,
        "affected": alert.is_affected,
    }
