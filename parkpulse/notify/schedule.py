"""Decides what follows from an attempt to deliver a message.

After the n-th failure in a row the next attempt comes 2^(n-1) s later, at most 300 s,
less up to a half by chance; a longer Retry-After is kept, up to an hour. Attempts go on
for three days.

A receiver that cannot be reached, or answers 429, 502, 503 or 504, is left alone as a
whole: the failures are counted on the channel, one message at a time asks whether it is
back, and then everything that waited goes out. So after any outage nothing waits longer
than five minutes. Any other failure is the message's own and holds up no other alert:
408, 409, 425 and 5xx are tried again for as long, other answers but 2xx are given up
after three attempts. 410 switches the channel off.

Chat platforms answer 200 and say in the body what they mean; that verdict then counts.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from parkpulse.notify.platforms.contract import Verdict

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
LONGEST_ASKED_S = 3600.0
"""A receiver may ask for at most this pause. [s]"""
GIVE_UP_AFTER_S = 3 * 86_400.0
"""A message that cannot be delivered for so long is given up. [s]"""
REFUSALS = 3
"""A receiver that answers and refuses is believed after so many attempts."""
_AWAY = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_LATER = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_EARLY,
}


class Step(enum.Enum):
    """What to do with the message next."""

    DELIVERED = "delivered"
    RETRY = "retry"
    """Try this message again after the pause."""
    PAUSE = "pause"
    """The receiver is away or busy: leave its other messages alone as well."""
    DEAD = "dead"
    GONE = "gone"
    """The receiver wants nothing more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; no status when there was no answer."""

    status: int | None
    error: str | None
    retry_after_s: float | None
    duration_ms: float
    hopeless: bool = False
    """Whether it was not even tried, for a reason that will not go away."""
    verdict: Verdict | None = None
    """What the body of the answer says; None where the status says it all."""


def backoff_s(failures: int, random: Random) -> float:
    """Pause before the next attempt after so many failures in a row. [s].

    Doubles from one second to five minutes, with jitter of a half: a receiver that was
    down for an hour waits at most five minutes more.
    """
    full = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 20))
    return full * random.uniform(0.5, 1.0)


def step(outcome: Outcome, attempts: int, age_s: float) -> Step:
    """Decide by the answer, the attempts made and the message's age [s]."""
    if outcome.verdict is not None:
        return _judged(outcome.verdict, attempts, age_s)
    return _by_status(outcome, attempts, age_s)


def _by_status(outcome: Outcome, attempts: int, age_s: float) -> Step:
    status = outcome.status
    if status is not None and status // 100 == 2:  # noqa: PLR2004 - HTTP success
        return Step.DELIVERED
    if outcome.hopeless:
        return Step.DEAD
    if status == HTTPStatus.GONE:
        return Step.GONE
    if age_s > GIVE_UP_AFTER_S:
        return Step.DEAD
    if status is None or status in _AWAY:
        return Step.PAUSE
    may_pass = status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Step.RETRY if may_pass or attempts < REFUSALS else Step.DEAD


def _judged(verdict: Verdict, attempts: int, age_s: float) -> Step:
    if verdict == "accepted":
        return Step.DELIVERED
    if verdict == "permanent" or age_s > GIVE_UP_AFTER_S:
        return Step.DEAD
    if verdict == "refused":
        return Step.RETRY if attempts < REFUSALS else Step.DEAD
    return Step.PAUSE if verdict == "limited" else Step.RETRY


def pause_s(outcome: Outcome, failures: int, random: Random) -> float:
    """How long to wait; what the receiver asks for counts, within reason. [s]."""
    backoff = backoff_s(failures, random)
    asked = outcome.retry_after_s
    return backoff if asked is None else max(backoff, min(asked, LONGEST_ASKED_S))
