"""Local controllers of the demonstration park: they decide what is done.

As real ones do: what has expired is ignored, an id is carried out once however often it
comes. Their answers follow a script, so that each outcome can be tried.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any, Literal

import msgspec

from parkpulse.wire import commands

KIND = "pump_controller"
REPORT_S = 60
_MOST_REMEMBERED = 1000
_UNKNOWN = "未知命令 / unknown command"
_RUNS = "1 号泵已在运行 / the pump is running already"


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a command; `silent` is never answered.

    Parameters
    ----------
    command, arguments
        What it is asked for.
    result, reason
        Its answer.
    after_s
        When it answers. [s]
    runs_s
        How long the pump runs then; None: nothing changes. [s]
    """

    command: str
    arguments: dict[str, Any] = {}
    result: Literal["confirmed", "refused", "silent"]
    reason: str = ""
    after_s: float = 1.0
    runs_s: float | None = None


class Script(msgspec.Struct, frozen=True):
    """How a controller behaves."""

    device: str
    behaviours: list[Behaviour]


class _Command(msgspec.Struct, frozen=True):
    id: str
    command: str
    expires_at: datetime
    arguments: dict[str, Any] = {}


_OTHER = Behaviour(command="", result="refused", reason=_UNKNOWN)


@dataclass
class Controller:
    """One device that is told what to do; times are seconds since 1970 UTC."""

    script: Script
    _due: list[tuple[float, bytes]] = field(default_factory=list, init=False)
    _seen: set[str] = field(default_factory=set, init=False)
    _runs_until_s: float = field(default=0.0, init=False)
    _told: tuple[bool, float] = field(default=(False, 0.0), init=False)

    @property
    def device(self) -> str:
        """Its code."""
        return self.script.device

    def hear(self, payload: bytes, now_s: float) -> None:
        """Take a command; what is none, has expired or was there before is ignored."""
        try:
            command = msgspec.json.decode(payload, type=_Command)
        except msgspec.DecodeError:
            return
        if command.id in self._seen or command.expires_at.timestamp() <= now_s:
            return
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen.add(command.id)
        self._obey(command.id, self._behaviour(command, now_s), now_s)

    def _behaviour(self, command: _Command, now_s: float) -> Behaviour:
        asked = command.command, command.arguments
        for each in self.script.behaviours:
            if (each.command, each.arguments) == asked:
                if each.runs_s and self.is_running(now_s):
                    return Behaviour(command="", result="refused", reason=_RUNS)
                return each
        return _OTHER

    def _obey(self, command_id: str, what: Behaviour, now_s: float) -> None:
        if what.result == "silent":
            return
        if what.runs_s is not None:
            self._runs_until_s = now_s + what.runs_s
        answer = commands.answer(command_id, what.result, what.reason)
        self._due.append((now_s + what.after_s, answer))

    def is_running(self, now_s: float) -> bool:
        """Whether its pump runs."""
        return now_s < self._runs_until_s

    def answers(self, now_s: float) -> list[bytes]:
        """Return the answers whose time has come."""
        found = [answer for at, answer in self._due if at <= now_s]
        self._due = [each for each in self._due if each[0] > now_s]
        return found

    def report(self, now_s: float) -> bytes | None:
        """Return a message with the pump's state, now and then and when it changes."""
        before, at = self._told
        is_running = self.is_running(now_s)
        if is_running == before and now_s - at < REPORT_S:
            return None
        self._told = is_running, now_s
        ms = round(now_s * 1000)
        sample = {"ts": ms, "values": {"pump_running": int(is_running)}}
        return msgspec.json.encode({"sent": ms, "samples": [sample]})


def controllers() -> list[Controller]:
    """Make those of the demonstration park."""
    file = resources.files("simulators.demo").joinpath("controllers.toml")
    document = tomllib.loads(file.read_text("utf-8"))
    scripts = msgspec.convert(document["controllers"], list[Script])
    return [Controller(each) for each in scripts]
