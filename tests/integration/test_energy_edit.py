"""The ledger of certificates and the targets, edited over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.plugins.fix_api import Site

LEDGER = "/parks/harbour/data-centres/dc1/certificates"
ROW = {
    "serial": "GEC-1..GEC-3",
    "kind": "certificate",
    "volume_kwh": 3000.0,
    "generated_from": "2026-01-01",
    "generated_to": "2026-02-01",
    "used_from": "2026-01-01",
    "used_to": "2027-01-01",
    "source": "registry",
    "retired_on": "2026-02-02",
}
TARGET = {
    "kpi": "pue",
    "value": 1.2,
    "valid_from": "2026-01-01",
    "source": "a newer decree",
}


def send(site: Site, method: str, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401 - any JSON
    return site.request(
        method,
        f"/api/v1{path}",
        content=None if body is None else json.dumps(body),
        headers={"content-type": "application/json"},
    )


@pytest.mark.usefixtures("harbour")
def test_certificates_are_put_and_removed(site: Site) -> None:
    assert send(site, "POST", LEDGER, {"items": [ROW]}).json() == {"changed": 1}
    assert send(site, "POST", LEDGER, {"items": [ROW]}).json() == {"changed": 0}
    (row,) = site.items(LEDGER)
    assert (row["serial"], row["valid_to"]) == ("GEC-1..GEC-3", "2028-02-01")
    path = f"{LEDGER}?serial=GEC-1..GEC-3"
    assert send(site, "DELETE", path).json() == {"changed": 1}
    assert site.items(LEDGER) == []
    assert send(site, "DELETE", path).status_code == 404


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"volume_kwh": 3500.0}, "/items/1/volume_kwh", "not_whole_certificates"),
        ({"serial": "GEC-2"}, "/items/1/serial", "serial_taken"),
        ({"used_to": "2026-01-01"}, "/items/1/used_to", "empty_period"),
        ({"valid_to": "2026-01-05"}, "/items/1/valid_to", "validity_too_short"),
        ({"volume_kwh": -1}, "/items/1/volume_kwh", "too_small"),
    ],
)
def test_all_rows_or_none(
    site: Site, change: dict[str, Any], pointer: str, code: str
) -> None:
    second = {**ROW, "serial": "OTHER-1..OTHER-3", **change}
    answer = send(site, "POST", LEDGER, {"items": [ROW, second]})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert site.items(LEDGER) == []


@pytest.mark.usefixtures("harbour")
def test_a_target_is_added_and_ended(site: Site) -> None:
    made = send(site, "POST", "/targets", TARGET)
    assert made.status_code == 201, made.text
    added = made.json()
    assert (added["comparison"], added["coverage_floor"]) == ("lt", 0.95)
    assert site.items("/targets")[0]["id"] == added["id"]
    with site.lab.database.transaction() as conn:
        marked = conn.execute("select since::text, cause from kpi_stale").fetchall()
    assert marked == [("2026-01-01", "target")]
    ending = {"id": added["id"], "valid_to": "2026-06-01"}
    assert send(site, "POST", "/targets/end", ending).json()["valid_to"] == "2026-06-01"
    assert send(site, "POST", "/targets/end", ending).status_code == 404
    refused = send(site, "POST", "/targets", {**TARGET, "kpi": "ref"})
    assert refused.json()["errors"][0]["code"] == "share_above_1"
