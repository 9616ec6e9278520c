"""The engine's first process: all that calls people because of readings."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from parkpulse.engine import absence
from parkpulse.engine.absence import AbsenceConsumer
from parkpulse.engine.alerts import AlertConsumer
from parkpulse.engine.lease import LeaseKeeper
from parkpulse.engine.life import LifeTicker
from parkpulse.engine.loop import Loop
from parkpulse.engine.process import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from parkpulse.store.pool import Database

ROLE = "alerts"
SWITCH_S = 0.0005
"""A thread that wants the interpreter waits so long for another one. [s]

An alert takes a dozen answers of the database, and after each its thread has to get the
interpreter back from those that look for silence; by default it waits ten times as
long, each time.
"""
CONSUMERS = (AlertConsumer.name, AbsenceConsumer.name)


def engine(
    database: Database,
    calling: Database,
    owner: str,
    page_url: str,
    companion: Callable[[threading.Event], None],
) -> Engine:
    """Make the process.

    Parameters
    ----------
    database
        Where all is.
    calling
        The same with a single connection: there the server remembers how it carries out
        the statements of alerts, which are rare.
    owner
        Name of this engine, unique among all.
    page_url
        Address of the page, for the links in messages.
    companion
        Runs the second process until told to stop.
    """
    sys.setswitchinterval(SWITCH_S)
    keeper = LeaseKeeper(database, f"{owner}/{ROLE}", ROLE)
    alerts = AlertConsumer(database, page_url)
    silence = AbsenceConsumer(database, page_url)
    loops = [
        Loop(calling, keeper, alerts, wake=threading.Event()),
        Loop(database, keeper, silence, pause_s=absence.PAUSE_S),
    ]
    life = LifeTicker(database, keeper, page_url)
    return Engine(database, keeper, loops, [life.run, companion])
