"""Messages of real alerts to receivers that check as the platforms and mail do."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

from parkpulse.errors import InvalidRequestError
from parkpulse.notify import desk
from parkpulse.notify.delivery import Sender
from parkpulse.notify.desk import Draft
from parkpulse.notify.dispatch import Dispatcher
from parkpulse.notify.platforms.contract import Options
from parkpulse.notify.process import Notifier
from parkpulse.notify.vault import Vault
from parkpulse.store import channels, deliveries
from tests.plugins.alerting import PAGE, Bench, rule
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parkpulse.store.channels import Kind
    from parkpulse.store.pool import Database
    from tests.plugins.fix_robots import Mailbox, Robot

_WITHIN_S = 30.0
_GAUGES = 24


@pytest.fixture
def vault() -> Vault:
    return Vault(Fernet.generate_key().decode())


@pytest.fixture
def bench(database: Database) -> Bench:
    bench = Bench(database, gauges=_GAUGES)
    bench.apply(rule())
    return bench


@pytest.fixture
def start(
    database: Database, vault: Vault, mailbox: Mailbox
) -> Iterator[Callable[[], None]]:
    with contextlib.ExitStack() as stack:

        def begin() -> None:
            sender = Sender(allow_private=True, timeout_s=5.0, tls=mailbox.tls)
            stack.callback(sender.close)
            notifier = Notifier(database, Dispatcher(vault, sender, PAGE), sender)
            thread = threading.Thread(target=notifier.run)
            thread.start()
            stack.callback(thread.join)
            stack.callback(notifier.stop)

        yield begin


def add(database: Database, vault: Vault, draft: Draft) -> str | None:
    with database.transaction() as conn:
        return desk.create(conn, vault, draft, allow_private=True)


def add_robot(
    bench: Bench,
    vault: Vault,
    robot: Robot,
    kind: Kind,
    **changes: Any,  # noqa: ANN401 - any option
) -> None:
    options = Options(mention_mobiles=("13800000000",), **changes)
    secret = "" if kind == "wecom" else robot.secret
    draft = Draft(
        name="duty", kind=kind, url=robot.url(kind), secret=secret, options=options
    )
    add(bench.database, vault, draft)


def states(database: Database) -> list[str]:
    with database.transaction() as conn:
        rows = conn.execute("select state from outbox order by alert_event_id")
        return [state for (state,) in rows]


def log(database: Database) -> list[deliveries.Delivery]:
    with database.transaction() as conn:
        return deliveries.attempts(conn, None, None, 1000)[::-1]


def let_time_pass(database: Database) -> None:
    with database.transaction() as conn:
        conn.execute("update channel set paused_until = now(), sent_at = '{}'")
        conn.execute("update outbox set next_attempt_at = now()")


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "feishu"])
def test_a_robot_gets_what_its_platform_accepts(
    bench: Bench, vault: Vault, robot: Robot, start: Callable[[], None], kind: Kind
) -> None:
    add_robot(bench, vault, robot, kind)
    start()
    bench.feed([(0, 1.5), (60, 2.5), (120, 0.5)])
    received = robot.wait_for(3)
    assert robot.refused == []
    texts = [str(each.content) for each in received]
    for text, words in zip(texts, ("黄(较重)", "橙(严重)", "恢复"), strict=True):
        assert words in text
        assert f"{PAGE}/#/harbour/alerts/{bench.alert().id}" in text
    shapes = [next(each for each in "▲◆✓" if f"{each} 【" in text) for text in texts]
    assert shapes == ["▲", "◆", "✓"]
    if kind != "feishu":
        assert ["13800000000" in each for each in texts] == [False, True, False]
    assert f"{PAGE}/a/" in texts[0]
    wait_until(lambda: states(bench.database) == ["delivered"] * 3)


def test_english_where_the_channel_wants_it(
    bench: Bench, vault: Vault, robot: Robot, start: Callable[[], None]
) -> None:
    add_robot(bench, vault, robot, "feishu", language="en")
    start()
    bench.feed([(0, 1.5)])
    (received,) = robot.wait_for(1)
    header = received.content["card"]["header"]
    assert header["title"]["content"] == "▲ [Alert MEDIUM] High water"
    assert header["template"] == "yellow"


def test_a_refusal_in_an_answer_of_200_is_a_dead_letter_that_can_be_sent_again(
    bench: Bench, vault: Vault, robot: Robot, start: Callable[[], None]
) -> None:
    add_robot(bench, vault, robot, "dingtalk")
    robot.answer_with(310000)
    start()
    bench.feed([(0, 1.5)])
    wait_until(lambda: states(bench.database) == ["dead"])
    (attempt,) = log(bench.database)
    assert attempt.status == 200
    assert "310000" in (attempt.error or "")
    with bench.database.transaction() as conn:
        assert deliveries.resend(conn, message=attempt.message) == 1
        assert deliveries.resend(conn, message=attempt.message) == 0
    robot.wait_for(1)
    wait_until(lambda: states(bench.database) == ["delivered"])


def test_a_throttled_robot_is_left_alone_and_then_gets_a_digest(
    bench: Bench, vault: Vault, robot: Robot, start: Callable[[], None]
) -> None:
    add_robot(bench, vault, robot, "wecom")
    robot.answer_with(45009)
    start()
    bench.feed([(0, 1.5)])
    wait_until(lambda: len(robot.refused) == 1)
    bench.feed([(60, 1.5)], gauge=2)
    wait_until(lambda: len(states(bench.database)) == 2)
    with bench.database.transaction() as conn:
        (channel,) = channels.listed(conn)
    assert channel.paused_until is not None
    let_time_pass(bench.database)
    robot.wait_for(2)
    assert len(robot.refused) == 1


def test_never_more_than_the_platform_takes_and_the_rest_in_a_digest(
    bench: Bench, vault: Vault, robot: Robot, start: Callable[[], None]
) -> None:
    # Ten alarms are no flood; each rises and falls: 30 messages against 20 a minute.
    add_robot(bench, vault, robot, "dingtalk")
    for gauge in range(1, 11):
        bench.feed([(0, 1.5), (60, 2.5), (120, 0.5)], gauge=gauge)
    start()
    wait_until(lambda: states(bench.database) == ["delivered"] * 30, _WITHIN_S)
    assert robot.refused == []
    assert len(robot.received) <= 20
    merged = str(robot.received[0].content)
    assert "合并通知:30 条消息" in merged
    assert "告警 10, 级别变化 10, 恢复 10" in merged
    assert {each.letter for each in log(bench.database)} != {None}
    assert len({each.letter for each in log(bench.database)}) == len(robot.received)


def test_a_flood_becomes_one_message_by_rule_and_place(
    bench: Bench, vault: Vault, robot: Robot, start: Callable[[], None]
) -> None:
    add_robot(bench, vault, robot, "feishu")
    for gauge in range(1, 13):
        bench.feed([(0, 1.5)], gauge=gauge)
    start()
    wait_until(lambda: states(bench.database) == ["delivered"] * 12, _WITHIN_S)
    (received,) = robot.received
    text = str(received.content)
    assert "High water(中) · River(中): 告警 12" in text
    # What follows is gathered, not sent one by one.
    bench.feed([(60, 1.5)], gauge=13)
    bench.feed([(60, 1.5)], gauge=14)
    assert states(bench.database)[12:] == ["pending"] * 2
    let_time_pass(bench.database)
    with bench.database.transaction() as conn:
        conn.execute("select pg_notify('outbox', '')")
    wait_until(lambda: states(bench.database) == ["delivered"] * 14, _WITHIN_S)
    assert len(robot.received) == 2


@pytest.mark.parametrize("scheme", ["url", "tls_url"])
def test_mail_goes_out_under_tls(
    bench: Bench,
    vault: Vault,
    mailbox: Mailbox,
    start: Callable[[], None],
    scheme: str,
) -> None:
    options = Options(sender="park@example.com", recipients=("duty@example.com",))
    draft = Draft(
        name="mail",
        kind="email",
        url=getattr(mailbox, scheme),
        user=mailbox.user,
        secret=mailbox.password,
        options=options,
    )
    add(bench.database, vault, draft)
    mailbox.refuse_with(451)
    start()
    bench.feed([(0, 1.5)])
    wait_until(lambda: len(log(bench.database)) == 1)
    assert states(bench.database) == ["pending"]
    let_time_pass(bench.database)
    (mail,) = mailbox.wait_for(1)
    assert mail.login == mailbox.user
    assert mail.content["To"] == "duty@example.com"
    assert mail.content["Subject"] == "▲ 【告警 黄(较重)】High water(中)"
    wait_until(lambda: states(bench.database) == ["delivered"])
    first, second = log(bench.database)
    assert "451" in (first.error or "")
    assert mail.content["Message-ID"].startswith(f"<{second.message}@")
    assert bench.alert().id in mail.content["References"]
    assert f"{PAGE}/#/harbour/alerts" in mail.content.get_content()


def test_a_mail_server_that_refuses_for_good_makes_a_dead_letter(
    bench: Bench, vault: Vault, mailbox: Mailbox, start: Callable[[], None]
) -> None:
    options = Options(sender="park@example.com", recipients=("duty@example.com",))
    draft = Draft(
        name="mail",
        kind="email",
        url=mailbox.url,
        user=mailbox.user,
        secret="wrong",
        options=options,
    )
    add(bench.database, vault, draft)
    start()
    bench.feed([(0, 1.5)])
    wait_until(lambda: states(bench.database) == ["dead"])
    assert mailbox.mails == []
    (attempt,) = log(bench.database)
    assert "535" in (attempt.error or "")


def test_secrets_are_sealed_and_a_new_address_needs_its_secret(
    bench: Bench, vault: Vault, robot: Robot
) -> None:
    add_robot(bench, vault, robot, "dingtalk")
    with bench.database.transaction() as conn:
        row = conn.execute("select c::text from channel c").fetchone()
        found = channels.find(conn, "duty")
        assert row is not None
        for secret in (robot.secret, "f0b1c2d3", robot.url("dingtalk")):
            assert secret not in row[0]
        assert found.url.endswith("/…")
        moved = Draft(name="duty", kind="dingtalk", url="http://127.0.0.1:1/x")
        with pytest.raises(InvalidRequestError):
            desk.update(conn, vault, moved, allow_private=True)
        kept = Draft(name="duty", kind="dingtalk", min_severity="high")
        changed = desk.update(conn, vault, kept, version=1, allow_private=True)
    assert (changed.min_severity, changed.version) == ("high", 2)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "a/b"}, "/name"),
        ({"url": "ftp://x/"}, "/url"),
        ({"options": Options(mention_users=("x></at>",))}, "/options/mention_users"),
        ({"options": Options(mention_mobiles=("abc",))}, "/options/mention_mobiles"),
        ({"kind": "email", "url": "https://x/"}, "/url"),
        ({"kind": "email", "url": "smtp://x/"}, "/options/sender"),
        ({"kind": "webhook", "secret": "not base64!"}, "/secret"),
    ],
)
def test_what_a_channel_cannot_be(
    database: Database, vault: Vault, changes: dict[str, Any], pointer: str
) -> None:
    values = {"name": "duty", "kind": "feishu", "url": "https://x.example/", **changes}
    with pytest.raises(InvalidRequestError) as caught:
        add(database, vault, Draft(**values))
    assert caught.value.pointer == pointer
