"""What every kind of channel does: compose a letter, and judge the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from parkpulse.model.alert import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

Language = Literal["zh", "en"]
Verdict = Literal["accepted", "limited", "later", "refused", "permanent"]
"""`limited`: leave the channel alone for a while; `later`: try this message again;
`refused`: believed after three attempts; `permanent`: give up at once."""


class Credentials(Struct, frozen=True):
    """The secret part of a channel: where it is and what it is signed with."""

    url: str
    secret: str = ""
    """Key of the signature; password of the mail server."""
    user: str = ""


class Options(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The part of a channel that anybody may see."""

    language: Language = "zh"
    mention_mobiles: tuple[str, ...] = ()
    mention_users: tuple[str, ...] = ()
    """Ids of the platform: WeCom userid, DingTalk userId, Feishu open_id or user_id."""
    mention_from: Severity = "high"
    """Least severity for which people are mentioned."""
    sender: str = ""
    """Address that mail comes from."""
    recipients: tuple[str, ...] = ()
    acknowledge_link: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer means, with the words for the delivery log."""

    verdict: Verdict
    words: str | None = None
    wait_s: float | None = None
    """How long a limit lasts. [s]"""


@dataclass(frozen=True, slots=True)
class Post:
    """One HTTP request."""

    url: str = field(repr=False)
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is told, in one language, before any platform's markup."""

    title: str
    lines: Sequence[str]
    severity: Severity
    is_alarm: bool
    """Whether somebody should act: else it is good news or a note."""
    links: Sequence[tuple[str, str]] = ()
    """(words, address)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Everything that a letter is made from; no clock is read."""

    id: str
    card: Card
    body: str
    """JSON of the message; for programs."""
    credentials: Credentials = field(repr=False)
    options: Options
    now: datetime


class Robot(Protocol):
    """A group robot of a chat platform, or a webhook."""

    windows: Sequence[tuple[int, float]]
    """At most so many messages in so many seconds."""

    def compose(self, task: Task) -> Post:
        """Make the request."""
        ...

    def judge(self, answer: Answer) -> Judgement | None:
        """Read an answer of status 200; None when the status says it all."""
        ...
