"""Generic webhooks by Standard Webhooks 1.0.0: the whole message, signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.notify import signing
from parkpulse.notify.platforms.contract import Post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.notify.platforms.contract import Answer, Judgement, Task


class Webhook:
    """Any receiver of signed HTTP requests."""

    windows: Sequence[tuple[int, float]] = ()

    def compose(self, task: Task) -> Post:
        """Sign the body with the id, which is the same over all attempts."""
        body = task.body.encode()
        signed = signing.headers(
            task.credentials.secret, task.id, int(task.now.timestamp()), body
        )
        return Post(task.credentials.url, body, signed)

    def judge(self, answer: Answer) -> Judgement | None:  # noqa: ARG002 - by contract
        """Take the status as the whole answer."""
        return None
