"""`parkpulse notify` as people and the supervisor run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins import shell
from tests.plugins.alerting import Bench, rule
from tests.plugins.fix_chain import COMMAND
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parkpulse.store.pool import Database
    from tests.plugins.fix_webhook import Received, Webhook
    from tests.plugins.shell import Done

_WITHIN_S = 60.0
_GAUGES = 6


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "PARKPULSE_HOME": str(tmp_path),
        "PARKPULSE_DATABASE_URL": database_url,
        "PARKPULSE_WEBHOOK_ALLOW_PRIVATE": "true",
    }


@pytest.fixture
def bench(database: Database) -> Bench:
    bench = Bench(database, gauges=_GAUGES)
    bench.apply(rule())
    return bench


def run(environment: Mapping[str, str], *words: str) -> Done:
    return shell.run(environment, "notify", *words)


def add(environment: Mapping[str, str], webhook: Webhook, *words: str) -> None:
    done = run(environment, "channels", "add", "duty", "--url", webhook.url, *words)
    assert done.status == 0, done.err
    webhook.secret = done.out.split()[-1]


def start(environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [COMMAND, "notify"], env=environment, stdout=output, stderr=output
        )


def pending(database: Database) -> int:
    with database.transaction() as conn:
        row = conn.execute(
            "select count(*) from outbox where state = 'pending'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_kill_9_loses_nothing_and_keeps_the_order_of_each_alert(
    bench: Bench, environment: Mapping[str, str], webhook: Webhook, tmp_path: Path
) -> None:
    add(environment, webhook)
    for turn in range(5):
        for gauge in range(1, _GAUGES + 1):
            at = turn * 180.0
            samples = [(at, 1.5), (at + 60, 2.5), (at + 120, 0.5)]
            bench.feed(samples, gauge=gauge)
    total = pending(bench.database)
    assert total == 5 * 3 * _GAUGES
    webhook.delay(0.1)
    kills = 0
    while pending(bench.database):
        seen = len(webhook.received)
        child = start(environment, tmp_path / "notify.log")
        wait_until(
            lambda seen=seen: (  # type: ignore[misc]
                len(webhook.received) >= seen + 20 or not pending(bench.database)
            ),
            _WITHIN_S,
        )
        child.kill()
        child.wait()
        kills += 1
    assert kills >= 3
    _check_nothing_lost(bench, webhook.accepted(), webhook.secret)


def _check_nothing_lost(bench: Bench, accepted: list[Received], secret: str) -> None:
    with bench.database.transaction() as conn:
        rows = conn.execute("select id, alert_event_id from outbox").fetchall()
    order = {str(message): event for message, event in rows}
    came = [each.headers["webhook-id"] for each in accepted]
    assert set(came) == set(order)
    by_alert: dict[str, list[int]] = {}
    for each, message in zip(accepted, came, strict=True):
        alert = each.verify(secret)["data"]["id"]
        by_alert.setdefault(alert, []).append(order[message])
    assert len(by_alert) == _GAUGES
    for events in by_alert.values():
        assert events == sorted(events)


def test_a_stop_ends_cleanly_even_while_a_receiver_hangs(
    bench: Bench, environment: Mapping[str, str], webhook: Webhook, tmp_path: Path
) -> None:
    add(environment, webhook)
    webhook.delay(30)
    child = start(environment, tmp_path / "notify.log")
    bench.feed([(0, 1.5)])
    wait_until(lambda: _is_claimed(bench.database), _WITHIN_S)
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=_WITHIN_S) == 0, (tmp_path / "notify.log").read_text()
    assert pending(bench.database) == 1
    webhook.delay(0)
    child = start(environment, tmp_path / "notify.log")
    webhook.wait_for(1, _WITHIN_S)
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=_WITHIN_S) == 0


def _is_claimed(database: Database) -> bool:
    with database.transaction() as conn:
        found = conn.execute("select from outbox where claimed_until > now()")
        return found.fetchone() is not None


def test_channels_are_added_shown_tested_and_removed(
    bench: Bench, environment: Mapping[str, str], webhook: Webhook
) -> None:
    words = ("--min-severity", "high", "--park", "harbour", "--json")
    url = webhook.url + "/KEY"
    done = run(environment, "channels", "add", "duty", "--url", url, *words)
    secret = json.loads(done.out)["secret"]

    (shown,) = _json(environment, "channels", "list")
    assert (shown["name"], shown["min_severity"]) == ("duty", "high")
    assert (shown["park"], shown["enabled"]) == ("harbour", True)
    listed = run(environment, "channels", "list").out + json.dumps(shown)
    assert "KEY" not in listed
    assert secret not in listed

    assert _json(environment, "channels", "test", "duty")["status"] == 204
    (received,) = webhook.accepted()
    message = received.verify(secret)
    assert message["type"] == "test"
    assert set(message["data"]["text"]) == {"zh", "en"}

    assert _json(environment, "channels", "remove", "duty")["removed"] is True
    assert _json(environment, "channels", "list") == []
    assert bench.messages() == []


def _json(environment: Mapping[str, str], *words: str) -> Any:  # noqa: ANN401 - any JSON
    done = run(environment, *words, "--json")
    assert done.status == 0, done.err
    return json.loads(done.out)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("channels", "add", "duty", "--url", "ftp://x/"), "begins with http://"),
        (("channels", "add", "duty", "--url", "https://x/", "--park", "no"), "'no'"),
        (("channels", "remove", "nobody"), "nobody"),
        (("channels", "test", "nobody"), "nobody"),
    ],
)
def test_a_refusal_is_one_sentence(
    environment: Mapping[str, str], words: tuple[str, ...], told: str
) -> None:
    done = run(environment, *words)
    assert done.status == 1
    assert told in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_name_is_given_once_and_private_addresses_need_leave(
    environment: Mapping[str, str], webhook: Webhook
) -> None:
    add(environment, webhook)
    again = run(environment, "channels", "add", "duty", "--url", webhook.url)
    assert again.status == 1
    assert "already" in again.err
    strict = {**environment, "PARKPULSE_WEBHOOK_ALLOW_PRIVATE": "false"}
    other = run(strict, "channels", "add", "other", "--url", webhook.url)
    assert other.status == 1
    assert "PARKPULSE_WEBHOOK_ALLOW_PRIVATE" in other.err


def test_a_test_message_that_is_refused_fails(
    environment: Mapping[str, str], webhook: Webhook
) -> None:
    add(environment, webhook)
    webhook.fail_with(403)
    done = run(environment, "channels", "test", "duty")
    assert done.status == 1
    assert "403" in done.err


def test_the_delivery_log_is_shown(
    bench: Bench, environment: Mapping[str, str], webhook: Webhook, tmp_path: Path
) -> None:
    add(environment, webhook)
    webhook.fail_with(500)
    child = start(environment, tmp_path / "notify.log")
    bench.feed([(0, 1.5)])
    webhook.wait_for(1, _WITHIN_S)
    wait_until(lambda: pending(bench.database) == 0)
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=_WITHIN_S) == 0
    newest, first = _json(environment, "deliveries")
    assert (first["status"], first["attempt"], first["event"]) == (500, 1, "raised")
    assert (newest["status"], newest["attempt"], newest["state"]) == (
        204,
        2,
        "delivered",
    )
    assert newest["message"] == first["message"]
    assert _json(environment, "deliveries", "--state", "dead") == []
    with bench.database.transaction() as conn:
        conn.execute("update outbox set state = 'dead'")
    resend = ("deliveries", "resend", "--channel", "duty")
    assert _json(environment, *resend)["resent"] == 1
    assert pending(bench.database) == 1
    assert "duty" in run(environment, "deliveries", "--channel", "duty").out
    log = (tmp_path / "notify.log").read_text()
    assert webhook.url not in log
    assert webhook.secret not in log
