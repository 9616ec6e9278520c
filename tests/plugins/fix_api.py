"""The API in a real server on loopback, over the lab's database.

site    Site: `request`, `get`, `items`, `problem`, `stream` on `url`; `lab`, `page`
        (folder of the built page), `context` of the application; `start` and `stop`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
import uvicorn

from api import app
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from api.context import Context
    from tests.plugins.fix_engine import Lab

_WITHIN_S = 20.0


class Event(NamedTuple):
    """One event of a stream."""

    id: int
    kind: str
    data: Any


class Stream:
    """Events of an open stream, one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.ids: list[int] = []
        self._lines = response.iter_lines()

    def next(self, *kinds: str) -> Event:
        """Wait for the next event of one of these kinds."""
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line and name:
                fields[name] = value
            if line or "event" not in fields:
                continue
            event = Event(
                int(fields["id"]), fields["event"], json.loads(fields["data"])
            )
            self.ids.append(event.id)
            fields = {}
            if event.kind in kinds:
                return event
        message = "the stream has ended"
        raise AssertionError(message)


@dataclass
class Site:
    """One API process's worth of application, in a thread."""

    lab: Lab
    page: Path
    public_url: str | None = None
    url: str = ""
    context: Context = field(init=False)
    _server: uvicorn.Server = field(init=False)
    _thread: threading.Thread = field(init=False)

    def start(self) -> None:
        application = app.create(
            self.lab.database, self.page, "http://park.example", self.public_url
        )
        self.context = application.state.context
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            application, ws="none", log_config=None, access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), daemon=True
        )
        self._thread.start()
        wait_until(self._follows, _WITHIN_S)

    def _follows(self) -> bool:
        assert self._thread.is_alive()
        return self._server.started and self.context.follower.is_following

    def stop(self) -> None:
        self.context.hub.close()
        self._server.should_exit = True
        self._thread.join()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        return httpx.request(method, self.url + path, timeout=20, **options)

    def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 - any JSON
        answer = self.request("GET", f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        found = self.get(path, **query)["items"]
        assert isinstance(found, list)
        return found

    def problem(self, path: str, status: int, **query: Any) -> dict[str, Any]:  # noqa: ANN401
        answer = self.request("GET", f"/api/v1{path}", params=query)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        found = answer.json()
        assert isinstance(found, dict)
        assert found["status"] == status
        return found

    @contextlib.contextmanager
    def stream(self, park: str, **headers: str) -> Iterator[Stream]:
        path = f"{self.url}/api/v1/parks/{park}/stream"
        with httpx.stream("GET", path, headers=headers, timeout=20) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield Stream(response)


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Iterator[Site]:
    running = Site(lab, tmp_path / "dist")
    running.start()
    yield running
    running.stop()
