"""Log lines of all processes: plain text, or one JSON value each."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter
from typing_extensions import override

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Of the HTTP request that is being answered; empty outside of one."""
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_VISIBLE = {
    code: f"\\u{code:04x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)
}
"""Control characters, and what is written in their place."""
_RENAMED = {"asctime": "time", "levelname": "level", "name": "logger"}


class _Request(logging.Filter):
    """Gives each line the request that it belongs to."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        found = REQUEST_ID.get()
        if found:
            record.request_id = found
        return True


class _Text(logging.Formatter):
    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        # What others send must neither look like a line of ours nor move the cursor.
        return super().formatMessage(record).translate(_VISIBLE)

    @override
    def format(self, record: logging.LogRecord) -> str:
        line, *trace = super().format(record).split("\n")
        found = getattr(record, "request_id", "")
        head = f"{line} request_id={found}" if found else line
        return "\n".join([head, *(f"  {each.translate(_VISIBLE)}" for each in trace)])


def formatter(style: str) -> logging.Formatter:
    """Make what writes the lines.

    Parameters
    ----------
    style
        `text`, or `json`: keys `time`, `level`, `logger`, `message`, and where it
        applies `request_id` and `exc_info`.
    """
    if style == "json":
        return JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields=_RENAMED,
            json_ensure_ascii=False,
        )
    return _Text(_TEXT)


def handler(style: str, stream: TextIO | None = None) -> logging.Handler:
    """Make what writes lines to a stream, by default to standard error."""
    made = logging.StreamHandler(stream)
    made.setFormatter(formatter(style))
    made.addFilter(_Request())
    return made


def configure(level: str, style: str) -> None:
    """Write log lines to standard error.

    Parameters
    ----------
    level
        `debug`, `info`, `warning` or `error`.
    style
        `text` or `json`.
    """
    logging.basicConfig(level=level.upper(), handlers=[handler(style)])
