"""What a profile file may say, and what is wrong with one that cannot be used."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import jmespath
import msgspec
import yaml

from parkpulse.errors import ConfigError
from parkpulse.model.metrics import METRICS, conversion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo
    from importlib.resources.abc import Traversable

SUFFIXES = (".toml", ".yaml", ".yml")
"""A profile is TOML or YAML."""
_LARGEST_FILE = 256 * 1024
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_IN_FIELD = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")

Number = Literal[
    "u8", "i8", "u16", "i16", "u24", "i24", "u32", "i32", "u64", "i64", "f32", "f64"
]
FieldType = Number | Literal["bcd", "ascii"]
Endian = Literal["big", "little"]


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    pass


class Scaled(_Part, kw_only=True):
    """A value: metric = sent * scale + offset, in `unit` or the metric's own."""

    metric: str
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    missing: list[float | str] = []
    """What is sent when there is no value, before scaling."""
    source: str | None = None
    """Name of the field in the message; without it where it stands."""


class JsonValue(Scaled, kw_only=True):
    """A value of a JSON message."""

    path: str | list[str]
    """JMESPath, or several of which the first that finds something counts.

    What it finds may be a list: one value a channel, numbered from 1.
    """

    def paths(self) -> list[str]:
        """Return the paths in the order they are tried."""
        return [self.path] if isinstance(self.path, str) else self.path


class JsonTime(_Part, kw_only=True):
    """When the values of a JSON message were observed."""

    path: str
    format: str = "auto"
    """`auto`, `epoch_s`, `epoch_ms` or a strptime pattern."""
    zone: str = "+08:00"
    """Of times that name none: offset, or a name of the time zone database."""


class JsonEvent(_Part, kw_only=True):
    """A text of a JSON message that is kept as an event."""

    kind: str
    path: str
    time: JsonTime | None = None
    """Without it the time of the values."""


class _Profile(_Part, tag_field="kind", kw_only=True):
    description: str = ""
    topics: list[str] = []
    """Topics that it suits; the level `{device}` names the device."""


class JsonProfile(_Profile, tag="json", kw_only=True):
    """How a JSON message is read."""

    values: list[JsonValue]
    each: str | None = None
    """JMESPath of the parts that are read one by one; without it the whole."""
    device: str | None = None
    channel: str | None = None
    time: JsonTime | None = None
    events: list[JsonEvent] = []


class Field(_Part, kw_only=True):
    """Some bytes of a binary message."""

    at: int
    """First byte, from 0."""
    type: FieldType
    endian: Endian | None = None
    length: int = 1
    """Bytes of `bcd` and `ascii`."""
    bits: tuple[int, int] | None = None
    """First bit, from the lowest, and number of bits."""


class Condition(Field, kw_only=True):
    """What must hold of some bytes."""

    equals: float | str


class BinaryValue(Scaled, kw_only=True):
    """A value of a binary message: the fields of `Field` and of `Scaled`."""

    at: int
    type: FieldType
    endian: Endian | None = None
    length: int = 1
    bits: tuple[int, int] | None = None
    when: Condition | None = None
    """It is there only if this holds."""


class BinaryTime(Field, kw_only=True):
    """When the values of a binary message were observed."""

    format: str = "epoch_s"
    zone: str = "+08:00"


class Samples(_Part, kw_only=True):
    """Samples of equal form one after the other."""

    at: int
    size: int
    """Bytes of one sample."""
    count: int | Field
    step_s: float | Field
    """From one sample's time to the next [s]; negative: the newest comes first."""
    values: list[BinaryValue]
    """With positions from the sample's first byte."""
    newest_first: bool = False
    """Whether a step that the message holds counts backwards."""


class BinaryProfile(_Profile, tag="binary", kw_only=True):
    """How a binary message is read."""

    values: list[BinaryValue] = []
    endian: Endian = "big"
    length: int = 0
    """Fewest bytes; values beyond the end of a message are left out."""
    match: list[Condition] = []
    """What must hold, else the message is refused."""
    device: Field | None = None
    time: BinaryTime | None = None
    samples: Samples | None = None


Specification = JsonProfile | BinaryProfile


def read(file: Traversable) -> Specification:
    """Read a profile file.

    Raises
    ------
    ConfigError
        It cannot be read or used; names file, field and reason.
    """
    try:
        document = _parsed(file)
        found: Specification = msgspec.convert(document, Specification)
        _check(found)
    except OSError as error:
        message = f"profile {file}: {error.strerror}"
        raise ConfigError(message) from error
    except (ValueError, yaml.YAMLError) as error:
        message = f"profile {file}: {_explain(str(error))}"
        raise ConfigError(message) from error
    return found


