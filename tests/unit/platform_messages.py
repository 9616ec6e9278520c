"""What the tests of the carriers' platforms share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from parkpulse.errors import DecodeError
from parkpulse.wire import formats
from parkpulse.wire.context import Context

if TYPE_CHECKING:
    from parkpulse.model.message import Telegram

SENT_MS = 1606982320277
SENT = SENT_MS * 1000


def decode(name: str, document: object, **options: str) -> Telegram:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    named = {key.replace("__", "."): value for key, value in options.items()}
    return formats.find(name).make().decode(raw, Context(options=named))


def refused(name: str, document: object, **options: str) -> str:
    with pytest.raises(DecodeError) as caught:
        decode(name, document, **options)
    return caught.value.reason


def values(telegram: Telegram) -> dict[str, float]:
    (message,) = telegram.messages
    return dict(zip(message.sources, message.values, strict=True))
