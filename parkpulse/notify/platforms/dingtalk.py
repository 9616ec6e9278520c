"""DingTalk (钉钉) custom robots: markdown, signed with the secret as the key."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import msgspec

from parkpulse.notify.platforms import answers, text
from parkpulse.notify.platforms.contract import Post

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.notify.platforms.contract import (
        Answer,
        Card,
        Judgement,
        Options,
        Task,
        Verdict,
    )

_MOST_BYTES = 15_000
_THROTTLED_S = 600.0  # who sends too fast is shut out for ten minutes
_COLOURS = {
    "low": "#1677ff",
    "medium": "#d4a100",
    "high": "#e8710a",
    "critical": "#d4000f",
}
_CALM = "#2e7d32"
_VERDICTS: Mapping[int, Verdict] = {
    -1: "later",
    130101: "limited",
    130103: "limited",
    410100: "limited",
    310000: "permanent",
    300001: "permanent",
    300005: "permanent",
    400013: "permanent",
    400101: "permanent",
    400102: "permanent",
    400105: "permanent",
    400106: "permanent",
}


def sign(secret: str, timestamp_ms: int) -> str:
    """Base64 of HMAC-SHA256 with the secret as key over time and secret."""
    signed = f"{timestamp_ms}\n{secret}".encode()
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class DingTalk:
    """A robot in a DingTalk group."""

    windows: Sequence[tuple[int, float]] = ((20, 60.0),)

    def compose(self, task: Task) -> Post:
        """Make a markdown message; who is mentioned must also stand in the text."""
        named = text.mentions(task.card, task.options)
        content = {
            "msgtype": "markdown",
            "markdown": {
                "title": text.shortened(text.inert(task.card.title), 200),
                "text": _markdown(task.card, task.options, named=named),
            },
            "at": {
                "atMobiles": list(task.options.mention_mobiles) if named else [],
                "atUserIds": list(task.options.mention_users) if named else [],
                "isAtAll": False,
            },
        }
        return Post(_signed(task), msgspec.json.encode(content))

    def judge(self, answer: Answer) -> Judgement | None:
        """Read `errcode`."""
        return answers.judge(
            answer.body, [("errcode", "errmsg")], _VERDICTS, _THROTTLED_S
        )


def _signed(task: Task) -> str:
    url, secret = task.credentials.url, task.credentials.secret
    if not secret:
        return url  # a robot that goes by keywords or addresses
    timestamp_ms = int(task.now.timestamp() * 1000)
    signature = quote(sign(secret, timestamp_ms), safe="")
    joint = "&" if urlsplit(url).query else "?"
    return f"{url}{joint}timestamp={timestamp_ms}&sign={signature}"


def _markdown(card: Card, options: Options, *, named: bool) -> str:
    colour = _COLOURS[card.severity] if card.is_alarm else _CALM
    head = f'### <font color="{colour}">{text.inert(card.title)}</font>'
    foot = [f"[{words}]({url})" for words, url in card.links]
    if named:
        people = (*options.mention_mobiles, *options.mention_users)
        foot.append(" ".join(f"@{each}" for each in people))
    tail = "\n\n".join(foot)
    room = _MOST_BYTES - len(head.encode()) - len(tail.encode())
    body = text.fitting([text.inert(each) for each in card.lines], room, "\n\n")
    return "\n\n".join(each for each in (head, body, tail) if each)
