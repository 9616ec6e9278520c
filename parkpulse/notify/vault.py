"""Encrypts the channels' secrets; the key is never in the database."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken

from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "secret.key"


class Vault:
    """Keeps secrets under one key.

    Parameters
    ----------
    key
        Fernet key: 32 bytes in URL-safe base64.

    Raises
    ------
    ConfigError
        It is no such key.
    """

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key.encode())
        except ValueError as error:
            message = (
                f"PARKPULSE_SECRET_KEY or {FILE} is not 32 bytes in URL-safe base64:"
                " make one with 'openssl rand -base64 32 | tr +/ -_'"
            )
            raise ConfigError(message) from error
        self._key = base64.urlsafe_b64decode(key)

    def derive(self, purpose: bytes) -> bytes:
        """Make a key for another purpose, which tells nothing of this one."""
        return hmac.new(self._key, purpose, hashlib.sha256).digest()

    def lock(self, secret: str) -> bytes:
        """Encrypt a secret for the database."""
        return self._fernet.encrypt(secret.encode())

    def unlock(self, stored: bytes) -> str:
        """Decrypt a stored secret; raises ConfigError under another key."""
        try:
            return self._fernet.decrypt(stored).decode()
        except InvalidToken as error:
            message = (
                "a channel's secret was encrypted with another key: restore"
                f" {FILE} or PARKPULSE_SECRET_KEY, or add the channel again"
            )
            raise ConfigError(message) from error


def open_vault(configured: str | None, home: Path) -> Vault:
    """Open the vault with the configured key, or the one of `home`, made on first use.

    Raises
    ------
    ConfigError
        The key is unusable, or its file cannot be read or written.
    """
    if configured is not None:
        return Vault(configured)
    path = home / FILE
    try:
        _make(path)
        return Vault(path.read_text().strip())
    except OSError as error:
        message = f"the key {path} cannot be read or made: {error.strerror}"
        raise ConfigError(message) from error


def _make(path: Path) -> None:
    """Write a new key unless there is one; two processes agree on the first."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(descriptor)
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
