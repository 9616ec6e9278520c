"""The emergency channel: tells of an outage and its end, once each, and records it."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from parkpulse.notify import dispatch, emergency
from parkpulse.notify.delivery import Sender
from parkpulse.notify.dispatch import Dispatcher
from parkpulse.notify.emergency import EmergencyChannel, Outage, Say
from parkpulse.notify.platforms.contract import Credentials, Options
from parkpulse.notify.vault import Vault
from parkpulse.notify.watch import Watch, troubles
from parkpulse.store import outages, pool, processes
from parkpulse.store.disk import Disk, Guard
from parkpulse.store.health import Signs
from tests.plugins.fix_chain import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.plugins.fix_robots import Robot
    from tests.plugins.fix_webhook import Webhook

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOWHERE = "postgresql://127.0.0.1:1/none"


@pytest.fixture
def vault() -> Vault:
    return Vault(Fernet.generate_key().decode())


@pytest.fixture
def begin(
    tmp_path: Path, vault: Vault, webhook: Webhook
) -> Iterator[Callable[[str], Watch]]:
    """Make a watch of a database; the webhook's port stands for the broker's."""
    with contextlib.closing(Sender(allow_private=True, timeout_s=2.0)) as sender:
        dispatcher = Dispatcher(vault, sender, "https://park.example")
        mqtt_url = f"mqtt://127.0.0.1:{webhook.port}"
        yield lambda url: Watch(tmp_path, url, mqtt_url, vault, dispatcher)


def configure(home: Path, vault: Vault, robot: Robot) -> None:
    credentials = Credentials(robot.url("dingtalk"), robot.secret)
    sealed = dispatch.seal(vault, credentials).decode()
    channel = EmergencyChannel("boss", "dingtalk", sealed, Options())
    emergency.write_channel(home, channel)


def set_alive(url: str) -> None:
    with pool.connect(url) as conn:
        conn.execute("insert into engine values ('e', now() + interval '1 hour')")
        conn.execute(
            "insert into ingest_worker (writer, run, seen_at)"
            " values ('ingest-1', gen_random_uuid(), now() + interval '1 hour')"
        )
        processes.sign(conn, "notify", "notify", 3600)


def look(watch: Watch, *seconds: float) -> None:
    for each in seconds:
        watch.look(NOW + timedelta(seconds=each))


def test_an_outage_is_told_once_and_its_end_once_and_recorded(
    tmp_path: Path,
    vault: Vault,
    robot: Robot,
    begin: Callable[[str], Watch],
    database_url: str,
) -> None:
    configure(tmp_path, vault, robot)
    look(begin(NOWHERE), 0, 30, 60)
    assert robot.received == []
    look(begin(NOWHERE), 65, 70, 200)
    (first,) = robot.received
    assert "数据库不可用" in str(first.content)
    set_alive(database_url)
    look(begin(database_url), 205, 210, 221, 230, 300)
    _, second = robot.received
    assert "园区脉搏已恢复:数据库" in str(second.content)
    with pool.connect(database_url) as conn:
        (row,) = outages.listed(conn, 10)
    assert row.parts == ["database"]
    assert row.began_at == NOW
    assert row.ended_at == NOW + timedelta(seconds=205)
    assert row.told_end_at == NOW + timedelta(seconds=221)
    assert (row.channel, row.error) == ("boss", None)


def test_engine_ingest_and_broker_are_watched_too(
    tmp_path: Path,
    vault: Vault,
    robot: Robot,
    begin: Callable[[str], Watch],
    webhook: Webhook,
    database_url: str,
) -> None:
    configure(tmp_path, vault, robot)
    webhook.go_down()
    look(begin(database_url), 0, 61)
    (received,) = robot.received
    assert "消息代理、计算引擎、数据接入、消息发送进程不可用" in str(received.content)


def test_what_lives_but_does_not_get_on_is_told_too(
    tmp_path: Path,
    vault: Vault,
    robot: Robot,
    begin: Callable[[str], Watch],
    database_url: str,
) -> None:
    configure(tmp_path, vault, robot)
    set_alive(database_url)
    watch = begin(database_url)
    watch._guard = Guard(tmp_path, None, None, lambda _: Disk("", 10**12, 10**9))
    look(watch, 0, 61)
    (received,) = robot.received
    assert "园区脉搏故障:磁盘空间不足,停止接收" in str(received.content)
    watch._guard = None
    look(watch, 70, 86)
    assert "园区脉搏已恢复:磁盘空间" in str(robot.received[-1].content)


def test_an_engine_far_behind_and_a_message_overdue_are_troubles() -> None:
    signs = Signs(1, 301.0, 901.0, 1, 1)
    assert troubles(signs) == {"backlog", "outbox"}
    assert troubles(Signs(1, 299.0, None, 1, 1)) == set()
    outage = Outage("1", ["engine", "outbox"], NOW)
    card = emergency.card(Say(outage, is_over=False), "en", "host")
    assert card.title == "■ Parkpulse: engine away, messages cannot be delivered"


def test_a_message_that_does_not_arrive_is_sent_again(
    tmp_path: Path, vault: Vault, robot: Robot, begin: Callable[[str], Watch]
) -> None:
    configure(tmp_path, vault, robot)
    robot.answer_with(-1)
    look(begin(NOWHERE), 0, 61, 66)
    assert robot.received == []
    look(begin(NOWHERE), 95, 100)
    assert len(robot.received) == 1


def test_a_short_outage_is_nobody_s_business(
    tmp_path: Path,
    vault: Vault,
    robot: Robot,
    begin: Callable[[str], Watch],
    database_url: str,
) -> None:
    configure(tmp_path, vault, robot)
    set_alive(database_url)
    look(begin(NOWHERE), 0, 50)
    look(begin(database_url), 55, 120)
    assert robot.received == []
    assert emergency.read_state(tmp_path).outage is None


def test_the_command_writes_a_private_file(
    tmp_path: Path, robot: Robot, database_url: str
) -> None:
    environment = {
        **os.environ,
        "PARKPULSE_HOME": str(tmp_path),
        "PARKPULSE_DATABASE_URL": database_url,
        "PARKPULSE_WEBHOOK_ALLOW_PRIVATE": "true",
    }
    url = robot.url("dingtalk")
    for words in (
        ("add", "boss", "--kind", "dingtalk", "--url", url, "--secret", "-"),
        ("test", "boss"),
        ("emergency", "boss"),
    ):
        subprocess.run(
            [COMMAND, "notify", "channels", *words],
            env=environment,
            input=robot.secret + "\n",
            text=True,
            check=True,
            timeout=60,
        )
    path = tmp_path / emergency.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert robot.secret not in path.read_text()
    assert len(robot.received) == 1
