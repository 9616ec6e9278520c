"""Signatures by published vectors, cards that nobody can break out of, verdicts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
import pytest

from parkpulse.notify import notices, schedule, signing
from parkpulse.notify.platforms import dingtalk, feishu
from parkpulse.notify.platforms.contract import Answer, Card, Credentials, Options, Task
from parkpulse.notify.platforms.known import ROBOTS
from parkpulse.notify.schedule import Outcome, Step

if TYPE_CHECKING:
    from parkpulse.model.alert import Severity
    from parkpulse.store.channels import Kind

_FILE = Path(__file__).parents[1] / "data" / "signatures_vectors.jsonl"
VECTORS = {each["id"]: each for each in map(json.loads, _FILE.read_text().splitlines())}
NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVIL = "a](http://evil) <at id=all></at> <@all> **b** `c` \n# d"


def notice(
    kind: str = "alert.raised",
    device: str = "gauge-1",
    **changes: Any,  # noqa: ANN401 - any field
) -> notices.Notice:
    data = {
        "id": "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e40",
        "severity": "high",
        "state": "unacknowledged",
        "version": 3,
        "park": "harbour",
        "place": "river",
        "place_name": {"zh": "河", "en": "River"},
        "rule": {"code": "level", "name": {"zh": "水位", "en": "High water"}},
        "device": device,
        "device_name": None,
        "text": {
            "zh": "【告警 橙】水位\n位置:河",
            "en": "[Alert HIGH] Stage\nWhere: River",
        },
        "url": "https://park.example/#/harbour/alerts/1",
        **changes,
    }
    return notices.read(json.dumps({"type": kind, "data": data}))


def task(card: Card, **options: Any) -> Task:  # noqa: ANN401 - any option
    return Task(
        id="1",
        card=card,
        body="{}",
        credentials=Credentials("https://robot.example/x?t=1", "secret"),
        options=Options(**options),
        now=NOW,
    )


def test_standard_webhooks_vector() -> None:
    each = VECTORS["standard-webhooks"]
    found = signing.headers(
        each["secret"], each["webhook_id"], each["timestamp"], each["body"].encode()
    )
    assert found["webhook-signature"] == each["signature"]


def test_dingtalk_vector() -> None:
    each = VECTORS["dingtalk"]
    found = dingtalk.sign(each["secret"], int(each["timestamp"]))
    assert found == each["base64"]
    assert quote(found, safe="") == each["urlencoded"]


def test_feishu_vector() -> None:
    each = VECTORS["feishu"]
    assert feishu.sign(each["secret"], int(each["timestamp"])) == each["sign"]


def test_a_card_says_severity_by_word_and_shape_and_links() -> None:
    card = notices.single(notice(), "zh", "https://park.example/a/T")
    assert card.title == "◆ 【告警 橙】水位"
    assert card.lines == ["位置:河"]
    assert [url for _, url in card.links] == [
        "https://park.example/#/harbour/alerts/1",
        "https://park.example/a/T",
    ]
    done = notice("alert.cleared", state="normal")
    calm = notices.single(done, "en", "https://park.example/a/T")
    assert calm.title.startswith("✓ ")
    assert len(calm.links) == 1


def test_the_shapes_differ() -> None:
    assert len(set(notices.SHAPES.values())) == 4


def test_a_digest_groups_by_rule_and_place() -> None:
    found = [notice(device=f"gauge-{each}") for each in range(12)]
    found.append(notice("alert.cleared"))
    found.append(notice(place="field", place_name={"zh": "田", "en": "Field"}))
    card = notices.digest(found, "en")
    first, second = card.lines
    assert "14 messages" in card.title
    assert "High water · River: raised 12, cleared 1" in first
    assert "12 devices" in first or "13 devices" in first
    assert "High water · Field: raised 1" in second
    assert "告警 12, 恢复 1" in notices.digest(found, "zh").lines[0]


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "feishu"])
def test_names_cannot_break_out_of_the_markup(kind: Kind) -> None:
    card = Card(title=EVIL, lines=[EVIL] * 3, severity="high", is_alarm=True)
    post = ROBOTS[kind].compose(task(card))
    content = msgspec.json.decode(post.body)
    if kind == "feishu":
        texts = [
            content["card"]["header"]["title"],
            content["card"]["elements"][0]["text"],
        ]
        assert {each["tag"] for each in texts} == {"plain_text"}
        return
    text = str(content["markdown"])
    assert "](http://evil" not in text
    assert "<@all>" not in text
    assert "<at " not in text
    assert "`c`" not in text


@pytest.mark.parametrize(("kind", "most"), [("wecom", 4096), ("dingtalk", 20_000)])
def test_a_long_digest_is_cut_between_lines(kind: Kind, most: int) -> None:
    lines = [f"水位 {each} 号断面超警戒" * 3 for each in range(900)]
    links = [("查看", "https://park.example/#/x")]
    card = Card(title="t", lines=lines, severity="low", is_alarm=True, links=links)
    content = msgspec.json.decode(ROBOTS[kind].compose(task(card)).body)
    text = content["markdown"].get("content") or content["markdown"]["text"]
    assert len(text.encode()) <= most
    assert "…" in text
    assert text.endswith("(https://park.example/#/x)")


@pytest.mark.parametrize("kind", ["dingtalk", "wecom"])
@pytest.mark.parametrize(
    ("severity", "is_alarm", "mentioned"),
    [
        ("critical", True, True),
        ("high", True, True),
        ("medium", True, False),
        ("critical", False, False),
    ],
)
def test_people_are_mentioned_from_a_severity_on(
    kind: Kind,
    severity: Severity,
    is_alarm: bool,  # noqa: FBT001 - a parameter of the test
    mentioned: bool,  # noqa: FBT001 - the same
) -> None:
    card = Card(title="t", lines=["x"], severity=severity, is_alarm=is_alarm)
    post = ROBOTS[kind].compose(task(card, mention_mobiles=("13800000000",)))
    assert (b"13800000000" in post.body) is mentioned


@pytest.mark.parametrize(
    ("kind", "body", "step"),
    [
        ("dingtalk", b'{"errcode":0,"errmsg":"ok"}', Step.DELIVERED),
        ("dingtalk", b'{"errcode":310000,"errmsg":"sign"}', Step.DEAD),
        ("dingtalk", b'{"errcode":130101,"errmsg":"fast"}', Step.PAUSE),
        ("dingtalk", b'{"errcode":-1,"errmsg":"busy"}', Step.RETRY),
        ("dingtalk", b'{"errcode":777,"errmsg":"?"}', Step.RETRY),
        ("dingtalk", b"<html>", Step.RETRY),
        ("dingtalk", b"[]", Step.RETRY),
        ("wecom", b'{"errcode":0}', Step.DELIVERED),
        ("wecom", b'{"errcode":45009}', Step.PAUSE),
        ("wecom", b'{"errcode":93000}', Step.DEAD),
        ("feishu", b'{"code":0,"msg":"success"}', Step.DELIVERED),
        ("feishu", b'{"StatusCode":0,"StatusMessage":"success"}', Step.DELIVERED),
        ("feishu", b'{"code":11232}', Step.PAUSE),
        ("feishu", b'{"code":19021}', Step.DEAD),
    ],
)
def test_what_an_answer_means(kind: Kind, body: bytes, step: Step) -> None:
    judged = ROBOTS[kind].judge(Answer(200, body))
    assert judged is not None
    outcome = Outcome(200, judged.words, judged.wait_s, 1.0, verdict=judged.verdict)
    assert schedule.step(outcome, 1, 60.0) is step
    if step is Step.RETRY:
        tried = schedule.step(outcome, 500, schedule.GIVE_UP_AFTER_S + 1)
        assert tried is Step.DEAD


def test_an_unknown_code_is_believed_after_three_attempts() -> None:
    outcome = Outcome(200, "777", None, 1.0, verdict="refused")
    assert schedule.step(outcome, 2, 60.0) is Step.RETRY
    assert schedule.step(outcome, 3, 60.0) is Step.DEAD


def test_dingtalk_leaves_a_throttled_robot_alone_for_ten_minutes() -> None:
    judged = ROBOTS["dingtalk"].judge(Answer(200, b'{"errcode":130101}'))
    assert judged is not None
    assert judged.wait_s == 600
