"""Credentials of devices at a real Mosquitto: topics, rotation, the way out."""

from __future__ import annotations

import contextlib
import csv
import json
import subprocess
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import paho.mqtt.client as mqtt
import pytest
from click.testing import CliRunner
from paho.mqtt.enums import CallbackAPIVersion

from parkpulse.errors import ConflictError, NotFoundError
from parkpulse.model import credentials
from parkpulse.services.access import cli, files, follow
from parkpulse.services.access.follow import Broker, Follower, Otherwise
from parkpulse.services.broker import ACCESS, PID
from parkpulse.store import credentials as store
from parkpulse.store import registry, workers
from parkpulse.store.credentials import Speaks
from parkpulse.store.pool import Database
from tests.plugins.devices import REFUSED, device
from tests.plugins.fix_api import HARBOUR
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from parkpulse.services.servers import Servers
    from tests.plugins.devices import Device
    from tests.plugins.fix_services import BrokerServer

OWN = "parkpulse/v1/harbour/level-1"
OTHER = "parkpulse/v1/harbour/level-2"
FIRST = credentials.subject("harbour/level-1")
SECOND = credentials.subject("harbour/level-2")
GATEWAY = credentials.subject("gateway:roof")


class Office:
    """Hands credentials out, and has them in force at the broker."""

    def __init__(self, database: Database, broker: BrokerServer) -> None:
        self.database = database
        self.broker = broker
        self.folder = broker.folder.parent / ACCESS
        self.following = Follower(
            database, self.folder, Broker(broker.folder / PID, Otherwise.RESTART)
        )

    def create(
        self, subject: credentials.Subject, speaks: Speaks | None = None
    ) -> tuple[str, str]:
        secret = credentials.new_secret()
        with self.database.transaction() as conn:
            name = store.create(
                conn, subject, credentials.hashed(secret), speaks or Speaks()
            )
        return name, secret

    def rotate(
        self, subject: credentials.Subject, overlap: timedelta
    ) -> tuple[str, str]:
        secret = credentials.new_secret()
        with self.database.transaction() as conn:
            name = store.rotate(conn, subject, credentials.hashed(secret), overlap)
        return name, secret

    def revoke(self, subject: credentials.Subject) -> None:
        with self.database.transaction() as conn:
            store.revoke(conn, subject)

    def in_force(self) -> None:
        """Wait until the broker knows all."""

        def is_done() -> bool:
            with self.database.transaction() as conn:
                wanted = credentials.password_lines(store.active(conn))
            present = (self.folder / files.PASSWORDS).read_text()
            return present.endswith(wanted) and not files.is_pending(self.folder)

        wait_until(is_done)

    def admitted(self, user: str, secret: str) -> bool:
        with device(user, secret, self.broker.port) as tried:
            return tried.is_in


@pytest.fixture
def office(database_url: str, broker: BrokerServer) -> Iterator[Office]:
    database = Database(database_url, size=2)
    database.open()
    with database.transaction() as conn:
        registry.apply(conn, HARBOUR)
    office, stop = Office(database, broker), threading.Event()
    thread = threading.Thread(target=office.following.run, args=(stop,))
    thread.start()
    yield office
    stop.set()
    thread.join()
    database.close()


@contextlib.contextmanager
def _ours(broker: BrokerServer) -> Iterator[Device]:
    parts = urlsplit(broker.url)
    with device(parts.username or "", parts.password or "", broker.port) as own:
        yield own


def test_a_device_publishes_and_reads_as_itself_only(office: Office) -> None:
    first, second = office.create(FIRST), office.create(SECOND)
    office.in_force()
    port = office.broker.port
    with device(*first, port) as one, device(*second, port) as two:
        for topic in ("telemetry", "raw/sl651", "down/ack"):
            assert one.publish(f"{OWN}/{topic}") != REFUSED
            assert one.publish(f"{OTHER}/{topic}") == REFUSED
        for topic in (f"{OWN}/down", "spBv1.0/g/NDATA/n", "parkpulse/v1/push/ctwing/a"):
            assert one.publish(topic) == REFUSED
        # Mosquitto takes any subscription, and sends what may be read.
        two.subscribe("#")
        one.subscribe("parkpulse/v1/#")
        with _ours(office.broker) as ours:
            ours.publish(f"{OTHER}/telemetry")
            ours.publish(f"{OTHER}/down")
            ours.publish(f"{OWN}/down")
        wait_until(lambda: one.topics == [f"{OWN}/down"])
        wait_until(lambda: two.topics == [f"{OTHER}/down"])


