"""Decides on a pushed message: whose it is, if it is genuine, what is published."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from api.push import limits
from parkpulse.bus import State
from parkpulse.errors import DecodeError
from parkpulse.wire.platforms import onenet_envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api.push.courier import Accounts, Courier
    from parkpulse.store.push_accounts import PushAccount

TOPIC = "parkpulse/v1/push/{platform}/{account}"
SIGNED = "onenet"
"""The platform that signs, encrypts and checks the address."""
# Codes of problems.
TOO_MANY = "push_too_many"
NOBODY_LISTENS = "push_nobody_listens"
NO_BROKER = "broker_unavailable"
TOO_LARGE = "body_too_large"
BAD_SIGNATURE = "push_bad_signature"
NOT_READY = "database_unavailable"
UNKNOWN = "push_unknown"
BUSY = "push_busy"
BAD_CIPHER = "push_bad_cipher"
_LONGEST_TOKEN = 100
_LONGEST_CHECK = 1024


class Refused(Exception):  # noqa: N818 - an answer rather than an error
    """A message is not taken; `code` is that of the problem."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Check:
    """What OneNET asks to see whether an address is ours."""

    msg: str
    nonce: str
    signature: str


class Desk:
    """Takes pushed messages.

    Parameters
    ----------
    accounts
        Who may push.
    courier
        Hands on to the broker.
    unlock
        Decrypts the secrets of accounts.
    budget
        How much each account may push.
    """

    def __init__(
        self,
        accounts: Accounts,
        courier: Courier,
        unlock: Callable[[bytes], str],
        budget: limits.Budget | None = None,
    ) -> None:
        self._accounts = accounts
        self._courier = courier
        self._unlock = unlock
        self._budget = budget or limits.Budget()
        self._places = threading.BoundedSemaphore(limits.AT_ONCE)

    def take(self, platform: str, token: str, body: bytes) -> None:
        """Hand a message to the broker.

        Raises
        ------
        Refused
            It is not taken, or nobody is there to take it.
        """
        account = self._account(platform, token)
        if not self._budget.take((account.platform, account.name)):
            raise Refused(TOO_MANY)
        with self._place():
            payload = body
            if platform == SIGNED:
                payload = self._opened(account, body)
            topic = TOPIC.format(platform=platform, account=account.name)
            state = self._courier.deliver(topic, payload)
        if state is State.UNMATCHED:
            raise Refused(NOBODY_LISTENS)
        if state is not State.TAKEN:
            raise Refused(NO_BROKER)

    def check(self, token: str, asked: Check) -> str:
        """Answer OneNET's check of an address: the message itself; raises Refused."""
        account = self._account(SIGNED, token)
        if len(asked.msg) > _LONGEST_CHECK:
            raise Refused(TOO_LARGE)
        secret = self._secret(account.secret)
        signed = asked.msg.encode()
        if secret is not None and not onenet_envelope.is_signed(
            secret, asked.nonce, signed, asked.signature
        ):
            raise Refused(BAD_SIGNATURE)
        return asked.msg

    def _account(self, platform: str, token: str) -> PushAccount:
        if not self._accounts.are_known:
            raise Refused(NOT_READY)
        account = None
        if len(token) <= _LONGEST_TOKEN:
            account = self._accounts.find(platform, token)
        if account is None:
            raise Refused(UNKNOWN)
        return account

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Refused(BUSY)
        try:
            yield
        finally:
            self._places.release()

    def _secret(self, locked: bytes | None) -> str | None:
        return None if locked is None else self._unlock(locked)

    def _opened(self, account: PushAccount, body: bytes) -> bytes:
        """Check the signature and decrypt: the keys stay in this process."""
        secret = self._secret(account.secret)
        try:
            envelope = onenet_envelope.read(body)
        except DecodeError as error:
            if secret is not None:
                raise Refused(BAD_SIGNATURE) from error
            return body
        if secret is not None and (envelope is None or not envelope.is_signed(secret)):
            raise Refused(BAD_SIGNATURE)
        key = self._secret(account.aes_key)
        if envelope is None or key is None:
            return body
        try:
            content = envelope.opened(key)
        except DecodeError as error:
            raise Refused(BAD_CIPHER) from error
        return msgspec.json.encode(
            {
                "msg": msgspec.Raw(content),
                "time": envelope.time_ms,
                "id": envelope.id,
            }
        )
