"""Sends one message over HTTP."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

import httpx

from parkpulse.errors import DeliveryError, PermanentDeliveryError
from parkpulse.notify import guard, signing
from parkpulse.notify.deadline import Deadline
from parkpulse.notify.schedule import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT_S = 15.0
"""Longest that an attempt takes. [s]"""
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_MOST_READ = 4096
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
    timeout_s
        Longest that an attempt takes. [s]
    """

    def __init__(self, *, allow_private: bool, timeout_s: float = TIMEOUT_S) -> None:
        self._allow_private = allow_private
        self._timeout_s = timeout_s
        self._under_way: set[Deadline] = set()
        # The proxy of the environment would undo the pinned address. A connection is
        # used once: two names may share an address, but not a certificate.
        self._client = httpx.Client(
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def cut_off(self) -> None:
        """End all attempts that are under way."""
        for deadline in list(self._under_way):
            deadline.cut()

    def send(self, letter: Letter) -> Outcome:
        """Post a letter; every failure is an outcome."""
        begun = time.monotonic()
        deadline = Deadline(self._timeout_s)
        try:
            with self._listed(deadline):
                status, error, asked_s = self._post(letter, deadline)
        except PermanentDeliveryError as error_:
            return Outcome(None, str(error_), None, _ms_since(begun), hopeless=True)
        except (DeliveryError, httpx.HTTPError, httpx.InvalidURL) as error_:
            words = deadline.words() if deadline.has_passed else _words(error_)
            return Outcome(None, words, None, _ms_since(begun))
        return Outcome(status, error, asked_s, _ms_since(begun))

    @contextlib.contextmanager
    def _listed(self, deadline: Deadline) -> Iterator[None]:
        self._under_way.add(deadline)
        try:
            yield
        finally:
            self._under_way.discard(deadline)

    def _post(
        self, letter: Letter, deadline: Deadline
    ) -> tuple[int, str | None, float | None]:
        where = guard.resolve(letter.url, allow_private=self._allow_private)
        signed = signing.headers(
            letter.secret, letter.id, int(time.time()), letter.body
        )
        headers = {
            "host": where.host,
            "content-type": "application/json",
            "user-agent": "Parkpulse",
            "accept-encoding": "identity",
            **signed,
        }
        with (
            deadline.kept(),
            self._client.stream(
                "POST",
                where.url,
                content=letter.body,
                headers=headers,
                extensions={"sni_hostname": where.name, "trace": deadline.watch},
            ) as response,
        ):
            error = None if response.is_success else _excerpt(response)
            return response.status_code, error, _retry_after_s(response.headers)


def _excerpt(response: httpx.Response) -> str | None:
    """Return the beginning of what a receiver says about its refusal."""
    found = b""
    with contextlib.suppress(httpx.HTTPError):
        for chunk in response.iter_raw():
            found += chunk
            if len(found) >= _MOST_READ:
                break
    text = found[:_MOST_READ].decode(errors="replace")
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())[:_LONGEST_ERROR] or None


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
