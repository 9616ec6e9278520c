"""Every operation of the OpenAPI document, asked what its schema allows and more.

Half of the requests name things that exist, so that handlers are reached and not only
their doors. Nothing that is asked may be a server error.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.plugins.fix_api import Harbour, Site

ENDLESS = "/parks/{park}/stream"
LAST = ("/users", "/setup", "/login", "/me")
"""From the first user on everything needs a login: these come last."""
UNAVAILABLE = {
    "readings_not_taken",  # there is no broker here
    "nobody_listens",
    "query_too_slow",
}
EXAMPLES = 2


def ordered(document: dict[str, Any]) -> Iterator[Any]:
    schema: Any = schemathesis.openapi.from_dict(document)
    found = [each.ok() for each in schema.get_all_operations()]
    yield from sorted(
        (each for each in found if not each.path.endswith(ENDLESS)),
        key=lambda each: each.path.removeprefix("/api/v1").startswith(LAST),
    )


def asked(operation: Any, run: Any) -> None:  # noqa: ANN401 - schemathesis' own
    """Run what is given with requests that are made from the schema."""
    settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(case=operation.as_strategy())(run))()


def sent(site: Site, case: Any) -> httpx.Response:  # noqa: ANN401 - as above
    made = requests.Request(**case.as_transport_kwargs(base_url=site.url)).prepare()
    return site.client.request(
        str(made.method),
        str(made.url),
        headers={"Content-Type": str(made.headers.get("Content-Type", ""))},
        content=cast("bytes | str | None", made.body or None),
    )


def is_accepted(answer: httpx.Response) -> bool:
    """Whether an error is one that the API documents, and none of its own."""
    if answer.headers.get("content-type") != "application/problem+json":
        return False
    return answer.status_code < 500 or answer.json()["code"] in UNAVAILABLE


@pytest.fixture
def good(site: Site, harbour: Harbour) -> dict[str, Any]:
    """Ids of things that exist, by the names of path parameters."""
    number = harbour["level-1", "water_level"]
    alert = str(site.raise_alert(number).id)
    wait_until(lambda: bool(site.items("/parks/harbour/alerts")))
    return {
        "park": "harbour",
        "centre": "dc1",
        "series_id": number,
        "alert_id": alert,
        "device": "level-1",
        "rule_id": 1,
    }


# The service's threads draw random pauses while a request is made.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
def test_no_server_error(site: Site, good: dict[str, Any]) -> None:
    dice = random.Random(6)  # noqa: S311 - no secret
    statuses: set[int] = set()
    wrong: list[str] = []
    count = 0

    def run(case: Any) -> None:  # noqa: ANN401 - schemathesis' own
        nonlocal count
        count += 1
        named = case.path_parameters or {}
        if dice.random() < 0.7:
            named.update((name, good[name]) for name in named if name in good)
        answer = sent(site, case)
        statuses.add(answer.status_code)
        if answer.status_code >= 400 and not is_accepted(answer):
            told = f"{case.method} {answer.url} {answer.status_code} {answer.text}"
            wrong.append(told[:600])

    for operation in ordered(site.get("/openapi.json")):
        asked(operation, run)
    assert wrong == []
    assert count > 150
    assert {200, 404, 422} <= statuses
