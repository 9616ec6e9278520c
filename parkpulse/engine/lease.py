"""Holds this process's share of the slots and gives it up when it must."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from parkpulse.errors import StoreError, StoreUnavailableError
from parkpulse.model.registry import SLOTS
from parkpulse.store import engine as store

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Mapping, Sequence

    from parkpulse.store.engine import Rank
    from parkpulse.store.pool import Connection, Database

TTL_S = 6.0
"""A dead process's slots are free after this time. [s]"""
ROLE = "engine"
_ALL = frozenset(range(SLOTS))
_log = logging.getLogger(__name__)


def fair_share(slots: int, rank: Rank) -> int:
    """How many of some slots one of several processes holds; together they hold all."""
    least, rest = divmod(slots, rank.processes)
    return least + (rank.place < rest)


class LeaseKeeper:
    """Keeps slots by saying that the process lives; takes its share, gives the rest.

    Slots with parks and slots without are shared out each by themselves, so that few
    parks do not all come to one process.

    Parameters
    ----------
    database
        Where the leases are.
    owner
        Name of this process, unique among all engines and roles.
    role
        Processes of one role share the slots; each role has leases of its own.
    ttl_s
        How long this process counts as alive without a word from it. [s]
    """

    def __init__(
        self,
        database: Database,
        owner: str,
        role: str = ROLE,
        *,
        ttl_s: float = TTL_S,
    ) -> None:
        self.owner = owner
        self._role = role
        self._database = database
        self._ttl_s = ttl_s
        self._held: Mapping[int, int] = {}
        self._is_prepared = False

    @property
    def held(self) -> Mapping[int, int]:
        """Slots of this process and the epoch of each lease, as of the last renewal.

        A slot that was lost and won again has another epoch: whatever is known of it
        in memory is stale.
        """
        return self._held

    def renew(self) -> None:
        """Renew once: keep, give back or take so that each process has its share."""
        with self._database.transaction() as conn:
            if not self._is_prepared:
                store.prepare(conn, self._role)
            rank = store.report_alive(conn, self.owner, self._role, self._ttl_s)
            parks = store.occupied(conn)
            surplus: list[int] = []
            for slots in (parks, _ALL - parks):
                share = fair_share(len(slots), rank)
                surplus += self._balance(conn, slots, share)
            held = store.held(conn, self.owner)
        self._is_prepared = True
        self._held = held
        if surplus:
            self._give_back(surplus)

    def _balance(
        self, conn: Connection, slots: Collection[int], share: int
    ) -> Sequence[int]:
        """Take what is lacking of some slots; return what is too much."""
        mine = [slot for slot in store.held(conn, self.owner) if slot in slots]
        if len(mine) < share:
            store.take(conn, self.owner, self._role, slots, share - len(mine))
        return mine[share:]

    def _give_back(self, slots: Sequence[int]) -> None:
        try:
            with self._database.transaction() as conn:
                gone = store.release(conn, self.owner, slots)
        except StoreUnavailableError as error:
            _log.info("leases not given back yet: %s", error)
            return
        self._held = {
            slot: epoch for slot, epoch in self._held.items() if slot not in gone
        }

    def run(self, stop: threading.Event) -> None:
        """Renew several times per lease until told to stop, then give all back."""
        while not stop.wait(self._ttl_s / 3):
            try:
                self.renew()
            except StoreError as error:
                _log.warning("leases not renewed: %s", error)
        self.depart()

    def depart(self) -> None:
        """Give everything back, so that others need not wait for the lease to end."""
        self._held = {}
        try:
            with self._database.transaction() as conn:
                store.depart(conn, self.owner)
        except StoreError as error:
            _log.warning("leases not given back: %s", error)
