"""Structs in many threads, in a process of its own, for a fault would end it."""

from __future__ import annotations

import subprocess
import sys

_MANY = """
import sys, threading, msgspec
from parkpulse.model import structs
sys.setswitchinterval(1e-6)
few = [(f"x{n}", int | None, None) for n in range(10)]
many = [(f"x{n}", dict[str, list[int]] | None, None) for n in range(30)]
def make(n):
    inner = msgspec.defstruct(f"Inner{n}", few)
    return msgspec.defstruct(f"Kind{n}", [*many, ("inner", inner | None, None)])
kinds = [make(n) for n in range(150)]
structs.prepare()
for kind in kinds:
    start = threading.Barrier(8)
    def work():
        start.wait()
        msgspec.json.decode(b'{"x29":{"a":[1]},"inner":{"x9":1}}', type=kind)
    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
print(len(kinds))
"""


def test_prepared_structs_are_read_by_many_threads_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MANY], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "150\n"), done.stderr
