"""Values of Sparkplug by their datatype: numbers, or what is no number."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons

if TYPE_CHECKING:
    from parkpulse.wire.sparkplug.sparkplug_b_pb2 import DataSet, Metric, Template

INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64 = range(1, 9)
FLOAT, DOUBLE, BOOLEAN, STRING, DATETIME, TEXT, UUID, DATASET, BYTES, FILE, TEMPLATE = (
    range(9, 20)
)
INT8_ARRAY, BOOLEAN_ARRAY, STRING_ARRAY, DATETIME_ARRAY = 22, 32, 33, 34
_BITS = {
    INT8: 8,
    INT16: 16,
    INT32: 32,
    INT64: 64,
    UINT8: 8,
    UINT16: 16,
    UINT32: 32,
    UINT64: 64,
}
_SIGNED = (INT8, INT16, INT32, INT64)
_DTYPES = dict(
    enumerate(
        ("<i1", "<i2", "<i4", "<i8", "<u1", "<u2", "<u4", "<u8", "<f4", "<f8"),
        INT8_ARRAY,
    )
) | {DATETIME_ARRAY: "<i8"}
_LATEST_MS = 253_402_300_799_999
_MOST = 10_000
_COUNT_BYTES = 4

Plain = dict[str, Any]


class Other(NamedTuple):
    """A value that is no number."""

    kind: str
    detail: Plain
    body: bytes = b""


def read(metric: Metric, datatype: int) -> float | Other:
    """Read a metric's value; its datatype stands in the birth.

    Numbers, truth values and what no birth has told the type of are numbers.

    Raises
    ------
    DecodeError
        `wrong_type`: the value is not of its datatype, or there is none.
        `not_finite`.
    """
    field = metric.WhichOneof("value")
    if field in {"int_value", "long_value"}:
        return _integer(metric.int_value or metric.long_value, datatype)
    if field == "double_value":
        return _finite(metric.double_value)
    if field == "float_value":
        return _finite(shortest(metric.float_value))
    if field == "boolean_value":
        return float(metric.boolean_value)
    return _other(metric, field, datatype)


def _integer(raw: int, datatype: int) -> float | Other:
    if datatype == DATETIME:
        return Other("time", {"time": _moment(raw)})
    return float(signed(raw, datatype))


def signed(raw: int, datatype: int) -> int:
    """Read two's complement by the datatype's width; other datatypes as they are."""
    bits = _BITS.get(datatype)
    if bits is None:
        return raw
    value = raw & ((1 << bits) - 1)
    negative = datatype in _SIGNED and value >> (bits - 1)
    return value - (1 << bits) if negative else value


def shortest(value: float) -> float:
    """Return the shortest decimal that a 32 bit float can have meant: 23.1."""
    return float(str(np.float32(value)))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise DecodeError(reasons.NOT_FINITE, str(value))
    return value


def _moment(milliseconds: int) -> str | int:
    if milliseconds > _LATEST_MS:
        return milliseconds
    return instants.from_us(milliseconds * 1000).isoformat().replace("+00:00", "Z")


def _other(metric: Metric, field: str | None, datatype: int) -> Other:
    if field == "string_value":
        return Other("text", {"text": metric.string_value})
    if field == "bytes_value":
        return _of_bytes(metric.bytes_value, datatype, metric)
    if field == "dataset_value":
        return Other("dataset", dataset(metric.dataset_value))
    if field == "template_value":
        return Other("template", template(metric.template_value))
    raise DecodeError(reasons.WRONG_TYPE, "there is no value")


def _of_bytes(raw: bytes, datatype: int, metric: Metric) -> Other:
    if datatype in range(INT8_ARRAY, DATETIME_ARRAY + 1):
        return Other("array", {"values": array(raw, datatype)})
    if datatype == FILE:
        name = metric.metadata.file_name
        return Other("file", {"file_name": name}, raw)
    return Other("data", {"length": len(raw)}, raw)


def array(raw: bytes, datatype: int) -> list[Any]:
    """Read an array: little endian; truth values packed, texts ended by zero.

    Raises
    ------
    DecodeError
        `wrong_type`: the bytes are no such array. `too_large`.
    """
    if datatype == BOOLEAN_ARRAY:
        return _truths(raw)
    if datatype == STRING_ARRAY:
        texts = raw.split(b"\0")[:-1]
        return [text.decode("utf-8", "replace") for text in _few(texts)]
    dtype = np.dtype(_DTYPES[datatype])
    if len(raw) % dtype.itemsize:
        detail = f"{len(raw)} bytes are no array of {dtype.itemsize} bytes each"
        raise DecodeError(reasons.WRONG_TYPE, detail)
    numbers = np.frombuffer(raw, dtype)
    return [plain(each) for each in _few(numbers.tolist())]


def plain(value: Any) -> Any:  # noqa: ANN401 - of any datatype
    """Return a value as JSON can say it: what is not finite as None."""
    is_bad = isinstance(value, float) and not math.isfinite(value)
    return None if is_bad else value


def _few(found: list[Any]) -> list[Any]:
    if len(found) > _MOST:
        detail = f"an array of {len(found)}, at most {_MOST} are read"
        raise DecodeError(reasons.TOO_LARGE, detail)
    return found


def _truths(raw: bytes) -> list[bool]:
    count = int.from_bytes(raw[:_COUNT_BYTES], "little")
    packed = np.frombuffer(raw[_COUNT_BYTES:], np.uint8)
    if len(raw) < _COUNT_BYTES or count > 8 * len(packed):
        raise DecodeError(reasons.WRONG_TYPE, "the truth values are fewer than told")
    if count > _MOST:
        raise DecodeError(reasons.TOO_LARGE, f"an array of {count}")
    # The first is the highest bit (specification 3.0, 6.4.17).
    return [bool(bit) for bit in np.unpackbits(packed, count=count)]


def pack(numbers: list[Any], datatype: int) -> bytes:
    """Write an array of numbers or truth values; the reverse of `array`."""
    if datatype == BOOLEAN_ARRAY:
        bits = np.packbits(np.array(numbers, bool)).tobytes()
        return struct.pack("<I", len(numbers)) + bits
    if datatype == STRING_ARRAY:
        return b"".join(text.encode() + b"\0" for text in numbers)
    return np.array(numbers, _DTYPES[datatype]).tobytes()


def dataset(table: DataSet) -> Plain:
    """Read a table: columns, and rows of values by their column's datatype."""
    types = list(table.types)
    rows = [
        [_cell(each, types[i] if i < len(types) else 0) for i, each in enumerate(cells)]
        for cells in (row.elements for row in table.rows[:_MOST])
    ]
    return {"columns": list(table.columns), "types": types, "rows": rows}


def _cell(value: Any, datatype: int) -> Any:  # noqa: ANN401 - of any datatype
    field = value.WhichOneof("value")
    if field is None:
        return None
    raw = getattr(value, field)
    if field in {"int_value", "long_value"}:
        return signed(raw, datatype)
    return plain(raw)


def template(told: Template) -> Plain:
    """Read a template: its parameters and the plain values of its metrics."""
    return {
        "template": told.template_ref or None,
        "version": told.version or None,
        "is_definition": told.is_definition,
        "parameters": {each.name: _cell(each, each.type) for each in told.parameters},
        "metrics": {each.name: _shown(each) for each in told.metrics},
    }


def _shown(metric: Metric) -> Any:  # noqa: ANN401 - of any datatype
    field = metric.WhichOneof("value")
    if field is None or metric.is_null:
        return None
    if field in {"dataset_value", "template_value", "bytes_value"}:
        return field.removesuffix("_value")
    return _cell(metric, metric.datatype)
