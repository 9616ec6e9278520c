"""Programs are kept running, and stopped in order, whatever happens to them."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from parkpulse.errors import ServiceError
from parkpulse.services import process
from parkpulse.services.process import Program
from parkpulse.services.supervisor import StoppedError, Supervisor
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OBEDIENT = """
import pathlib, signal, sys, time
def end(*_):
    with open({ends!r}, "a") as file: file.write({name!r} + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
with open({starts!r}, "a") as file: file.write({name!r} + "\\n")
print("hello from " + {name!r}, flush=True)
while True: time.sleep(0.1)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True: time.sleep(0.1)
"""
PARENT = """
import pathlib, sys
from parkpulse.services.process import Program
from parkpulse.services.supervisor import Supervisor
folder = pathlib.Path(sys.argv[1])
command = (sys.executable, "-c", (folder / "child.py").read_text())
with Supervisor(folder / "logs", print) as supervisor:
    supervisor.start(Program("child", command, {"PATH": ""}))
    supervisor.serve()
"""


def _python(name: str, script: str, **changes: object) -> Program:
    command = (sys.executable, "-c", script)
    given = {"name": name, "command": command, "environment": {"PATH": os.defpath}}
    return Program(**{**given, **changes})  # type: ignore[arg-type] # all are named


@pytest.fixture
def obedient(tmp_path: Path) -> Callable[[str], Program]:
    def make(name: str) -> Program:
        paths = {key: str(tmp_path / key) for key in ("starts", "ends")}
        return _python(name, OBEDIENT.format(name=name, **paths))

    return make


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, told: list[str]) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "logs", told.append) as made:
        yield made


def _names(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def _has(file: Path, count: int) -> Callable[[], bool]:
    return lambda: len(_names(file)) >= count


def _stop_when(condition: Callable[[], bool]) -> threading.Thread:
    def ask() -> None:
        wait_until(condition, 20.0)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_they_stop_in_the_reverse_order(
    supervisor: Supervisor, obedient: Callable[[str], Program], tmp_path: Path
) -> None:
    for name in ("one", "two", "three"):
        supervisor.start(obedient(name))
    supervisor.wait("all", _has(tmp_path / "starts", 3), 20.0)
    supervisor.stop()
    assert _names(tmp_path / "ends") == ["three", "two", "one"]


def test_a_dead_one_is_started_again(
    supervisor: Supervisor,
    obedient: Callable[[str], Program],
    tmp_path: Path,
    told: list[str],
) -> None:
    starts = tmp_path / "starts"
    script = "open({!r}, 'a').write('quits\\n'); raise OSError('I quit')"
    supervisor.start(obedient("steady"))
    supervisor.start(_python("quits", script.format(str(starts))))
    asker = _stop_when(lambda: _names(starts).count("quits") >= 2)
    supervisor.serve()
    asker.join()
    assert _names(starts).count("steady") == 1
    assert any(
        "quits ended with status 1" in line and "I quit" in line for line in told
    )
    assert "quits: OSError: I quit" in told
    assert "OSError: I quit" in (tmp_path / "logs" / "quits.log").read_text()


def test_a_step_of_a_program_is_shown(supervisor: Supervisor, told: list[str]) -> None:
    script = "print('quiet\\n==> Seeding', flush=True)\nimport time; time.sleep(60)"
    supervisor.start(_python("simulate", script))
    supervisor.wait("it", lambda: bool(told), 20.0)
    assert told == ["simulate: Seeding"]


def test_what_a_killed_one_died_of_is_told(
    supervisor: Supervisor, told: list[str]
) -> None:
    suicide = "import os; os.kill(os.getpid(), 9)"
    supervisor.start(_python("victim", suicide))
    asker = _stop_when(lambda: bool(told))
    supervisor.serve()
    asker.join()
    assert told[0].startswith("victim ended by SIGKILL, starting it again in 1 s")


def test_one_that_does_not_stop_is_forced(
    supervisor: Supervisor, tmp_path: Path, told: list[str]
) -> None:
    supervisor.start(_python("deaf", STUBBORN, stop_within_s=0.5))
    log = tmp_path / "logs" / "deaf.log"
    supervisor.wait("it", lambda: "deaf" in log.read_text(), 20.0)
    supervisor.stop()
    assert told == ["deaf is ended by force"]


def test_asking_twice_forces(
    supervisor: Supervisor, tmp_path: Path, told: list[str]
) -> None:
    supervisor.start(_python("deaf", STUBBORN, stop_within_s=60.0))
    log = tmp_path / "logs" / "deaf.log"
    supervisor.wait("it", lambda: "deaf" in log.read_text(), 20.0)
    # Each is sent when the one before has been heard: two at once may count as one.
    asking = functools.partial(os.kill, os.getpid(), signal.SIGINT)
    threading.Timer(0.0, asking).start()
    supervisor.serve()
    threading.Timer(0.0, asking).start()
    supervisor.stop()
    assert told == ["deaf is ended by force"]


def test_a_death_while_starting_is_one_sentence(supervisor: Supervisor) -> None:
    script = "import sys; sys.exit('parkpulse: no space: free some')"
    supervisor.start(_python("api", script))
    with pytest.raises(
        ServiceError, match=r"api ended while the page was starting: .*no"
    ):
        supervisor.wait("the page", lambda: False, 20.0)


def test_what_never_gets_ready_is_one_sentence(
    supervisor: Supervisor, obedient: Callable[[str], Program]
) -> None:
    supervisor.start(obedient("api"))
    with pytest.raises(
        ServiceError, match="the page is not ready after 0 s: look into"
    ):
        supervisor.wait("the page", lambda: False, 0.2)


def test_stopping_while_starting(
    supervisor: Supervisor, obedient: Callable[[str], Program], tmp_path: Path
) -> None:
    supervisor.start(obedient("api"))
    asker = _stop_when(_has(tmp_path / "starts", 1))
    with pytest.raises(StoppedError):
        supervisor.wait("the page", lambda: False, 20.0)
    asker.join()
    supervisor.stop()
    assert _names(tmp_path / "ends") == ["api"]


def test_a_missing_program_is_one_sentence(supervisor: Supervisor) -> None:
    missing = Program("gone", ("/no/such/program",), {})
    with pytest.raises(ServiceError, match=r"gone cannot be started: .*No such file"):
        supervisor.start(missing)


def test_much_output_blocks_nobody(supervisor: Supervisor, tmp_path: Path) -> None:
    script = (
        "for n in range(200_000): print('line', n)\n"
        "print('end', flush=True)\nimport time; time.sleep(60)"
    )
    supervisor.start(_python("chatty", script))
    log = tmp_path / "logs" / "chatty.log"
    supervisor.wait("it", lambda: log.read_bytes().endswith(b"199999\nend\n"), 30.0)


def test_a_failure_after_ctrl_c_is_a_stop(tmp_path: Path) -> None:
    def interrupted() -> None:
        with Supervisor(tmp_path / "logs", print):
            os.kill(os.getpid(), signal.SIGINT)
            raise ServiceError

    with pytest.raises(StoppedError):
        interrupted()


def test_signal_handlers_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Supervisor(tmp_path / "logs", print):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_children_end_with_a_killed_supervisor(
    obedient: Callable[[str], Program], tmp_path: Path
) -> None:
    (tmp_path / "child.py").write_text(obedient("child").command[2])
    parent = subprocess.Popen([sys.executable, "-c", PARENT, tmp_path])
    wait_until(_has(tmp_path / "starts", 1), 20.0)
    parent.kill()
    parent.wait()
    wait_until(_has(tmp_path / "ends", 1))


def test_a_program_of_a_dead_parent_is_not_started() -> None:
    tie = process._leash(signal.SIGTERM, parent=4194305)
    pid = os.fork()
    if pid == 0:
        tie()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
