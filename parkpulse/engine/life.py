"""What an alert's life owes to time: shelves end, calls, steps and commands are due.

One transaction a second over the parks of the slots that this process holds; stopped
at any point, the next one does what is left.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from parkpulse.engine import escalation
from parkpulse.errors import StoreError
from parkpulse.model.registry import SLOTS
from parkpulse.query import alert_actions, commands
from parkpulse.store import engine, parks, quiet

if TYPE_CHECKING:
    import threading

    from parkpulse.engine.lease import LeaseKeeper
    from parkpulse.store.pool import Connection, Database

EVERY_S = 1.0
_log = logging.getLogger(__name__)


class LifeTicker:
    """Runs beside the consumers of the engine.

    Parameters
    ----------
    database
        Where the alerts are.
    keeper
        Holds the slots.
    page_url
        Address of the page, for the links in messages.
    """

    def __init__(self, database: Database, keeper: LeaseKeeper, page_url: str) -> None:
        self._database = database
        self._keeper = keeper
        self._page_url = page_url

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; an error of the database is waited out."""
        while not stop.wait(EVERY_S):
            try:
                self.step()
            except StoreError as error:
                _log.warning("life of alerts: %s", error)

    def step(self) -> None:
        """Do all that is due by the parks' clocks."""
        held = self._keeper.held
        with self._database.transaction() as conn:
            if held and engine.confirm(conn, self._keeper.owner, held):
                mine = [each for each in parks.clocks(conn) if each % SLOTS in held]
                self._attend(conn, mine)

    def _attend(self, conn: Connection, park_ids: list[int]) -> None:
        for shelf in quiet.expired(conn, park_ids):
            alert_actions.unshelve_expired(conn, shelf, self._page_url)
        for alert_id in quiet.unnoted(conn, park_ids):
            alert_actions.note_withheld(conn, alert_id)
        for alert_id in quiet.audible(conn, park_ids):
            alert_actions.tell_withheld(conn, alert_id, self._page_url)
        escalation.attend(conn, park_ids, self._page_url)
        commands.request_due(conn, park_ids)
