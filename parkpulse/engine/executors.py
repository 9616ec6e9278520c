"""What computes the parts of a long recomputation: own processes, or a cluster."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

_CONNECT_WITHIN_S = 10


class Crew(NamedTuple):
    """An executor and how many parts are handed to it at once."""

    executor: Executor
    at_once: int


@contextlib.contextmanager
def processes(jobs: int) -> Iterator[Crew]:
    """Lend processes of this machine."""
    # Spawned, for a fork would share the connections of this process.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, _ignore_interrupts) as executor:
        yield Crew(executor, 2 * jobs)


def _ignore_interrupts() -> None:
    """Leave an interruption to the parent, which waits for what is under way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def cluster(scheduler: str) -> Iterator[Crew]:
    """Lend the workers of a Dask cluster, which have Parkpulse installed.

    A part whose worker dies is computed by another one: its figures and the note that
    it is done are one transaction, so nothing of the first attempt is left.

    Parameters
    ----------
    scheduler
        Address of the scheduler, such as `tcp://10.0.0.5:8786`.

    Raises
    ------
    ConfigError
        Dask is not installed, the scheduler does not answer or has no workers.
    """
    try:
        dask = importlib.import_module("distributed")
    except ImportError as error:
        message = (
            "Dask is not installed here: run 'pip install distributed', on the workers"
            " too, or leave --scheduler out"
        )
        raise ConfigError(message) from error
    try:
        client = dask.Client(scheduler, timeout=_CONNECT_WITHIN_S)
    except (OSError, ValueError) as error:
        message = f"the scheduler {scheduler} does not answer: {error}"
        raise ConfigError(message) from error
    with client:
        threads = sum(client.ncores().values())
        if not threads:
            message = f"the scheduler {scheduler} has no workers: start 'dask worker'"
            raise ConfigError(message)
        with client.get_executor() as executor:
            yield Crew(executor, 2 * threads)
