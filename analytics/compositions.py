"""Times at which several conditions hold within a time of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FOREVER = 2**63 - 1
"""End of what lasts. [us]"""


class Span(NamedTuple):
    """A time [start, end). [us]."""

    start: int
    end: int


def union(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap or touch; sorted."""
    found: list[Span] = []
    for each in sorted(spans):
        if found and each.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return found


def common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Return the times that lie in both; each list is sorted and does not overlap."""
    found = [Span(max(a.start, b.start), min(a.end, b.end)) for a in one for b in other]
    return [each for each in found if each.start < each.end]


def compose(members: Sequence[Iterable[Span]], within: int) -> list[Span]:
    """Return when all members hold, each for `within` [us] after its end."""
    longer = [
        union(
            Span(each.start, min(each.end, FOREVER - within) + within)
            for each in member
        )
        for member in members
    ]
    found = longer[0]
    for each in longer[1:]:
        found = common(found, each)
    return found
