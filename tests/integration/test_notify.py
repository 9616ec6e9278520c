"""Messages of real alerts to a real HTTP receiver."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

from parkpulse.notify import process
from parkpulse.notify.delivery import Sender
from parkpulse.notify.dispatch import Dispatcher
from parkpulse.notify.platforms.contract import Post
from parkpulse.notify.platforms.webhook import Webhook as Robot
from parkpulse.notify.process import Notifier
from parkpulse.notify.vault import Vault
from parkpulse.store import channels, claims, deliveries
from tests.plugins.alerting import PAGE, Bench, rule
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parkpulse.store.pool import Database
    from tests.plugins.fix_webhook import Received, Webhook

_WITHIN_S = 30.0


@pytest.fixture
def vault() -> Vault:
    return Vault(Fernet.generate_key().decode())


@pytest.fixture
def bench(database: Database, vault: Vault, webhook: Webhook) -> Bench:
    """Drives alerts; its only channel is the receiver."""
    bench = Bench(database)
    bench.apply(rule())
    bench.add_channel(webhook.url, secret=vault.lock(webhook.secret))
    return bench


@pytest.fixture
def start(database: Database, vault: Vault) -> Iterator[Callable[[], Notifier]]:
    """Start a notifier in a thread; all are stopped at the end."""
    with contextlib.ExitStack() as stack:

        def begin() -> Notifier:
            sender = stack.enter_context(
                contextlib.closing(Sender(allow_private=True, timeout_s=2.0))
            )
            notifier = Notifier(database, Dispatcher(vault, sender, PAGE), sender)
            thread = threading.Thread(target=notifier.run)
            thread.start()
            stack.callback(thread.join)
            stack.callback(notifier.stop)
            return notifier

        yield begin


def types(received: list[Received], webhook: Webhook) -> list[str]:
    return [each.verify(webhook.secret)["type"] for each in received]


def states(database: Database) -> list[str]:
    with database.transaction() as conn:
        rows = conn.execute("select state from outbox order by alert_event_id")
        return [state for (state,) in rows]


def channel(database: Database, name: str = "duty") -> channels.Channel:
    with database.transaction() as conn:
        return channels.find(conn, name)


def log(database: Database) -> list[deliveries.Delivery]:
    """Delivery log, oldest first."""
    with database.transaction() as conn:
        return deliveries.attempts(conn, None, None, 1000)[::-1]


def let_time_pass(database: Database) -> None:
    """End all pauses and waits, as if their time had come."""
    with database.transaction() as conn:
        conn.execute("update channel set paused_until = now()")
        conn.execute("update outbox set next_attempt_at = now()")


def test_a_signed_message_says_all_that_matters(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    start()
    bench.feed([(0, 0.5), (60, 1.5)])
    (received,) = webhook.wait_for(1)
    message = received.verify(webhook.secret)
    assert message["type"] == "alert.raised"
    assert message["timestamp"] == "2026-03-01T00:01:00Z"
    alert = bench.alert()
    data: dict[str, Any] = message["data"]
    assert data["id"] == alert.id
    assert data["rule"]["code"] == "level"
    assert data["onset"] == "2026-03-01T00:01:00Z"
    assert (data["value"], data["limit"], data["unit"]) == (1.5, 1.0, "m")
    assert data["url"] == f"{PAGE}/#/harbour/alerts/{alert.id}"
    english, chinese = data["text"]["en"], data["text"]["zh"]
    for part in (
        "MEDIUM",
        "High water",
        "Harbour · River · Gauge 1",
        "1.5 m, above 1 m",
    ):
        assert part in english
    for part in (
        "黄(较重)",
        "High water(中)",
        "水位 1.5 m,高于 1 m",
        "warning stage(中)",
    ):
        assert part in chinese
    for text in (english, chinese):
        assert "2026-03-01 08:01:00 (Asia/Shanghai)" in text
        assert data["url"] in text
    assert received.headers["content-type"] == "application/json"
    wait_until(lambda: states(bench.database) == ["delivered"])
    (attempt,) = log(bench.database)
    assert (attempt.status, attempt.attempt) == (204, 1)
    assert received.headers["webhook-id"] == str(attempt.message)


def test_a_receiver_that_was_down_gets_everything_in_order(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    webhook.go_down()
    start()
    bench.feed([(0, 1.5), (60, 2.5), (120, 0.5)])
    bench.feed([(180, 1.5), (240, 0.5)], gauge=2)
    wait_until(lambda: channel(bench.database).failures >= 2, _WITHIN_S)
    assert webhook.received == []
    webhook.come_up()
    let_time_pass(bench.database)
    received = webhook.wait_for(5, _WITHIN_S)
    by_alert: dict[str, list[str]] = {}
    for each in received:
        message = each.verify(webhook.secret)
        by_alert.setdefault(message["data"]["device"], []).append(message["type"])
    assert by_alert == {
        "gauge-01": ["alert.raised", "alert.severity", "alert.cleared"],
        "gauge-02": ["alert.raised", "alert.cleared"],
    }
    wait_until(lambda: channel(bench.database).failures == 0)


def test_only_one_message_asks_whether_the_receiver_is_back(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    webhook.go_down()
    bench.feed([(0, 1.5)])
    bench.feed([(0, 1.5)], gauge=2)
    with bench.database.transaction() as conn:
        conn.execute("update channel set failures = 1")
    start()
    wait_until(lambda: len(log(bench.database)) == 2, _WITHIN_S)
    asked = {each.message for each in log(bench.database)}
    assert len(asked) == 1


def test_retry_after_is_kept_for_the_whole_channel(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    webhook.fail_with(429, headers={"retry-after": "3"})
    start()
    bench.feed([(0, 1.5)])
    wait_until(lambda: len(webhook.received) == 1)
    bench.feed([(0, 1.5)], gauge=2)
    webhook.wait_for(2, _WITHIN_S)
    refused, *later = webhook.received
    assert refused.answered == 429
    assert min(each.at for each in later) - refused.at >= 2.9
    ids = [each.headers["webhook-id"] for each in webhook.received]
    assert ids.count(ids[0]) == 2
    stamps = [int(each.headers["webhook-timestamp"]) for each in webhook.received]
    assert stamps[0] < stamps[1]


def test_410_switches_the_channel_off(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    webhook.fail_with(410)
    start()
    bench.feed([(0, 1.5)])
    wait_until(lambda: not channel(bench.database).enabled)
    bench.feed([(60, 0.5)])
    assert states(bench.database) == ["dead"]
    assert len(webhook.received) == 1


def test_a_refused_message_is_given_up_and_the_next_one_goes_out(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    webhook.fail_with(404, times=3)
    start()
    bench.feed([(0, 1.5), (60, 0.5)])
    for _ in range(2):
        wait_until(lambda: states(bench.database)[0] == "pending")
        let_time_pass(bench.database)
    (accepted,) = webhook.wait_for(1, _WITHIN_S)
    assert accepted.verify(webhook.secret)["type"] == "alert.cleared"
    wait_until(lambda: states(bench.database) == ["dead", "delivered"])
    assert [each.status for each in log(bench.database)] == [404, 404, 404, 204]


def test_a_message_that_fails_holds_up_its_own_alert_only(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    bench.feed([(0, 1.5), (60, 0.5)])
    webhook.fail_with(500)
    start()
    wait_until(lambda: len(webhook.received) == 1)
    with bench.database.transaction() as conn:
        conn.execute(
            "update outbox set next_attempt_at = 'infinity' where attempts > 0"
        )
    bench.feed([(120, 1.5)], gauge=2)
    (accepted,) = webhook.wait_for(1)
    assert accepted.verify(webhook.secret)["data"]["device"] == "gauge-02"
    let_time_pass(bench.database)
    webhook.wait_for(3)
    assert types(webhook.accepted()[1:], webhook) == ["alert.raised", "alert.cleared"]


def test_a_redirect_is_not_followed(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    webhook.fail_with(307, headers={"location": webhook.url + "/elsewhere"})
    start()
    bench.feed([(0, 1.5)])
    wait_until(lambda: len(log(bench.database)) == 1)
    assert log(bench.database)[0].status == 307
    assert [each.path for each in webhook.received] == ["/hook"]


def test_several_notifiers_send_nothing_twice_and_keep_the_order(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    webhook.delay(0.01)
    for _ in range(3):
        start()
    for turn in range(15):
        at = turn * 120.0
        bench.feed([(at, 1.5), (at + 60, 0.5)])
        bench.feed([(at, 1.5), (at + 60, 0.5)], gauge=2)
    received = webhook.wait_for(60, _WITHIN_S)
    wait_until(lambda: set(states(bench.database)) == {"delivered"})
    assert len(webhook.received) == 60
    for device in ("gauge-01", "gauge-02"):
        times = [
            message["timestamp"]
            for each in received
            if (message := each.verify(webhook.secret))["data"]["device"] == device
        ]
        assert times == sorted(times)
        assert len(set(times)) == 30


def test_the_claims_of_a_process_end_with_it(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    bench.feed([(0, 1.5), (60, 0.5)])
    with bench.database.transaction() as conn:
        (claimed,) = claims.claim(conn, 1, 10, 4, lease_s=600.0)
    start()
    received = webhook.wait_for(2, _WITHIN_S)
    assert types(received, webhook) == ["alert.raised", "alert.cleared"]
    assert received[0].headers["webhook-id"] == str(claimed.items[0].id)
    assert log(bench.database)[0].attempt == 2


def test_with_another_key_nothing_is_sent_and_the_reason_is_told(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    with bench.database.transaction() as conn:
        conn.execute("update channel set secret = 'x'")
    start()
    bench.feed([(0, 1.5)])
    wait_until(lambda: len(log(bench.database)) >= 1)
    assert "another key" in (log(bench.database)[0].error or "")
    assert states(bench.database) == ["pending"]
    assert webhook.received == []


def test_a_removed_channel_hears_nothing_more(
    bench: Bench, start: Callable[[], Notifier], webhook: Webhook
) -> None:
    bench.feed([(0, 1.5)])
    with bench.database.transaction() as conn:
        channels.remove(conn, "duty")
    start()
    bench.feed([(60, 0.5)])
    bench.add_channel(webhook.url, secret=b"")
    assert states(bench.database) == ["dead"]
    assert webhook.received == []
    with bench.database.transaction() as conn:
        kept = conn.execute("select url, secret from channel where removed_at < now()")
        assert kept.fetchall() == [("", b"")]


@contextlib.contextmanager
def dripping() -> Iterator[int]:
    """A receiver that answers with a byte now and then and never ends: its port."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
                while not stop.wait(0.05):
                    connection.sendall(b"x")

        thread = threading.Thread(target=answer)
        thread.start()
        yield int(listener.getsockname()[1])
        stop.set()
        thread.join()


