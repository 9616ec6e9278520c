"""Passwords, hashed with Argon2id."""

from __future__ import annotations

import contextlib
import functools
import secrets
import threading
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from parkpulse.errors import TooManyAttemptsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_ONCE = 2
"""Hashes that are made at the same time; each takes 64 MiB."""
_PATIENCE_S = 10.0
_hasher = PasswordHasher()  # Argon2id, RFC 9106 low memory: 64 MiB, 3 passes, 4 lanes
_turn = threading.BoundedSemaphore(_AT_ONCE)


@functools.cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe())


@contextlib.contextmanager
def _in_turn() -> Iterator[None]:
    if not _turn.acquire(timeout=_PATIENCE_S):
        raise TooManyAttemptsError(_PATIENCE_S)
    try:
        yield
    finally:
        _turn.release()


def hashed(password: str) -> str:
    """Hash a password with the present parameters and a salt of its own."""
    with _in_turn():
        return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether it is the password; takes as long when there is no such account."""
    with _in_turn():
        try:
            _hasher.verify(stored or _nobody(), password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with other parameters than the present ones."""
    return _hasher.check_needs_rehash(stored)
