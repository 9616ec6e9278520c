"""Plain words into markup that nobody can break out of, within a length in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.notify.platforms.contract import Card, Options

# What begins a link, a tag, a mention, emphasis or code becomes its full-width twin.
_FULL_WIDTH = 0xFEE0
_INERT = {ord(each): ord(each) + _FULL_WIDTH for each in "<>[]`*_~|\\&#@"}
_MORE = "…"


def inert(text: str) -> str:
    """Return the words so that no markup language sees markup in them."""
    return "".join(each if each.isprintable() else " " for each in text).translate(
        _INERT
    )


def shortened(text: str, most_bytes: int) -> str:
    """Cut a text to a length in UTF-8, between characters."""
    raw = text.encode()
    if len(raw) <= most_bytes:
        return text
    cut = raw[: most_bytes - len(_MORE.encode())].decode(errors="ignore")
    return cut + _MORE


def fitting(lines: Sequence[str], most_bytes: int, joint: str) -> str:
    """Join whole lines as long as they fit; say so when some do not."""
    text = joint.join(lines)
    if len(text.encode()) <= most_bytes:
        return text
    kept: list[str] = []
    left = most_bytes - len(_MORE.encode())
    for line in lines:
        left -= len((line + joint).encode())
        if left < 0:
            break
        kept.append(line)
    return joint.join([*kept, _MORE])


def mentions(card: Card, options: Options) -> bool:
    """Whether people are to be mentioned by name."""
    if not (options.mention_mobiles or options.mention_users):
        return False
    order = ("low", "medium", "high", "critical")
    loud = order.index(card.severity) >= order.index(options.mention_from)
    return card.is_alarm and loud
