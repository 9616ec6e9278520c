"""Keeps a consumer's state: whole now and then, in between only what has changed.

What is written for a change is in proportion to the change, whatever there is besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.store import snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from parkpulse.store.pool import Connection


class _Sizes(NamedTuple):
    whole: int
    changes: int


class Journal:
    """Snapshots of a consumer's slots.

    Parameters
    ----------
    consumer
        Its name.
    """

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._sizes: dict[int, _Sizes] = {}

    def begin_anew(self) -> None:
        """Save wholes next: what changes are of is another state now."""
        self._sizes.clear()

    def save(
        self, conn: Connection, slot: int, news: bytes, whole: Callable[[], bytes]
    ) -> None:
        """Save what is new since the last call, or all when that has become as much.

        Parameters
        ----------
        conn
            In the transaction that moves the positions.
        slot
            Which part of the state.
        news
            What has changed since the last call.
        whole
            Makes the whole state.
        """
        sizes = self._sizes.get(slot, _Sizes(0, 0))
        changes = sizes.changes + len(news)
        if changes < sizes.whole:
            snapshots.add(conn, self._consumer, slot, news)
            self._sizes[slot] = _Sizes(sizes.whole, changes)
            return
        state = whole()
        snapshots.save(conn, self._consumer, slot, state)
        self._sizes[slot] = _Sizes(len(state), 0)

    def load(self, conn: Connection, slots: list[int]) -> list[bytes]:
        """Return states and changes in the order in which they are to be taken up."""
        states = snapshots.load(conn, self._consumer, slots)
        return [*states.values(), *snapshots.changes(conn, self._consumer, slots)]
