"""Signatures against the scheme's published example and its own library."""

from __future__ import annotations

import base64
import time

import pytest
from standardwebhooks import Webhook

from parkpulse.errors import ConfigError
from parkpulse.notify import signing


def test_the_published_example() -> None:
    found = signing.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert found == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_receiver_s_library_accepts_what_is_signed_with_a_new_secret() -> None:

    secret = signing.new_secret()
    body = '{"type":"alert.raised","data":{"zh":"告警"}}'.encode()
    headers = signing.headers(secret, "one", int(time.time()), body)
    assert Webhook(secret).verify(body, headers)["type"] == "alert.raised"


def test_secrets_are_long_and_never_the_same() -> None:
    one, other = signing.new_secret(), signing.new_secret()
    assert one != other
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32


def test_a_damaged_secret_is_told() -> None:
    with pytest.raises(ConfigError):
        signing.headers("whsec_?", "one", 0, b"{}")
