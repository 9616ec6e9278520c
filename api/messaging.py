"""What the API needs to set channels up, to test them, and to read signed links."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from parkpulse.notify import links
from parkpulse.notify.delivery import Sender
from parkpulse.notify.dispatch import Dispatcher
from parkpulse.notify.vault import Vault


@dataclass(frozen=True, slots=True)
class Messaging:
    """Seals secrets, sends test messages, knows the key of links.

    Parameters
    ----------
    vault
        Seals the channels' secrets.
    page_url
        Address of the page in messages.
    allow_private
        Whether messages may go to private and loopback addresses.
    """

    vault: Vault = field(repr=False)
    page_url: str
    allow_private: bool
    sender: Sender = field(init=False, repr=False)
    dispatcher: Dispatcher = field(init=False, repr=False)
    link_key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make what the rest is done with."""
        sender = Sender(allow_private=self.allow_private)
        object.__setattr__(self, "sender", sender)
        made = Dispatcher(self.vault, sender, self.page_url)
        object.__setattr__(self, "dispatcher", made)
        object.__setattr__(self, "link_key", self.vault.derive(links.PURPOSE))


async def _of_request(request: Request) -> Messaging:
    messaging: Messaging = request.app.state.messaging
    return messaging


Post = Annotated[Messaging, Depends(_of_request)]
"""Parameter of a handler that has to do with messages."""
