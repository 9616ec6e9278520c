"""Sustained rate of ingest, MQTT QoS 1 to committed rows, and its CPU per message.

A closed loop: the publisher stays at most `--window` messages ahead of what is
committed, so the backlog cannot grow. Broker, database, ingest and publisher share the
machine. The servers are private ones in a folder of their own.

    python -m benchmarks.bench_ingest --workers 1 --seconds 16
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from parkpulse import bus
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.services import ports
from parkpulse.store import migrate, pool, registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parkpulse.bus import Address
    from parkpulse.store.pool import Connection

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
DEVICES = 1000
METRICS = ("water_level", "flow_rate", "battery_voltage")
BLOCK = 200
TICKS = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Environment with private servers; removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="parkpulse-bench-"))
    home.chmod(0o711)
    environment = {
        **os.environ,
        "PARKPULSE_HOME": str(home),
        "PARKPULSE_DATABASE_PORT": str(ports.free()),
        "PARKPULSE_MQTT_PORT": str(ports.free()),
    }
    try:
        subprocess.run([COMMAND, "services", "start"], env=environment, check=True)
        found = json.loads((home / "running.json").read_text())
        yield environment | {
            "PARKPULSE_DATABASE_URL": found["database_url"],
            "PARKPULSE_MQTT_URL": found["mqtt_url"],
        }
    finally:
        subprocess.run([COMMAND, "services", "stop"], env=environment, check=False)
        shutil.rmtree(home, ignore_errors=True)


def park() -> ParkSpec:
    name = Name(zh="bench", en="bench")
    return ParkSpec(
        code="bench",
        name=name,
        accept_from=datetime.now(UTC) - timedelta(days=60),
        devices=[
            DeviceSpec(
                code=f"device-{number}",
                kind="sensor",
                name=name,
                series=[SeriesSpec(metric=metric) for metric in METRICS],
            )
            for number in range(DEVICES)
        ],
    )


def publish_packet(topic: bytes, mid: int, payload: bytes) -> bytes:
    body = struct.pack("!H", len(topic)) + topic + struct.pack("!H", mid) + payload
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (128 if length else 0))
        if not length:
            return bytes((0x32, *digits)) + body


class Publisher:
    """Speaks MQTT 3.1.1 itself, for a client library would be part of the result."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection((address.host, address.port))
        self._socket.sendall(self._connect_packet(address))
        assert self._socket.recv(4)[3] == 0
        self._socket.settimeout(0.0)
        self._base_ms = int(time.time() * 1000) - 30 * 86_400_000
        self.sent = 0

    @staticmethod
    def _connect_packet(address: Address) -> bytes:
        fields = [b"bench-publisher"]
        fields += [(each or "").encode() for each in (address.user, address.password)]
        flags = 0xC2 if address.user else 0x02
        fields = fields if address.user else fields[:1]
        body = b"\x00\x04MQTT\x04" + bytes((flags,)) + struct.pack("!H", 600)
        body += b"".join(struct.pack("!H", len(field)) + field for field in fields)
        return b"\x10" + bytes((len(body),)) + body

    def send_block(self) -> None:
        """Send the next block, reading what the broker answers meanwhile."""
        block = b"".join(self._packet(self.sent + index) for index in range(BLOCK))
        self.sent += BLOCK
        view = memoryview(block)
        while view:
            readable, writable, _ = select.select([self._socket], [self._socket], [], 5)
            if readable:
                self._socket.recv(1 << 16)
            if writable:
                view = view[self._socket.send(view) :]

    def _packet(self, number: int) -> bytes:
        device, turn = number % DEVICES, number // DEVICES
        at = self._base_ms + turn * 1000
        payload = (
            b'{"seq":%d,"sent":%d,"samples":[{"ts":%d,"values":{"water_level":%.3f,'
            b'"flow_rate":%.2f,"battery_voltage":3.61}}]}'
            % (turn, at, at, number % 977 / 1000, number % 89 / 10)
        )
        topic = b"parkpulse/v1/bench/device-%d/telemetry" % device
        return publish_packet(topic, number % 65535 + 1, payload)


