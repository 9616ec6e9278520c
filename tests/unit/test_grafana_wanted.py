"""What is decided about each thing that Grafana has or lacks."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.grafana import wanted
from parkpulse.errors import ConfigError

URL = "postgresql://parkpulse:secret@db.example:5433/parkpulse"
DOCUMENT: dict[str, Any] = {"uid": "x", "title": "X", "panels": []}
OURS = wanted.message(DOCUMENT)


@pytest.mark.parametrize(
    ("url", "address", "mode"),
    [
        (URL, "db.example:5433", "require"),
        (f"{URL}?sslmode=verify-full", "db.example:5433", "verify-full"),
        ("postgresql://a:b@127.0.0.1/park", "127.0.0.1:5432", "disable"),
    ],
)
def test_the_source_is_where_the_database_is(url: str, address: str, mode: str) -> None:
    found = wanted.source(url, None)
    assert (found["url"], found["jsonData"]["sslmode"]) == (address, mode)
    assert found["user"] == "parkpulse_grafana"
    assert "secret" not in str(found)


def test_grafana_may_see_the_database_elsewhere() -> None:
    assert wanted.source(URL, "10.0.0.5:6432")["url"] == "10.0.0.5:6432"


def test_an_address_without_a_host_is_refused() -> None:
    with pytest.raises(ConfigError, match="--database HOST:PORT"):
        wanted.source("postgresql:///parkpulse", None)


def test_a_source_that_knows_more_is_the_same() -> None:
    mine = wanted.source(URL, None)
    more = {**mine, "id": 3, "jsonData": {**mine["jsonData"], "connMaxLifetime": 9}}
    assert wanted.judge_source(mine, more, works=True).action == "same"
    assert wanted.judge_source(mine, more, works=False) == ("update", "password")
    assert wanted.judge_source(mine, None, works=False).action == "create"
    other = {**mine, "jsonData": {**mine["jsonData"], "database": "x"}}
    assert wanted.judge_source(mine, other, works=True) == ("update", "jsonData")


@pytest.mark.parametrize(
    ("meta", "last", "overwrite", "action"),
    [
        ({}, {"message": OURS}, False, "same"),
        ({}, {"message": f"{wanted.MESSAGE} 00"}, False, "update"),
        ({}, {"message": "", "createdBy": "li"}, False, "left"),
        ({}, {"message": "", "createdBy": "li"}, True, "update"),
        ({}, {}, False, "left"),
        ({"provisioned": True}, {"message": OURS}, True, "left"),
    ],
)
def test_a_dashboard_is_ours_or_a_persons(
    meta: dict[str, Any], last: dict[str, Any], *, overwrite: bool, action: str
) -> None:
    found = {"dashboard": DOCUMENT, "meta": meta}
    verdict = wanted.judge_dashboard(DOCUMENT, found, last, overwrite=overwrite)
    assert verdict.action == action


def test_the_message_tells_one_content_from_another() -> None:
    assert wanted.message({**DOCUMENT, "title": "Y"}) != OURS


def test_nobody_is_told_unless_somebody_is_named() -> None:
    assert wanted.contact([], None) is None
    point = wanted.contact(["a@b.example"], "https://hooks.example")
    assert point is not None
    assert point["type"] == "email"


def test_a_contact_point_that_people_changed_is_put_right() -> None:
    mine = wanted.contact(["a@b.example"], None)
    assert mine is not None
    assert wanted.judge_contact(mine, None).action == "create"
    assert wanted.judge_contact(mine, {**mine, "provenance": ""}).action == "same"
    other = {**mine, "settings": {"addresses": "x@b.example", "singleEmail": True}}
    assert wanted.judge_contact(mine, other) == ("update", "settings")
