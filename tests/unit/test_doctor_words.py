"""What the doctor says of a broken installation names the cause and what to do."""

from __future__ import annotations

import http.server
import os
import socketserver
import threading
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from parkpulse.services.doctor import machine, service

if TYPE_CHECKING:
    from pathlib import Path

AT = 'connection failed: connection to server at "db", port 5432 failed: '


@pytest.mark.parametrize(
    ("reason", "text", "remedy"),
    [
        (
            AT + 'FATAL: password authentication failed for user "p"',
            'refuses the login (password authentication failed for user "p")',
            "correct user and password",
        ),
        (
            AT + 'FATAL: database "x" does not exist',
            'has no such database (database "x" does not exist)',
            "create it",
        ),
        (
            AT + "FATAL: sorry, too many clients already",
            "has no connection left",
            "raise max_connections",
        ),
        (
            "failed to resolve host 'x': [Errno -2] Name or service not known",
            "at a host that nobody knows",
            "correct the host",
        ),
        (AT + "Connection refused", "does not answer (", "start that server"),
    ],
)
def test_why_the_database_is_away(reason: str, text: str, remedy: str) -> None:
    found = service.away(reason)
    assert found.state == "fail"
    assert text in found.text
    assert remedy in found.remedy


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    found = service.away('missing "=" after "me:hidden@db" in connection info string')
    assert "hidden" not in found.text
    assert "postgresql://user:password@host:port/name" in found.remedy


def test_a_home_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.home(tmp_path).state == "ok"
    assert "is not there yet" in machine.home(tmp_path / "a" / "b").text
    (tmp_path / "file").write_text("")
    assert "is no folder" in machine.home(tmp_path / "file" / "home").text
    # Tests may run as root, to whom nothing is closed.
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = machine.home(tmp_path / "a" / "b")
    assert found.text == f"{tmp_path} cannot be written to"


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":"alive","version":"1"}')

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.mark.parametrize(
    ("handler", "state"),
    [(_Page, "ok"), (http.server.BaseHTTPRequestHandler, "fail")],
)
def test_whose_page_has_the_port(
    handler: type[http.server.BaseHTTPRequestHandler], state: str, tmp_path: Path
) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        number = server.server_address[1]
        found = machine.port("page port", number, "PARKPULSE_PORT", tmp_path, "up.lock")
        server.shutdown()
    assert found.state == state


def test_a_page_that_is_not_built(tmp_path: Path) -> None:
    assert "make page" in machine.page(tmp_path).remedy
    (tmp_path / "index.html").write_text("<!doctype html>")
    assert machine.page(tmp_path).state == "ok"
