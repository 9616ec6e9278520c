"""Encrypted links, each against the real server: MQTT, HTTP, PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx
import psycopg
import pytest

from api.auth import passwords
from api.renewal import Renewal
from ingest.arrivals import Arrival, Inbox
from ingest.receiver import MqttReceiver, Role
from parkpulse import bus, settings, tls
from parkpulse.bus import Publisher, State
from parkpulse.bus.bulk import BulkPublisher
from parkpulse.errors import BrokerError, ConfigError, StoreUnavailableError
from parkpulse.model import account as people
from parkpulse.model import credentials
from parkpulse.services import account, ports
from parkpulse.services.access import authority, files
from parkpulse.services.access.follow import Broker as Running
from parkpulse.services.access.follow import Otherwise
from parkpulse.services.broker import ACCESS, PID, Broker, Door
from parkpulse.services.doctor import links
from parkpulse.store import pool, users
from parkpulse.store.pool import Database
from parkpulse.store.users import Profile
from tests.plugins.devices import REFUSED, device
from tests.plugins.fix_api import Site
from tests.plugins.fix_services import BrokerServer, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from parkpulse.services.servers import Servers
    from tests.plugins.fix_engine import Lab
    from tests.plugins.fix_services import DatabaseServer

FIRST = credentials.Credential(
    credentials.subject("harbour/level-1"),
    1,
    "harbour/level-1@1",
    credentials.hashed("one"),
    (("harbour", "level-1"),),
    (),
    datetime.now(UTC),
    None,
    None,
)
TOPIC = "parkpulse/v1/harbour/level-1/telemetry"


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    authority.make(folder, ["park.example"])
    return folder


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other")
    authority.make(folder, ["park.example"])
    return folder


def _pair(folder: Path) -> tls.Pair:
    return tls.Pair(folder / "server.crt", folder / "server.key")


@pytest.fixture
def door(
    programs: Servers, server_home: Path, issued: Path
) -> Iterator[tuple[BrokerServer, int]]:
    """The private broker with its door for devices, and one device's credential."""
    user = account.unprivileged(server_home)
    opened = Door("127.0.0.1", ports.free(), _pair(issued))
    served = Broker(programs.mosquitto, server_home, ports.free(), user, opened)
    server = BrokerServer(served, server_home / "broker.log")
    (server_home / ACCESS).mkdir(mode=0o700)
    files.write(server_home / ACCESS, [FIRST])
    server.start()
    yield server, opened.port
    server.stop()


def _url(server: BrokerServer, port: int, ca: Path, part: str = "") -> str:
    services = server._served.service_urls  # type: ignore[union-attr]
    parts = urlsplit(services.get(part, server.url))
    return (
        f"mqtts://{parts.username}:{parts.password}@localhost:{port}"
        f"?ca={quote(str(ca))}"
    )


def test_a_device_is_itself_behind_the_door(
    door: tuple[BrokerServer, int], issued: Path, other: Path
) -> None:
    _, port = door
    context = tls.client_context(issued / "ca.crt")
    with device(FIRST.username, "one", port, context, "parkpulse-ingest-1") as one:
        assert one.is_in
        assert one.publish(TOPIC) != REFUSED
        assert one.publish(TOPIC.replace("level-1", "level-2")) == REFUSED
        # Who takes another's client id keeps its own: the first stays connected
        # only if nobody can claim to be it.
        with device(FIRST.username, "wrong", port, context) as stranger:
            assert not stranger.is_in
        assert one.is_in
    wrong = tls.client_context(other / "ca.crt")
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        device(FIRST.username, "one", port, wrong),
    ):
        pass


def test_nobody_takes_the_session_of_another(
    door: tuple[BrokerServer, int], issued: Path
) -> None:
    server, port = door
    parts = urlsplit(server.url)
    with device(
        parts.username or "", parts.password or "", server.port, None, "victim"
    ) as victim:
        context = tls.client_context(issued / "ca.crt")
        with device(FIRST.username, "one", port, context, "victim") as one:
            assert one.publish(TOPIC) != REFUSED
            assert victim.is_in
            victim.publish(TOPIC)
            assert victim.is_in


def test_our_publishers_verify_the_broker(
    door: tuple[BrokerServer, int], issued: Path, other: Path
) -> None:
    server, port = door
    url = _url(server, port, issued / "ca.crt")
    with Publisher(url) as publisher:
        receipt = publisher.publish(TOPIC, bytes(300_000))
        assert publisher.wait(receipt, 5) in {State.TAKEN, State.UNMATCHED}
    with BulkPublisher(url) as bulk:
        bulk.publish([TOPIC] * 5000, [bytes(200)] * 5000)
        bulk.finish()
        assert bulk.acknowledged + bulk.unmatched == 5000
    for kind in (Publisher, BulkPublisher):
        with (
            pytest.raises(BrokerError, match="is not trusted"),
            kind(_url(server, port, other / "ca.crt")),
        ):
            pass


