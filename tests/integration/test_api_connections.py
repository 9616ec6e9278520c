"""Clients that are endless, slow, or speak something else."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from api import connections, guard
from parkpulse.model.account import Role
from parkpulse.store import users
from parkpulse.store.users import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.plugins.fix_api import Site

_WITHIN_S = 10.0
_PIECE = b"x" * 1000


@contextlib.contextmanager
def connected(site: Site) -> Iterator[socket.socket]:
    port = urlsplit(site.url).port or 0
    with socket.create_connection(("127.0.0.1", port), _WITHIN_S) as connection:
        yield connection


def asked(site: Site, *pieces: bytes | Iterable[bytes]) -> bytes:
    """Send pieces until the server hangs up, and return its answer."""
    with connected(site) as connection:
        with contextlib.suppress(ConnectionError):
            for each in pieces:
                for piece in [each] if isinstance(each, bytes) else each:
                    connection.sendall(piece)
        return rest(connection)


def rest(connection: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            found += piece
    return found


def problem(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    headers = head.decode().lower()
    assert "content-type: application/problem+json" in headers
    assert "connection: close" in headers
    for name, value in guard.HEADERS.items():
        assert f"{name}: {value}".lower() in headers
    found = json.loads(body)
    assert isinstance(found, dict)
    return found


def host(site: Site) -> bytes:
    return b"Host: %b\r\n" % urlsplit(site.url).netloc.encode()


@pytest.mark.parametrize("where", ["address", "header", "headers", "after the body"])
def test_what_never_ends(site: Site, where: str) -> None:
    """Nothing is kept of it beyond a limit; the rest is not even read."""
    endless = (_PIECE for _ in range(100_000))
    headers = (b"x-%d: %b\r\n" % (n, _PIECE) for n in range(100_000))
    path = b"POST /api/v1/login HTTP/1.1\r\n" + host(site)
    chunked = b"transfer-encoding: chunked\r\n\r\n0\r\n"
    pieces = {
        "address": (b"GET /", endless),
        "header": (path, b"x: ", endless),
        "headers": (path, headers),
        "after the body": (path, chunked, headers),
    }
    answer = asked(site, *pieces[where])
    # A client that goes on sending may not get to see it.
    if answer.startswith(b"HTTP/1.1 431"):
        assert problem(answer)["code"] == "head_too_large"
    assert sum(1 for _ in endless) + sum(1 for _ in headers) > 10_000


def test_what_is_a_little_too_long(site: Site) -> None:
    pieces = [b"GET / HTTP/1.1\r\n", host(site), b"x: ", *[_PIECE] * 70]
    found = problem(asked(site, *pieces))
    assert (found["status"], found["code"]) == (431, "head_too_large")
    assert "65536" in found["detail"]


def test_who_says_nothing_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_WITHIN_S", 0.1)
    assert asked(site) == b""
    assert (
        problem(asked(site, b"GET /api/v1/health HTTP/1.1\r\n"))["code"] == "too_slow"
    )
    # What is asked in time is answered, and the next on the same connection, too.
    with connected(site) as connection:
        request = b"GET /api/v1/health HTTP/1.1\r\n" + host(site) + b"\r\n"
        for _ in range(2):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(request[:20])
        assert problem(rest(connection))["code"] == "too_slow"


def test_a_stream_is_not_ended_by_the_waiting_for_a_next_request(
    site: Site, harbour: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert harbour
    monkeypatch.setattr(connections, "HEAD_WITHIN_S", 0.1)
    with site.stream("harbour") as stream:
        stream.next("snapshot")
        stream.next("flow")
        stream.next("flow")


@pytest.mark.parametrize(
    "request_line",
    [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"CONNECT x:80 HTTP/1.1\r\n\r\n"],
)
def test_what_is_no_http(site: Site, request_line: bytes) -> None:
    found = problem(asked(site, request_line))
    assert (found["status"], found["code"]) == (400, "bad_request")


def test_headers_after_a_body_are_none(site: Site) -> None:
    """Or they would count as those of the request, which were looked at before."""
    with site.lab.database.transaction() as conn:
        users.add(conn, "ann", Profile(display_name="Ann", role=Role.ADMIN), "none")
    site.accounts.forget()
    answer = asked(
        site,
        b"GET /api/v1/parks HTTP/1.1\r\nConnection: close\r\n" + host(site),
        b"Transfer-Encoding: chunked\r\n\r\n0\r\nHost: evil.example\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 401")


def test_another_protocol_is_declined_without_a_word(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    answer = site.request(
        "GET", "/api/v1/health", headers={"Connection": "Upgrade", "Upgrade": "h2c"}
    )
    assert answer.status_code == 200
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def test_nothing_is_held_for_strangers(site: Site) -> None:
    """Who is not known is refused before their body has been read."""
    with site.lab.database.transaction() as conn:
        users.add(conn, "ann", Profile(display_name="Ann", role=Role.ADMIN), "none")
    site.accounts.forget()
    with connected(site) as connection:
        connection.sendall(
            b"POST /api/v1/parks/x/readings HTTP/1.1\r\n"
            + host(site)
            + b"Content-Type: application/json\r\nContent-Length: 4000000\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")