def test_an_attempt_ends_even_if_the_answer_does_not() -> None:
    with (
        dripping() as port,
        contextlib.closing(Sender(allow_private=True, timeout_s=0.5)) as sender,
    ):
        url = f"http://127.0.0.1:{port}/"
        outcome = sender.post(Post(url, b"{}"), Robot())
    assert outcome.status is None
    assert outcome.error == "no answer within 0.5 s"


def test_a_private_receiver_is_refused_unless_allowed(webhook: Webhook) -> None:
    letter = Post(webhook.url, b"{}")
    with contextlib.closing(Sender(allow_private=False)) as sender:
        outcome = sender.post(letter, Robot())
    assert outcome.status is None
    assert "PARKPULSE_WEBHOOK_ALLOW_PRIVATE" in (outcome.error or "")
    assert webhook.received == []


def test_the_host_header_is_the_name_and_not_the_address(webhook: Webhook) -> None:
    url = webhook.url.replace("127.0.0.1", "localhost")
    letter = Post(url, b"{}")
    with contextlib.closing(Sender(allow_private=True)) as sender:
        assert sender.post(letter, Robot()).status == 204
    assert webhook.received[0].headers["host"] == f"localhost:{webhook.port}"


def test_the_outbox_wakes_the_notifier(
    bench: Bench,
    start: Callable[[], Notifier],
    webhook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "_POLL_S", 600.0)
    notifier = start()
    for turn in range(4):
        bench.feed([(turn * 60.0, 1.5 if turn % 2 == 0 else 0.5)])
        webhook.wait_for(turn + 1)
    notifier.stop()
    with bench.database.transaction() as conn:
        conn.execute("select pg_notify('outbox', '')")
