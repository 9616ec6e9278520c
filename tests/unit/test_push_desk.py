"""What the push end-point decides without a broker or a database."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from api.problems import TEXTS, masked
from api.push import desk, limits
from api.push.courier import Accounts, Courier, token_hash
from api.push.desk import Desk, Refused
from parkpulse.bus import State
from parkpulse.errors import StoreUnavailableError
from parkpulse.store.pool import Database
from parkpulse.store.push_accounts import PushAccount

RIGHT = "t"
NOW = datetime(2026, 3, 10, tzinfo=UTC)
AWAY = Database("postgresql://127.0.0.1:1/none")


def known(platform: str = "ctwing", **options: bytes) -> Accounts:
    found = PushAccount(
        platform,
        "wells",
        "demo",
        token_hash("t"),
        options.get("secret"),
        options.get("aes_key"),
        {},
        NOW,
    )
    accounts = Accounts(AWAY)
    accounts._known = {(platform, found.token_hash): found}
    return accounts


def refused(made: Desk, token: str = RIGHT) -> str:
    with pytest.raises(Refused) as caught:
        made.take("ctwing", token, b"{}")
    return caught.value.code


def test_accounts_serve_on_while_the_database_is_away() -> None:
    accounts = known()
    with pytest.raises(StoreUnavailableError):
        accounts.refresh()
    assert accounts.find("ctwing", "t") is not None
    assert accounts.find("onenet", "t") is None


def test_before_accounts_are_read_nobody_is_turned_away_for_good() -> None:
    accounts = Accounts(AWAY)
    made = Desk(accounts, Courier(accounts, None), bytes.decode)
    assert refused(made) == desk.NOT_READY


def test_no_broker() -> None:
    accounts = known()
    made = Desk(accounts, Courier(accounts, None), bytes.decode)
    assert refused(made) == desk.NO_BROKER
    assert refused(made, token="x" * 1000) == desk.UNKNOWN


def test_an_account_that_sends_too_much() -> None:
    accounts = known()
    clock = [0.0]
    budget = limits.Budget(per_second=2.0, burst=3.0, clock=lambda: clock[0])
    made = Desk(accounts, Courier(accounts, None), bytes.decode, budget)
    found = [refused(made) for _ in range(5)]
    assert found == [desk.NO_BROKER] * 3 + [desk.TOO_MANY] * 2
    clock[0] = 1.0
    found = [refused(made) for _ in range(3)]
    assert found == [desk.NO_BROKER] * 2 + [desk.TOO_MANY]


def test_too_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = known()
    courier = Courier(accounts, None)
    made = Desk(accounts, courier, bytes.decode)
    free, waiting = threading.Event(), threading.Semaphore(0)

    def deliver(topic: str, payload: bytes) -> State:
        assert (topic, payload) == ("parkpulse/v1/push/ctwing/wells", b"{}")
        waiting.release()
        assert free.wait(20)
        return State.TAKEN

    monkeypatch.setattr(courier, "deliver", deliver)
    threads = [
        threading.Thread(target=made.take, args=("ctwing", "t", b"{}"))
        for _ in range(limits.AT_ONCE)
    ]
    with ExitStack() as ending:
        for thread in threads:
            ending.callback(thread.join)
        ending.callback(free.set)
        for thread in threads:
            thread.start()
        for _ in threads:
            assert waiting.acquire(timeout=20)
        assert refused(made) == desk.BUSY
    made.take("ctwing", "t", b"{}")


def test_every_answer_has_its_words() -> None:
    codes = {
        value
        for name, value in vars(desk).items()
        if name.isupper() and isinstance(value, str) and name not in {"TOPIC", "SIGNED"}
    }
    assert codes <= set(TEXTS["problems"])
    assert len(codes) == 9


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/push/ctwing/secret", "/push/ctwing/…"),
        ("/push/ctwing/secret/more", "/push/ctwing/…"),
        ("/push/", "/push//…"),
        ("/api/v1/parks", "/api/v1/parks"),
    ],
)
def test_masked_paths(path: str, shown: str) -> None:
    assert masked(path) == shown
