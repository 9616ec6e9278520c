"""Log lines as text and as JSON, and the ids of requests in them."""

from __future__ import annotations

import io
import json
import logging
from contextvars import copy_context
from typing import TYPE_CHECKING

import pytest

from api import request_ids
from parkpulse import logs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("tests.logs")
    made.setLevel(logging.INFO)
    made.propagate = False
    yield made
    made.handlers.clear()


def _lines(logger: logging.Logger, style: str) -> list[str]:
    output = io.StringIO()
    logger.addHandler(logs.handler(style, output))
    logger.info("stored count=%d 园区", 7)
    logger.debug("too much")

    def within() -> None:
        logs.REQUEST_ID.set("abc")
        logger.error("failed")

    copy_context().run(within)
    return output.getvalue().splitlines()


def test_text(logger: logging.Logger) -> None:
    first, second = _lines(logger, "text")
    assert first.endswith(" INFO tests.logs: stored count=7 园区")
    assert second.endswith(" ERROR tests.logs: failed request_id=abc")


def test_json(logger: logging.Logger) -> None:
    first, second = map(json.loads, _lines(logger, "json"))
    assert set(first) == {"time", "level", "logger", "message"}
    assert (first["level"], first["message"]) == ("INFO", "stored count=7 园区")
    assert (second["logger"], second["request_id"]) == ("tests.logs", "abc")


def test_what_others_send_looks_like_no_line_of_ours(logger: logging.Logger) -> None:
    output = io.StringIO()
    logger.addHandler(logs.handler("text", output))
    given = "x\n2026-03-10 12:00:00,000 ERROR forged\x1b[2J\u2028\x85\x7f园区"
    logger.warning("a topic %s came", given)
    try:
        raise ValueError(given)  # noqa: TRY301 - as it is logged
    except ValueError:
        logger.exception("failed")
    first, *others = output.getvalue().splitlines()
    shown = (
        r"x\u000a2026-03-10 12:00:00,000 ERROR forged\u001b[2J\u2028\u0085\u007f园区"
    )
    assert first.endswith(f"a topic {shown} came")
    assert others[0].endswith("ERROR tests.logs: failed")
    assert others[1] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") for line in others[1:])
    assert "forged" in others[-1]


def test_only_plain_ids_are_taken_over() -> None:
    assert request_ids.chosen(b"trace-1.2_3") == b"trace-1.2_3"
    for given in (b"", b"a b", b"a\nb", b"x" * 65, "号".encode()):
        made = request_ids.chosen(given)
        assert made != given
        assert request_ids.chosen(made) == made
