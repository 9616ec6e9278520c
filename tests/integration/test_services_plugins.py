"""The fixtures give what they promise."""

from __future__ import annotations

import os
import socket
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest
from standardwebhooks import Webhook as Signer
from standardwebhooks import WebhookVerificationError

from parkpulse.services import ports
from tests.plugins.fix_services import wait_until
from tests.plugins.fix_webhook import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from tests.plugins.fix_proxy import Proxy
    from tests.plugins.fix_services import BrokerServer, DatabaseServer
    from tests.plugins.fix_webhook import Webhook


def _post(url: str, body: bytes = b"{}", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method="POST")  # noqa: S310 - the receiver's
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - the receiver's
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_databases_are_fresh_and_migrated(
    database_url: str, empty_database_url: str
) -> None:
    with psycopg.connect(database_url) as migrated:
        assert migrated.execute("select count(*) from migration").fetchone() != (0,)
        migrated.execute("select count(*) from reading")
    with psycopg.connect(empty_database_url) as empty:
        found = empty.execute(
            "select extname from pg_extension where extname = 'timescaledb'"
        ).fetchone()
        tables = empty.execute(
            "select count(*) from pg_tables where schemaname = 'public'"
        ).fetchone()
    assert found == ("timescaledb",)
    assert tables == (0,)


def test_databases_do_not_pile_up(
    database_server: DatabaseServer, database_url: str
) -> None:
    with psycopg.connect(database_server.superuser_url) as connection:
        rows = connection.execute(
            "select datname from pg_database where datname like 'test_%%'"
        ).fetchall()
    assert rows == [(database_url.rpartition("/")[2],)]


def test_a_proxy_passes_both_ways_and_can_be_cut(
    proxy: Callable[[int], Proxy], database_url: str, database_server: DatabaseServer
) -> None:
    between = proxy(database_server.port)
    url = database_url.replace(f":{database_server.port}/", f":{between.port}/")
    connection = psycopg.connect(url)
    assert connection.execute("select 1").fetchone() == (1,)
    between.cut()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("select 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    between.heal()
    with psycopg.connect(url) as again:
        assert again.execute("select 1").fetchone() == (1,)
    connection.close()


def test_a_frozen_proxy_lets_nothing_through_until_healed(
    proxy: Callable[[int], Proxy],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        between = proxy(server.getsockname()[1])
        with socket.create_connection(("127.0.0.1", between.port), 5) as client:
            far, _ = server.accept()
            between.freeze()
            client.sendall(b"late")
            far.settimeout(0.3)
            with pytest.raises(TimeoutError):
                far.recv(4)
            between.heal()
            far.settimeout(5)
            assert far.recv(4) == b"late"
            far.close()


def test_a_proxy_before_nothing_closes(proxy: Callable[[int], Proxy]) -> None:
    between = proxy(ports.free())
    with socket.create_connection(("127.0.0.1", between.port), 5) as client:
        assert client.recv(1) == b""


def test_a_webhook_verifies_signatures(webhook: Webhook) -> None:
    sent = datetime.now(UTC)
    signature = Signer(SECRET).sign("msg_1", sent, '{"a": 1}')
    headers = {
        "webhook_id": "msg_1",
        "webhook_timestamp": str(int(sent.timestamp())),
        "webhook_signature": signature,
    }
    assert _post(webhook.url, b'{"a": 1}', **headers) == 204
    assert _post(webhook.url, b'{"a": 2}', **headers) == 204
    right, wrong = webhook.wait_for(2)
    assert right.verify() == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        wrong.verify()


def test_a_webhook_fails_delays_and_is_down_on_demand(webhook: Webhook) -> None:
    webhook.fail_with(503, times=2, headers={"retry-after": "1"})
    assert [_post(webhook.url) for _ in range(3)] == [503, 503, 204]
    assert len(webhook.received) == 3
    assert len(webhook.accepted()) == 1
    webhook.delay(0.2)
    begun = time.monotonic()
    _post(webhook.url)
    assert time.monotonic() - begun >= 0.2
    webhook.delay(0)
    url = webhook.url
    webhook.go_down()
    with pytest.raises(urllib.error.URLError):
        _post(url)
    webhook.come_up()
    assert webhook.url == url
    assert _post(url) == 204


def test_a_broker_starts_where_it_was(broker: BrokerServer) -> None:
    port = broker.port
    broker.kill()
    assert not ports.answers(port)
    broker.start()
    assert broker.port == port
    assert ports.answers(port)


def test_the_browser_draws_chinese(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<span id=a>水位</span><span id=b>水</span>")
    widths = [page.locator(f"#{name}").bounding_box() for name in ("a", "b")]
    page.close()
    assert widths[0] is not None
    assert widths[1] is not None
    assert widths[0]["width"] == pytest.approx(2 * widths[1]["width"], rel=0.01)


def test_no_setting_of_the_user_reaches_a_test() -> None:
    ours = [name for name in os.environ if name.startswith("PARKPULSE_")]
    assert ours == ["PARKPULSE_HOME"]
    wait_until(lambda: not os.listdir(os.environ["PARKPULSE_HOME"]))  # noqa: PTH208
