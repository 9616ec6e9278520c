"""Shelving, assigning, commenting and maintenance over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.plugins.fix_api import Harbour, Site


def post(site: Site, path: str, **body: Any) -> httpx.Response:  # noqa: ANN401
    return site.request("POST", f"/api/v1{path}", json=body)


def test_an_alert_is_shelved_assigned_and_put_back(
    site: Site, harbour: Harbour
) -> None:
    row = site.raise_alert(harbour["level-1", "water_level"])
    path = f"/alerts/{row.id}"
    now = site.lab.later(hours=1).isoformat()
    without_reason = post(site, f"{path}/shelve", actor="Li", until=now)
    assert without_reason.status_code == 422
    assert without_reason.json()["errors"][0]["pointer"] == "/comment"
    words = {"actor": "Li", "comment": "cleaning"}
    done = post(site, f"{path}/shelve", **words, until=now)
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "shelved"
    assert done.json()["quiet"]["actor"] == "Li"
    (listed,) = site.items("/parks/harbour/alerts", state="shelved")
    assert listed["id"] == str(row.id)
    assert site.items("/parks/harbour/alerts", state="unacknowledged") == []
    assert len(site.items("/parks/harbour/alerts", quiet=True)) == 1
    refused = post(site, f"{path}/acknowledge", actor="Li")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")

    assert post(site, f"{path}/unshelve", actor="Li").json()["quiet"] is None
    assert (
        post(site, f"{path}/assign", actor="Li", assignee="Wang").json()["assignee"]
        == "Wang"
    )
    assert post(site, f"{path}/comment", **words).status_code == 200
    out = post(site, f"{path}/out-of-service", **words)
    assert out.json()["state"] == "out_of_service"
    assert post(site, f"{path}/in-service", actor="Li").json()["quiet"] is None
    found = site.items("/parks/harbour/alerts", assignee="Wang", rule="stage")
    assert [each["id"] for each in found] == [str(row.id)]
    assert site.items("/parks/harbour/alerts", rule="none") == []
    kinds = [each["kind"] for each in site.get(path)["events"]]
    assert kinds == [
        "raised",
        "shelved",
        "unshelved",
        "assigned",
        "commented",
        "out_of_service",
        "in_service",
    ]


def test_several_are_acknowledged(site: Site, harbour: Harbour) -> None:
    first = site.raise_alert(harbour["level-1", "water_level"], "level-1")
    second = site.raise_alert(harbour["level-2", "water_level"], "level-2")
    ids = [str(first.id), str(second.id), "00000000-0000-0000-0000-000000000000"]
    done = post(site, "/alerts/acknowledge", ids=ids, actor="Li")
    assert done.status_code == 200, done.text
    codes = {each["id"]: each["code"] for each in done.json()["items"]}
    assert codes == {ids[0]: None, ids[1]: None, ids[2]: "not_found"}
    assert post(site, "/alerts/acknowledge", ids=[], actor="Li").status_code == 422


def test_windows_and_suppressions(site: Site, harbour: Harbour) -> None:
    del harbour
    path = "/parks/harbour/maintenance"
    body = {
        "start": site.lab.now.isoformat(),
        "end": site.lab.later(hours=2).isoformat(),
        "reason": "cleaning",
        "by": "Li",
    }
    made = post(site, path, **body, device="level-1")
    assert made.status_code == 200, made.text
    assert site.items(path) == [made.json()]
    wrong = post(site, path, **body, place="nowhere")
    assert wrong.json()["errors"][0]["code"] == "unknown_place"
    ended = post(site, f"{path}/{made.json()['id']}/end", by="Wang")
    assert ended.json()["ended_by"] == "Wang"
    assert site.items(path) == []
    assert len(site.items(path, past=True)) == 1
    assert post(site, f"{path}/999999999999/end", by="Wang").status_code == 404
    site.problem("/parks/nowhere/maintenance", 404)
    site.problem("/parks/nowhere/suppressions", 404)


@pytest.mark.parametrize("rule", ["stage", "none"])
def test_a_suppression_needs_rules(site: Site, harbour: Harbour, rule: str) -> None:
    site.raise_alert(harbour["level-1", "water_level"])
    answer = post(
        site,
        "/parks/harbour/suppressions",
        rule=rule,
        cause_rule="stage",
        within="place",
        reason="one cause",
        by="Li",
    )
    assert answer.status_code == 422, answer.text
    assert site.items("/parks/harbour/suppressions") == []


def test_a_duty_plan(site: Site, harbour: Harbour) -> None:
    del harbour
    path = "/parks/harbour/duty"
    assert site.get(f"{path}/plan")["version"] == 0
    shift = {"person": "li", "days": [2], "start": "00:00", "end": "00:00"}
    people: list[dict[str, Any]] = [{"code": c, "name": c} for c in ("li", "wang")]
    plan = {
        "people": people,
        "rosters": [{"code": "room", "name": "值班室", "shifts": [shift]}],
    }
    put = site.request(
        "PUT", f"/api/v1{path}/plan", json={"actor": "Li", "plan": plan, "version": 0}
    )
    assert put.status_code == 200, put.text
    assert put.json()["plan"]["rosters"][0]["shifts"][0]["end"] == "00:00"
    again = {"actor": "Li", "plan": plan, "version": 0}
    stale = site.request("PUT", f"/api/v1{path}/plan", json=again)
    assert stale.status_code == 409
    people[0]["channels"] = ["none"]
    for wrong, pointer in [
        (plan, "/people"),
        ({"people": [{"code": "a b", "name": "x"}]}, "/plan/people/0/code"),
        ({"people": 1}, "/plan/people"),
    ]:
        body = {"actor": "Li", "plan": wrong}
        answer = site.request("PUT", f"/api/v1{path}/plan", json=body)
        assert answer.json()["errors"][0]["pointer"] == pointer, answer.text

    tuesday = "2026-03-10T12:00:00Z"
    (post_,) = site.get(path, at=tuesday)["posts"]
    assert [each["code"] for each in post_["people"]] == ["li"]
    body = {"start": tuesday, "end": "2026-03-10T14:00:00Z", "by": "wang"}
    done = post(site, f"{path}/substitutions", actor="Li", roster="room", **body)
    assert done.status_code == 200, done.text
    assert done.json()["version"] == 2
    (post_,) = site.get(path, at=tuesday)["posts"]
    assert [each["code"] for each in post_["people"]] == ["wang"]
    none = post(site, f"{path}/substitutions", actor="Li", roster="x", **body)
    assert none.status_code == 404


def test_a_checklist_is_ticked(site: Site, harbour: Harbour) -> None:
    row = site.raise_alert(harbour["level-1", "water_level"])
    plans, path = "/parks/harbour/response-plans", f"/alerts/{row.id}/checklist"
    assert site.get(path)["steps"] == []
    steps = [{"code": code, "zh": "查看", "en": "look"} for code in ("pump", "door")]

    def put(rule: str, steps: object) -> httpx.Response:
        body = {"actor": "Li", "steps": steps}
        return site.request("PUT", f"/api/v1{plans}/{rule}", json=body)

    assert put("stage", steps).json()["version"] == 1
    assert site.get(f"{plans}/stage")["steps"] == steps
    for rule, wrong in [("none", steps), ("stage", [*steps, *steps]), ("stage", [{}])]:
        assert put(rule, wrong).status_code == 422

    for _ in range(2):
        done = post(site, path, actor="Li", step="door")
        assert done.status_code == 200, done.text
    who = {each["code"]: each["done_by"] for each in done.json()["steps"]}
    assert who == {"pump": None, "door": "Li"}
    assert site.get(f"/alerts/{row.id}")["checklist"] == done.json()["steps"]
    undone = post(site, path, actor="Wang", step="door", done=False, comment="not yet")
    assert {each["done_by"] for each in undone.json()["steps"]} == {None}
    assert post(site, path, actor="Li", step="none").status_code == 404
    events = site.get(f"/alerts/{row.id}")["events"]
    assert [each["kind"] for each in events] == ["raised", "step_done", "step_undone"]
    assert events[2]["detail"] == {"step": "door", "comment": "not yet"}
