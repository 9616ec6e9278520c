"""The push end-point in a real server, with a real database and broker."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from click.testing import CliRunner

from api.push import cli
from api.push.courier import token_hash
from parkpulse.model import instants
from parkpulse.model.instants import MINUTE, SECOND
from parkpulse.model.registry import DeviceSpec, ParkSpec, SeriesSpec
from parkpulse.services import ports
from parkpulse.store import directory, push_accounts
from parkpulse.wire import formats
from parkpulse.wire.context import Context
from parkpulse.wire.platforms import onenet_envelope
from tests.plugins.fix_api import HARBOUR, Site, named
from tests.plugins.fix_engine import NOW
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.plugins.fix_engine import Lab
    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_services import BrokerServer

TOKEN = "token-of-the-address-that-no-log-may-hold"
SECRET = "what-onenet-signs-with"
KEY = "0123456789abcdef"
BODY = b'{"messageType":"dataReport","payload":{"a":1},"deviceId":"d1"}'
CONTENT = (
    b'{"messageType":"notify","deviceName":"d1","data":{"params":{"a":{"value":1}}}}'
)
_READY_WITHIN_S = 60.0


@pytest.fixture
def pushed(lab: Lab, broker: BrokerServer, tmp_path: Path) -> Iterator[Site]:
    lab.register(HARBOUR)
    with lab.database.transaction() as conn:
        hashed = token_hash(TOKEN)
        push_accounts.add(conn, "ctwing", "wells", "harbour", hashed)
        push_accounts.add(
            conn,
            "onenet",
            "meters",
            "harbour",
            token_hash(TOKEN + "2"),
            secret=SECRET.encode(),
            aes_key=KEY.encode(),
        )
    running = Site(lab, tmp_path / "dist", mqtt_url=broker.url)
    running.start()
    yield running
    running.stop()
    running.client.close()


def post(site: Site, path: str, body: bytes, **headers: str) -> int:
    return site.request("POST", path, content=body, headers=headers).status_code


def wait_ready(site: Site, listener: Listener) -> None:
    path = f"/push/ctwing/{TOKEN}"
    wait_until(lambda: post(site, path, BODY) == 200, _READY_WITHIN_S)
    wait_until(lambda: bool(listener.messages))
    listener.messages.clear()


def sealed(content: bytes, token: str = SECRET) -> bytes:
    return onenet_envelope.seal(
        content, token=token, nonce="abcdefgh", time_ms=1_591_340_648_197, number="1"
    )


def test_what_is_pushed_is_with_the_broker_when_it_is_answered(
    pushed: Site, listener: Listener
) -> None:
    wait_ready(pushed, listener)
    headers = {"Host": "other.example", "Content-Type": "text/plain"}
    assert post(pushed, f"/push/ctwing/{TOKEN}", BODY, **headers) == 200
    wait_until(lambda: bool(listener.messages))
    assert listener.messages == [("parkpulse/v1/push/ctwing/wells", BODY)]


def test_a_token_is_that_of_its_platform(pushed: Site, listener: Listener) -> None:
    wait_ready(pushed, listener)
    assert post(pushed, f"/push/iotda/{TOKEN}", BODY) == 404
    assert post(pushed, "/push/ctwing/guessed", BODY) == 404
    answer = pushed.request("POST", "/push/ctwing/guessed", content=BODY)
    assert answer.json()["code"] == "push_unknown"
    assert post(pushed, f"/push/ctwing/{TOKEN}", b"x" * 300_000) == 413
    assert pushed.request("GET", f"/push/ctwing/{TOKEN}").status_code == 405
    assert not listener.messages


def test_signature_and_cipher_of_onenet(pushed: Site, listener: Listener) -> None:
    wait_ready(pushed, listener)
    path = f"/push/onenet/{TOKEN}2"
    assert post(pushed, path, sealed(CONTENT, "forged")) == 403
    assert post(pushed, path, b"no envelope") == 403
    assert post(pushed, path, sealed(CONTENT)) == 200
    cipher = onenet_envelope.encrypted(CONTENT, KEY)
    assert post(pushed, path, sealed(cipher)) == 200
    wrong = onenet_envelope.encrypted(CONTENT, "another key 1234")
    assert post(pushed, path, sealed(wrong)) == 422
    wait_until(lambda: len(listener.messages) == 2)
    plain, opened = listener.payloads()
    for payload in (plain, opened):
        telegram = formats.find("onenet").make().decode(payload, Context())
        (message,) = telegram.messages
        assert (message.device, message.metrics, message.values) == ("d1", ["a"], [1.0])
        assert message.sent_us == 1_591_340_648_197_000


def test_onenet_checks_the_address(pushed: Site, listener: Listener) -> None:
    wait_ready(pushed, listener)
    path = f"/push/onenet/{TOKEN}2"
    right = onenet_envelope.signature(SECRET, "n", b"hello <b>")
    query = {"msg": "hello <b>", "nonce": "n", "signature": right}
    answer = pushed.request("GET", path, params=query)
    assert (answer.status_code, answer.text) == (200, "hello <b>")
    assert answer.headers["content-type"].startswith("text/plain")
    forged = pushed.request("GET", path, params=query | {"nonce": "m"})
    assert forged.status_code == 403
    assert pushed.request("GET", path).status_code == 403


def test_nobody_is_there_to_take_it(pushed: Site, broker: BrokerServer) -> None:
    path = f"/push/ctwing/{TOKEN}"

    def code() -> str:
        answer = pushed.request("POST", path, content=BODY)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        found = answer.json()["code"]
        assert isinstance(found, str)
        return found

    wait_until(lambda: code() == "push_nobody_listens", _READY_WITHIN_S)
    broker.stop()
    wait_until(lambda: code() == "broker_unavailable")
    broker.start()
    wait_until(lambda: code() == "push_nobody_listens", _READY_WITHIN_S)


def test_no_log_holds_the_token(
    pushed: Site,
    listener: Listener,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    # The test's own client; and pytest gives a handler to the access log that is off.
    for talkative in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    wait_ready(pushed, listener)
    post(pushed, f"/push/onenet/{TOKEN}2", b"unsigned")

    def fail(*_: object) -> None:
        message = "something broke"
        raise RuntimeError(message)

    monkeypatch.setattr("api.push.desk.Desk.take", fail)
    answer = pushed.request("POST", f"/push/ctwing/{TOKEN}", content=BODY)
    assert answer.status_code == 500
    assert "something broke" in caplog.text
    assert "/push/ctwing/…" in caplog.text
    assert TOKEN not in caplog.text + answer.text


def test_a_process_logs_no_token(database_url: str, tmp_path: Path) -> None:
    port = ports.free()
    names = {"DATABASE_URL": database_url, "PORT": str(port), "LOG_LEVEL": "debug"}
    environment = {f"PARKPULSE_{name}": value for name, value in names.items()}
    environment |= {**os.environ, "PARKPULSE_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "api.cli"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        url = f"http://127.0.0.1:{port}/push/ctwing/{TOKEN}"
        try:
            wait_until(lambda: answered(url) == 404, _READY_WITHIN_S)
        finally:
            child.terminate()
        _, logged = child.communicate()
    assert "Application startup complete" in logged
    assert TOKEN not in logged


def answered(url: str) -> int | None:
    try:
        return httpx.post(url, content=BODY).status_code
    except httpx.TransportError:
        return None


def test_accounts_are_added_shown_and_removed(
    lab: Lab, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lab.register(HARBOUR)
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    monkeypatch.setenv("PARKPULSE_HOME", str(tmp_path))
    (tmp_path / "key").write_text(f"{KEY}\n")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(
            cli.push, ["accounts", *arguments], input=SECRET, catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        return result.output

    added = json.loads(
        run(
            *("add", "onenet", "meters", "--park", "harbour", "--json"),
            *("--secret-file", "-", "--aes-key-file", str(tmp_path / "key")),
            *("--option", "device_id=imei", "--option", "profile.p1=nb-rain-gauge"),
        )
    )
    token = added["path"].rpartition("/")[2]
    with lab.database.transaction() as conn:
        (stored,) = push_accounts.listed(conn)
        known = directory.load(conn).accounts["onenet", "meters"]
    assert stored.token_hash == token_hash(token)
    assert SECRET.encode() not in (stored.secret or b"")
    assert known.park == "harbour"
    assert known.options == {"device_id": "imei", "profile.p1": "nb-rain-gauge"}
    (shown,) = json.loads(run("list", "--json"))
    assert (shown["signed"], shown["encrypted"]) == (True, True)
    assert token not in json.dumps(shown)
    run("remove", "onenet", "meters")
    assert json.loads(run("list", "--json")) == []


def test_pauses_of_a_platform_are_shown(
    lab: Lab, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    codes = [f"well-{n}" for n in range(5)]
    found = lab.register(park_of(codes))
    start = instants.to_us(NOW) - 4 * instants.HOUR
    lab.put(
        (found[code, "water_level"], start + k * 5 * MINUTE + n * SECOND, 1.0)
        for n, code in enumerate(codes)
        for k in range(40)
        if k != 20
    )
    arguments = ["gaps", "--park", "wells", "--json"]
    result = CliRunner().invoke(cli.push, arguments, catch_exceptions=False)
    (pause,) = json.loads(result.output)["items"]
    assert (pause["devices"], pause["reports"]) == (5, 5)
    assert pause["start"] == instants.from_us(start + 100 * MINUTE).isoformat()
    arguments += ["--devices", "well-1"]
    result = CliRunner().invoke(cli.push, arguments, catch_exceptions=False)
    assert json.loads(result.output) == {"items": []}


def park_of(codes: list[str]) -> ParkSpec:
    return ParkSpec(
        code="wells",
        name=named("wells"),
        accept_from=NOW - timedelta(days=9),
        clock="data",
        devices=[
            DeviceSpec(
                code=code,
                kind="water_level",
                name=named(code),
                series=[SeriesSpec(metric="water_level")],
                report_interval_s=300,
            )
            for code in codes
        ],
    )
