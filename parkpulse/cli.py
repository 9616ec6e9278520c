"""The command `parkpulse`: finds its subcommands by entry point."""

from __future__ import annotations

import errno
import io
import os
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import click
from typing_extensions import override

from parkpulse import examples
from parkpulse.errors import NotFoundError, ParkpulseError

GROUP = "parkpulse.commands"
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Libraries of linear algebra read these when they are loaded."""

_WHOLE = 200
"""Longer than any first sentence of a command's help."""


def _registered() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


class _Commands(click.Group):
    """Loads a subcommand only when it is called or listed."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_registered())

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        point = _registered().get(cmd_name)
        if point is None:
            return None
        command = point.load()
        if not isinstance(command, click.Command):
            message = f"{point.value} is not a command"
            raise TypeError(message)
        _list_whole_sentences(command)
        command.epilog = command.epilog or examples.of(cmd_name)
        return command


def _list_whole_sentences(command: click.Command) -> None:
    """Let lists of commands hold what click would cut to one line."""
    command.short_help = command.get_short_help_str(_WHOLE)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            _list_whole_sentences(each)


@click.command(cls=_Commands)
@click.version_option(package_name="parkpulse")
def cli() -> None:
    """Parkpulse (园区脉搏): smart-park sensing and data-centre efficiency."""


def main() -> None:
    """Run the command line; what people can mend is one sentence and exit code 1."""
    # Our matrices are small: threads that wait for each other cost nine times as much.
    for each in ONE_THREAD:
        os.environ.setdefault(each, "1")
    # Names in Chinese must not end a command where the terminal lacks them.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        cli()
    except ParkpulseError as error:
        _refuse(_sentence(error))
    except UnicodeEncodeError:
        _refuse("what was typed is no text in UTF-8")
    except OSError as error:
        if error.filename is not None:
            _refuse(f"{error.filename} cannot be used: {error.strerror}")
        if error.errno != errno.ENOSPC:
            raise
        _finish_output()
        _refuse(f"something cannot be written: {error.strerror}")
    finally:
        _finish_output()


def _refuse(sentence: str) -> NoReturn:
    print(f"parkpulse: {sentence}", file=sys.stderr)
    sys.exit(1)


def _finish_output() -> None:
    """Say nothing when who read our output has left, as `head` does."""
    try:
        print(end="", flush=True)
    except OSError as error:
        # What is left would be tried again at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            _refuse(f"the standard output cannot be used: {error.strerror}")


def _sentence(error: ParkpulseError) -> str:
    """Say what is wrong, and of an unknown name what names there are."""
    further = [*getattr(error, "__notes__", ())]
    if not further and isinstance(error, NotFoundError):
        listing = examples.LISTS.get(error.kind)
        further = [f"'{listing}' shows what there is"] if listing else []
    return "; ".join([str(error), *further])
