"""Answers that many ask for, encoded and compressed once and kept for half a second.

An answer is made anew as soon as what it shows has changed: as the database notifies
this process of it, or as a request to this process changes anything. The half second is
for all else that may show in it: clocks, names, what is written by hand.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from starlette.concurrency import run_in_threadpool

from api import answers
from api.answers import Body
from api.methods import CHANGING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    Build = Callable[[], object]

LASTS_S = 0.5
"""Longest time that an answer is given again. [s]"""
MOST_BYTES = 64 * 1024 * 1024
"""Of all answers that are kept. [B]"""
MOST_ANSWERS = 2000
Topic = Literal["alerts", "kpis", "registry"]
"""What the database notifies of."""
_Key = tuple[str, bytes]
TOPICS: tuple[Topic, ...] = get_args(Topic)
_PATHS = ("/api/", "/a/")


class Tagged(NamedTuple):
    """A value with an ETag of its own."""

    value: object
    tag: str


class _Entry(NamedTuple):
    made: asyncio.Task[Body]
    change: object
    until_s: float


class Kept:
    """Keeps answers by address.

    Parameters
    ----------
    lasts_s
        Longest time that an answer is given again. [s]
    """

    def __init__(self, lasts_s: float = LASTS_S) -> None:
        self._lasts_s = lasts_s
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._bytes = 0
        self._changes: Counter[Topic] = Counter()
        self._lock = threading.Lock()

    def expect_change(self, *topics: Topic) -> None:
        """Make what shows these anew (without any: everything); from any thread."""
        with self._lock:
            self._changes.update(topics or TOPICS)

    async def give(
        self,
        request: Request,
        build: Build,
        *topics: Topic,
        change: object = 0,
        lasts_s: float | None = None,
    ) -> Response:
        """Answer from what is kept, or from what `build` returns.

        Everybody who asks while it is made waits for the same.

        Parameters
        ----------
        request
            Its path and query name the answer.
        build
            Makes the value, or a `Tagged` one, in a thread.
        topics
            What shows in it.
        change
            Differs when something else that shows in it has changed.
        lasts_s
            Longest time that it is given again, if another than usual. [s]
        """
        key = request.scope["path"], request.scope["query_string"]
        current = ([self._changes[topic] for topic in topics], change)
        entry = self._entries.get(key)
        if entry is None or not _holds(entry, current):
            lasts = self._lasts_s if lasts_s is None else lasts_s
            made = asyncio.create_task(run_in_threadpool(_make, build))
            entry = _Entry(made, current, time.monotonic() + lasts)
            self._put(key, entry)
        # Whoever goes away must not take the answer from those who wait for it.
        body = await asyncio.shield(entry.made)
        return body.respond(request)

    def _put(self, key: _Key, entry: _Entry) -> None:
        self._forget(key)
        self._entries[key] = entry
        entry.made.add_done_callback(lambda made: self._weigh(key, made))

    def _weigh(self, key: _Key, made: asyncio.Task[Body]) -> None:
        entry = self._entries.get(key)
        if entry is None or entry.made is not made:
            return
        if made.cancelled() or made.exception() is not None:
            del self._entries[key]
            return
        self._bytes += made.result().size
        while self._bytes > MOST_BYTES or len(self._entries) > MOST_ANSWERS:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: _Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None or not entry.made.done() or entry.made.cancelled():
            return
        if entry.made.exception() is None:
            self._bytes -= entry.made.result().size


def _holds(entry: _Entry, current: object) -> bool:
    is_made = entry.made.done()
    return entry.change == current and (not is_made or entry.until_s > time.monotonic())


def _make(build: Build) -> Body:
    made = build()
    value, tag = made if isinstance(made, Tagged) else (made, "")
    return answers.body(value, tag)


class Changes:
    """Has every kept answer made anew before a change is answered.

    Parameters
    ----------
    app
        What answers the request.
    kept
        The answers.
    """

    def __init__(self, app: ASGIApp, kept: Kept) -> None:
        self._app = app
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not _changes(scope):
            await self._app(scope, receive, send)
            return

        async def send_after(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._kept.expect_change()
            await send(message)

        await self._app(scope, receive, send_after)


def _changes(scope: Scope) -> bool:
    """Whether a request may change what answers show; pushed readings do not."""
    return scope["method"] in CHANGING and scope["path"].startswith(_PATHS)
