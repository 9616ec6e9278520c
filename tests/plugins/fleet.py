"""Processes of several hosts on one database and broker: started, frozen, killed.

A host's processes may live in a network namespace of their own: `inside` is what their
command line begins with then.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from parkpulse.services import ports
from tests.plugins.fix_chain import COMMAND
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from parkpulse.store.pool import Database

_WITHIN_S = 120.0


@dataclass
class Member:
    """One process, with its children in a group that is stopped and killed whole."""

    words: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    inside: Sequence[str] = ()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [*self.inside, COMMAND, *self.words],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def freeze(self) -> None:
        os.killpg(self.child.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.child.pid, signal.SIGCONT)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def stop(self) -> int:
        self.child.terminate()
        return self.child.wait(timeout=_WITHIN_S)


@dataclass
class Host:
    """One engine, one notifier, one API and one ingest worker on a machine."""

    number: int
    environment: Mapping[str, str]
    folder: Path
    inside: Sequence[str] = ()
    members: dict[str, Member] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.port = ports.free()
        environment = {**self.environment, "PARKPULSE_PORT": str(self.port)}
        worker = ("ingest", "--worker", str(self.number))
        for words in (worker, ("engine",), ("notify",), ("api",)):
            log = self.folder / f"{words[0]}.log"
            self.members[words[0]] = Member(words, environment, log, self.inside)

    def start(self, *names: str) -> None:
        for name in names or self.members:
            self.members[name].start()

    def kill(self) -> None:
        for member in self.members.values():
            member.kill()

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - any JSON
        """Ask this host's API, from within the host."""
        url = httpx.URL(f"http://127.0.0.1:{self.port}/api/v1{path}", params=query)
        python = str(Path(COMMAND).with_name("python"))
        fetch = "import sys, httpx; print(httpx.get(sys.argv[1], timeout=30).text)"
        done = subprocess.run(
            [*self.inside, python, "-c", fetch, str(url)],
            capture_output=True,
            check=True,
        )
        return json.loads(done.stdout)

    def stop(self) -> dict[str, int]:
        return {
            f"{self.number}/{name}": member.stop()
            for name, member in self.members.items()
        }

    def logs(self) -> str:
        files = sorted(self.folder.glob("*.log"))
        return "\n".join(f"== {self.number} {f.name}\n{f.read_text()}" for f in files)


@dataclass
class Leases:
    """Who holds what, as the database says."""

    database: Database

    def owners(self) -> dict[str, set[int]]:
        """Parks' slots of each living owner."""
        with self.database.transaction() as conn:
            rows = conn.execute(
                "select l.owner, l.slot from lease l"
                " join engine e on e.owner = l.owner and e.until > now()"
                " where l.slot in (select id % 64 from park)"
            ).fetchall()
        found: dict[str, set[int]] = {}
        for owner, slot in rows:
            found.setdefault(owner, set()).add(slot)
        return found

    def of(self, member: Member) -> dict[str, set[int]]:
        """Slots of a process and its children, by owner."""
        mine = group(member.child.pid)
        return {
            owner: slots
            for owner, slots in self.owners().items()
            if int(owner.split(":")[1].partition("/")[0]) in mine
        }

    def wait_shared(self, members: Sequence[Member]) -> None:
        """Wait until each of these processes has parks in each of its roles."""
        wait_until(lambda: all(self.of(each) for each in members), _WITHIN_S)

    def wait_taken(self, lost: Iterable[str]) -> float:
        """Wait until others than these owners hold all; tell how long it took. [s]"""
        began = time.monotonic()
        gone = set(lost)
        assert gone
        wait_until(lambda: not gone & set(self.owners()), _WITHIN_S)
        wait_until(self._are_all_held, _WITHIN_S)
        return time.monotonic() - began

    def _are_all_held(self) -> bool:
        with self.database.transaction() as conn:
            (row,) = conn.execute(
                "select count(*) from park p cross join"
                " (select distinct role from lease where owner is not null) role"
                " where not exists (select from lease l"
                "  join engine e on e.owner = l.owner and e.until > now()"
                "  where l.role = role.role and l.slot = p.id % 64)"
            )
        return row == (0,)


def group(leader: int) -> set[int]:
    """Ids of the processes of a group."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader:
            found.add(int(folder.name))
    return found


@dataclass
class Fleet:
    """Two hosts and what they share."""

    hosts: Sequence[Host]
    database: Database
    leases: Leases = field(init=False)

    def __post_init__(self) -> None:
        self.leases = Leases(self.database)

    @property
    def engines(self) -> list[Member]:
        return [host.members["engine"] for host in self.hosts]

    def start(self) -> None:
        """Start all, and wait until the work is shared."""
        for host in self.hosts:
            host.start()
        wait_until(self._ingest, _WITHIN_S)
        self.leases.wait_shared(self.engines)

    def _ingest(self) -> bool:
        time.sleep(0.1)
        with self.database.transaction() as conn:
            (row,) = conn.execute("select count(*) from ingest_worker where connected")
        return row == (len(self.hosts),)

    def stop(self) -> None:
        """End all; each must end cleanly."""
        codes = [host.stop() for host in self.hosts]
        assert all(set(each.values()) == {0} for each in codes), codes

    def kill(self) -> None:
        for host in self.hosts:
            host.kill()

    def logs(self) -> str:
        return "\n".join(host.logs() for host in self.hosts)


@contextlib.contextmanager
def running(fleet: Fleet) -> Iterator[None]:
    """Start a fleet, and end it; on a failure show what its processes said."""
    try:
        fleet.start()
        yield
        fleet.stop()
    except BaseException:
        sys.stderr.write(fleet.logs())
        fleet.kill()
        raise
