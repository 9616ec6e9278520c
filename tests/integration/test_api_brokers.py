"""What a broker of EMQX's kind asks over HTTP, against a real database."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api.brokers import desk
from parkpulse.model import credentials
from parkpulse.store import credentials as store
from parkpulse.store.credentials import Speaks
from tests.plugins.fix_api import HARBOUR, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.plugins.fix_engine import Lab

TOKEN = "what-the-broker-shows"
SECRET = "the-secret-that-no-log-may-hold"
FIRST = credentials.subject("harbour/level-1")
OWN = "parkpulse/v1/harbour/level-1"
OTHER = "parkpulse/v1/harbour/level-2"


@pytest.fixture
def asked(lab: Lab, tmp_path: Path) -> Iterator[Site]:
    lab.register(HARBOUR)
    with lab.database.transaction() as conn:
        store.create(conn, FIRST, credentials.hashed(SECRET), Speaks())
        ingest = credentials.subject("service:ingest")
        store.create(conn, ingest, credentials.hashed(SECRET), Speaks())
    # The broker reaches us by any name; nobody but it has the token.
    running = Site(lab, tmp_path / "dist", broker_token=TOKEN, is_local=False)
    running.start()
    yield running
    running.stop()
    running.client.close()


def _post(
    site: Site, path: str, body: dict[str, Any], token: str = TOKEN
) -> httpx.Response:
    headers = {"Host": "parkpulse.internal"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return site.request("POST", f"/broker/{path}", json=body, headers=headers)


def _verdict(site: Site, path: str, **body: str) -> str:
    answer = _post(site, path, body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert set(found) == {"result", "is_superuser"}
    assert found["is_superuser"] is False
    return str(found["result"])


def _login(site: Site, password: str, clientid: str = "harbour/level-1@1") -> str:
    user = "harbour/level-1@1"
    return _verdict(site, "auth", username=user, password=password, clientid=clientid)


def _wish(site: Site, action: str, topic: str, user: str = "harbour/level-1@1") -> str:
    return _verdict(
        site, "acl", username=user, action=action, topic=topic, clientid="c"
    )


def test_logins(asked: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert _login(asked, SECRET) == "allow"
    assert _login(asked, SECRET + "x") == "deny"
    assert _login(asked, "") == "deny"
    # Client ids of our own processes hold sessions that nobody else may take.
    assert _login(asked, SECRET, "parkpulse-ingest-1") == "deny"
    user = "parkpulse-ingest@1"
    login = {"username": user, "password": SECRET, "clientid": "parkpulse-ingest-1"}
    assert _verdict(asked, "auth", **login) == "allow"
    assert _verdict(asked, "auth", username="nobody", password=SECRET) == "deny"
    assert _post(asked, "auth", {"username": None}).json()["result"] == "deny"
    assert SECRET not in caplog.text
    assert TOKEN not in caplog.text


def test_wishes(asked: Site) -> None:
    assert _wish(asked, "publish", f"{OWN}/telemetry") == "allow"
    assert _wish(asked, "publish", f"{OWN}/raw/sl651") == "allow"
    assert _wish(asked, "subscribe", f"{OWN}/down") == "allow"
    for action, topic in (
        ("publish", f"{OTHER}/telemetry"),
        ("publish", f"{OWN}/down"),
        ("subscribe", f"{OTHER}/down"),
        ("subscribe", "#"),
        ("subscribe", f"{OWN}/#"),
        ("subscribe", "parkpulse/v1/+/+/down"),
        ("subscribe", f"$share/g/{OTHER}/down"),
    ):
        assert _wish(asked, action, topic) == "deny", topic
    shared = "$share/parkpulse/parkpulse/v1/#"
    assert _wish(asked, "subscribe", shared, "parkpulse-ingest@1") == "allow"


def test_who_is_revoked_may_do_nothing_at_once(asked: Site) -> None:
    assert _wish(asked, "publish", f"{OWN}/telemetry") == "allow"
    with asked.lab.database.transaction() as conn:
        secret = credentials.hashed(SECRET + "2")
        new = store.rotate(conn, FIRST, secret, timedelta(hours=1))
    assert _login(asked, SECRET) == "allow"
    assert _wish(asked, "publish", f"{OWN}/telemetry", new) == "allow"
    with asked.lab.database.transaction() as conn:
        store.revoke(conn, FIRST)
    assert _login(asked, SECRET) == "deny"
    assert _wish(asked, "publish", f"{OWN}/telemetry") == "deny"
    assert _wish(asked, "publish", f"{OWN}/telemetry", new) == "deny"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, no try comes back meanwhile."""
    monkeypatch.setattr(desk, "_TRIES_PER_SECOND", 0.0)
    monkeypatch.setattr(desk, "_STRANGERS_PER_SECOND", 0.0)


@pytest.mark.usefixtures("impatient")
def test_guessing_is_slowed_down(asked: Site) -> None:
    for _ in range(int(desk._TRIES)):
        assert _login(asked, "guess") == "deny"
    assert _login(asked, SECRET) == "deny"
    login = {"username": "parkpulse-ingest@1", "password": SECRET, "clientid": "c"}
    assert _verdict(asked, "auth", **login) == "allow"


@pytest.mark.usefixtures("impatient")
def test_only_the_broker_is_answered(asked: Site, site: Site) -> None:
    body = {"username": "harbour/level-1@1", "password": SECRET, "clientid": "c"}
    statuses = [_post(asked, "auth", body, "wrong").status_code for _ in range(25)]
    assert statuses[0] == 401
    assert 429 in statuses
    assert _post(asked, "auth", body).status_code == 200
    for wrong in ({"username": 3}, {"password": SECRET * 200}):
        answer = _post(asked, "auth", wrong)
        assert answer.status_code == 400
        assert SECRET not in answer.text
    wish = {"username": "u", "topic": "t", "action": "rule"}
    assert _post(asked, "acl", wish).status_code == 400
    # Where no token is set, nobody may ask.
    assert _post(site, "auth", body, "").status_code == 404
