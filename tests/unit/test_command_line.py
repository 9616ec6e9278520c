"""The command as its shell sees it: output that nobody takes, words that are none."""

from __future__ import annotations

import array
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from parkpulse.cli import cli
from parkpulse.errors import ParkpulseError

COMMAND = (sys.executable, "-c", "from parkpulse.cli import main; main()")
LIST = (*COMMAND, "simulate", "scenarios")


def _run(*words: bytes | str, output: int, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        words,
        stdout=output,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stderr.decode()


def test_who_read_the_output_has_left() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code, said = _run(*LIST, output=writer)
    os.close(writer)
    assert code in {0, 1}
    assert said == ""


def test_an_output_that_is_full() -> None:
    with Path("/dev/full").open("wb") as full:
        code, said = _run(*LIST, output=full.fileno())
    wanted = "the standard output cannot be used: No space left on device"
    assert (code, said) == (1, f"parkpulse: {wanted}\n")


def test_a_terminal_without_chinese() -> None:
    code, said = _run(*LIST, output=subprocess.DEVNULL, PYTHONIOENCODING="latin-1")
    assert (code, said) == (0, "")


@pytest.mark.parametrize("words", [["kpi"], ["decode", "--format", "native", "--file"]])
def test_a_name_that_is_no_text(words: list[str]) -> None:
    code, said = _run(*COMMAND, *words, b"\xff", output=subprocess.DEVNULL)
    assert code == 2
    assert "Traceback" not in said


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    data = tmp_path / "some.csv"
    data.write_text("timestamp,value\n1,2\n")
    out = tmp_path / "nowhere" / "out.csv"
    words = (*COMMAND, "detect", str(data), "--out", str(out))
    code, said = _run(*words, output=subprocess.DEVNULL)
    assert code == 1
    assert said.startswith(f"parkpulse: {out} cannot be")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["simulate", "--demo", "--park", "two words"], "'two words' is no code"),
        (["simulate", "--scenario", "bytes.toml"], "bytes.toml cannot be read"),
        (["services", "tls", ""], "a name is empty"),
        (["decode", "--format", "native", "--file", "."], "Is a directory"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bytes.toml").write_bytes(b"\xff\xfe\x00")
    done = CliRunner().invoke(cli, words)
    assert done.exit_code in {1, 2}
    assert said in done.output + str(done.exception)
    assert isinstance(done.exception, SystemExit | ParkpulseError)


def test_who_is_interrupted_ends_in_one_word() -> None:
    words = (*COMMAND, "decode", "--format", "native")
    waiting = subprocess.Popen(
        words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    _wait_for_reading(waiting)
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=30)
    assert (waiting.returncode, said.split()) == (1, [b"Aborted!"])


def _wait_for_reading(waiting: subprocess.Popen[bytes]) -> None:
    """Wait until the command has read what there is, and so waits for more."""
    assert waiting.stdin is not None
    waiting.stdin.write(b"00")
    waiting.stdin.flush()
    left = array.array("i", [1])
    while left[0]:
        time.sleep(0.01)
        fcntl.ioctl(waiting.stdin, termios.FIONREAD, left)
