"""Readings over HTTP come to the broker as a device's do, with a real broker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from parkpulse.wire import native
from tests.plugins.fix_api import HARBOUR, Site
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.plugins.fix_engine import Lab
    from tests.plugins.fix_listener import Listener
    from tests.plugins.fix_services import BrokerServer

PATH = "/api/v1/parks/harbour/readings"
GOOD = {
    "device": "level-1",
    "metric": "water_level",
    "ts": "2026-03-10T12:00:00+08:00",
    "value": 1.5,
}
BAD = GOOD | {"device": "level-9"}


@pytest.fixture
def fed(lab: Lab, broker: BrokerServer, tmp_path: Path) -> Iterator[Site]:
    lab.register(HARBOUR)
    running = Site(lab, tmp_path / "dist", mqtt_url=broker.url)
    running.start()
    yield running
    running.stop()
    running.client.close()


def send(site: Site, *rows: dict[str, Any], language: str = "en") -> httpx.Response:
    body = json.dumps({"readings": rows}).encode()
    headers = {"Content-Type": "application/json", "Accept-Language": language}
    return site.request("POST", PATH, content=body, headers=headers)


def send_lines(site: Site, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/x-ndjson"}
    return site.request("POST", PATH, content=body, headers=headers)


def test_good_rows_are_published_and_bad_ones_named(
    fed: Site, listener: Listener
) -> None:
    wait_until(lambda: send(fed, GOOD).status_code == 202)
    wait_until(lambda: bool(listener.messages))
    listener.messages.clear()
    answer = send(fed, GOOD, BAD, GOOD | {"unit": "cm", "value": 20}, language="zh")
    assert answer.status_code == 202
    assert answer.json() == {
        "taken": 2,
        "refused": 1,
        "errors": [
            {
                "row": 1,
                "field": "device",
                "code": "unknown_device",
                "detail": "园区中没有此设备。",
            }
        ],
    }
    wait_until(lambda: len(listener.messages) == 2)
    topics = {topic for topic, _ in listener.messages}
    assert topics == {"parkpulse/v1/harbour/level-1/telemetry"}
    read = [native.decode(payload) for _, payload in listener.messages]
    assert sorted(each.values[0] for each in read) == [1.5, 20]
    assert [each.units for each in read if each.units] == [{"water_level": "cm"}]


def test_a_reading_a_line(fed: Site, listener: Listener) -> None:
    wait_until(lambda: send(fed, GOOD).status_code == 202)
    lines = [json.dumps(GOOD | {"value": n}).encode() for n in range(5000)]
    answer = send_lines(fed, b"\n".join([*lines, b"{broken"]))
    assert answer.status_code == 202, answer.text
    assert (answer.json()["taken"], answer.json()["refused"]) == (5000, 1)
    assert answer.json()["errors"][0]["row"] == 5000
    wait_until(lambda: len(listener.messages) >= 5)


def test_rows_of_no_use_are_refused(fed: Site) -> None:
    answer = send(fed, BAD)
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "pointer": "/readings/0/device",
        "code": "unknown_device",
        "detail": "The park has no such device.",
    }
    assert send(fed).json()["errors"][0]["code"] == "missing"
    assert send_lines(fed, b" " * 5_000_000).status_code == 413
    plain = fed.request("POST", PATH, content=b"x", headers={"Content-Type": "text/x"})
    assert plain.status_code == 415
    unknown = PATH.replace("harbour", "nowhere")
    headers = {"Content-Type": "application/json"}
    assert (
        fed.request("POST", unknown, content=b"{}", headers=headers).status_code == 404
    )


def test_it_is_said_when_nobody_listens(fed: Site) -> None:
    def code() -> str:
        answer = send(fed, GOOD)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        return str(answer.json()["code"])

    wait_until(lambda: code() == "nobody_listens")


def test_it_is_said_when_there_is_no_broker(site: Site) -> None:
    site.lab.register(HARBOUR)
    wait_until(lambda: bool(site.items("/parks")))
    answer = send(site, GOOD)
    assert (answer.status_code, answer.json()["code"]) == (503, "readings_not_taken")
