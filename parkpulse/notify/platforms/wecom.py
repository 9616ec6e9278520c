"""WeCom (企业微信) group robots: the key in the address is the only secret."""

from __future__ import annotations

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

_MARKDOWN_BYTES = 4096
_TEXT_BYTES = 2048
_WAIT_S = 60.0
_VERDICTS: Mapping[int, Verdict] = {
    -1: "later",
    45009: "limited",
    45033: "limited",
    93000: "permanent",
    93008: "permanent",
    40008: "permanent",
    40058: "permanent",
    44004: "permanent",
}


class WeCom:
    """A robot in a WeCom group."""

    windows: Sequence[tuple[int, float]] = ((20, 60.0),)

    def compose(self, task: Task) -> Post:
        """Make markdown; plain text when mobiles are mentioned, as only that can."""
        named = text.mentions(task.card, task.options)
        content = _text(task) if named else _markdown(task.card)
        return Post(task.credentials.url, msgspec.json.encode(content))

    def judge(self, answer: Answer) -> Judgement | None:
        """Read `errcode`."""
        return answers.judge(answer.body, [("errcode", "errmsg")], _VERDICTS, _WAIT_S)


def _text(task: Task) -> dict[str, object]:
    card, options = task.card, task.options
    tail = "\n".join(f"{words}: {url}" for words, url in card.links)
    room = _TEXT_BYTES - len(tail.encode()) - 1
    body = text.fitting([card.title, *card.lines], room, "\n")
    return {
        "msgtype": "text",
        "text": {
            "content": f"{body}\n{tail}",
            "mentioned_list": list(options.mention_users),
            "mentioned_mobile_list": list(options.mention_mobiles),
        },
    }


def _markdown(card: Card) -> dict[str, object]:
    colour = "warning" if card.is_alarm else "info"
    head = f'**<font color="{colour}">{text.inert(card.title)}</font>**'
    tail = " · ".join(f"[{words}]({url})" for words, url in card.links)
    room = _MARKDOWN_BYTES - len(head.encode()) - len(tail.encode()) - 2
    body = text.fitting([f"> {text.inert(each)}" for each in card.lines], room, "\n")
    content = "\n".join(each for each in (head, body, tail) if each)
    return {"msgtype": "markdown", "markdown": {"content": content}}
