"""Configuration of the quality tests, in the form that users of IOOS QARTOD know.

`{stream: {qartod: {gross_range_test: {suspect_span: [..], fail_span: [..]}, …}}}`, with
or without `streams` around it, as YAML, TOML or JSON; the short names of the parameters
(`suspect`, `fail`, `suspect_s`, `threshold_per_s` …) are understood too.
"""

from __future__ import annotations

import json
import math
import tomllib
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import yaml
from msgspec import Struct

from analytics import qartod
from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

Span = tuple[float, float]
Moment = str | float
EVERY = "*"
"""Stream of a configuration that names only tests."""


class GrossRange(Struct, frozen=True, forbid_unknown_fields=True):
    """Outside of the spans; the limits are good."""

    fail_span: Span | None = None
    suspect_span: Span | None = None

    def __post_init__(self) -> None:
        if self.fail_span is None and self.suspect_span is None:
            message = "needs fail_span or suspect_span"
            raise ValueError(message)
        if self.fail_span is not None and self.suspect_span is not None:
            low, high = sorted(self.fail_span)
            if min(self.suspect_span) < low or max(self.suspect_span) > high:
                message = "suspect_span must lie inside fail_span"
                raise ValueError(message)


class Spike(Struct, frozen=True, forbid_unknown_fields=True):
    """A row that stands out from its neighbours."""

    suspect_threshold: float | None = None
    fail_threshold: float | None = None
    method: Literal["average", "differential"] = "average"


class RateOfChange(Struct, frozen=True, forbid_unknown_fields=True):
    """Greatest rates. [unit/s]."""

    threshold: float | None = None
    fail_threshold: float | None = None


class FlatLine(Struct, frozen=True, forbid_unknown_fields=True):
    """Times within a tolerance. [s]."""

    suspect_threshold: float | None = None
    fail_threshold: float | None = None
    tolerance: float = 0.0


class AttenuatedSignal(Struct, frozen=True, forbid_unknown_fields=True):
    """Least variations, over a time [s] or the whole stream."""

    suspect_threshold: float | None = None
    fail_threshold: float | None = None
    test_period: float | None = None
    min_obs: int | None = None
    min_period: float | None = None
    check_type: Literal["std", "range"] = "std"

    def __post_init__(self) -> None:
        if self.min_obs is not None and self.min_period is not None:
            message = "min_obs and min_period exclude each other"
            raise ValueError(message)


class Season(Struct, frozen=True, forbid_unknown_fields=True):
    """Spans of a part of the year, or of a time."""

    tspan: tuple[Moment, Moment]
    vspan: Span
    fspan: Span | None = None
    zspan: None = None
    """Depths are not supported."""
    period: str | None = None

    def __post_init__(self) -> None:
        known = [unit for unit in qartod.UNITS if unit != "time"]
        if self.period is None:
            return
        if self.period != "weekofyear" and self.period not in known:
            message = f"there is no period {self.period!r}; there are: {known}"
            raise ValueError(message)
        begin, end = map(_number, self.tspan)
        if begin > end:
            message = "tspan ends before it begins: write two members instead"
            raise ValueError(message)


class Climatology(Struct, frozen=True, forbid_unknown_fields=True):
    """Spans by season; of several that hold a time the last counts."""

    config: list[Season]


class TimeGap(Struct, frozen=True, forbid_unknown_fields=True):
    """Longest time between rows. [h]."""

    fail_span: float = 2.0


class DataReception(Struct, frozen=True, forbid_unknown_fields=True):
    """Greatest age [h], from a time or from now."""

    fail_span: float = 6.0
    from_time: Moment | None = None


Test = (
    GrossRange
    | Spike
    | RateOfChange
    | FlatLine
    | AttenuatedSignal
    | Climatology
    | TimeGap
    | DataReception
)
Tests = dict[str, Test]
"""By their names, such as `gross_range_test`."""
_TESTS: dict[str, type[Test]] = {
    "gross_range_test": GrossRange,
    "spike_test": Spike,
    "rate_of_change_test": RateOfChange,
    "flat_line_test": FlatLine,
    "attenuated_signal_test": AttenuatedSignal,
    "climatology_test": Climatology,
    "time_gap_test": TimeGap,
    "data_reception_test": DataReception,
}
_SHORT = {
    "gross": "gross_range_test",
    "rate": "rate_of_change_test",
    "flat": "flat_line_test",
    "attenuated": "attenuated_signal_test",
    "gap": "time_gap_test",
    "spike_average": "spike_test",
    "spike_differential": "spike_test",
}
_THRESHOLDS = {
    "suspect": "suspect_threshold",
    "fail": "fail_threshold",
    "suspect_s": "suspect_threshold",
    "fail_s": "fail_threshold",
    "tolerance_m": "tolerance",
}
_PARAMETERS: dict[type[Test], dict[str, str]] = {
    GrossRange: {"suspect": "suspect_span", "fail": "fail_span"},
    Spike: _THRESHOLDS,
    RateOfChange: {
        "threshold_per_s": "threshold",
        "suspect": "threshold",
        "suspect_threshold": "threshold",
        "suspect_per_s": "threshold",
        "fail": "fail_threshold",
        "fail_per_s": "fail_threshold",
        "fail_threshold_per_s": "fail_threshold",
    },
    FlatLine: _THRESHOLDS,
    AttenuatedSignal: _THRESHOLDS
    | {"period_s": "test_period", "test_period_s": "test_period", "type": "check_type"},
    Climatology: {"seasons": "config", "members": "config"},
    TimeGap: {"fail": "fail_span", "fail_h": "fail_span"},
    DataReception: {"fail": "fail_span", "fail_h": "fail_span"},
}
_WITHOUT_MEANING = {"aggregate", "dt_s", "id", "x", "flags"}


