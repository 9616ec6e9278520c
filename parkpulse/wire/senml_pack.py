"""Packs of SenML records as JSON and CBOR, bounded; by the labels of JSON."""

from __future__ import annotations

import base64
import binascii
import io
import json
from decimal import Decimal
from typing import Any

import cbor2

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.wire import documents

Record = dict[str, Any]

MAXIMUM_RECORDS = documents.MAXIMUM_VALUES
"""A pack with more records is refused as `too_large`."""
LABELS = {
    -1: "bver",
    -2: "bn",
    -3: "bt",
    -4: "bu",
    -5: "bv",
    -6: "bs",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
"""Keys of CBOR and what they are called in JSON (RFC 8428, table 4)."""
_LONGEST_INTEGER = 400
_DEEPEST = 5
_DECIMAL_FRACTION = 4
_EXPONENTS = range(-400, 401)


def read(payload: bytes) -> list[Record]:
    """Read the records of a pack; `vd` is bytes, numbers are numbers of some sort.

    Raises
    ------
    DecodeError
        `too_large`, `not_utf8`, `not_json`, `not_cbor`, `too_deep`, `duplicate_key`,
        `wrong_type`, `no_values`.
    """
    if len(payload) > documents.MAXIMUM_BYTES:
        detail = f"{len(payload)} bytes, at most {documents.MAXIMUM_BYTES} are read"
        raise DecodeError(reasons.TOO_LARGE, detail)
    pack = _from_cbor(payload) if payload[:1] >= b"\x80" else _from_json(payload)
    if not isinstance(pack, list):
        raise DecodeError(reasons.WRONG_TYPE, "a pack is an array of records")
    if not pack:
        raise DecodeError(reasons.NO_VALUES, "the pack has no record")
    if len(pack) > MAXIMUM_RECORDS:
        detail = f"{len(pack)} records, at most {MAXIMUM_RECORDS} are read"
        raise DecodeError(reasons.TOO_LARGE, detail)
    return [documents.mapping(record, "a record") for record in pack]


def _from_json(payload: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        pack = json.loads(
            payload.decode(),
            object_pairs_hook=_no_duplicates,
            parse_int=_integer,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError as error:
        raise DecodeError(reasons.NOT_UTF8, str(error)) from error
    except ValueError as error:
        raise DecodeError(reasons.NOT_JSON, str(error)) from error
    except RecursionError as error:
        detail = "objects or lists are nested too deeply"
        raise DecodeError(reasons.TOO_DEEP, detail) from error
    for record in pack if isinstance(pack, list) else ():
        if isinstance(record, dict) and "vd" in record:
            record["vd"] = _data(record["vd"])
    return pack


def _no_duplicates(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        detail = f"the label {documents.shown(twice)} stands twice"
        raise DecodeError(reasons.DUPLICATE_KEY, detail)
    return found


def _integer(digits: str) -> float:
    # Python reads no longer ones; none of them is within the range of a float.
    return int(digits) if len(digits) < _LONGEST_INTEGER else float(digits)


def _no_constant(name: str) -> float:
    error = f"{name} is no number of JSON"
    raise ValueError(error)


def _data(written: object) -> bytes:
    """Read base64url; its padding may be left out."""
    if not isinstance(written, str):
        raise DecodeError(reasons.WRONG_TYPE, "vd must be text in base64url")
    bare = written.rstrip("=")
    try:
        padded = bare + "=" * (-len(bare) % 4)
        return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise DecodeError(reasons.WRONG_TYPE, f"vd is no base64url: {error}") from error


def _from_cbor(payload: bytes) -> Any:  # noqa: ANN401 - any CBOR
    stream = io.BytesIO(payload)
    try:
        pack = cbor2.CBORDecoder(
            stream,
            max_depth=_DEEPEST,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=_TAGS,
            tag_hook=_refuse_tag,
        ).decode()
    except (cbor2.CBORError, ValueError, OverflowError, MemoryError) as error:
        cause = error.__cause__ or error
        raise DecodeError(reasons.NOT_CBOR, f"{cause}"[:200]) from error
    if stream.tell() != len(payload):
        raise DecodeError(reasons.NOT_CBOR, "something follows the pack")
    if not isinstance(pack, list):
        return pack
    return [_named(each) for each in pack[: MAXIMUM_RECORDS + 1]]


def _named(record: object) -> Any:  # noqa: ANN401 - any CBOR
    if not isinstance(record, dict):
        return record
    # Truth values and floats equal integers, but are no labels.
    if not all(type(key) in (int, str) for key in record):
        raise DecodeError(reasons.WRONG_TYPE, "a label is neither integer nor text")
    found = {LABELS.get(key, key): value for key, value in record.items()}
    if len(found) != len(record):
        raise DecodeError(reasons.DUPLICATE_KEY, "a label stands as integer and text")
    return {str(key): value for key, value in found.items()}


def _refuse_tag(*_: object) -> Any:  # noqa: ANN401 - never returns
    error = "of the tags only 4, decimal fraction, is SenML"
    raise ValueError(error)


def _decimal_fraction(parts: object, _: object) -> Decimal:
    """Read exponent and mantissa (RFC 8949, 3.4.4), bounded."""
    if not isinstance(parts, list | tuple) or [type(each) for each in parts] != [
        int,
        int,
    ]:
        error = "a decimal fraction is an array of two integers"
        raise ValueError(error)
    exponent, mantissa = parts
    if exponent not in _EXPONENTS:
        error = f"exponent {exponent} of a decimal fraction is out of range"
        raise ValueError(error)
    return Decimal(mantissa).scaleb(exponent)


# Those that cbor2 would read itself: dates, bignums, regular expressions, references.
_OTHER_TAGS = (*range(4), 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260)
_TAGS = dict.fromkeys(_OTHER_TAGS, _refuse_tag) | {_DECIMAL_FRACTION: _decimal_fraction}
