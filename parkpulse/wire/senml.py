"""SenML (RFC 8428) in JSON and CBOR: packs are resolved and split into devices."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from parkpulse.errors import DecodeError
from parkpulse.model import aliases, instants, reasons
from parkpulse.model.message import Event, Message, Refusal, Telegram
from parkpulse.wire import documents, senml_pack, senml_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.wire.context import Context
    from parkpulse.wire.senml_pack import Record

VERSION = 10
"""Version of SenML that is read, and a pack's when it names none."""
LONGEST_NAME = 512
"""A name with more characters is refused."""
_RELATIVE = 2**28
_LATEST_S = 253_402_300_800
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]*", re.ASCII)
_URN_DEVICE = re.compile(r"(urn:dev:[^:/]+:[^:/_]+)[:/_]*(.*)")
_SEPARATORS = ":/-._"
_LONGEST_DEVICE = 64
_DIGEST = 12
_ONLY = "value"
_SHOWN_BYTES = 1024
_VALUES = ("v", "vs", "vb", "vd")


class _Resolved(NamedTuple):
    """A record without base fields."""

    device: str | None
    name: str
    source: str
    unit: str | None
    ts_us: int | None
    value: float | str | bytes | None
    sum: float | None


@dataclass(slots=True)
class _Bases:
    """Base fields in effect."""

    bn: str = ""
    bt: float = 0.0
    bu: str | None = None
    bv: float = 0.0
    bs: float | None = None
    bver: int | None = None

    def take(self, record: Record) -> None:
        """Take up the base fields of a record."""
        if "bn" in record:
            self.bn = _text(record, "bn")
        if "bu" in record:
            self.bu = _text(record, "bu")
        self.bt = _number(record, "bt", self.bt)
        self.bv = _number(record, "bv", self.bv)
        if "bs" in record:
            self.bs = _number(record, "bs", 0.0)
        self._take_version(record.get("bver", self.bver or VERSION))

    def _take_version(self, version: object) -> None:
        if type(version) is not int or version < 1:
            detail = f"bver {documents.shown(version)} is no version"
            raise DecodeError(reasons.WRONG_TYPE, detail)
        if version > VERSION:
            detail = f"bver {version}, at most {VERSION} is read"
            raise DecodeError(reasons.UNSUPPORTED_VERSION, detail)
        if version != (self.bver or version):
            detail = f"bver {version} after {self.bver}: a pack has one version"
            raise DecodeError(reasons.WRONG_TYPE, detail)
        self.bver = version


class Decoder:
    """Reads packs; each is complete in itself."""

    def decode(self, payload: bytes, context: Context) -> Telegram:
        """Read a pack.

        Raises
        ------
        DecodeError
            `too_large`, `not_utf8`, `not_json`, `not_cbor`, `too_deep`, `no_values`,
            `duplicate_key`, `wrong_type`, `bad_name`, `bad_time`,
            `unsupported_version`, `must_understand`.
        """
        records = senml_pack.read(payload)
        bases = _Bases()
        resolved = [_resolve(each, bases, context.received_us) for each in records]
        # A time that is not told is the time of receipt.
        resolved.sort(
            key=lambda each: context.received_us if each.ts_us is None else each.ts_us
        )
        about = {"bver": bases.bver, "records": len(resolved)}
        return Telegram(_messages(resolved), about)


def _resolve(record: Record, bases: _Bases, received_us: int) -> _Resolved:
    for label in record:
        if label.endswith("_"):
            detail = f"nobody here understands {documents.shown(label)}"
            raise DecodeError(reasons.MUST_UNDERSTAND, detail)
    bases.take(record)
    own = _text(record, "n") if "n" in record else ""
    name = bases.bn + own
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        detail = f"{documents.shown(name)} is no name of SenML"
        raise DecodeError(reasons.BAD_NAME, detail)
    device, metric = split(bases.bn, own)
    _number(record, "ut", 0.0)
    unit = _text(record, "u") if "u" in record else bases.bu
    unit = None if "vb" in record else unit
    time = _time(bases.bt + _number(record, "t", 0.0), received_us)
    value = _value(record, bases)
    return _Resolved(device, metric, name, unit, time, value, _sum(record, bases))


def split(base: str, own: str) -> tuple[str | None, str]:
    """Split a name into device and name of the metric.

    `base` names the device and `own` the metric, without separators in between. Without
    one of them the whole name is split: after the device of a `urn:dev:` (RFC 9039),
    else at the last `/` or `:`. A name without separator is a metric of the device
    that the topic names (None). A metric that is not named is called `value`.
    """
    device, metric = base.rstrip(_SEPARATORS), own.lstrip(_SEPARATORS)
    if not (device and metric):
        device, metric = _halves(base + own)
    return (device_id(device) if device else None), metric or _ONLY


def _halves(name: str) -> tuple[str, str]:
    urn = _URN_DEVICE.fullmatch(name)
    if urn:
        return urn.group(1), urn.group(2)
    cut = max(name.rfind("/"), name.rfind(":"))
    return ("", name) if cut < 0 else (name[:cut].rstrip(_SEPARATORS), name[cut + 1 :])


def device_id(name: str) -> str:
    """Make an id of a name: `/` becomes `:`; a long one is cut and ends in a digest."""
    code = name.replace("/", ":")
    if len(code) <= _LONGEST_DEVICE:
        return code
    digest = hashlib.sha256(code.encode()).hexdigest()[:_DIGEST]
    return f"{code[: _LONGEST_DEVICE - _DIGEST - 1]}-{digest}"


