"""Writes Mosquitto's files of passwords and rights, each at once and whole.

`passwords` and `acl` are what Mosquitto reads. They are put together of `own.*`, which
somebody else writes, and `devices.*`, which is written from the database.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from parkpulse import tls
from parkpulse.errors import ServiceError
from parkpulse.model import credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from parkpulse.model.credentials import Credential
    from parkpulse.tls import Pair

PASSWORDS = "passwords"
ACL = "acl"
CERTIFICATE, KEY = "server.crt", "server.key"
_HEAD = "# Written by parkpulse; lines of your own go into {}.\n"
_PENDING = "reload.pending"


def write(folder: Path, active: Sequence[Credential]) -> bool:
    """Write all credentials in force; whether anything is different now.

    Raises
    ------
    ServiceError
        The folder cannot be written to.
    """
    rights = [
        credentials.acl_lines(each.username, credentials.grants(each))
        for each in active
    ]
    with _one_sentence(folder):
        _replace(folder / f"devices.{PASSWORDS}", credentials.password_lines(active))
        _replace(folder / f"devices.{ACL}", "".join(rights))
        return compose(folder)


def write_own(folder: Path, passwords: str, acl: str) -> None:
    """Write the users that are not in the database, beside those that are."""
    _replace(folder / f"own.{PASSWORDS}", passwords)
    _replace(folder / f"own.{ACL}", acl)
    compose(folder)


def compose(folder: Path) -> bool:
    """Put the files that Mosquitto reads together; whether they are different now."""
    return any([_compose(folder, PASSWORDS), _compose(folder, ACL)])


def _compose(folder: Path, name: str) -> bool:
    parts = [_read(folder / f"{part}.{name}") for part in ("own", "devices")]
    text = _HEAD.format(folder / f"own.{name}") + "".join(parts)
    if _read(folder / name) == text:
        return False
    # A broker that was not told yet is told even if we die in between.
    (folder / _PENDING).touch(mode=0o600)
    _replace(folder / name, text)
    return True


def take(folder: Path, pair: Pair) -> None:
    """Copy the broker's certificate and key to where its user can read them.

    Raises
    ------
    ConfigError
        They cannot be used.
    """
    tls.server_context(pair)
    for name, source in ((KEY, pair.key), (CERTIFICATE, pair.certificate)):
        text = source.read_text(encoding="ascii")
        if _read(folder / name) != text:
            (folder / _PENDING).touch(mode=0o600)
            _replace(folder / name, text)


def is_pending(folder: Path) -> bool:
    """Whether the broker has not been told of the present files."""
    return (folder / _PENDING).exists()


def told(folder: Path) -> None:
    """Note that the broker reads the present files."""
    (folder / _PENDING).unlink(missing_ok=True)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _replace(path: Path, text: str) -> None:
    """Put a new file in the place of an old one, readable by the folder's owner only.

    Mosquitto refuses files of others, and warns of such that others can read.
    """
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        owner = path.parent.stat()
        if os.geteuid() == 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        os.fsync(descriptor)
    new.replace(path)


@contextlib.contextmanager
def _one_sentence(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{folder} cannot be written to: {error.strerror}"
        raise ServiceError(message) from error
