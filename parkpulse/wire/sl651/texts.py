"""Parts of bodies that are no numbers: manual text, pictures, the status word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.wire.sl651 import elements

if TYPE_CHECKING:
    from parkpulse.wire.sl651.draft import Draft

_JPEG = b"\xff\xd8"


def rest(draft: Draft, guide: int, data: bytes) -> None:
    """Take the rest of a body that has no length of its own."""
    if guide == elements.TEXT:
        text = written(data)
        draft.about["text"] = text
        draft.tell("text", {"text": text}, data)
    elif guide == elements.PICTURE:
        detail = {"bytes": len(data), "is_jpeg": data.startswith(_JPEG)}
        draft.about["picture"] = detail
        draft.tell("picture", detail, data)
    else:
        draft.about["batch"] = {"bytes": len(data)}
        draft.tell("velocity_batch", {"bytes": len(data)}, data)


def written(data: bytes) -> str:
    """Text of bytes: ASCII, or Chinese in GB 18030 as stations write it."""
    return data.decode("gb18030", errors="replace")


def status(draft: Draft, word: int) -> None:
    """Take a status word."""
    named = elements.status(word)
    draft.about["status"] = word
    draft.about["status_bits"] = [bit for bit in range(32) if word >> bit & 1]
    draft.about["status_named"] = named
    draft.tell("status", {"word": word, **named})
