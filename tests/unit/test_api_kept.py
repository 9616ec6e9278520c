"""Answers that are kept: made once for all who ask, anew after a change."""

from __future__ import annotations

import asyncio
import gzip
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from starlette.requests import Request

from api import kept
from api.kept import Changes, Kept, Tagged
from parkpulse.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import Message, Receive, Scope, Send

LONG_S = 3600.0


def asking(path: str = "/parks", **headers: str) -> Request:
    named = [(key.encode(), value.encode()) for key, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "query_string": b"",
            "server": ("127.0.0.1", 80),
            "headers": [(key.replace(b"_", b"-"), value) for key, value in named],
        }
    )


class Counting:
    """Counts how often an answer is made."""

    def __init__(self) -> None:
        self.made = 0
        self.lock = threading.Lock()

    def __call__(self) -> dict[str, Any]:
        with self.lock:
            self.made += 1
        return {"made": self.made, "padding": "x" * 2000}


def give(answers: Kept, build: Callable[[], object], **headers: str) -> Response:
    return asyncio.run(answers.give(asking(**headers), build, "alerts"))


def body(response: Response) -> Any:  # noqa: ANN401 - any JSON
    return msgspec.json.decode(bytes(response.body))


def test_all_who_ask_at_once_get_the_same() -> None:
    answers, build = Kept(LONG_S), Counting()

    async def many() -> list[Response]:
        return list(
            await asyncio.gather(
                *(answers.give(asking(), build, "alerts") for _ in range(20))
            )
        )

    assert {body(each)["made"] for each in asyncio.run(many())} == {1}
    assert build.made == 1


def test_a_change_of_what_it_shows_makes_it_anew() -> None:
    answers, build = Kept(LONG_S), Counting()

    async def steps() -> None:
        async def made() -> int:
            found = await answers.give(asking(), build, "alerts", change=steps_taken)
            return int(body(found)["made"])

        steps_taken = 0
        assert (await made(), await made()) == (1, 1)
        answers.expect_change("kpis")
        assert await made() == 1
        answers.expect_change("alerts")
        assert await made() == 2
        answers.expect_change()
        assert await made() == 3
        steps_taken = 1
        assert await made() == 4

    asyncio.run(steps())


def test_nothing_is_kept_beyond_its_time() -> None:
    answers, build = Kept(0.0), Counting()
    assert body(give(answers, build))["made"] == 1
    assert body(give(answers, build))["made"] == 2


def test_compressed_tagged_and_unchanged() -> None:
    plain = give(Kept(), Counting())
    packed = give(Kept(), Counting(), accept_encoding="br, gzip")
    assert gzip.decompress(bytes(packed.body)) == bytes(plain.body)
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] == packed.headers["etag"]
    again = give(Kept(), Counting(), if_none_match=plain.headers["etag"])
    assert (again.status_code, bytes(again.body)) == (304, b"")
    own = give(Kept(), lambda: Tagged({"items": []}, 'W/"7"'))
    assert own.headers["etag"] == 'W/"7"'


def test_a_failure_is_told_and_not_kept() -> None:
    answers, build = Kept(LONG_S), Counting()

    def fail() -> object:
        kind = "park"
        raise NotFoundError(kind, "nowhere")

    async def steps() -> None:
        with pytest.raises(NotFoundError):
            await answers.give(asking(), fail, "alerts")
        assert body(await answers.give(asking(), build, "alerts"))["made"] == 1

    asyncio.run(steps())


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_ANSWERS", 3)
    answers, build = Kept(LONG_S), Counting()

    async def steps() -> None:
        for path in ("/a", "/b", "/c", "/d"):
            await answers.give(asking(path), build)
            await asyncio.sleep(0)
        assert body(await answers.give(asking("/d"), build))["made"] == 4
        assert body(await answers.give(asking("/a"), build))["made"] == 5

    asyncio.run(steps())


def test_who_changes_something_sees_it_at_once() -> None:
    answers, build = Kept(LONG_S), Counting()

    async def change(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def steps() -> None:
        seen: list[int] = []

        async def send(_: Message) -> None:
            # The answer to the change is on its way.
            found = await answers.give(asking(), build, "alerts")
            seen.append(body(found)["made"])

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        await answers.give(asking(), build, "alerts")
        app = Changes(change, answers)
        for method, path in (
            ("GET", "/api/v1/rules"),
            ("POST", "/push/ctwing/x"),
            ("POST", "/api/v1/rules"),
        ):
            request = {"type": "http", "method": method, "path": path}
            await app(request, receive, send)
        assert seen == [1, 1, 2]

    asyncio.run(steps())
