"""How SL 651 writes numbers, times and station addresses in bytes."""

from __future__ import annotations

import functools
import math
from datetime import datetime, timedelta, timezone

from parkpulse.model import instants
from parkpulse.model.message import GOOD, MISSING, SUSPECT

ZONE = timezone(timedelta(hours=8))
"""Clocks of stations have no zone: they run on Beijing time."""

_CENTURY = 2000
_EARLIEST_SET = instants.to_us(datetime(2001, 1, 1, tzinfo=ZONE))
_LATEST_SET = instants.to_us(datetime(2050, 1, 1, tzinfo=ZONE))
_SENTINEL_DIGITS = 4
_ADDRESS_BYTES = 5
_CODE_DIGITS = 8
_DIVISION_DIGITS = 6
_ADMINISTRATIVE_DIGITS = 11
_LARGEST_NUMBER = 0xFFFF


def number(data: bytes, decimals: int) -> tuple[float, int] | None:
    """Value and quality of a BCD field; None if it is neither number nor missing.

    All F, or as some vendors write all A, is missing (NaN, 9). A leading byte FF is the
    sign. Nothing but nines says that there is no sensor: kept, but suspect.
    """
    digits = data.hex()
    if digits.isdecimal():
        return int(digits) / 10**decimals, _quality(digits)
    if not digits.strip("f") or not digits.strip("a"):
        return math.nan, MISSING
    if digits.startswith("ff") and digits[2:].isdecimal():
        return -int(digits[2:]) / 10**decimals, GOOD
    return None


def _quality(digits: str) -> int:
    nines = len(digits.lstrip("0"))
    if digits.strip("09") or "0" in digits.lstrip("0"):
        return GOOD
    # An odd count of digits has a leading zero in its bytes: 9999.999 is 09999999.
    enough = len(digits) if len(digits) == _SENTINEL_DIGITS else len(digits) - 1
    return SUSPECT if nines >= max(_SENTINEL_DIGITS, enough) else GOOD


def number_bytes(value: float, size: int, decimals: int) -> bytes:
    """BCD field of `size` bytes; NaN is written as missing.

    Raises
    ------
    ValueError
        The number is too large for the field, or infinite.
    """
    if math.isnan(value):
        return b"\xff" * size
    if math.isinf(value):
        error = "an element cannot be infinite"
        raise ValueError(error)
    scaled = round(abs(value) * 10**decimals)
    is_negative = value < 0 and scaled > 0
    room = 2 * (size - is_negative)
    digits = f"{scaled:0{max(room, 0)}d}"
    if len(digits) > room or not room:
        error = f"{value} does not fit into {size} bytes with {decimals} decimals"
        raise ValueError(error)
    return bytes.fromhex(("ff" if is_negative else "") + digits)


@functools.lru_cache(maxsize=4096)  # many stations report at the same minutes
def moment(digits: str) -> int | None:
    """Instant [us since 1970 UTC] of YYMMDDHHmm or YYMMDDHHmmSS; None if it is none."""
    if not (digits.isascii() and digits.isdecimal()):
        return None
    parts = [int(digits[at : at + 2]) for at in range(0, len(digits), 2)]
    year, month, day, hour, minute, second = (*parts, 0, 0, 0, 0, 0, 0)[:6]
    try:
        local = datetime(_CENTURY + year, month, day, hour, minute, second, tzinfo=ZONE)
    except ValueError:
        return None
    return instants.to_us(local)


@functools.lru_cache(maxsize=4096)
def moment_digits(moment_us: int, pattern: str = "%y%m%d%H%M%S") -> str:
    """Digits of an instant on a station's clock.

    Raises
    ------
    ValueError
        The year is not within 2000 to 2099: two digits cannot say it.
    """
    local = instants.from_us(moment_us).astimezone(ZONE)
    if local.year // 100 != _CENTURY // 100:
        error = f"the year {local.year} cannot be written with two digits"
        raise ValueError(error)
    return local.strftime(pattern)


def is_clock_set(moment_us: int) -> bool:
    """Whether a clock shows a year that a station can have been set to, 2001 to 2049.

    Clocks that nobody has set show 2000 or, in published frames, 2059.
    """
    return _EARLIEST_SET <= moment_us < _LATEST_SET


def station(address: bytes) -> str:
    """Name of a station.

    The ten digits of a hydrological code, or of an administrative address six digits of
    the division and five of the station's binary number; else ten hexadecimal digits.
    """
    digits = address.hex().upper()
    if not address[0] or not digits[:_DIVISION_DIGITS].isdecimal():
        return digits
    return f"{digits[:_DIVISION_DIGITS]}{int.from_bytes(address[3:]):05d}"


@functools.lru_cache(maxsize=4096)
def address(name: str) -> bytes:
    """Five bytes of a station's name; also takes the eight digits of a code.

    Raises
    ------
    ValueError
        It names no station.
    """
    if len(name) == _ADMINISTRATIVE_DIGITS and name.isdecimal():
        tail = int(name[_DIVISION_DIGITS:])
        if tail <= _LARGEST_NUMBER:
            return bytes.fromhex(name[:_DIVISION_DIGITS]) + tail.to_bytes(2)
    if len(name) == _CODE_DIGITS and name.isdecimal():
        name = f"00{name}"
    if len(name) == 2 * _ADDRESS_BYTES and "".join(name.split()) == name:
        return bytes.fromhex(name)
    error = f"{name!r} is no address of a station"
    raise ValueError(error)