def test_who_is_revoked_is_out_while_connected(office: Office) -> None:
    first, second = office.create(FIRST), office.create(SECOND)
    office.in_force()
    port = office.broker.port
    with (
        device(*first, port) as one,
        device(*second, port) as two,
        _ours(office.broker) as ours,
    ):
        assert one.is_in
        office.revoke(FIRST)
        wait_until(lambda: bool(one.ends), 3.0)
        assert not office.admitted(*first)
        assert two.publish(f"{OTHER}/telemetry") != REFUSED
        assert ours.is_in


def test_who_is_revoked_leaves_no_will(office: Office) -> None:
    """What somebody set up before must not be said in its name afterwards."""
    first, second = office.create(FIRST), office.create(SECOND)
    office.in_force()
    port = office.broker.port
    with _ours(office.broker) as ours:
        ours.subscribe("parkpulse/v1/#")
        with (
            device(*first, port, will=f"{OWN}/telemetry") as one,
            device(*second, port, will=f"{OTHER}/telemetry") as two,
        ):
            office.revoke(FIRST)
            wait_until(lambda: bool(one.ends), 3.0)
            two.cut()
            wait_until(lambda: bool(ours.topics))
        assert ours.topics == [f"{OTHER}/telemetry"]


def test_rotation_overlaps_and_ends_by_itself(office: Office) -> None:
    old = office.create(FIRST)
    new = office.rotate(FIRST, timedelta(seconds=2.5))
    office.in_force()
    assert old[0] != new[0]
    port = office.broker.port
    with device(*old, port) as before, device(*new, port) as after:
        assert before.publish(f"{OWN}/telemetry") != REFUSED
        assert after.publish(f"{OWN}/telemetry") != REFUSED
        wait_until(lambda: bool(before.ends), 8.0)
        assert after.publish(f"{OWN}/telemetry") != REFUSED
    assert not office.admitted(*old)


def test_rotation_without_overlap_ends_the_old_one_at_once(office: Office) -> None:
    old = office.create(FIRST)
    office.in_force()
    with device(*old, office.broker.port) as before:
        new = office.rotate(FIRST, timedelta())
        wait_until(lambda: bool(before.ends), 3.0)
    office.in_force()
    assert office.admitted(*new)


def test_a_gateway_speaks_for_its_list(office: Office) -> None:
    speaks = Speaks(
        ("harbour/level-1",), tuple(credentials.sparkplug("harbour/node-1"))
    )
    user = office.create(GATEWAY, speaks)
    office.in_force()
    with device(*user, office.broker.port) as gateway:
        assert gateway.publish(f"{OWN}/telemetry") != REFUSED
        assert gateway.publish("spBv1.0/harbour/DDATA/node-1/pump") != REFUSED
        assert gateway.publish(f"{OTHER}/telemetry") == REFUSED
        assert gateway.publish("spBv1.0/harbour/DDATA/node-2/pump") == REFUSED
        assert gateway.publish("spBv1.0/harbour/NCMD/node-1") == REFUSED


def test_a_replaced_device_may_use_its_new_id(office: Office) -> None:
    user = office.create(FIRST)
    with office.database.transaction() as conn:
        conn.execute(
            "insert into device_alias select park_id, 'level-9', id from device"
            " where code = 'level-1'"
        )
        conn.execute("notify registry")
    office.in_force()
    wait_until(
        lambda: "harbour/level-9/" in (office.folder / files.ACL).read_text(), 3.0
    )
    with device(*user, office.broker.port) as replaced:
        wait_until(
            lambda: (
                replaced.publish("parkpulse/v1/harbour/level-9/telemetry") != REFUSED
            )
        )


def test_each_part_of_the_service_has_its_own_user(office: Office) -> None:
    for name, topic in (("notify", f"{OWN}/down"), ("api", f"{OWN}/telemetry")):
        parts = urlsplit(office.broker._served.service_urls[name])  # type: ignore[union-attr]
        with device(
            parts.username or "", parts.password or "", office.broker.port
        ) as part:
            assert part.publish(topic) != REFUSED
            assert part.publish("parkpulse/v2/x") == REFUSED


def test_a_receiver_that_is_away_loses_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mosquitto takes a session's rights on SIGHUP until it has come back once."""
    monkeypatch.setattr(follow, "_BACK_WITHIN_S", 0.1)
    first, second = office.create(FIRST), office.create(SECOND)
    office.in_force()
    _keep_session(office.broker)
    office.broker.stop()
    office.broker.start()
    with office.database.transaction() as conn:
        workers.start(conn, "ingest-1", uuid4())
    office.revoke(FIRST)
    running = Broker(office.broker.folder / PID, Otherwise.RESTART)
    wait_until(lambda: running.started() is None)
    office.broker.stop()  # as a supervisor it takes note
    office.broker.start()
    with device(*second, office.broker.port) as two:
        assert two.publish(f"{OTHER}/telemetry") != REFUSED
    assert not office.admitted(*first)
    assert _kept(office.broker) == [f"{OTHER}/telemetry"]