def committed(connection: Connection) -> int:
    """Messages of all workers that are committed."""
    with connection.transaction():
        row = connection.execute("select sum(arrivals) from ingest_worker").fetchone()
    return int(row[0] or 0) if row else 0


def cpu_s() -> dict[str, float]:
    """User and system time by kind of process [s], ended children included."""
    total: dict[str, float] = {}
    cluster: set[str] = set()
    found = sorted(Path("/proc").glob("[0-9]*"), key=lambda folder: int(folder.name))
    for folder in found:
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes()
            if b"parkpulse-bench-" in command and b"postgres" in command:
                cluster.add(folder.name)
            is_ours = not cluster.isdisjoint({folder.name, fields[1]})
            kind = "postgresql" if is_ours else _kind(folder.name, command)
            used = sum(map(int, fields[11:15])) / TICKS
            total[kind] = total.get(kind, 0.0) + used
    return total


def _kind(pid: str, command: bytes) -> str:
    if b"parkpulse-bench-" in command and b"mosquitto" in command:
        return "broker"
    if b"\0ingest\0" in command:
        return "ingest"
    return "publisher" if pid == str(os.getpid()) else "other"


def measure(
    environment: Mapping[str, str], workers: int, seconds: float, window: int
) -> dict[str, float]:
    """Run once and return rate [1/s] and CPU per message [us]."""
    url = environment["PARKPULSE_DATABASE_URL"]
    with pool.connect(url) as connection:
        connection.execute("update ingest_worker set arrivals = 0")
        connection.commit()
        children = [
            subprocess.Popen(
                [COMMAND, "ingest", "--worker", str(number)],
                env={**environment, "PARKPULSE_INGEST_WORKERS": str(workers)},
            )
            for number in range(1, workers + 1)
        ]
        try:
            time.sleep(4.0)  # until all are subscribed
            return _loop(connection, environment, seconds, window)
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait()


def _loop(
    connection: Connection,
    environment: Mapping[str, str],
    seconds: float,
    window: int,
) -> dict[str, float]:
    publisher = Publisher(bus.address(environment["PARKPULSE_MQTT_URL"]))
    begin = before = cpu_before = None
    warm_until = time.monotonic() + 4.0
    done = 0
    while True:
        now = time.monotonic()
        if begin is None and now >= warm_until:
            begin, before, cpu_before = now, done, cpu_s()
        if begin is not None and before is not None and now >= begin + seconds:
            break
        if publisher.sent - done < window:
            publisher.send_block()
        else:
            time.sleep(0.01)
        if publisher.sent % (5 * BLOCK) == 0 or publisher.sent - done >= window:
            done = committed(connection)
    assert begin is not None
    assert before is not None
    assert cpu_before is not None
    done = committed(connection)
    elapsed, count, cpu = time.monotonic() - begin, done - before, cpu_s()
    while committed(connection) < publisher.sent:
        time.sleep(0.05)
    rows = connection.execute("select count(*) from reading").fetchone()
    assert rows == (len(METRICS) * publisher.sent,), (rows, publisher.sent)
    result = {"messages_per_s": count / elapsed}
    for kind in ("ingest", "broker", "postgresql", "publisher"):
        used = cpu.get(kind, 0.0) - cpu_before.get(kind, 0.0)
        result[f"{kind}_us_per_message"] = 1e6 * used / count
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=16.0)
    parser.add_argument("--window", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    results: list[dict[str, float]] = []
    for _ in range(options.runs):
        with servers() as environment:
            migrate.apply(environment["PARKPULSE_DATABASE_URL"])
            with pool.connect(environment["PARKPULSE_DATABASE_URL"]) as connection:
                registry.apply(connection, park())
            results.append(
                measure(environment, options.workers, options.seconds, options.window)
            )
        print(json.dumps(results[-1]), flush=True)
    medians = {
        name: round(statistics.median(each[name] for each in results), 1)
        for name in results[0]
    }
    print(json.dumps({"workers": options.workers, "runs": options.runs, **medians}))


if __name__ == "__main__":
    main()
