"""`parkpulse decode`: what a message of any format says."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parkpulse import settings
from parkpulse.errors import DecodeError
from parkpulse.model import instants
from parkpulse.wire import formats, inputs, profiles, telling, times, trials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.wire.context import Context
    from parkpulse.wire.inputs import Piece

_STDIN = "-"


@click.command()
@click.option(
    "--format",
    "name",
    help=f"One of {', '.join(formats.FORMATS)}, profile:NAME.",
)
@click.option(
    "--profile",
    "profile",
    type=click.Path(path_type=Path),
    help="Profile file to read the message with, or a platform's content.",
)
@click.option(
    "--hex", "digits", multiple=True, help="Bytes in hexadecimal; a line a message."
)
@click.option("--file", "path", type=click.Path(), help="File to read; - is stdin.")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    help="Topic of the messages, or of each in turn.",
)
@click.option("--option", "options", multiple=True, help="Option of the device: k=v.")
@click.option("--received", help="When it came: RFC 3339 or epoch ms. Default: now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def decode(
    name: str | None,
    profile: Path | None,
    digits: Sequence[str],
    path: str | None,
    topics: Sequence[str],
    options: Sequence[str],
    received: str | None,
    *,
    as_json: bool,
) -> None:
    """Decode messages and print what they say; exit 1 if one is refused.

    Reads --hex, --file or standard input: lines of hexadecimal digits, JSON, JSON lines
    (each may begin with its topic) or bytes. Nothing is stored; neither time window nor
    plausible range is applied.
    """
    if digits and path is not None:
        message = "--hex and --file exclude each other"
        raise click.UsageError(message)
    own = {} if profile is None else {"profile": profile.stem}
    context = formats.Context("", _received(received), own | _options(options))
    told = _told(_format(name, profile), (topics, context), digits, path)
    _print(told, as_json=as_json)
    if any("error" in each for each in told):
        sys.exit(1)


def _format(name: str | None, profile: Path | None) -> str:
    """Name the format, and say where profiles lie."""
    if profile is not None:
        profiles.load(profile)
        profiles.use(profile.parent)
        return name or f"profile:{profile.stem}"
    if name is None:
        message = "give --format or --profile"
        raise click.UsageError(message)
    profiles.use(settings.configured().home.expanduser() / profiles.FOLDER)
    return name


def _received(written: str | None) -> int:
    if written is None:
        return instants.to_us(datetime.now(UTC))
    try:
        return times.parse(int(written) if written.isdecimal() else written, "received")
    except DecodeError as error:
        raise click.BadParameter(error.detail, param_hint="--received") from error


def _options(written: Sequence[str]) -> dict[str, str]:
    found = {"secrets": "show"}  # whoever has the message has its password
    for each in written:
        name, equals, value = each.partition("=")
        if not equals:
            message = f"{each!r} is not k=v"
            raise click.BadParameter(message, param_hint="--option")
        found[name] = value
    return found


def _told(
    name: str,
    given: tuple[Sequence[str], Context],
    digits: Sequence[str],
    path: str | None,
) -> list[dict[str, Any]]:
    try:
        form = formats.find(name)
        pieces = inputs.of_hex("\n".join(digits)) if digits else _read(path)
    except DecodeError as error:
        return [telling.error_as_json(error)]
    return trials.told(form, pieces, *given)


def _read(path: str | None) -> list[Piece]:
    most = inputs.MAXIMUM_BYTES + 1
    if path is None or path == _STDIN:
        return inputs.of_bytes(sys.stdin.buffer.read(most))
    try:
        with Path(path).open("rb") as file:
            return inputs.of_bytes(file.read(most))
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise click.BadParameter(message, param_hint="--file") from error


def _print(told: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        whole = told[0] if len(told) == 1 else told
        print(json.dumps(whole, ensure_ascii=False, allow_nan=False))
    else:
        print("\n\n".join(map(telling.as_text, told)))
