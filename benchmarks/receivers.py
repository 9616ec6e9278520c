"""What the chain is compared with: receivers of the same messages that promise less.

`paho` receives, acknowledges and does nothing. `null` is mosquitto_sub to /dev/null.
`pipe` is mosquitto_sub, mawk and psql's COPY: a kill or a duplicate costs it messages.
"""

from __future__ import annotations

import argparse
import mmap
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.publisher import PROGRESS
from parkpulse import bus
from parkpulse.services import archive, servers

if TYPE_CHECKING:
    from parkpulse.bus import Address

ROOT = "bare/v1"
FILTER = f"{ROOT}/#"
PIPE_ROWS = 3000
PIPE_TABLE = """
create table if not exists bare_reading (
    series integer not null, ts bigint not null, value double precision not null,
    quality smallint not null, unique (series, ts));
select create_hypertable('bare_reading', by_range('ts', 86400000),
    create_default_indexes => false, if_not_exists => true);
"""
_AWK = (
    '{ s = $5 * 3; printf "%d,%s,%s,2\\n%d,%s,%s,2\\n%d,%s,%s,2\\n",'
    " s, $13, $16, s + 1, $13, $18, s + 2, $13, $20 }"
)
_CLIENTS = archive.Wanted(
    name="clients",
    title="mosquitto_sub",
    packages=("mosquitto-clients",),
    assumed=servers.PACKAGES.assumed,
    otherwise="or install mosquitto-clients yourself",
)


def mosquitto_sub(cache: Path) -> Path:
    """Fetch mosquitto_sub as the servers are fetched."""

    def finish(tree: Path, final: Path) -> None:
        program = tree / "usr/bin/mosquitto_sub"
        libraries = next(tree.glob("usr/lib/*-linux-gnu*")).relative_to(tree)
        servers.set_loader(program, final)
        servers._patchelf(  # noqa: SLF001 - the same way as the servers' programs
            "--force-rpath", "--set-rpath", final / libraries, program
        )

    return archive.unpacked(_CLIENTS, cache, print, finish) / "usr/bin/mosquitto_sub"


def subscribing(program: Path, address: Address, name: str) -> list[str]:
    """Command of mosquitto_sub, which prints topic and payload."""
    return [
        *(str(program), "-h", address.host, "-p", str(address.port), "-i", name),
        *("-u", address.user or "", "-P", address.password or ""),
        *("-q", "1", "-t", FILTER, "-v"),
    ]


def storing(psql: Path, url: str) -> str:
    """Shell command that stores what mosquitto_sub prints."""
    copy = "copy bare_reading from stdin with (format csv)"
    store = f"{psql} -q -d '{url}' -c '{copy}'"
    fields = r"[-\/:,{}\"\[\] ]+"
    return f"mawk -F '{fields}' '{_AWK}' | split -l {PIPE_ROWS} --filter=\"{store}\""


def receive(url: str, shared: Path) -> None:
    """Receive with paho and acknowledge; for the publisher, all is committed."""
    address = bus.address(url)
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
    client.username_pw_set(address.user or "", address.password)
    count = 0
    with shared.open("r+b") as file, mmap.mmap(file.fileno(), PROGRESS.size) as memory:

        def on_message(*_: object) -> None:
            nonlocal count
            count += 1
            if count % 100 == 0:
                memory[8:16] = struct.pack("=q", count)

        def on_connect(*_: object) -> None:
            client.subscribe(FILTER, 1)

        client.on_message = on_message
        client.on_connect = on_connect
        client.connect(address.host, address.port)
        client.loop_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="Receive with a bare paho client.")
    parser.add_argument("url")
    parser.add_argument("shared", type=Path)
    options = parser.parse_args(sys.argv[1:])
    receive(options.url, options.shared)


if __name__ == "__main__":
    main()
