"""What is decided about each thing that Grafana has or lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dashboards.grafana import role, wanted
from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

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


def test_what_a_file_of_the_server_gives_is_left() -> None:
    mine = wanted.source(URL, None)
    read_only = {**mine, "readOnly": True}
    assert wanted.judge_source(mine, read_only, works=True).action == "same"
    changed = {**read_only, "user": "x"}
    assert wanted.judge_source(mine, changed, works=True).action == "left"


def test_an_update_keeps_what_people_have_set_besides() -> None:
    mine = wanted.source(URL, None)
    found = {
        **mine,
        "user": "x",
        "isDefault": True,
        "version": 4,
        "jsonData": {"connMaxLifetime": 9, "sslmode": "disable"},
    }
    body = wanted.source_body(mine, None, found)
    assert (body["isDefault"], body["version"]) == (True, 4)
    assert body["jsonData"] == {**mine["jsonData"], "connMaxLifetime": 9}
    assert "secureJsonData" not in body
    assert wanted.source_body(mine, "p", None)["secureJsonData"] == {"password": "p"}


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


def test_the_private_servers_administrator_is_found_by_its_file(tmp_path: Path) -> None:
    own = "postgresql://parkpulse:own@127.0.0.1:25432/parkpulse"
    file = tmp_path / "superuser.password"
    assert role.administrator(own, None, file) == own
    file.write_text("p/w\n")
    found = role.administrator(own, None, file)
    assert found == "postgresql://postgres:p%2Fw@127.0.0.1:25432/parkpulse"
    assert role.administrator(own, None, None) == own
    assert role.administrator(own, "postgresql://admin@x/y", file).startswith(
        "postgresql://admin@"
    )
