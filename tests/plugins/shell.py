"""The command `parkpulse` within this process: starting Python takes far longer.

Tests of what only a process of its own has (signals, logs, other commands' locks) start
one instead.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from click.testing import CliRunner

from parkpulse.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping


class Done(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


def run(environment: Mapping[str, str], *words: str, given: str = "") -> Done:
    """Run a command with an environment, and text on its standard input."""
    status = 0
    with (
        mock.patch.object(sys, "argv", ["parkpulse", *words]),
        CliRunner().isolation(input=given, env=environment) as (out, err, _),
    ):
        try:
            main()
        except SystemExit as ended:
            status = (
                ended.code if isinstance(ended.code, int) else int(bool(ended.code))
            )
        sys.stdout.flush()
        sys.stderr.flush()
        return Done(status, out.getvalue().decode(), err.getvalue().decode())
