"""From a message to the page's figures and a verified call to the duty phone."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from parkpulse import bus
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.model.rule import Level, RuleSpec, Scope, Threshold
from parkpulse.store import registry, rules
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_chain import Chain
    from tests.plugins.fix_webhook import Webhook

_WITHIN_S = 60.0
_LIMIT = 1.5


def _name(text: str) -> Name:
    return Name(zh=text, en=text)


def _register(chain: Chain) -> None:
    now = datetime.now(UTC)
    device = DeviceSpec(
        code="gauge",
        kind="water_level",
        name=_name("gauge"),
        series=[SeriesSpec(metric="water_level")],
        report_interval_s=60,
    )
    park = ParkSpec(
        code="harbour",
        name=_name("harbour"),
        accept_from=now - timedelta(days=1),
        devices=[device],
    )
    rule = RuleSpec(
        code="warning-stage",
        name=_name("warning stage"),
        source="test",
        definition=Threshold(
            metric="water_level",
            direction="above",
            levels=[Level(severity="high", limit=_LIMIT, name=_name("stage"))],
            deadband=0.1,
            scope=Scope(devices=["gauge"]),
        ),
    )
    with chain.database.transaction() as conn:
        park_id = registry.apply(conn, park)
        rules.apply(conn, [rule], park_id)


def _publish(chain: Chain, seq: int, value: float) -> int:
    """Publish one reading as of now; return its time in epoch ms."""
    now = int(time.time() * 1000)
    message = {
        "seq": seq,
        "sent": now,
        "samples": [{"ts": now, "values": {"water_level": value}}],
    }
    with bus.Publisher(chain.broker.url) as publisher:
        topic = "parkpulse/v1/harbour/gauge/telemetry"
        receipt = publisher.publish(topic, json.dumps(message).encode())
        assert publisher.wait(receipt, _WITHIN_S) is bus.State.TAKEN
    return now


def _alerts(chain: Chain) -> list[dict[str, Any]]:
    found = chain.get("/parks/harbour/alerts", state="all")["items"]
    assert isinstance(found, list)
    return found


def _types(webhook: Webhook) -> list[str]:
    return [each.verify(webhook.secret)["type"] for each in webhook.accepted()]


def _add_channel(chain: Chain, webhook: Webhook) -> None:
    words = ("notify", "channels", "add", "duty", "--url", webhook.url, "--json")
    secret = json.loads(chain.run(*words))["secret"]
    webhook.secret = secret


def test_a_breach_reaches_the_duty_phone(chain: Chain, webhook: Webhook) -> None:
    _register(chain)
    _add_channel(chain, webhook)
    _publish(chain, 1, 1.0)
    onset = _publish(chain, 2, 1.8)
    webhook.wait_for(1, _WITHIN_S)

    (alert,) = _alerts(chain)
    assert alert["state"] == "unacknowledged"
    assert alert["severity"] == "high"
    assert alert["value"] == 1.8
    assert alert["limit"] == _LIMIT
    assert datetime.fromisoformat(alert["onset"]).timestamp() * 1000 == onset
    told = webhook.accepted()[0].verify(webhook.secret)
    assert told["type"] == "alert.raised"
    assert told["data"]["id"] == alert["id"]

    answer = chain.post(
        f"/alerts/{alert['id']}/acknowledge", {"actor": "Li", "comment": "seen"}
    )
    assert answer.json()["state"] == "acknowledged"
    again = chain.post(f"/alerts/{alert['id']}/acknowledge", {"actor": "Wang"})
    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"

    _publish(chain, 3, 1.0)
    webhook.wait_for(3, _WITHIN_S)
    assert _types(webhook) == ["alert.raised", "alert.acknowledged", "alert.cleared"]
    (alert,) = _alerts(chain)
    assert alert["state"] == "normal"
    assert alert["acknowledged_by"] == "Li"


def test_what_arrived_is_accounted_for_and_shown(chain: Chain) -> None:
    _register(chain)
    last = _publish(chain, 1, 1.234)
    wait_until(
        lambda: chain.get("/ledger", park="harbour")["totals"]["received"] == 1,
        _WITHIN_S,
    )
    ledger = chain.get("/ledger", park="harbour")
    assert ledger["balanced"] is True
    assert ledger["totals"]["stored"] == 1

    def shown() -> bool:
        items = chain.get("/parks/harbour/latest")["items"]
        return bool(items) and items[0]["value"] == 1.234

    wait_until(shown, _WITHIN_S)
    (series,) = chain.get("/parks/harbour/series")["items"]
    span = {
        "start": datetime.fromtimestamp(last / 1000 - 60, UTC).isoformat(),
        "end": datetime.fromtimestamp(last / 1000 + 60, UTC).isoformat(),
    }
    found = chain.get(f"/series/{series['id']}/range", **span)
    assert found["ts"] == [last]
    assert found["value"] == [1.234]
    ready = chain.get("/ready")
    assert ready["status"] == "ready", ready


def test_a_receiver_that_was_down_gets_everything(
    chain: Chain, webhook: Webhook
) -> None:
    _register(chain)
    _add_channel(chain, webhook)
    webhook.go_down()
    _publish(chain, 1, 1.8)
    wait_until(lambda: len(_alerts(chain)) == 1, _WITHIN_S)
    _publish(chain, 2, 1.0)
    wait_until(lambda: _alerts(chain)[0]["cleared_at"] is not None, _WITHIN_S)
    webhook.come_up()
    webhook.wait_for(2, _WITHIN_S)
    assert _types(webhook) == ["alert.raised", "alert.cleared"]
