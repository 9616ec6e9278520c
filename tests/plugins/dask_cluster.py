"""A Dask scheduler and workers as processes of this machine, each to be killed.

They are started by Dask's own commands, so that nothing of Dask runs in the tests.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WITHIN_S = 120.0
_LONELY = ("--no-nanny", "--no-dashboard", "--nthreads", "1")
"""A killed worker stays dead, and works on one part at a time."""


@dataclass
class Cluster:
    """`workers` may be killed; `address` is the scheduler's."""

    folder: Path
    address: str = ""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, workers: int) -> None:
        file = self.folder / "scheduler.json"
        where = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self._scheduler = self._run("scheduler", *where, "--scheduler-file", str(file))
        wait_until(lambda: file.exists() and bool(file.read_text()), _WITHIN_S)
        self.address = json.loads(file.read_text())["address"]
        for _ in range(workers):
            words = (self.address, *_LONELY, "--local-directory", str(self.folder))
            self.workers.append(self._run("worker", *words))
        log = self.folder / "worker.log"
        wait_until(lambda: log.read_text().count("Registered to") == workers, _WITHIN_S)

    def _run(self, kind: str, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
            )

    def stop(self) -> None:
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()


@contextlib.contextmanager
def running(folder: Path, workers: int) -> Iterator[Cluster]:
    """Lend a cluster of so many single workers."""
    cluster = Cluster(folder)
    try:
        cluster.start(workers)
        yield cluster
    finally:
        cluster.stop()
