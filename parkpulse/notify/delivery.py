"""Sends one message: over HTTP, or as mail."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from parkpulse.errors import DeliveryError, PermanentDeliveryError
from parkpulse.notify import guard
from parkpulse.notify.deadline import Deadline
from parkpulse.notify.platforms import email
from parkpulse.notify.platforms.contract import Answer
from parkpulse.notify.schedule import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import EmailMessage

    from parkpulse.notify.platforms.contract import Credentials, Post, Robot

TIMEOUT_S = 15.0
"""Longest that an attempt takes. [s]"""
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_MOST_READ = 4096
_LONGEST_ERROR = 300


class Sender:
    """Posts letters; may be used by several threads at once.

    Parameters
    ----------
    allow_private
        Whether letters may go to private and loopback addresses.
    timeout_s
        Longest that an attempt takes. [s]
    tls
        How mail servers' certificates are checked; by the system's authorities.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._tls = tls or ssl.create_default_context()
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

    def post(self, letter: Post, robot: Robot) -> Outcome:
        """Post a letter; every failure is an outcome."""
        begun = time.monotonic()
        deadline = Deadline(self._timeout_s)
        try:
            with self._listed(deadline):
                return self._posted(letter, robot, deadline, begun)
        except PermanentDeliveryError as error:
            return Outcome(None, str(error), None, _ms_since(begun), hopeless=True)
        except (DeliveryError, httpx.HTTPError, httpx.InvalidURL) as error:
            words = deadline.words() if deadline.has_passed else _words(error)
            return Outcome(None, words, None, _ms_since(begun))

    def mail(self, mail: EmailMessage, credentials: Credentials) -> Outcome:
        """Hand a mail over; every failure is an outcome."""
        begun = time.monotonic()
        deadline = Deadline(self._timeout_s)
        try:
            with self._listed(deadline), deadline.kept():
                self._hand_over(mail, credentials, deadline)
        except DeliveryError as error:
            hopeless = isinstance(error, PermanentDeliveryError)
            return Outcome(None, str(error), None, _ms_since(begun), hopeless=hopeless)
        except (smtplib.SMTPException, OSError) as error:
            words = deadline.words() if deadline.has_passed else _words(error)
            judged = email.judge(error)
            verdict = None if judged is None else judged.verdict
            return Outcome(None, words, None, _ms_since(begun), verdict=verdict)
        return Outcome(None, None, None, _ms_since(begun), verdict="accepted")

    def _hand_over(
        self, mail: EmailMessage, credentials: Credentials, deadline: Deadline
    ) -> None:
        address = guard.address(credentials.url, allow_private=self._allow_private)
        email.send(mail, credentials, address, self._tls, deadline)

    @contextlib.contextmanager
    def _listed(self, deadline: Deadline) -> Iterator[None]:
        self._under_way.add(deadline)
        try:
            yield
        finally:
            self._under_way.discard(deadline)

    def _posted(
        self, letter: Post, robot: Robot, deadline: Deadline, begun: float
    ) -> Outcome:
        where = guard.resolve(letter.url, allow_private=self._allow_private)
        headers = {
            "host": where.host,
            "content-type": "application/json",
            "user-agent": "Parkpulse",
            "accept-encoding": "identity",
            **letter.headers,
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
            return _outcome(response, robot, begun)


def _outcome(response: httpx.Response, robot: Robot, begun: float) -> Outcome:
    status = response.status_code
    asked_s = _retry_after_s(response.headers)
    if not response.is_success:
        return Outcome(status, _excerpt(response), asked_s, _ms_since(begun))
    judged = robot.judge(Answer(status, _beginning(response)))
    if judged is None:
        return Outcome(status, None, asked_s, _ms_since(begun))
    return Outcome(
        status,
        judged.words,
        asked_s if asked_s is not None else judged.wait_s,
        _ms_since(begun),
        verdict=judged.verdict,
    )


def _excerpt(response: httpx.Response) -> str | None:
    """Return the beginning of what a receiver says about its refusal."""
    text = _beginning(response).decode(errors="replace")
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())[:_LONGEST_ERROR] or None


def _beginning(response: httpx.Response) -> bytes:
    found = b""
    with contextlib.suppress(httpx.HTTPError):
        for chunk in response.iter_raw():
            found += chunk
            if len(found) >= _MOST_READ:
                break
    return found[:_MOST_READ]


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
