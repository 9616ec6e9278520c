"""Coverage-guided unknown input for every decoder, with atheris (libFuzzer).

`python -m tests.guided -runs=1000000` ends with libFuzzer's exit code; atheris is taken
if it is installed (it has wheels for Linux on x86-64 only).
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzzing import Fuzzer

_FRAMED = 1
_HEAD = bytes.fromhex("0100112233441234")


def _target(fuzzer: Fuzzer) -> Callable[[bytes], None]:
    """What is done with an input: its first bytes choose format and wrapping."""
    fuzzing = importlib.import_module("tests.fuzzing")
    frame = importlib.import_module("parkpulse.wire.sl651.frame")
    names = list(fuzzer.seeds)

    def feed(data: bytes) -> None:
        if len(data) < 3:
            return
        name, payload = names[data[0] % len(names)], data[3:]
        if name == "sl651" and data[1] & _FRAMED:
            payload = _framed(frame, data[2], payload)
        seeds = fuzzer.seeds[name]
        topic = seeds[data[2] % len(seeds)].topic
        fuzzer.feed(fuzzing.Seed(name, payload, topic))

    return feed


def _framed(frame: Any, function: int, body: bytes) -> bytes:  # noqa: ANN401 - a module
    """A body in a frame whose length and CRC are right, which chance does not find."""
    return bytes(
        frame.build(
            frame.Frame(
                mode=frame.HEX,
                is_down=False,
                centre=_HEAD[0],
                address=_HEAD[1:6],
                password=_HEAD[6:],
                function=function,
                body=body[: frame.LONGEST_BODY],
                end=frame.ETX,
            )
        )
    )


def _write_corpus(folder: Path, fuzzer: Fuzzer) -> None:
    for index, seeds in enumerate(fuzzer.seeds.values()):
        for number, seed in enumerate(seeds):
            head = bytes((index, 0, number))
            (folder / f"{index}-{number}").write_bytes(head + seed.payload)
            if seed.format == "sl651":
                body = seed.payload[14:-3]
                head = bytes((index, _FRAMED, seed.payload[10]))
                (folder / f"{index}-{number}-body").write_bytes(head + body)


def main() -> None:
    """Run until `-runs` or `-max_total_time` is over, or something is wrong."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["parkpulse.wire"]):
        fuzzing = importlib.import_module("tests.fuzzing")
    fuzzer = fuzzing.Fuzzer(seed=1)
    with tempfile.TemporaryDirectory() as folder:
        _write_corpus(Path(folder), fuzzer)
        limits = ["-timeout=20", "-rss_limit_mb=2048", "-max_len=65536"]
        arguments = [sys.argv[0], *limits, *sys.argv[1:], folder]
        atheris.Setup(arguments, _target(fuzzer))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
