"""What the commands that import and export files print and write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from parkpulse.registry.drafts import Problem


def show_problems(problems: Sequence[Problem], *, as_json: bool) -> None:
    """Tell why nothing was imported."""
    if as_json:
        click.echo(json.dumps({"problems": [each._asdict() for each in problems]}))
        return
    for each in problems:
        click.echo(f"{each.where}: {each.text}", err=True)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    click.echo(f"{count}; nothing was imported.", err=True)


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files, by name, into a folder that need not be there yet.

    Raises
    ------
    ConfigError
        The folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        message = f"{folder} cannot be written: {error}"
        raise ConfigError(message) from error
