"""Takes what is claimed, makes one letter of it, and sends that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from uuid_utils import compat

from parkpulse.errors import ConfigError
from parkpulse.notify import links, notices
from parkpulse.notify.platforms import email
from parkpulse.notify.platforms.contract import Credentials, Options, Task
from parkpulse.notify.platforms.known import ROBOTS
from parkpulse.notify.schedule import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.notify.delivery import Sender
    from parkpulse.notify.notices import Notice
    from parkpulse.notify.platforms.contract import Card
    from parkpulse.notify.vault import Vault
    from parkpulse.store.channels import Kind
    from parkpulse.store.claims import Item, Parcel, Receiver


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter and how it ended; its id is that of its only message, or its own."""

    letter: UUID
    outcome: Outcome


def seal(vault: Vault, credentials: Credentials) -> bytes:
    """Encrypt where a channel is and what it is signed with."""
    return vault.lock(msgspec.json.encode(credentials).decode())


def unseal(vault: Vault, sealed: bytes, url: str) -> Credentials:
    """Decrypt credentials; of an old webhook only the secret was sealed.

    Raises
    ------
    ConfigError
        They were encrypted with another key.
    """
    text = vault.unlock(sealed)
    if not text.startswith("{"):
        return Credentials(url, text)
    return msgspec.json.decode(text, type=Credentials)


def options(stored: Mapping[str, object]) -> Options:
    """Read a channel's options as they are stored."""
    return msgspec.convert(stored, Options)


class Dispatcher:
    """Sends parcels; may be used by several threads at once.

    Parameters
    ----------
    vault
        Opens the channels' secrets.
    sender
        Carries letters.
    page_url
        Address of the page, which the links to acknowledge begin with.
    """

    def __init__(self, vault: Vault, sender: Sender, page_url: str) -> None:
        self._vault = vault
        self._sender = sender
        self._key = vault.derive(links.PURPOSE)
        self._page_url = page_url.rstrip("/")

    def send(self, parcel: Parcel) -> Sent:
        """Send the messages of a parcel as one; every failure is an outcome."""
        receiver, items = parcel
        letter = items[0].id if len(items) == 1 else compat.uuid7()
        try:
            credentials = unseal(self._vault, receiver.secret, receiver.url)
            chosen = options(receiver.options)
            card, thread = self._card(receiver, items, chosen)
        except (ConfigError, msgspec.ValidationError) as error:
            return Sent(letter, Outcome(None, str(error), None, 0.0))
        task = Task(
            id=str(letter),
            card=card,
            body=items[0].body,
            credentials=credentials,
            options=chosen,
            now=datetime.now(UTC),
        )
        return Sent(letter, self.carry(receiver.kind, task, thread))

    def carry(self, kind: Kind, task: Task, thread: str) -> Outcome:
        """Send one letter by a channel of this kind."""
        if kind == "email":
            return self._sender.mail(email.compose(task, thread), task.credentials)
        robot = ROBOTS[kind]
        return self._sender.post(robot.compose(task), robot)

    def _card(
        self, receiver: Receiver, items: Sequence[Item], chosen: Options
    ) -> tuple[Card, str]:
        found = [notices.read(each.body) for each in items]
        if len(found) > 1:
            return notices.digest(found, chosen.language), "digest"
        (notice,), (item,) = found, items
        url = self._link(receiver, item, notice) if chosen.acknowledge_link else None
        return notices.single(notice, chosen.language, url), notice.data.id

    def _link(self, receiver: Receiver, item: Item, notice: Notice) -> str:
        made = links.ticket(
            UUID(notice.data.id), receiver.id, notice.data.version, item.created_at
        )
        return self._page_url + links.PATH + links.sign(self._key, made)