def test_ingest_receives_and_acknowledges_over_tls(
    door: tuple[BrokerServer, int], issued: Path
) -> None:
    server, port = door
    url = _url(server, port, issued / "ca.crt", "ingest")
    inbox, found = Inbox(), list[Arrival]()
    receiver = MqttReceiver(bus.address(url), 1, Role.ALONE, inbox)
    receiver.start()
    wait_until(lambda: receiver.is_connected)
    with BulkPublisher(_url(server, port, issued / "ca.crt", "api")) as bulk:
        bulk.publish([TOPIC] * 300, [bytes(20_000)] * 300)
        bulk.finish()

    def everything() -> bool:
        taken = inbox.take(0.1)
        receiver.acknowledge(taken)
        found.extend(taken)
        return len(found) == 300

    wait_until(everything)
    receiver.close()
    again = MqttReceiver(bus.address(url), 1, Role.ALONE, inbox)
    again.start()
    wait_until(lambda: again.is_connected)
    assert inbox.take(0.3) == []
    again.close()


def test_a_renewed_certificate_is_taken_without_a_restart(
    door: tuple[BrokerServer, int], issued: Path
) -> None:
    server, port = door
    folder = server.folder.parent / ACCESS
    context = tls.client_context(issued / "ca.crt")
    with device(FIRST.username, "one", port, context) as one:
        before = ssl.get_server_certificate(("localhost", port))
        authority.make(issued, ["park.example"])
        files.take(folder, _pair(issued))
        assert files.is_pending(folder)
        running = Running(server.folder / PID, Otherwise.RELOAD).started()
        assert running is not None
        server.signal(signal.SIGHUP)
        wait_until(lambda: ssl.get_server_certificate(("localhost", port)) != before)
        assert one.is_in


def test_an_open_key_is_refused_in_a_sentence(issued: Path, tmp_path: Path) -> None:
    key = tmp_path / "server.key"
    key.write_bytes((issued / "server.key").read_bytes())
    key.chmod(0o644)
    with pytest.raises(ConfigError, match="open to others: run 'chmod 600"):
        tls.server_context(tls.Pair(issued / "server.crt", key))
    with pytest.raises(ConfigError, match="cannot be read"):
        tls.server_context(tls.Pair(issued / "server.crt", tmp_path / "none"))
    key.chmod(0o600)
    key.write_text("nothing")
    with pytest.raises(ConfigError, match="cannot be used"):
        tls.server_context(tls.Pair(issued / "server.crt", key))
    assert 820 < tls.days_left(issued / "server.crt") < 826


def test_the_page_is_served_by_https(
    issued: Path, other: Path, lab: Lab, tmp_path: Path
) -> None:
    site = Site(lab, tmp_path, "https://park.example", pair=_pair(issued))
    site.start()
    url, login = f"{site.url}/api/v1/health", f"{site.url}/api/v1/login"
    body = {"name": "nobody", "password": "wrong password"}
    with lab.database.transaction() as conn:
        ann = Profile(display_name="Ann", role=people.Role.ADMIN)
        users.add(conn, "ann", ann, passwords.hashed("correct horse"))
    with (
        _stopped_at_the_end(site),
        httpx.Client(verify=tls.client_context(issued / "ca.crt")) as client,
    ):
        answer = client.get(url)
        assert answer.status_code == 200
        assert "strict-transport-security" not in answer.headers
        named = client.get(url, headers={"Host": "park.example"})
        assert "max-age=" in named.headers["strict-transport-security"]
        foreign = {"Origin": "https://evil.example"}
        assert client.post(login, json=body, headers=foreign).status_code == 403
        own = {"Origin": site.url}
        assert client.post(login, json=body, headers=own).status_code == 401
        body = {"name": "ann", "password": "correct horse"}
        cookie = client.post(login, json=body, headers=own).headers["set-cookie"]
        assert cookie.startswith("__Host-parkpulse=")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        me = client.get(f"{site.url}/api/v1/me").json()
        assert me["user"]["display_name"] == "Ann"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(url, verify=tls.client_context(other / "ca.crt"))


@contextlib.contextmanager
def _stopped_at_the_end(site: Site) -> Iterator[None]:
    try:
        yield
    finally:
        site.stop()
        site.client.close()


