"""A scenario started by somebody in training: one at a time, in a park of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from parkpulse.errors import IllegalTransitionError
from simulators.scenario import document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ENDS_WITHIN_S = 10.0

State = Literal["idle", "running", "finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Session:
    """A scenario under way or over.

    Parameters
    ----------
    scenario
        Name of the shipped scenario.
    park
        Code of its park.
    truth
        Truth file, for `parkpulse simulate score`.
    speed
        How many times as fast as the wall clock.
    started_at
        When it was started, by the wall clock.
    """

    scenario: str
    park: str
    truth: Path
    speed: float
    started_at: datetime


class Training:
    """Starts scenarios as processes of their own.

    Parameters
    ----------
    folder
        Where truth files and the simulators' output go.
    environment
        Of the processes: with the addresses of database and broker.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._session: Session | None = None
        self._was_stopped = False

    def start(self, scenario: str, *, speed: float, now: datetime) -> Session:
        """Start a shipped scenario in a new park named after it and the time.

        Raises
        ------
        ConfigError
            There is no such scenario.
        IllegalTransitionError
            One is under way.
        """
        document.find(scenario, self._folder)
        with self._lock:
            if self.running is not None:
                current = f"running {self.running.scenario}"
                raise IllegalTransitionError(current, f"start of {scenario}")
            return self._begin(scenario, speed, now)

    def _begin(self, scenario: str, speed: float, now: datetime) -> Session:
        self._folder.mkdir(parents=True, exist_ok=True)
        park = f"training-{scenario}-{now:%Y%m%d%H%M%S}"
        truth = self._folder / f"{park}.json"
        self._session = Session(scenario, park, truth, speed, now)
        self._was_stopped = False
        words = ["--scenario", scenario, "--park", park, "--speed", str(speed)]
        words += ["--truth", str(truth)]
        with (self._folder / f"{park}.log").open("wb") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own command, a shipped name
                [str(Path(sys.executable).parent / "parkpulse"), "simulate", *words],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self._session

    @property
    def session(self) -> Session | None:
        """The scenario that is under way, or else the last one."""
        return self._session

    @property
    def running(self) -> Session | None:
        """The scenario that is under way."""
        return self._session if self.state == "running" else None

    @property
    def state(self) -> State:
        """What became of the last scenario; `idle` before the first one."""
        if self._child is None:
            return "idle"
        code = self._child.poll()
        if code is None:
            return "running"
        if self._was_stopped:
            return "stopped"
        return "failed" if code else "finished"

    def stop(self) -> None:
        """End the scenario that is under way, if there is one."""
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                return
            self._was_stopped = True
            self._child.terminate()
            try:
                self._child.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
