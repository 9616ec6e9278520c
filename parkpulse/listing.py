"""What commands say of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def say_if_none(found: Sequence[object], what: str) -> None:
    """Tell a person that a list is empty, beside standard output."""
    if not found:
        click.echo(f"There are no such {what}.", err=True)
