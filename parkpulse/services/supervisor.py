"""Runs programs, starts dead ones again, keeps their output and stops them in order."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from parkpulse.errors import ServiceError
from parkpulse.model import service_park
from parkpulse.services import logs, process

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType, TracebackType

    from parkpulse.services.process import Program

_TICK_S = 0.1
_STEADY_AFTER_S = 60.0
_LONGEST_PAUSE_S = 30.0
_CHUNK = 65536
_REMEMBERED = 20
_MOST_RESTARTS_BYTES = 20_000
_STEP = "==> "  # begins a line that a program wants a person to see
_FORCED_WITHIN_S = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def pause_s(failures: int) -> float:
    """How long to wait before the next start after so many failures in a row. [s]."""
    return float(min(2.0 ** (failures - 1), _LONGEST_PAUSE_S))


class StoppedError(Exception):
    """A person or the system asked to stop."""


class _Child:
    """One supervised program."""

    def __init__(self, program: Program, logs_folder: Path, hold: int | None) -> None:
        self.program = program
        self.log_path = logs_folder / f"{program.name}.log"
        self.recent: deque[str] = deque(maxlen=_REMEMBERED)
        self.failures = 0
        self.start_at: float | None = None
        self._hold = hold
        self._log = logs.LogFile(self.log_path)
        self._lines = logs.Lines()
        self._popen: subprocess.Popen[bytes] | None = None
        self.output: int | None = None
        self.started_at = 0.0

    def start(self) -> None:
        reading, writing = os.pipe()
        try:
            self._popen = process.start(self.program, writing, self._hold)
        except ServiceError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.output = reading
        self.started_at = time.monotonic()
        self.start_at = None

    def read(self) -> list[str]:
        """Take what it printed into its log; returns the new lines."""
        if self.output is None:
            return []
        data = os.read(self.output, _CHUNK)
        lines = self._lines.feed(data) if data else self._lines.end()
        if not data:
            os.close(self.output)
            self.output = None
        self._log.write(lines)
        texts = [line.decode(errors="replace").rstrip() for line in lines]
        self.recent.extend(text for text in texts if text)
        return texts

    def status(self) -> int | None:
        """Return how it ended; None while it runs."""
        return None if self._popen is None else self._popen.poll()

    def is_running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self._popen is not None:
            self._popen.send_signal(number)

    def last_words(self) -> str:
        """Return the last error it printed, else the last line."""
        loud = [line for line in self.recent if logs.is_loud(line)]
        return (loud or [*self.recent] or ["it printed nothing"])[-1]

    def close(self) -> None:
        if self.output is not None:
            os.close(self.output)
            self.output = None
        self._log.close()


class Supervisor:
    """Runs programs until it is asked to stop; a context that stops them all.

    Parameters
    ----------
    logs_folder
        Gets one log file a program.
    tell
        Called with what a person should know.
    """

    def __init__(self, logs_folder: Path, tell: Callable[[str], None]) -> None:
        self._logs_folder = logs_folder
        self._restarts: logs.LogFile | None = None
        self._tell = tell
        self._children: list[_Child] = []
        self._selector = selectors.DefaultSelector()
        self._asked = 0
        self._previous: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        self._logs_folder.mkdir(mode=0o700, exist_ok=True)
        file = self._logs_folder / service_park.RESTARTS
        self._restarts = logs.LogFile(file, _MOST_RESTARTS_BYTES)
        for each in _SIGNALS:
            # nohup and background jobs of a script ignore some; so do we then.
            if signal.getsignal(each) is not signal.SIG_IGN:
                self._previous[each] = signal.signal(each, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        for each, handler in self._previous.items():
            signal.signal(each, handler)  # type: ignore[arg-type] # as it came
        self._selector.close()
        if self._asked and isinstance(error, ServiceError):
            # The terminal's Ctrl-C also reached what we were waiting for.
            raise StoppedError from error

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked += 1

    def start(self, program: Program, hold: int | None = None) -> None:
        """Start a program and keep it running.

        Parameters
        ----------
        program
            What to run; programs are stopped in the reverse order of their start.
        hold
            Descriptor of a lock that it keeps as long as it lives.

        Raises
        ------
        ServiceError
            It cannot be started at all.
        """
        child = _Child(program, self._logs_folder, hold)
        self._children.append(child)
        child.start()
        self._watch(child)

    def _watch(self, child: _Child) -> None:
        if child.output is not None:
            self._selector.register(child.output, selectors.EVENT_READ, child)

    def wait(self, title: str, ready: Callable[[], bool], within_s: float) -> None:
        """Wait until something started is ready.

        Raises
        ------
        ServiceError
            A program ended meanwhile, or it takes too long.
        StoppedError
            Somebody asked to stop.
        """
        deadline = time.monotonic() + within_s
        while not ready():
            self._pump()
            if self._asked:
                raise StoppedError
            self._require_all(title)
            if time.monotonic() > deadline:
                message = (
                    f"{title} is not ready after {within_s:.0f} s: look into the logs"
                    f" in {self._logs_folder}"
                )
                raise ServiceError(message)

    def _require_all(self, title: str) -> None:
        for child in self._children:
            if not child.is_running():
                self._drain(child)
                message = (
                    f"{child.program.name} ended while {title} was starting:"
                    f" {child.last_words()} (see {child.log_path})"
                )
                raise ServiceError(message)

    def serve(self) -> None:
        """Keep everything running until somebody asks to stop."""
        while not self._asked:
            self._pump()
            for child in self._children:
                self._revive(child)

    def check(self) -> None:
        """Raise StoppedError when somebody has asked to stop."""
        if self._asked:
            raise StoppedError

    def _revive(self, child: _Child) -> None:
        now = time.monotonic()
        if child.start_at is not None:
            if now >= child.start_at:
                child.start()
                self._watch(child)
                self._note_restart(child.program.name)
            return
        status = child.status()
        if status is None:
            return
        self._drain(child)
        steady = now - child.started_at > _STEADY_AFTER_S
        child.failures = 1 if steady else child.failures + 1
        pause = pause_s(child.failures)
        child.start_at = now + pause
        self._tell(
            f"{child.program.name} ended {_how(status)}, starting it again in"
            f" {pause:.0f} s: {child.last_words()} (see {child.log_path})"
        )

    def _note_restart(self, name: str) -> None:
        if self._restarts is not None:
            line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {name}"
            self._restarts.write([line.encode()])

    def _pump(self) -> None:
        for key, _ in self._selector.select(_TICK_S):
            self._read(key.data)

    def _read(self, child: _Child) -> None:
        descriptor = child.output
        for line in child.read():
            if logs.is_loud(line) or line.startswith(_STEP):
                self._tell(f"{child.program.name}: {line.removeprefix(_STEP)}")
        if child.output is None and descriptor is not None:
            self._selector.unregister(descriptor)

    def _drain(self, child: _Child) -> None:
        # A grandchild may hold the pipe open: read only what is there.
        while child.output is not None:
            ready = self._selector.select(0)
            if not any(key.data is child for key, _ in ready):
                return
            self._read(child)

    def stop(self) -> None:
        """Stop all programs, the last started first."""
        for child in reversed(self._children):
            self._stop(child)
        for child in self._children:
            self._drain(child)
            if child.output is not None:
                self._selector.unregister(child.output)
            child.close()
        self._children.clear()
        if self._restarts is not None:
            self._restarts.close()
            self._restarts = None

    def _stop(self, child: _Child) -> None:
        program = child.program
        if not child.is_running():
            return
        child.signal(program.stop_signal)
        if self._ended(child, program.stop_within_s, patience=1):
            return
        self._tell(f"{program.name} is ended by force")
        child.signal(program.force_signal)
        if not self._ended(child, _FORCED_WITHIN_S, patience=10):
            child.signal(signal.SIGKILL)

    def _ended(self, child: _Child, within_s: float, patience: int) -> bool:
        """Wait for its end; False when time or the person's patience runs out."""
        deadline = time.monotonic() + within_s
        while child.is_running():
            if time.monotonic() > deadline or self._asked > patience:
                return False
            self._pump()
        return True


def _how(status: int) -> str:
    if status < 0:
        return f"by {signal.Signals(-status).name}"
    return f"with status {status}"
