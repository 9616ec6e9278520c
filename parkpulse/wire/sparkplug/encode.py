"""Writes Sparkplug B payloads as edge nodes and hosts send them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.wire.sparkplug import values
from parkpulse.wire.sparkplug.sparkplug_b_pb2 import Payload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parkpulse.wire.sparkplug.sparkplug_b_pb2 import Metric

REBIRTH = "Node Control/Rebirth"
"""Metric of the command that asks for the births of an edge node."""
_WIDE = (values.INT64, values.UINT64, values.DATETIME)
_NARROW_BITS = 32
_WIDE_BITS = 64


class Value(NamedTuple):
    """A metric of a payload.

    A birth names name, alias and datatype; data may leave the name out. A value that is
    NaN in another datatype than a float's, or None, is null.
    """

    value: float | str | bytes | None
    datatype: int
    name: str = ""
    alias: int | None = None
    ts_ms: int | None = None
    is_historical: bool = False
    is_transient: bool = False
    unit: str = ""
    quality: int | None = None


def payload(metrics: Iterable[Value], timestamp_ms: int, seq: int | None) -> bytes:
    """Write DBIRTH, NDATA, DDATA and DDEATH; a birth's metrics have names."""
    whole = Payload(timestamp=timestamp_ms)
    for each in metrics:
        _fill(whole.metrics.add(), each)
    if seq is not None:
        whole.seq = seq
    return bytes(whole.SerializeToString())


def node_birth(
    metrics: Iterable[Value], timestamp_ms: int, bd_seq: int, seq: int = 0
) -> bytes:
    """Write an NBIRTH: with bdSeq and the metric that takes a request of births."""
    own = (_bd_seq(bd_seq, timestamp_ms), Value(False, values.BOOLEAN, REBIRTH))  # noqa: FBT003 - a value
    return payload((*own, *metrics), timestamp_ms, seq)


def node_death(timestamp_ms: int, bd_seq: int) -> bytes:
    """Write an NDEATH: the Will of the connection that the NBIRTH follows."""
    return payload((_bd_seq(bd_seq, timestamp_ms),), timestamp_ms, None)


def rebirth(timestamp_ms: int) -> bytes:
    """Write the NCMD that asks an edge node for its births."""
    asked = Value(True, values.BOOLEAN, REBIRTH, ts_ms=timestamp_ms)  # noqa: FBT003 - a value
    return payload((asked,), timestamp_ms, None)


def _bd_seq(bd_seq: int, timestamp_ms: int) -> Value:
    return Value(bd_seq, values.UINT64, "bdSeq", ts_ms=timestamp_ms)


def _fill(metric: Metric, told: Value) -> None:
    if told.name:
        metric.name = told.name
        metric.datatype = told.datatype
    if told.alias is not None:
        metric.alias = told.alias
    if told.ts_ms is not None:
        metric.timestamp = told.ts_ms
    if told.is_historical:
        metric.is_historical = True
    if told.is_transient:
        metric.is_transient = True
    _fill_properties(metric, told)
    _fill_value(metric, told)


def _fill_properties(metric: Metric, told: Value) -> None:
    if told.unit:
        metric.properties.keys.append("engUnit")
        metric.properties.values.add(type=values.STRING, string_value=told.unit)
    if told.quality is not None:
        metric.properties.keys.append("Quality")
        metric.properties.values.add(type=values.INT32, int_value=told.quality)


def _fill_value(metric: Metric, told: Value) -> None:
    value, datatype = told.value, told.datatype
    if value is None:
        metric.is_null = True
    elif isinstance(value, str):
        metric.string_value = value
    elif isinstance(value, bytes):
        metric.bytes_value = value
    elif datatype == values.FLOAT:
        metric.float_value = value
    elif datatype == values.DOUBLE:
        metric.double_value = value
    else:
        _fill_number(metric, value, datatype)


def _fill_number(metric: Metric, value: float, datatype: int) -> None:
    if math.isnan(value):
        metric.is_null = True
    elif datatype == values.BOOLEAN:
        metric.boolean_value = bool(value)
    elif datatype in _WIDE:
        metric.long_value = int(value) & ((1 << _WIDE_BITS) - 1)
    else:
        metric.int_value = int(value) & ((1 << _NARROW_BITS) - 1)
