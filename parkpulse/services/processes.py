"""The processes of Parkpulse that `parkpulse up` runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from parkpulse.services import ports
from parkpulse.services.broker import ACCESS, NAME, PID
from parkpulse.services.process import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkpulse.services.local import Addresses
    from parkpulse.services.supervisor import Supervisor

_PAGE_WITHIN_S = 60.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - to translate it


@dataclass(frozen=True, slots=True)
class Processes:
    """What to run.

    Parameters
    ----------
    ingest_workers
        How many receive.
    host, port
        Where the page is served.
    simulate
        Arguments of `parkpulse simulate`; None simulates nothing.
    environment
        Environment of all of them, without the servers' addresses.
    scheme
        How the page is served: http or https.
    """

    ingest_workers: int
    host: str
    port: int
    simulate: tuple[str, ...] | None
    environment: Mapping[str, str] = field(repr=False)
    scheme: str = "http"

    @property
    def page(self) -> str:
        """Address that a browser on this machine opens."""
        host = _ANYWHERE.get(self.host, self.host)
        shown = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{shown}:{self.port}"

    def require_port(self) -> None:
        """Make sure that the page's port is free; raises ServiceError if not."""
        ports.require_free(self.port, "PARKPULSE_PORT", "the page", self.host)

    def programs(self, addresses: Addresses) -> list[Program]:
        """List them in the order of their start; they stop in the reverse one."""
        environment = {
            **self.environment,
            "PARKPULSE_DATABASE_URL": addresses.database_url,
            "PARKPULSE_HOST": self.host,
            "PARKPULSE_PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
        }
        command = str(Path(sys.executable).parent / "parkpulse")
        commands = self._commands()
        if addresses.service_urls:
            commands |= _credentials(Path(self.environment["PARKPULSE_HOME"]))
        return [
            Program(
                name,
                (command, *arguments),
                {**environment, "PARKPULSE_MQTT_URL": _mqtt_url(addresses, name)},
            )
            for name, arguments in commands.items()
        ]

    def _commands(self) -> dict[str, tuple[str, ...]]:
        commands: dict[str, tuple[str, ...]] = {
            "engine": ("engine",),
            "notify": ("notify",),
            "watch": ("notify", "watch"),
        }
        for number in range(1, self.ingest_workers + 1):
            commands[f"ingest-{number}"] = ("ingest", "--worker", str(number))
        commands["api"] = ("api",)
        if self.simulate is not None:
            commands["simulate"] = ("simulate", *self.simulate)
        return commands

    def start(self, addresses: Addresses, supervisor: Supervisor, hold: int) -> None:
        """Start them and wait until the page answers.

        Raises
        ------
        ServiceError
            One ends, or the page does not answer.
        """
        for program in self.programs(addresses):
            supervisor.start(program, hold)
        supervisor.wait("the page", self._answers, _PAGE_WITHIN_S)

    def _answers(self) -> bool:
        return ports.answers(self.port, _ANYWHERE.get(self.host, self.host))


def _mqtt_url(addresses: Addresses, name: str) -> str:
    """Tell each part of the service the address with its own user."""
    part = name.partition("-")[0]
    return addresses.service_urls.get(part, addresses.mqtt_url)


def _credentials(home: Path) -> dict[str, tuple[str, ...]]:
    """Keep the private broker's files as the database says."""
    return {
        "credentials": (
            *("devices", "credentials", "follow"),
            *("--folder", str(home / ACCESS)),
            *("--pid-file", str(home / NAME / PID)),
            *("--otherwise", "restart"),
        )
    }