def test_the_page_takes_a_renewed_certificate(tmp_path: Path) -> None:
    authority.make(tmp_path, ["park.example"])
    renewal = Renewal(tls.server_context(_pair(tmp_path)), _pair(tmp_path))
    assert not renewal.look()
    key = (tmp_path / "server.key").read_bytes()
    authority.make(tmp_path, ["park.example"])
    new_key = (tmp_path / "server.key").read_bytes()
    (tmp_path / "server.key").write_bytes(key)
    assert not renewal.look()  # one of both is the old one
    (tmp_path / "server.key").write_bytes(new_key)
    assert renewal.look()
    assert not renewal.look()


@pytest.fixture
def sealed_database(
    database_server: DatabaseServer, issued: Path
) -> Iterator[DatabaseServer]:
    """The session's server with ssl=on for one test."""
    home = database_server.folder.parent
    owner = database_server.folder.stat()
    for name in ("server.crt", "server.key"):
        copy = database_server.folder / name
        copy.write_bytes((issued / name).read_bytes())
        copy.chmod(0o600)
        os.chown(copy, owner.st_uid, owner.st_gid)
    setting = home / "postgresql.d" / "tls.conf"
    setting.write_text("ssl = on\n")
    _reload(database_server, "on")
    yield database_server
    setting.unlink()
    _reload(database_server, "off")


def _reload(server: DatabaseServer, wanted: str) -> None:
    def is_so() -> bool:
        with psycopg.connect(server.superuser_url) as conn:
            return conn.execute("show ssl").fetchone() == (wanted,)

    with psycopg.connect(server.superuser_url) as conn:
        conn.execute("select pg_reload_conf()")
    wait_until(is_so)


def test_the_database_is_verified(
    sealed_database: DatabaseServer, issued: Path, other: Path
) -> None:
    plain = sealed_database.url.replace("127.0.0.1", "localhost")
    url = f"{plain}?sslmode=verify-full&sslrootcert="
    pool.check(f"{url}{issued / 'ca.crt'}")
    with contextlib.closing(Database(f"{url}{issued / 'ca.crt'}", size=1)) as database:
        database.open()
        with database.transaction() as conn:
            row = conn.execute(
                "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
            ).fetchone()
        assert row == (True,)
        with database.listen("news"):
            pass
    with pytest.raises(StoreUnavailableError, match="certificate verify failed"):
        pool.check(f"{url}{other / 'ca.crt'}")


def test_the_doctor_looks_at_certificates_and_doors(
    door: tuple[BrokerServer, int], issued: Path, other: Path, tmp_path: Path
) -> None:
    server, port = door
    found = list(links.broker(_url(server, port, issued / "ca.crt")))
    assert [each.state for each in found] == ["ok", "ok"]
    (wrong,) = links.broker(_url(server, port, other / "ca.crt"))
    assert "not trusted" in wrong.text
    (closed,) = links.broker(f"mqtt://127.0.0.1:{ports.free()}")
    assert closed.state == "fail"
    (good,) = links.certificates({"page": _pair(issued)})
    assert good.state == "ok"
    assert links._lasting("page", 3.0, tmp_path).state == "warn"
    assert links._lasting("page", -1.0, tmp_path).state == "fail"
    (mixed,) = links.certificates(
        {"page": tls.Pair(issued / "server.crt", other / "server.key")}
    )
    assert mixed.state == "fail"


def test_the_doctor_finds_a_broker_that_is_open_to_all(
    broker: BrokerServer,
) -> None:
    broker.stop()
    home = broker.folder.parent
    (home / "mosquitto.d" / "open.conf").write_text("allow_anonymous true\n")
    broker.start()
    found = list(links.broker(broker.url))
    assert [each.state for each in found] == ["ok", "warn"]


def test_files_of_the_encryption_come_from_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARKPULSE_MQTT_URL", "mqtts://u:p%40@h:8884")
    monkeypatch.setenv("PARKPULSE_MQTT_CA", "/etc/a b/ca.crt")
    found = bus.address(settings.load().required_mqtt_url())
    assert found.password == "p@"
    assert found.port == 8884
    assert found.sealed is not None
    assert str(found.sealed.ca) == "/etc/a b/ca.crt"
    monkeypatch.setenv("PARKPULSE_MQTT_CERT", "/etc/x.crt")
    with pytest.raises(ConfigError, match="cert with key"):
        bus.address(settings.load().required_mqtt_url())
    monkeypatch.setenv("PARKPULSE_TLS_CERT", "/etc/x.crt")
    with pytest.raises(ConfigError, match="belong together"):
        settings.load().page_pair()
