"""Where webhooks may go."""

from __future__ import annotations

import socket

import pytest

from parkpulse.errors import DeliveryError, InvalidRequestError, PermanentDeliveryError
from parkpulse.notify import guard

PRIVATE = [
    "http://127.0.0.1/",
    "http://127.1.2.3:8080/x",
    "http://10.0.0.1/",
    "http://172.16.5.4/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1/",
    "http://0.0.0.0/",
    "http://224.0.0.1/",
    "http://[::1]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[2002:7f00:1::]/",
]
PUBLIC = ["http://93.184.216.34/", "https://[2606:2800:220:1::1]:8443/hook?x=1"]


@pytest.mark.parametrize("url", [*PRIVATE, "http://localhost/"])
def test_private_addresses_are_refused_unless_allowed(url: str) -> None:
    with pytest.raises(InvalidRequestError, match="WEBHOOK_ALLOW_PRIVATE"):
        guard.validate(url, allow_private=False)
    guard.validate(url, allow_private=True)


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_are_refused_when_sending(url: str) -> None:
    with pytest.raises(DeliveryError, match="WEBHOOK_ALLOW_PRIVATE"):
        guard.resolve(url, allow_private=False)


@pytest.mark.parametrize("url", PUBLIC)
def test_public_addresses_are_open(url: str) -> None:
    guard.validate(url, allow_private=False)
    guard.resolve(url, allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://",
        "http:///x",
        "http://user:password@example.com/",
        "http://user@example.com/",
        "http://example.com/#x",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://[::1/",
        "http://例子.cn/",
        "http://example.com/\r\nX: y",
        "http://example.com/" + 2000 * "x",
    ],
)
def test_unusable_addresses_are_told(url: str) -> None:
    with pytest.raises(InvalidRequestError):
        guard.validate(url, allow_private=True)
    with pytest.raises(PermanentDeliveryError):
        guard.resolve(url, allow_private=True)


def _names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
        for address in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_is_replaced_by_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _names(monkeypatch, "93.184.216.34")
    found = guard.resolve("https://example.com/hook?x=1", allow_private=False)
    assert found.url == "https://93.184.216.34:443/hook?x=1"
    assert found.host == "example.com"
    assert found.name == "example.com"


def test_a_name_with_any_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _names(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(DeliveryError, match="private"):
        guard.resolve("https://example.com/", allow_private=False)


def test_a_name_without_address_may_have_one_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(DeliveryError, match="cannot be resolved") as error:
        guard.resolve("https://example.com/", allow_private=False)
    assert not isinstance(error.value, PermanentDeliveryError)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com", "https://example.com/"),
        ("https://example.com:8443/robot/KEY", "https://example.com:8443/…"),
        ("https://example.com/?access_token=KEY", "https://example.com/…"),
    ],
)
def test_what_is_shown_holds_no_key(url: str, shown: str) -> None:
    assert guard.masked(url) == shown
