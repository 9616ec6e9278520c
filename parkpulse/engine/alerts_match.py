"""Which newly computed interval of a condition is which recorded one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.condition import Interval


class Pair(NamedTuple):
    """A computed interval and the recorded one that it continues, if any."""

    old: Interval | None
    new: Interval


def match(
    old: Sequence[Interval], new: Sequence[Interval]
) -> tuple[list[Pair], list[Interval]]:
    """Find the recorded partner of each computed interval.

    Parameters
    ----------
    old, new
        Intervals of one key by time; those of a list do not overlap each other.

    Returns
    -------
    pairs
        One for each of `new`, in the same order.
    gone
        Those of `old` that no longer exist, by time.
    """
    partner: dict[int, Interval] = {}
    rest = list(old)
    for accepts in (_both_last, _same_raise, _overlap):
        for index, each in enumerate(new):
            found = next((one for one in rest if accepts(one, each, new)), None)
            if index not in partner and found is not None:
                partner[index] = found
                rest.remove(found)
    return [Pair(partner.get(index), each) for index, each in enumerate(new)], rest


def _both_last(old: Interval, new: Interval, all_new: Sequence[Interval]) -> bool:
    """Tell whether both go on, and the old one's begin is not found elsewhere."""
    return (
        old.cleared is None
        and new.cleared is None
        and old.overlaps(new)
        and not any(one.raised == old.raised for one in all_new if one is not new)
    )


def _same_raise(old: Interval, new: Interval, _: Sequence[Interval]) -> bool:
    return old.raised == new.raised


def _overlap(old: Interval, new: Interval, _: Sequence[Interval]) -> bool:
    return old.overlaps(new)
