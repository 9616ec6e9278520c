"""Hours of data centres computed again, part by part, on any executor.

A part is a month of hours of one data centre, committed together with the note that it
is done; then follow its days and all above. So it can be interrupted at any point and
taken up again, and the result is what the engine itself would compute.
"""

from __future__ import annotations

from concurrent import futures
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parkpulse.engine.kpi_hours import Site
from parkpulse.engine.kpis import Run
from parkpulse.errors import ConfigError, NotFoundError, ParkpulseError
from parkpulse.model import instants
from parkpulse.store import meters, parks
from parkpulse.store import recompute as store
from parkpulse.store.pool import Database
from parkpulse.store.recompute import Part

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Executor, Future

    from parkpulse.store.meters import Tree
    from parkpulse.store.recompute import Asked

_PART = 31 * 24 * instants.HOUR
_SLOTS = range(64)


class Span(NamedTuple):
    """Whole hours [start, end). [us since 1970 UTC]."""

    start: int
    end: int


class Job(NamedTuple):
    """What a worker process needs to know; it opens the database by itself."""

    database_url: str
    recompute_id: int
    span: Span


class Progress(NamedTuple):
    """How far a recomputation is."""

    done: int
    parts: int
    skipped: int
    """Parts that an earlier run had done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Parts of a recomputation that are left to do."""

    job: Job
    hours: Sequence[Part]
    days: Sequence[Part]
    skipped: int


def plan(database: Database, url: str, asked: Asked) -> Plan:
    """Find what is to be done; notes that it has begun.

    Raises
    ------
    NotFoundError, ConfigError
        There is no such park or data centre, or none at all.
    """
    hour = instants.HOUR
    start = instants.to_us(asked.since) // hour * hour
    span = Span(start, -(-instants.to_us(asked.until) // hour) * hour)
    with database.transaction() as conn:
        if asked.park is not None:
            parks.find(conn, asked.park)
        trees = [tree for tree in meters.trees(conn, _SLOTS) if _is_asked(tree, asked)]
        if not trees:
            raise _nothing(asked)
        recompute_id = store.begin(conn, asked)
        done = store.done(conn, recompute_id)
    starts = range(span.start, span.end, _PART)
    hours = [Part(tree.id, start) for tree in trees for start in starts]
    days = [Part(tree.id, None) for tree in trees]
    left = [part for part in hours if part not in done]
    left_days = [part for part in days if part not in done]
    skipped = len(hours) + len(days) - len(left) - len(left_days)
    return Plan(Job(url, recompute_id, span), left, left_days, skipped)


def _nothing(asked: Asked) -> ParkpulseError:
    if asked.data_centre is not None:
        return NotFoundError(kind="data centre", key=asked.data_centre)
    where = "registered" if asked.park is None else f"in the park {asked.park!r}"
    return ConfigError(f"there is no data centre {where}")


def _is_asked(tree: Tree, asked: Asked) -> bool:
    return asked.park in {None, tree.park} and asked.data_centre in {None, tree.code}


def run(
    database: Database,
    wanted: Plan,
    executor: Executor,
    stop: threading.Event,
    tell: Callable[[Progress], None],
    at_once: int = 4,
) -> bool:
    """Compute all parts that are left; False if stopped before the end.

    Parameters
    ----------
    database
        Where it is noted that everything is done.
    wanted
        The parts.
    executor
        Runs them: processes, threads, or a cluster's.
    stop
        Once set, no part is begun any more; those under way are finished.
    tell
        Called after each part.
    at_once
        So many parts wait in the executor; more only delay an interruption.
    """
    crew = _Crew(wanted, executor, stop, tell, at_once)
    if not (crew.work(wanted.hours) and crew.work(wanted.days)):
        return False
    with database.transaction() as conn:
        store.finish(conn, wanted.job.recompute_id)
    return True


class _Crew:
    """Hands parts to an executor, a few at a time."""

    def __init__(
        self,
        wanted: Plan,
        executor: Executor,
        stop: threading.Event,
        tell: Callable[[Progress], None],
        at_once: int,
    ) -> None:
        self._job = wanted.job
        self._executor = executor
        self._stop = stop
        self._tell = tell
        self._at_once = at_once
        left = len(wanted.hours) + len(wanted.days)
        self._progress = Progress(0, left, wanted.skipped)

    def work(self, parts: Iterable[Part]) -> bool:
        """Compute parts in any order; False if stopped before the end."""
        waiting = iter(parts)
        running: set[Future[None]] = set()
        while True:
            self._fill(waiting, running)
            if not running:
                return next(waiting, None) is None
            finished, running = futures.wait(
                running, return_when=futures.FIRST_COMPLETED
            )
            for each in finished:
                each.result()
                done = self._progress.done + 1
                self._progress = self._progress._replace(done=done)
                self._tell(self._progress)

    def _fill(self, waiting: Iterable[Part], running: set[Future[None]]) -> None:
        while len(running) < self._at_once and not self._stop.is_set():
            part = next(iter(waiting), None)
            if part is None:
                return
            running.add(self._executor.submit(compute, self._job, part))


def compute(job: Job, part: Part) -> None:
    """Compute one part in a transaction of its own; runs in a worker."""
    database = Database(job.database_url, size=1, name="parkpulse recompute")
    database.open()
    try:
        with database.transaction() as conn:
            trees = {tree.id: tree for tree in meters.trees(conn, _SLOTS)}
            tree = trees.get(part.data_centre_id)
            if tree is None:
                return
            clock = instants.to_us(parks.clocks(conn)[tree.park_id])
            work = Run(conn, Site(tree), clock)
            if part.start is None:
                work.fold(range(*job.span, instants.HOUR))
            else:
                end = min(part.start + _PART, job.span.end)
                work.compute(np.arange(part.start, end, instants.HOUR))
            store.note(conn, job.recompute_id, part)
    finally:
        database.close()