def _receiver(broker: BrokerServer) -> mqtt.Client:
    parts = urlsplit(broker._served.service_urls["ingest"])  # type: ignore[union-attr]
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id="parkpulse-ingest-1", clean_session=False
    )
    client.username_pw_set(parts.username, parts.password)
    return client


def _begin(client: mqtt.Client, broker: BrokerServer) -> None:
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    wait_until(client.is_connected)


def _keep_session(broker: BrokerServer) -> None:
    client, done = _receiver(broker), threading.Event()
    client.on_subscribe = lambda *_: done.set()
    _begin(client, broker)
    client.subscribe("parkpulse/v1/#", qos=1)
    assert done.wait(5)
    client.disconnect()
    client.loop_stop()


def _kept(broker: BrokerServer) -> list[str]:
    topics: list[str] = []
    client = _receiver(broker)
    client.on_message = lambda *given: topics.append(given[2].topic)
    _begin(client, broker)
    wait_until(lambda: bool(topics))
    client.disconnect()
    client.loop_stop()
    return topics


def test_a_second_credential_is_refused(office: Office) -> None:
    office.create(FIRST)
    with pytest.raises(ConflictError, match="rotate or revoke"):
        office.create(FIRST)
    with pytest.raises(NotFoundError):
        office.create(credentials.subject("harbour/none"))
    with pytest.raises(NotFoundError):
        office.rotate(SECOND, timedelta())


def test_mosquittos_own_program_reads_our_hashes(
    programs: Servers, tmp_path: Path
) -> None:
    """`mosquitto_passwd` hashes what `fits` recognises; the broker reads ours."""
    program = programs.mosquitto.parents[1] / "bin" / "mosquitto_passwd"
    library = next(programs.mosquitto.parents[1].glob("lib/*-linux-gnu*"))
    file = tmp_path / "passwords"
    file.touch(mode=0o600)
    loader = next(library.glob("ld-linux*"))
    subprocess.run(
        [loader, "--library-path", library, program, "-b", file, "user", "pass:word"],
        check=True,
        capture_output=True,
    )
    _, _, stored = file.read_text().strip().partition(":")
    assert credentials.fits("pass:word", stored)
    assert not credentials.fits("pass:wort", stored)


@pytest.fixture
def command(
    database_url: str, office: Office, monkeypatch: pytest.MonkeyPatch
) -> CliRunner:
    del office
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    return CliRunner()


def _json(command: CliRunner, *arguments: str) -> Any:  # noqa: ANN401 - any JSON
    result = command.invoke(cli.devices, ["credentials", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_the_command_shows_a_secret_once(command: CliRunner, tmp_path: Path) -> None:
    (made,) = _json(command, "create", "harbour/level-1")["items"]
    assert made["username"] == "harbour/level-1@1"
    listed = _json(command, "list")["items"]
    assert str(made["password"]) not in json.dumps(listed)
    assert listed[0]["state"] == "in force"
    _json(command, "rotate", "harbour/level-1", "--overlap", "1h")
    states = [each["state"] for each in _json(command, "list")["items"]]
    assert states == ["ending", "in force"]
    assert _json(command, "revoke", "harbour/level-1")["revoked"] == 2
    assert _json(command, "list")["items"] == []
    assert len(_json(command, "list", "--all", "--park", "harbour")["items"]) == 2
    out = tmp_path / "secrets.csv"
    command.invoke(
        cli.devices, ["credentials", "create", "--park", "harbour", "--out", str(out)]
    )
    assert out.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["subject"] for row in rows] == [
        f"harbour/{name}" for name in ("level-1", "level-2", "meter", "soil-1")
    ]


def test_written_files_are_whole_and_for_their_owner(
    command: CliRunner, tmp_path: Path
) -> None:
    _json(command, "create", "gateway:roof", "--device", "harbour/level-1")
    (tmp_path / "own.acl").write_text("user red\ntopic read x\n")
    written = _json(command, "write", "--folder", str(tmp_path))
    assert written == {"credentials": 1, "changed": True}
    again = _json(command, "write", "--folder", str(tmp_path))
    assert again == {"credentials": 1, "changed": False}
    acl = (tmp_path / "acl").read_text()
    assert "user red\ntopic read x\nuser roof@1\n" in acl
    assert f"topic write {OWN}/telemetry\n" in acl
    assert (tmp_path / "passwords").stat().st_mode & 0o077 == 0
