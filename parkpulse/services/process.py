"""The one place that starts other programs."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from parkpulse.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from parkpulse.services.account import Account

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_PLAIN = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PATH": os.defpath}


@dataclass(frozen=True, slots=True)
class Program:
    """A long-running program and how it is to be stopped.

    Parameters
    ----------
    name
        What its log and messages call it.
    command
        The program and its arguments; never a secret among them.
    environment
        The whole environment of the program.
    account
        Unprivileged user to run as; None for the user of this process.
    stop_signal
        What makes it stop cleanly; also sent when this process dies.
    stop_within_s
        How long that may take before it is forced. [s]
    force_signal
        What is sent then.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 10.0
    force_signal: signal.Signals = signal.SIGKILL


def plain_environment(**more: str) -> dict[str, str]:
    """Environment of a server: nothing of the caller's reaches it."""
    return {**_PLAIN, **more}


def start(
    program: Program, output: int | IO[bytes], hold: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own that ends when this process dies.

    Parameters
    ----------
    program
        What to start.
    output
        File or descriptor that takes its output and errors.
    hold
        Descriptor of a lock that it keeps as long as it lives.

    Raises
    ------
    ServiceError
        The program cannot be started at all.
    """
    account = program.account
    try:
        # Its own session keeps the terminal's Ctrl-C away: the order of stopping is
        # ours. Commands are ours, and no shell reads them.
        return subprocess.Popen(  # noqa: S603
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            cwd="/" if account else None,
            start_new_session=True,
            pass_fds=() if hold is None else (hold,),
            # Nothing else stops orphans of a killed parent; no threads run here.
            preexec_fn=_leash(program.stop_signal, os.getpid()),  # noqa: PLW1509
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except OSError as error:
        message = f"{program.name} cannot be started: {error}"
        raise ServiceError(message) from error


def detach(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program that goes on when this process ends."""
    with log.open("ab") as output:
        # The command is ours, and no shell reads it.
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _leash(stop_signal: signal.Signals, parent: int) -> Callable[[], None]:
    def tie() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return tie


@dataclass(frozen=True, slots=True)
class Result:
    """What a short command left."""

    status: int
    output: str
    """Output and errors together."""


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    account: Account | None = None,
    stdin: str = "",
    on_line: Callable[[str], object] = str,
) -> Result:
    """Run a short command to its end.

    Parameters
    ----------
    command
        The program and its arguments; never a secret among them.
    environment
        Its whole environment; None for that of this process.
    account
        Unprivileged user to run as; None for the user of this process.
    stdin
        A few lines that it reads.
    on_line
        Called with each line of its output as it comes.

    Raises
    ------
    ServiceError
        There is no such program.
    """
    try:
        # Commands are ours, and no shell reads them.
        child = subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd="/" if account else None,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            text=True,
            errors="replace",
        )
    except OSError as error:
        message = f"{command[0]} cannot be run: {error}"
        raise ServiceError(message) from error
    with child:
        output = _talk(child, stdin, on_line)
    return Result(child.returncode, output)


def _talk(
    child: subprocess.Popen[str], stdin: str, on_line: Callable[[str], object]
) -> str:
    lines = []
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(stdin)
    for line in child.stdout or ():
        lines.append(line)
        on_line(line)
    return "".join(lines)
