"""Channels and deliveries over the API, and links to acknowledge, as browsers do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from uuid_utils import compat

from parkpulse.notify import links
from parkpulse.notify.links import Ticket
from parkpulse.query import alerts
from parkpulse.store import channels, deliveries

if TYPE_CHECKING:
    import httpx

    from parkpulse.model.condition import AlertRow
    from tests.plugins.fix_api import Harbour, Site
    from tests.plugins.fix_robots import Robot


def send(site: Site, method: str, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401
    return site.request(method, f"/api/v1{path}", json=body)


def test_a_channel_is_added_shown_changed_tested_and_removed(
    site: Site, robot: Robot
) -> None:
    new = {
        "name": "duty",
        "kind": "dingtalk",
        "url": robot.url("dingtalk"),
        "secret": robot.secret,
        "options": {"mention_mobiles": ["13800000000"]},
    }
    made = send(site, "POST", "/channels", new)
    assert made.status_code == 200, made.text
    assert made.json()["secret"] is None
    assert send(site, "POST", "/channels", new).status_code == 409
    (shown,) = site.items("/channels")
    assert shown["options"]["mention_mobiles"] == ["13800000000"]
    assert shown["url"].endswith("/…")
    assert robot.secret not in str(shown)
    changed = send(
        site, "PUT", "/channels/duty", {"min_severity": "high", "version": 1}
    )
    assert (changed.json()["min_severity"], changed.json()["version"]) == ("high", 2)
    stale = send(site, "PUT", "/channels/duty", {"version": 1})
    assert stale.status_code == 409
    tested = send(site, "POST", "/channels/duty/test", {}).json()
    assert (tested["delivered"], tested["status"]) == (True, 200)
    assert "园区脉搏测试消息" in str(robot.received[0].content)
    assert send(site, "DELETE", "/channels/duty", {}).json()["removed"] is True
    site.problem("/channels/duty", 404)


def test_the_secret_of_a_webhook_is_shown_once(site: Site) -> None:
    new = {"name": "ops", "kind": "webhook", "url": "http://127.0.0.1:9/x"}
    made = send(site, "POST", "/channels", new).json()
    assert made["secret"].startswith("whsec_")
    assert "secret" not in site.get("/channels/ops")


def test_a_wrong_value_is_named(site: Site) -> None:
    new = {"name": "m", "kind": "email", "url": "smtp://x/", "options": {}}
    answer = send(site, "POST", "/channels", new)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/options/sender"


@pytest.fixture
def alert(site: Site, harbour: Harbour) -> AlertRow:
    """Raise an alert and leave three messages of it."""
    row = site.raise_alert(harbour["level-1", "water_level"])
    with site.lab.database.transaction() as conn:
        channels.add(conn, "duty", "http://127.0.0.1:9/", b"", "low", None)
        (found,) = channels.listed(conn)
        for number, state in enumerate(("dead", "delivered", "pending")):
            conn.execute(
                """
                insert into alert_event (alert_id, rule_id, subject, kind, at, actor,
                    severity)
                values (%s, %s, %s, 'revised', now() + make_interval(secs => %s),
                    'test', 'medium')
                """,
                [row.id, row.rule_id, row.subject, number],
            )
            conn.execute(
                """
                insert into outbox
                    (id, channel_id, alert_id, alert_event_id, body, state)
                select %s, %s, %s, max(id), '{}', %s from alert_event
                """,
                [compat.uuid7(), found.id, row.id, state],
            )
    return row


def test_deliveries_come_in_pages_and_dead_ones_are_sent_again(
    site: Site, alert: AlertRow
) -> None:
    first = site.get("/deliveries", limit=2, sort="at")
    rest = site.get("/deliveries", limit=2, sort="at", cursor=first["next"])
    found = [*first["items"], *rest["items"]]
    assert [each["state"] for each in found] == ["dead", "delivered", "pending"]
    assert rest["next"] is None
    assert {each["alert"] for each in found} == {str(alert.id)}
    assert site.items("/deliveries", park="nowhere") == []
    (dead,) = site.items("/deliveries", state="dead", channel="duty")
    body = {"message": dead["id"]}
    assert send(site, "POST", "/deliveries/resend", body).json() == {"resent": 1}
    assert site.items("/deliveries", state="dead") == []
    assert send(site, "POST", "/deliveries/resend", {}).status_code == 422
    site.problem("/deliveries", 422, cursor="nonsense")
    with site.lab.database.transaction() as conn:
        assert deliveries.resend(conn, channel="duty") == 0


def link(site: Site, alert: AlertRow, **changes: Any) -> str:  # noqa: ANN401
    with site.lab.database.transaction() as conn:
        (found,) = channels.listed(conn)
    values = {
        "alert": alert.id,
        "channel": found.id,
        "version": 1,
        "expires_s": int(time.time()) + 60,
        **changes,
    }
    key = site.vault.derive(links.PURPOSE)
    return links.PATH + links.sign(key, Ticket(**values))


def post(site: Site, path: str, **fields: str) -> httpx.Response:
    return site.request("POST", path, data=fields, headers={"origin": site.url})


def state(site: Site, alert: AlertRow) -> str:
    with site.lab.database.transaction() as conn:
        return alerts.find(conn, alert.id).state


def test_a_link_shows_on_get_and_acts_on_post(site: Site, alert: AlertRow) -> None:
    path = link(site, alert)
    for method in ("GET", "HEAD", "GET"):
        shown = site.request(method, path, headers={"accept-language": "zh-CN"})
        assert shown.status_code == 200
    assert state(site, alert) == "unacknowledged"
    assert "lang='zh'" in shown.text
    assert "▲ 黄(较重)" in shown.text
    assert "script" not in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert shown.headers["cache-control"] == "no-store"
    done = post(site, path, actor="李<b>", comment="去现场", version="1")
    assert done.status_code == 200
    assert "Acknowledged" in done.text
    with site.lab.database.transaction() as conn:
        found = alerts.detail(conn, alert.id)
    assert found.alert.acknowledged_by == "李<b> (duty)"
    assert found.events[-1].detail == {"comment": "去现场"}
    (deed,) = site.items("/audit", action="acknowledge")
    assert (deed["way"], deed["display_name"], deed["park"]) == (
        "link",
        "李<b> (duty)",
        "harbour",
    )
    assert deed["object"] == f"/alerts/{alert.id}/acknowledge"
    assert deed["before"]["state"] == "unacknowledged"
    assert deed["after"] == {"comment": "去现场", "version": 1}
    again = post(site, path, actor="Wang", version="1")
    assert again.status_code == 409
    assert "<form" not in again.text
    assert len(site.items("/audit")) == 1


def test_only_what_was_seen_is_acknowledged(site: Site, alert: AlertRow) -> None:
    path = link(site, alert)
    site.change_alert(alert, "severity", severity="high")
    shown = site.request("GET", path)
    assert "has changed since" in shown.text
    refused = post(site, path, actor="Li", version="1")
    assert refused.status_code == 409
    assert state(site, alert) == "unacknowledged"
    assert "value='2'" in refused.text
    assert post(site, path, actor="", version="2").status_code == 422
    assert post(site, path, actor="Li", version="2").status_code == 200
    assert state(site, alert) == "acknowledged"


def test_links_that_are_worth_nothing(site: Site, alert: AlertRow) -> None:
    good = link(site, alert)
    forged = good[:-3] + ("AAA" if not good.endswith("AAA") else "BBB")
    for path in (forged, links.PATH + "x", links.PATH + "%00", links.PATH + "é"):
        assert site.request("GET", path).status_code == 404
        assert post(site, path, actor="Li", version="1").status_code == 404
    old = link(site, alert, expires_s=int(time.time()) - 1)
    assert site.request("GET", old).status_code == 410
    assert post(site, old, actor="Li", version="1").status_code == 410
    foreign = site.request(
        "POST",
        good,
        data={"actor": "Li", "version": "1"},
        headers={"origin": "https://evil.example"},
    )
    assert foreign.status_code == 403
    with site.lab.database.transaction() as conn:
        channels.remove(conn, "duty")
    assert site.request("GET", good).status_code == 410
    assert state(site, alert) == "unacknowledged"


def test_names_are_escaped(site: Site, alert: AlertRow) -> None:
    with site.lab.database.transaction() as conn:
        conn.execute("update park set name_en = '<script>alert(1)</script>'")
    shown = site.request("GET", link(site, alert))
    assert "<script>" not in shown.text
    assert "&lt;script&gt;" in shown.text
