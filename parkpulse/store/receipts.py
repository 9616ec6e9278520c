"""First receipts of messages without any time: their observed time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.model import instants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.store.pool import Connection

WINDOW_US = instants.HOUR
"""The same payload of the same device within this time is a repetition. [us]"""


class Receipt(NamedTuple):
    """A message without any time: device, hash of the payload, receipt [us]."""

    device_id: int
    sha256: bytes
    at_us: int


def claim(connection: Connection, receipts: Sequence[Receipt]) -> list[int]:
    """Return the first receipt of each message [us], in the order given.

    That is its own receipt, unless the same payload came from the same device within
    the hour before: then it is the one of that.
    """
    first: list[int] = [0] * len(receipts)
    waiting = list(range(len(receipts)))
    while waiting:
        known = _claim_each(connection, [receipts[index] for index in waiting])
        later = []
        for index in waiting:
            device_id, sha256, at_us = receipts[index]
            first[index] = known[device_id, sha256]
            if at_us >= first[index] + WINDOW_US:
                later.append(index)
        waiting = later
    return first


def _claim_each(
    connection: Connection, receipts: Sequence[Receipt]
) -> dict[tuple[int, bytes], int]:
    earliest: dict[tuple[int, bytes], int] = {}
    for device_id, sha256, at_us in receipts:
        earliest.setdefault((device_id, sha256), at_us)
    ordered = sorted((*key, at_us) for key, at_us in earliest.items())
    rows = connection.execute(
        "insert into receipt as r (device_id, payload_sha256, at)"
        " select device_id, sha256, at"
        " from unnest(%s::integer[], %s::bytea[], %s::timestamptz[])"
        "  as u (device_id, sha256, at)"
        " on conflict (device_id, payload_sha256) do update set at = case"
        "  when excluded.at < r.at + interval '1 hour' then r.at else excluded.at end"
        " returning device_id, payload_sha256, at",
        [
            [device_id for device_id, _, _ in ordered],
            [sha256 for _, sha256, _ in ordered],
            [instants.from_us(at_us) for _, _, at_us in ordered],
        ],
    )
    return {(device_id, sha256): instants.to_us(at) for device_id, sha256, at in rows}


def prune(connection: Connection) -> None:
    """Forget receipts that no message can repeat any more."""
    connection.execute("delete from receipt where at < now() - interval '2 hours'")
