"""Feishu (飞书) custom bots: cards, signed with time and secret as the key."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

import msgspec

from parkpulse.notify.platforms import answers, text
from parkpulse.notify.platforms.contract import Post

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.notify.platforms.contract import (
        Answer,
        Card,
        Judgement,
        Task,
        Verdict,
    )

_MOST_BYTES = 14_000  # of 20 KB; markup and escapes take the rest
_WAIT_S = 60.0
_TEMPLATES = {"low": "blue", "medium": "yellow", "high": "orange", "critical": "red"}
_VERDICTS: Mapping[int, Verdict] = {
    9499: "refused",
    11232: "limited",
    11247: "later",
    19001: "permanent",
    19002: "permanent",
    19007: "permanent",
    19021: "permanent",
    19022: "permanent",
    19024: "permanent",
}


def sign(secret: str, timestamp_s: int) -> str:
    """Base64 of HMAC-SHA256 with time and secret as key over nothing."""
    key = f"{timestamp_s}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


class Feishu:
    """A bot in a Feishu group."""

    windows: Sequence[tuple[int, float]] = ((5, 1.0), (100, 60.0))

    def compose(self, task: Task) -> Post:
        """Make a card; only ids of users can be mentioned, no mobiles."""
        content: dict[str, object] = {"msg_type": "interactive", "card": _card(task)}
        secret = task.credentials.secret
        if secret:
            timestamp_s = int(task.now.timestamp())
            content |= {
                "timestamp": str(timestamp_s),
                "sign": sign(secret, timestamp_s),
            }
        return Post(task.credentials.url, msgspec.json.encode(content))

    def judge(self, answer: Answer) -> Judgement | None:
        """Read `code`, of older bots `StatusCode`."""
        names = [("code", "msg"), ("StatusCode", "StatusMessage")]
        return answers.judge(answer.body, names, _VERDICTS, _WAIT_S)


def _card(task: Task) -> dict[str, object]:
    card = task.card
    elements: list[dict[str, object]] = [_plain(card)]
    users = task.options.mention_users
    if users and text.mentions(card, task.options):
        named = " ".join(f"<at id={each}></at>" for each in users)
        elements.append({"tag": "div", "text": {"tag": "lark_md", "content": named}})
    elements.append({"tag": "action", "actions": _buttons(card)})
    template = _TEMPLATES[card.severity] if card.is_alarm else "green"
    title = text.shortened(card.title, 400)
    return {
        "config": {"wide_screen_mode": True},
        "header": {
            "template": template,
            "title": {"tag": "plain_text", "content": title},
        },
        "elements": [each for each in elements if each.get("actions") != []],
    }


def _plain(card: Card) -> dict[str, object]:
    content = text.fitting(card.lines, _MOST_BYTES, "\n")
    return {"tag": "div", "text": {"tag": "plain_text", "content": content}}


def _buttons(card: Card) -> list[dict[str, object]]:
    return [
        {
            "tag": "button",
            "text": {"tag": "plain_text", "content": words},
            "url": url,
            "type": "default",
        }
        for words, url in card.links
    ]
