"""User names, rights and hashes of credentials, without any server."""

from __future__ import annotations

import pytest

from api import guard
from api.cli import _proxies
from parkpulse.errors import ConfigError, InvalidRequestError
from parkpulse.model import credentials
from parkpulse.model.credentials import Grant, Subject


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("park/dev", "park/dev@1"),
        ("a:b/c:d", "a~b/c~d@1"),
        ("gateway:roof", "roof@1"),
        ("service:ingest", "parkpulse-ingest@1"),
    ],
)
def test_user_names(text: str, user: str) -> None:
    subject = credentials.subject(text)
    assert credentials.username(subject, 1) == user
    assert str(subject) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "park", "park/dev/x", "park/+", "park/#", "a/b\nuser x"),
        *("gateway:", "gateway:a b", "gateway:parkpulse-api", "service:mail"),
    ],
)
def test_subjects_that_are_none(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        credentials.subject(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a b", "a\nuser own", "#", "+/x", "a/#/b", "a+", "$SYS/#"),
        *("parkpulse/v1/#", "$share/g/parkpulse/v1/a/b/down"),
    ],
)
def test_topics_that_no_gateway_gets(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        credentials.topic("publish", text)


@pytest.mark.parametrize(
    ("granted", "wanted", "is_in"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/b", "a/+", False),
        ("a/+", "a/#", False),
        ("a/#", "a", True),
        ("a/#", "a/b/#", True),
        ("a/+/c", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("a/b", "$share/g/a/b", True),
        ("a/b", "$share/g/a/c", False),
        ("a/b", "$share/a/b", False),
    ],
)
def test_what_a_filter_covers(granted: str, wanted: str, *, is_in: bool) -> None:
    rights = [Grant("subscribe", granted)]
    assert credentials.allows(rights, "subscribe", wanted) is is_in
    assert not credentials.allows(rights, "publish", wanted)


def test_hashes_are_salted_and_recognise_their_secret() -> None:
    secret = credentials.new_secret()
    one, other = credentials.hashed(secret), credentials.hashed(secret)
    assert one != other
    assert credentials.fits(secret, one)
    assert not credentials.fits(secret + "x", one)
    assert not credentials.fits(secret, "$6$101$x$y")
    assert not credentials.fits(secret, "plain")


def test_the_rights_of_a_user_are_lines_of_their_own() -> None:
    text = credentials.acl_lines("u", credentials.of_service("notify"))
    assert text == "user u\ntopic write parkpulse/v1/+/+/down\n"
    assert Subject("device", "a/b").kind == "device"


@pytest.mark.parametrize(
    ("scheme", "host", "public", "is_lasting"),
    [
        ("https", "park.example", None, True),
        ("http", "park.example", "https://park.example", True),
        ("http", "other.example", "https://park.example", False),
        ("http", "park.example", "http://park.example", False),
        ("https", "localhost:8443", None, False),
        ("https", "127.0.0.1", None, False),
        ("https", "[", None, False),
    ],
)
def test_browsers_are_told_to_stay_with_https(
    scheme: str, host: str, public: str | None, *, is_lasting: bool
) -> None:
    found = guard.lasting(scheme, host, public)
    assert bool(found) is is_lasting


def test_only_named_proxies_are_believed() -> None:
    assert _proxies("")["proxy_headers"] is False
    found = _proxies("192.0.2.1, 2001:db8::/32")
    assert found == {
        "proxy_headers": True,
        "forwarded_allow_ips": ["192.0.2.1", "2001:db8::/32"],
    }
    for wrong in ("*", "proxy.example", "192.0.2.1/8"):
        with pytest.raises(ConfigError, match="PARKPULSE_TRUSTED_PROXIES"):
            _proxies(wrong)
