"""Sends one message over HTTP."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

import httpx

from parkpulse.errors import DeliveryError, PermanentDeliveryError
from parkpulse.notify import guard, signing
from parkpulse.notify.schedule import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 15.0
"""Longest that an attempt takes. [s]"""
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_MOST_READ = 65_536
_LONGEST_ERROR = 300


class Letter(NamedTuple):
    """What is sent where."""

    id: str
    url: str
    secret: str
    body: bytes


class Sender:
    """Posts letters; may be used by several threads at once.

    Parameters
    ----------
    allow_private
        Whether letters may go to private and loopback addresses.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        # The proxy of the environment would undo the pinned address.
        self._client = httpx.Client(
            timeout=_TIMEOUT, follow_redirects=False, trust_env=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, letter: Letter) -> Outcome:
        """Post a letter; every failure is an outcome."""
        begun = time.monotonic()
        try:
            status, retry_after_s = self._post(letter)
        except PermanentDeliveryError as error:
            return Outcome(None, str(error), None, _ms_since(begun), hopeless=True)
        except (DeliveryError, httpx.HTTPError) as error:
            return Outcome(None, _words(error), None, _ms_since(begun))
        return Outcome(status, None, retry_after_s, _ms_since(begun))

    def _post(self, letter: Letter) -> tuple[int, float | None]:
        where = guard.resolve(letter.url, allow_private=self._allow_private)
        signed = signing.headers(
            letter.secret, letter.id, int(time.time()), letter.body
        )
        headers = {
            "host": where.host,
            "content-type": "application/json",
            "user-agent": "Parkpulse",
            **signed,
        }
        with self._client.stream(
            "POST",
            where.url,
            content=letter.body,
            headers=headers,
            extensions={"sni_hostname": where.name},
        ) as response:
            _drain(response)
            return response.status_code, _retry_after_s(response.headers)


def _drain(response: httpx.Response) -> None:
    """Read a little of the body, so that the connection can be used again."""
    deadline = time.monotonic() + TIMEOUT_S
    read = 0
    for chunk in response.iter_raw():
        read += len(chunk)
        if read > _MOST_READ or time.monotonic() > deadline:
            return


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    given = headers.get("retry-after", "").strip()
    if given.isdecimal():
        return float(given)
    try:
        when = parsedate_to_datetime(given)
    except ValueError:
        return None
    zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (zoned - datetime.now(UTC)).total_seconds())


def _ms_since(begun: float) -> float:
    return (time.monotonic() - begun) * 1000.0


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:_LONGEST_ERROR]