def _parsed(file: Traversable) -> Any:  # noqa: ANN401 - whatever the file holds
    content = file.read_bytes()
    if len(content) > _LARGEST_FILE:
        message = f"the file has more than {_LARGEST_FILE} bytes"
        raise ValueError(message)
    text = content.decode()
    return tomllib.loads(text) if file.name.endswith(".toml") else yaml.safe_load(text)


def _explain(error: str) -> str:
    found = _IN_FIELD.search(error)
    if found is None:
        return error
    return f"{found['field'] or 'the file'}: {error[: found.start()]}"


def _check(profile: Specification) -> None:
    units: dict[str, str | None] = {}
    for where, value in _values(profile):
        _check_metric(where, value)
        if units.setdefault(value.metric, value.unit) != value.unit:
            message = f"{where}.unit: {value.metric} stands in two units"
            raise ValueError(message)
    if not units:
        message = "values: there is none"
        raise ValueError(message)
    if isinstance(profile, JsonProfile):
        _check_paths(profile)
    else:
        _check_fields(profile)
    for where, moment in _times(profile):
        try:
            zone(moment.zone)
        except (ValueError, OSError) as error:
            message = f"{where}.zone: there is no zone {moment.zone!r}"
            raise ValueError(message) from error


def _values(profile: Specification) -> Iterator[tuple[str, Scaled]]:
    for n, value in enumerate(profile.values):
        yield f"values[{n}]", value
    if isinstance(profile, BinaryProfile) and profile.samples:
        for n, sampled in enumerate(profile.samples.values):
            yield f"samples.values[{n}]", sampled


def _times(profile: Specification) -> Iterator[tuple[str, JsonTime | BinaryTime]]:
    if profile.time:
        yield "time", profile.time
    if isinstance(profile, JsonProfile):
        for n, event in enumerate(profile.events):
            if event.time:
                yield f"events[{n}].time", event.time


def _check_metric(where: str, value: Scaled) -> None:
    metric = METRICS.get(value.metric)
    if metric is None:
        message = f"{where}.metric: there is no metric {value.metric!r}"
        raise ValueError(message)
    if value.unit is not None and conversion(value.unit, metric) is None:
        message = (
            f"{where}.unit: {value.unit!r} is no unit of {metric.name} ({metric.unit})"
        )
        raise ValueError(message)


def _check_paths(profile: JsonProfile) -> None:
    paths = [("each", profile.each), ("device", profile.device)]
    paths += [("channel", profile.channel)]
    paths += [
        (f"values[{n}].path", path)
        for n, each in enumerate(profile.values)
        for path in each.paths()
    ]
    paths += [(f"events[{n}].path", each.path) for n, each in enumerate(profile.events)]
    paths += [
        (f"{where}.path", each.path)
        for where, each in _times(profile)
        if isinstance(each, JsonTime)
    ]
    for where, path in paths:
        if path is not None:
            _check_path(where, path)


def _check_path(where: str, path: str) -> None:
    try:
        jmespath.compile(path)
    except jmespath.exceptions.JMESPathError as error:
        reason = str(error).partition("\n")[0]
        message = f"{where}: {path!r} is no JMESPath: {reason}"
        raise ValueError(message) from error


def _check_fields(profile: BinaryProfile) -> None:
    for where, field in _fields(profile):
        if field.at < 0 or field.length < 1:
            message = f"{where}: at must be 0 or more and length 1 or more"
            raise ValueError(message)
        if field.bits and (min(field.bits) < 0 or field.bits[1] < 1):
            message = f"{where}.bits: first bit from 0, then how many"
            raise ValueError(message)
        if field.bits and field.type[0] not in "ui":
            message = f"{where}.bits: {field.type} has no bits"
            raise ValueError(message)
    if profile.samples and (profile.samples.size < 1 or profile.samples.at < 0):
        message = "samples: size must be 1 or more and at 0 or more"
        raise ValueError(message)


def _fields(profile: BinaryProfile) -> Iterator[tuple[str, Field | BinaryValue]]:
    for where, value in _values(profile):
        if isinstance(value, BinaryValue):
            yield where, value
            if value.when:
                yield f"{where}.when", value.when
    for n, condition in enumerate(profile.match):
        yield f"match[{n}]", condition
    named: dict[str, Field | None] = {"device": profile.device, "time": profile.time}
    if profile.samples:
        named["samples.count"] = _field(profile.samples.count)
        named["samples.step_s"] = _field(profile.samples.step_s)
    yield from ((where, field) for where, field in named.items() if field)


def _field(given: float | Field) -> Field | None:
    return given if isinstance(given, Field) else None


def zone(name: str) -> tzinfo:
    """Return the zone of `+08:00`, `UTC` or a name; raises ValueError or OSError."""
    if found := _OFFSET.fullmatch(name):
        sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-offset if sign == "-" else offset)
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except KeyError as error:
        raise ValueError(name) from error