def _text(record: Record, label: str) -> str:
    text = record[label]
    if not isinstance(text, str):
        detail = f"{label} must be text, not {documents.shown(text)}"
        raise DecodeError(reasons.WRONG_TYPE, detail)
    if not text.isascii():
        _require_characters(text, label)
    return text


def _require_characters(text: str, label: str) -> None:
    """Refuse halves of characters, which JSON can write and nobody can store."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DecodeError(reasons.NOT_UTF8, f"{label}: {error.reason}") from error


def _number(record: Record, label: str, missing: float) -> float:
    """Return a number; infinite if it is beyond the range of a float."""
    if label not in record:
        return missing
    number = record[label]
    if not isinstance(number, int | float | Decimal) or isinstance(number, bool):
        detail = f"{label} must be a number, not {documents.shown(number)}"
        raise DecodeError(reasons.WRONG_TYPE, detail)
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _time(seconds: float, received_us: int) -> int | None:
    """Return a time [us]; None where the pack names none: it is now."""
    if not abs(seconds) < _LATEST_S:
        raise DecodeError(reasons.BAD_TIME, f"{seconds!r} s is no time")
    moment_us = round(seconds * instants.SECOND)
    if seconds >= _RELATIVE:
        return moment_us
    return received_us + moment_us if moment_us else None


def _value(record: Record, bases: _Bases) -> float | str | bytes | None:
    given = [label for label in _VALUES if label in record]
    if len(given) > 1 or not (given or "s" in record):
        detail = f"a record has exactly one of {', '.join(_VALUES)}, not {len(given)}"
        raise DecodeError(reasons.WRONG_TYPE, detail)
    return _of(record, given[0], bases) if given else None


def _of(record: Record, label: str, bases: _Bases) -> float | str | bytes:
    if label == "v":
        return bases.bv + _number(record, "v", 0.0)
    if label == "vs":
        return _text(record, "vs")
    value = record[label]
    if not isinstance(value, bool if label == "vb" else bytes):
        detail = f"{label} is {documents.shown(value)}"
        raise DecodeError(reasons.WRONG_TYPE, detail)
    return float(value) if isinstance(value, bool) else bytes(value)


def _sum(record: Record, bases: _Bases) -> float | None:
    if "s" not in record and bases.bs is None:
        return None
    return (bases.bs or 0.0) + _number(record, "s", 0.0)


@dataclass(slots=True)
class _Draft:
    """What is said of one device; each metric in one unit."""

    message: Message
    units: dict[str, str | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, told: _Resolved) -> None:
        """Add a record."""
        if isinstance(told.value, str):
            detail: dict[str, Any] = {"name": told.source, "text": told.value}
            self.message.events.append(Event("text", told.ts_us, detail))
        elif isinstance(told.value, bytes):
            shown = told.value[:_SHOWN_BYTES].hex()
            detail = {"name": told.source, "hex": shown}
            self.message.events.append(Event("data", told.ts_us, detail, told.value))
        elif told.value is not None:
            self._add_number(told, told.name, told.unit, told.value)
        if told.sum is not None:
            unit = None if told.unit is None else _unit_of_sum(told.unit)
            self._add_number(told, f"{told.name}_sum", unit, told.sum)

    def _add_number(
        self, told: _Resolved, name: str, unit: str | None, value: float
    ) -> None:
        if not math.isfinite(value):
            self.message.refused.append(Refusal(reasons.NOT_FINITE, told.source))
            return
        metric, target = _canonical(name, unit)
        if self.names.setdefault(metric, name) != name:
            # Two names for one metric: only the first stands for it.
            metric, target = name, _own(name, unit)
        if self.units.setdefault(metric, target.unit) != target.unit:
            detail = f"{told.source}: {unit!r:.40} besides {self.units[metric]!r:.40}"
            self.message.refused.append(Refusal(reasons.UNKNOWN_UNIT, detail))
            return
        if target.unit is not None:
            self.message.units[metric] = target.unit
        self.message.metrics.append(metric)
        self.message.values.append(target.scale.of(value))
        self.message.ts_us.append(told.ts_us)
        self.message.sources.append(told.source)


def _unit_of_sum(unit: str) -> str:
    # A sum of what is counted in a multiple would need the multiple: kW gives kW.s.
    target = senml_units.to_primary(unit)
    is_own = target.unit == unit
    return senml_units.of_sum(unit) if is_own else f"{unit}.s"


def _canonical(name: str, unit: str | None) -> tuple[str, senml_units.Target]:
    """Name the metric and where its values go; its own name if the unit is another."""
    alias = aliases.find(name)
    told = alias.unit if alias is not None and unit is None else unit
    if alias is not None:
        scale = senml_units.AS_IT_IS
        fits = scale if told is None else senml_units.to_metric(told, alias.metric)
        if fits is not None:
            return alias.metric, senml_units.Target(None, fits)
    return name, _own(name, unit)


def _own(name: str, unit: str | None) -> senml_units.Target:
    """Where the values of a metric of its own go: to the unit that SenML registers."""
    alias = aliases.find(name)
    told = alias.unit if alias is not None and unit is None else unit
    if told is None:
        return senml_units.Target(None, senml_units.AS_IT_IS)
    return senml_units.to_primary(told)


def _messages(resolved: Sequence[_Resolved]) -> list[Message]:
    drafts: dict[str | None, _Draft] = {}
    for told in resolved:
        draft = drafts.get(told.device)
        if draft is None:
            message = Message([], [], [], device=told.device)
            draft = drafts[told.device] = _Draft(message)
        draft.add(told)
    return [draft.message for draft in drafts.values()]