def read(path: Path) -> dict[str, Tests]:
    """Read the tests of each stream.

    Raises
    ------
    ConfigError
        The file cannot be read, or says something that has no meaning here.
    """
    document = _document(path)
    if isinstance(document.get("contexts"), list):
        message = f"{path}: contexts are not supported, only one set of streams"
        raise ConfigError(message)
    streams = document.get("streams", document)
    if not isinstance(streams, dict) or not streams:
        message = f"{path}: there is no stream"
        raise ConfigError(message)
    if "qartod" in streams or any(_known(str(key)) for key in streams):
        streams = {EVERY: streams}
    return {
        str(name): _tests(f"{path}: {name}", entry) for name, entry in streams.items()
    }


def _document(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".toml":
            found: object = tomllib.loads(text)
        elif path.suffix == ".json":
            found = json.loads(text)
        else:
            found = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        message = f"{path} cannot be read: {error}"
        raise ConfigError(message) from error
    if not isinstance(found, dict):
        message = f"{path} holds no table of streams"
        raise ConfigError(message)
    return found


def _known(name: str) -> str | None:
    """Full name of a test, None if there is no such test."""
    name = name.replace("-", "_")
    for each in (name, f"{name}_test", _SHORT.get(name, "")):
        if each in _TESTS:
            return each
    return None


def _tests(where: str, entry: object) -> Tests:
    if not isinstance(entry, dict):
        message = f"{where}: no table of tests"
        raise ConfigError(message)
    inner = entry.get("qartod", entry)
    others = sorted(set(map(str, entry)) - {"qartod"}) if "qartod" in entry else []
    if others or not isinstance(inner, dict) or not inner:
        what = f"only qartod tests are known, not {others[0]}" if others else "no tests"
        message = f"{where}: {what}"
        raise ConfigError(message)
    found: Tests = {}
    for key, parameters in inner.items():
        if key in _WITHOUT_MEANING:
            continue
        name = _known(str(key))
        if name is None:
            known = ", ".join(_TESTS)
            message = f"{where}: there is no test {key!r}; there are: {known}"
            raise ConfigError(message)
        found[name] = _test(f"{where}: {key}", str(key), name, parameters)
    if not found:
        message = f"{where}: no tests"
        raise ConfigError(message)
    return found


def _test(where: str, key: str, name: str, parameters: object) -> Test:
    kind = _TESTS[name]
    if parameters is None:
        parameters = {}
    if kind is Climatology and isinstance(parameters, list):
        parameters = {"config": parameters}
    if not isinstance(parameters, dict):
        message = f"{where}: no table of parameters"
        raise ConfigError(message)
    short = _PARAMETERS[kind]
    given = {
        short.get(str(each), str(each)): _plain(value)
        for each, value in parameters.items()
        if each not in _WITHOUT_MEANING
    }
    if key.endswith("differential"):
        given.setdefault("method", "differential")
    try:
        # Not strict, for YAML reads 1e-3 as a text.
        test = msgspec.convert(given, kind, strict=False)
        _check_finite(msgspec.to_builtins(test))
    except ValueError as error:
        message = f"{where}: {error}"
        raise ConfigError(message) from error
    return test


def _plain(value: object) -> object:
    """Write times, which YAML and TOML read as such, as texts again."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def _check_finite(value: object) -> None:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            _check_finite(each)
    elif isinstance(value, float) and not math.isfinite(value):
        message = "numbers must be finite"
        raise ValueError(message)


def _number(value: Moment) -> float:
    try:
        return float(value)
    except ValueError as error:
        message = "a tspan with a period holds two numbers"
        raise ValueError(message) from error
