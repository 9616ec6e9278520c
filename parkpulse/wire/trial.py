"""`python -m parkpulse.wire.trial`: one trial in a process that may be ended.

A profile may be written so that it takes for ever; so whoever tries one, or a message
with one, lets another process do it, with a limit on its time and memory. It reads a
`Trial` from standard input and writes the answer to standard output, both as JSON.
"""

from __future__ import annotations

import base64
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from parkpulse.errors import ConfigError, DecodeError
from parkpulse.model import reasons
from parkpulse.wire import formats, inputs, profiles, telling, trials
from parkpulse.wire.context import Context
from parkpulse.wire.inputs import Piece

WITHIN_S = 10.0
"""A trial that takes longer is given up. [s]"""
_MEMORY_BYTES = 1 << 30
_CPU_S = 5
TRIED = "tried"
"""Name of a profile that is only tried."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Messages and how they are to be read.

    Parameters
    ----------
    format
        Name of a format; not looked at with `profile`.
    payload
        The messages.
    encoding
        How `payload` is written; `auto` as `parkpulse decode` reads files.
    topic
        Topic of messages that have none of their own.
    received_us
        When they came. [us since 1970 UTC]
    options
        Options of the device.
    profile
        Text of the profile to read them with.
    suffix
        Ending of the profile's file: `.toml`, `.yaml`.
    folder
        Folder of the user's own profiles.
    """

    format: str = ""
    payload: str | None = None
    encoding: str = "auto"
    topic: str = ""
    received_us: int = 0
    options: dict[str, str] = {}
    profile: str | None = None
    suffix: str = ".toml"
    folder: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What came of it."""

    items: list[dict[str, Any]] = []
    problem: str | None = None
    """What is wrong with the profile."""


def pieces(payload: str, encoding: str) -> list[Piece]:
    """Cut what a person hands over into messages.

    Raises
    ------
    DecodeError
        It is not written in this encoding, or is too large.
    """
    if encoding == "hex":
        return inputs.of_hex(payload)
    if encoding == "text":
        return [Piece(payload.encode())]
    if encoding != "base64":
        return inputs.of_bytes(payload.encode())
    try:
        return [Piece(base64.b64decode("".join(payload.split()), validate=True))]
    except ValueError as error:
        raise DecodeError(reasons.WRONG_TYPE, "this is not base64") from error


def attempt(trial: Trial) -> Answer:
    """Read the messages of a trial in this process."""
    try:
        return Answer(_told(trial))
    except DecodeError as error:
        return Answer([telling.error_as_json(error)])


def _told(trial: Trial) -> list[dict[str, Any]]:
    if trial.payload is None:
        return []
    options = {"secrets": "show", **trial.options}
    context = Context("", trial.received_us, options)
    form = formats.find(trial.format)
    cut = pieces(trial.payload, trial.encoding)
    topics = [trial.topic] if trial.topic else []
    return trials.told(form, cut, topics, context)


def _with_profile(trial: Trial) -> Answer:
    if trial.folder is not None:
        profiles.use(Path(trial.folder))
    if trial.profile is None:
        return attempt(trial)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{TRIED}{trial.suffix}"
        path.write_text(trial.profile, encoding="utf-8")
        try:
            profiles.load(path)
        except (ConfigError, RecursionError) as error:
            return Answer(problem=_without(str(error), str(path)))
        profiles.use(path.parent)
        options = {"profile": TRIED, **trial.options}
        name = trial.format or f"profile:{TRIED}"
        return attempt(msgspec.structs.replace(trial, format=name, options=options))


def _without(text: str, path: str) -> str:
    return text.removeprefix(f"profile {path}: ")


def run(trial: Trial) -> Answer:
    """Let another process read the messages; one that takes too long is ended."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "parkpulse.wire.trial"],
            input=msgspec.json.encode(trial),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WITHIN_S,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return Answer(problem="reading takes too much time or memory")
    return msgspec.json.decode(done.stdout, type=Answer)


def main() -> None:
    """Do what standard input says."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
    sys.stdout.buffer.write(msgspec.json.encode(_with_profile(trial)))


if __name__ == "__main__":
    main()
