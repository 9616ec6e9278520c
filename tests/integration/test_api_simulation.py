"""A scenario that is started, shown and stopped over HTTP, on the real chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api import cli
from parkpulse.settings import Settings
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_api import Site
    from tests.plugins.fix_chain import Chain

SIMULATION = "/api/v1/simulation"
LEAK = "tunnel-gas-leak"
_WITHIN_S = 60


def test_a_scenario_is_started_shown_and_stopped(chain: Chain) -> None:
    codes = [each["code"] for each in chain.get("/simulation/scenarios")["items"]]
    assert LEAK in codes
    before = chain.get("/simulation")
    assert (before["allowed"], before["state"], before["park"]) == (True, "idle", None)

    unknown = chain.post("/simulation", {"scenario": "../comet"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")

    begun = chain.post("/simulation", {"scenario": LEAK, "speed": 600})
    assert begun.status_code == 200, begun.text
    park = begun.json()["park"]
    assert begun.json()["state"] == "running"
    assert begun.json()["scenario"]["code"] == LEAK

    second = chain.post("/simulation", {"scenario": "quiet-week"})
    assert (second.status_code, second.json()["code"]) == (409, "training_running")
    assert park in second.json()["detail"]

    wait_until(lambda: has_sensed(chain, park), _WITHIN_S)
    (listed,) = [each for each in chain.get("/parks")["items"] if each["code"] == park]
    assert (listed["simulated"], listed["clock"]) == (True, "data")
    wait_until(lambda: chain.get("/simulation")["now"] is not None, _WITHIN_S)

    ended = stopped(chain)
    assert (ended.status_code, ended.json()["state"]) == (200, "stopped")
    assert chain.get("/simulation")["park"] == park
    assert stopped(chain).json()["state"] == "stopped"


def test_the_service_takes_what_runs_along(chain: Chain) -> None:
    began = chain.post("/simulation", {"scenario": LEAK, "speed": 1})
    park = began.json()["park"]
    wait_until(lambda: is_there(chain, park), _WITHIN_S)
    assert chain.stop("api") == 0
    chain.start("api")
    wait_until(chain.answers, _WITHIN_S)
    assert chain.get("/simulation")["state"] == "idle"
    again = chain.post("/simulation", {"scenario": LEAK, "speed": 1})
    assert again.status_code == 200


def stopped(chain: Chain) -> httpx.Response:
    headers = {"content-type": "application/json"}
    return httpx.delete(f"{chain.url}{SIMULATION}", headers=headers, timeout=30)


def has_sensed(chain: Chain, park: str) -> bool:
    found = [each for each in chain.get("/parks")["items"] if each["code"] == park]
    return bool(found) and found[0]["devices"]["reporting"] > 0


def is_there(chain: Chain, park: str) -> bool:
    return park in [each["code"] for each in chain.get("/parks")["items"]]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"scenario": LEAK}, 403, "training_off"),
        ({"scenario": LEAK, "speed": 0}, 422, "invalid_request"),
        ({"scenario": LEAK, "speed": "fast"}, 422, "invalid_request"),
        ({"scenario": LEAK, "seed": 1}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
    ],
)
def test_refusals(site: Site, body: dict[str, Any], status: int, code: str) -> None:
    answer = site.request("POST", SIMULATION, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_where_nobody_may_nothing_stops_either(site: Site) -> None:
    headers = {"content-type": "application/json", "accept-language": "zh"}
    answer = site.request("DELETE", SIMULATION, headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (403, "演练未启用")
    assert site.get("/simulation")["allowed"] is False


def test_pages_of_others_start_nothing(site: Site) -> None:
    foreign = {"origin": "http://evil.example"}
    answer = site.request("POST", SIMULATION, json={"scenario": LEAK}, headers=foreign)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    plain = site.request("POST", SIMULATION, content=b'{"scenario": "quiet-week"}')
    assert plain.status_code == 415


@pytest.mark.parametrize(
    ("settings", "is_allowed"),
    [
        ({}, True),
        ({"host": "::1"}, True),
        ({"host": "0.0.0.0", "open_host": True}, False),  # noqa: S104 - not bound
        ({"public_url": "https://park.example"}, False),
        ({"public_url": "https://park.example", "training": True}, True),
        ({"training": False}, False),
        ({"mqtt_url": None}, False),
    ],
)
def test_who_may(settings: dict[str, Any], *, is_allowed: bool) -> None:
    addresses = {"database_url": "postgresql://h/d", "mqtt_url": "mqtt://h"}
    config = Settings.model_validate({**addresses, **settings})
    assert (cli._training(config) is not None) == is_allowed
