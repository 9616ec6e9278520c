"""Rights by role and scope, waiting after failed logins, names and passwords."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Literal

import pytest

from api.auth import cookies, trail
from parkpulse.errors import InvalidRequestError
from parkpulse.model import account
from parkpulse.model.account import EVERYWHERE, RIGHTS, SCOPES, Right, Role, rights_of


def test_each_role_may_what_those_before_it_may() -> None:
    roles = list(Role)
    for less, more in itertools.pairwise(roles):
        assert RIGHTS[less] < RIGHTS[more]
    assert RIGHTS[Role.ADMIN] == set(Right)


@pytest.mark.parametrize(
    ("right", "role"),
    [
        (Right.READ, Role.VIEWER),
        (Right.OWN, Role.VIEWER),
        (Right.ACKNOWLEDGE, Role.OPERATOR),
        (Right.MAINTAIN, Role.OPERATOR),
        (Right.EDIT_RULES, Role.MANAGER),
        (Right.EDIT_DUTY, Role.MANAGER),
        (Right.REPORT, Role.MANAGER),
        (Right.USERS, Role.ADMIN),
        (Right.CHANNELS, Role.ADMIN),
        (Right.QUARANTINE, Role.ADMIN),
    ],
)
def test_least_roles(right: Right, role: Role) -> None:
    assert account.least_role(right) is role


def test_who_is_limited_to_parks_does_nothing_for_all() -> None:
    for role in Role:
        limited = rights_of(role, is_limited=True)
        assert not limited & EVERYWHERE
        assert limited | EVERYWHERE >= RIGHTS[role]


def test_a_token_has_no_more_than_its_user() -> None:
    viewer = rights_of(Role.VIEWER, is_limited=False, scopes=["admin"])
    assert viewer == {Right.READ}
    reading = rights_of(Role.ADMIN, is_limited=False, scopes=["read"])
    assert reading == {Right.READ, Right.SEE_CHANNELS}
    one = rights_of(Role.OPERATOR, is_limited=False, scopes=["acknowledge"])
    assert one == {Right.READ, Right.ACKNOWLEDGE}
    for name in account.TOKEN_SCOPES:
        rights = rights_of(Role.ADMIN, is_limited=False, scopes=[name])
        assert Right.OWN not in rights
    assert {"read", "write", "admin"} < set(SCOPES)


def test_waiting_after_failures() -> None:
    kinds: tuple[Literal["account", "address"], ...] = ("account", "address")
    for kind in kinds:
        waits = [account.wait_after(kind, count) for count in range(1, 60)]
        assert waits == sorted(waits)
        assert waits[:4] == [timedelta()] * 4
        assert timedelta(minutes=5) <= waits[-1] <= timedelta(minutes=15)
    assert account.wait_after("account", 5) == timedelta(seconds=1)
    assert account.wait_after("account", 8) == timedelta(seconds=8)
    assert account.wait_after("address", 8) == timedelta()
    assert account.wait_after("account", 10**6) == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("Li.Na", "li.na"), (" 李娜 ", "李娜"), ("ＡＢＣ", "abc"), ("a@b.cn", "a@b.cn")],
)
def test_names(given: str, expected: str) -> None:
    assert account.checked_name(given) == expected


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a/b", "a\nb", "a:b", "x" * 65, "<x>"]
)
def test_names_that_nobody_may_have(name: str) -> None:
    with pytest.raises(InvalidRequestError):
        account.checked_name(name)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_short"),
        ("x" * 201, "password_long"),
        ("xx-li.na-2026", "password_is_name"),
        ("XX-LI.NA-2026", "password_is_name"),
        ("an.il-an.il", "password_is_name"),
        ("1234567890", "password_common"),
        ("Password123", "password_common"),
        ("abababababab", "password_common"),
        ("correct horse battery", ""),
        ("一二三四五六七八九十", ""),
    ],
)
def test_passwords(password: str, code: str) -> None:
    if not code:
        account.check_password(password, "li.na")
        return
    with pytest.raises(InvalidRequestError) as caught:
        account.check_password(password, "li.na")
    assert caught.value.code == code


def test_nothing_secret_is_written_down() -> None:
    body = {
        "password": "p",
        "new_password": "p",
        "options": {"secret": "s", "name": "n"},
        "items": [{"aes_key": "k"}, {"token": None}],
        "text": "a\0b\ud800",
    }
    assert trail.redacted(body) == {
        "password": "***",
        "new_password": "***",
        "options": {"secret": "***", "name": "n"},
        "items": [{"aes_key": "***"}, {"token": None}],
        "text": "ab?",
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ""),
        ({"cookie": "parkpulse=abc"}, "abc"),
        ({"cookie": "a=b; parkpulse=abc; c=d"}, "abc"),
        ({"cookie": "xparkpulse=abc"}, ""),
        ({"cookie": "__Host-parkpulse=abc"}, ""),
        ({"authorization": "Bearer pp_x"}, "pp_x"),
        ({"authorization": "Basic eDp5"}, ""),
        ({"cookie": "parkpulse=abc", "authorization": "bearer pp_x"}, "pp_x"),
    ],
)
def test_what_a_request_says_who_it_is(headers: dict[str, str], expected: str) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    sent = [(b"host", b"127.0.0.1:8080"), *sorted(raw)]
    scope = {"scheme": "http", "headers": sent}
    assert cookies.token(scope, "https://park.example") == expected


@pytest.mark.parametrize(
    ("client", "public", "forwarded", "expected"),
    [
        ("127.0.0.1", "https://park.example", "203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "https://park.example", None, "127.0.0.1"),
        ("127.0.0.1", None, "192.0.2.7", "127.0.0.1"),
        ("198.51.100.1", "https://park.example", "192.0.2.7", "198.51.100.1"),
    ],
)
def test_where_a_request_comes_from(
    client: str, public: str | None, forwarded: str | None, expected: str
) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"client": (client, 1234), "headers": headers}
    assert cookies.address(scope, public) == expected
