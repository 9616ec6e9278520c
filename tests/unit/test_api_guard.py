"""Who may ask, and who may change something."""

from __future__ import annotations

import socket

import pytest
from starlette.datastructures import Headers

from api import guard, listening
from parkpulse.errors import ConfigError

PUBLIC = guard.address("https://park.example")
JSON = {"content-type": "application/json"}


def refusal(method: str, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return guard.refusal("http", method, Headers(named), PUBLIC)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080",
        "127.0.0.1",
        "localhost:8080",
        "LOCALHOST",
        "[::1]:8080",
        "127.9.9.9:1",
        "park.example",
        "park.example:443",
    ],
)
def test_own_hosts(host: str) -> None:
    assert refusal("GET", host=host) == ""


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.168.1.4:8080",
        "0.0.0.0:8080",
        "127.0.0.1:port",
        "[::1",
        "evil@127.0.0.1.example",
    ],
)
def test_foreign_hosts(host: str) -> None:
    assert refusal("GET", host=host) == "host_not_allowed"


def test_a_request_without_host() -> None:
    assert refusal("GET") == "host_not_allowed"


@pytest.mark.parametrize(
    ("host", "headers", "expected"),
    [
        ("127.0.0.1:8080", {}, ""),
        ("127.0.0.1:8080", {"origin": "http://127.0.0.1:8080"}, ""),
        ("127.0.0.1:8080", {"origin": "http://127.0.0.1:9090"}, "origin_not_allowed"),
        ("127.0.0.1:8080", {"origin": "http://evil.example"}, "origin_not_allowed"),
        ("127.0.0.1:8080", {"origin": "null"}, "origin_not_allowed"),
        ("127.0.0.1", {"origin": "http://127.0.0.1"}, ""),
        ("127.0.0.1:8080", {"sec_fetch_site": "cross-site"}, "origin_not_allowed"),
        ("127.0.0.1:8080", {"sec_fetch_site": "same-site"}, "origin_not_allowed"),
        ("127.0.0.1:8080", {"sec_fetch_site": "same-origin"}, ""),
        ("park.example", {"origin": "https://park.example"}, ""),
    ],
)
def test_origin_of_a_change(host: str, headers: dict[str, str], expected: str) -> None:
    assert refusal("POST", host=host, **JSON_NAMES, **headers) == expected


JSON_NAMES = {"content_type": "application/json; charset=utf-8"}


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"],
)
def test_a_change_must_be_json(kind: str) -> None:
    host = "127.0.0.1"
    assert refusal("POST", host=host, content_type=kind) == "media_type"
    assert refusal("GET", host=host, content_type=kind) == ""


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104 - must be refused
        ("::", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:  # noqa: FBT001
    assert guard.is_loopback(host) is expected


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_answers_do_not_wait_for_acknowledgements(host: str) -> None:
    with (
        listening.bind(host, 0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1:8080", ""),
        ("[2001:db8::1]:8080", ""),
        ("127.0.0.1:8080", ""),
        ("park.example", ""),
        ("evil.example", "host_not_allowed"),
        ("", "host_not_allowed"),
    ],
)
def test_a_service_that_others_can_reach_has_numbers_too(
    host: str, expected: str
) -> None:
    headers = Headers({"host": host})
    assert guard.refusal("http", "GET", headers, PUBLIC, is_local=False) == expected


def test_an_address_that_this_machine_lacks() -> None:
    with listening.bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"{port} is taken: set PARKPULSE_PORT"):
            listening.bind("127.0.0.1", port)


def test_two_hosts_are_none() -> None:
    """Whatever stands before us may have looked at the other one."""
    given = [(b"host", b"127.0.0.1:8080"), (b"host", b"evil.example")]
    for raw in (given, given[::-1], [given[0]] * 2):
        code = guard.refusal("http", "GET", Headers(raw=raw), PUBLIC)
        assert code == "host_not_allowed"
