"""Keys and certificates: checks them, and makes contexts of clients and servers."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from typing_extensions import override

from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_OTHERS_OR_WRITTEN_BY_GROUP = 0o027


class _Closing(ssl.SSLSocket):
    """Is closed when the handshake fails, which paho leaves open."""

    @override
    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            self.close()
            raise


class Pair(NamedTuple):
    """Files of a certificate, with those that lead to its authority, and of its key."""

    certificate: Path
    key: Path


def require_private(key: Path) -> None:
    """Make sure that a key is for its owner, or the owner's group to read.

    Raises
    ------
    ConfigError
        Others may read it, or it is not there.
    """
    try:
        mode = key.stat().st_mode
    except OSError as error:
        message = f"the key {key} cannot be read: {error.strerror}"
        raise ConfigError(message) from error
    if mode & _OTHERS_OR_WRITTEN_BY_GROUP:
        message = f"the key {key} is open to others: run 'chmod 600 {key}'"
        raise ConfigError(message)


def server_context(pair: Pair) -> ssl.SSLContext:
    """Make the context of a server: TLS 1.2 and newer.

    Raises
    ------
    ConfigError
        Certificate or key cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load(context, pair)
    return context


def client_context(ca: Path | None, pair: Pair | None = None) -> ssl.SSLContext:
    """Make the context of a client that verifies its server's certificate and name.

    Parameters
    ----------
    ca
        File of the authorities to trust; None: those of this machine.
    pair
        The client's own certificate; None: it has none.

    Raises
    ------
    ConfigError
        A file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        message = f"the authorities' file {ca} cannot be used: {_why(error)}"
        raise ConfigError(message) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _Closing
    if pair is not None:
        load(context, pair)
    return context


def load(context: ssl.SSLContext, pair: Pair) -> None:
    """Have a context use a certificate, from the next connection on.

    Raises
    ------
    ConfigError
        Certificate or key cannot be used.
    """
    require_private(pair.key)
    try:
        # Without a password, for nobody could be asked for it.
        context.load_cert_chain(pair.certificate, pair.key, password="")
    except (OSError, ssl.SSLError, ValueError) as error:
        message = (
            f"the certificate {pair.certificate} with the key {pair.key} cannot be"
            f" used: {_why(error)}"
        )
        raise ConfigError(message) from error


def ends(certificate: Path) -> datetime:
    """Tell until when the first certificate of a file is valid.

    Raises
    ------
    ConfigError
        It is no certificate.
    """
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        message = f"the certificate {certificate} cannot be read: {error}"
        raise ConfigError(message) from error
    return found.not_valid_after_utc


def days_left(certificate: Path) -> float:
    """Tell for how long a certificate is valid; negative when it has ended. [d].

    Raises
    ------
    ConfigError
        It is no certificate.
    """
    return (ends(certificate) - datetime.now(UTC)).total_seconds() / 86_400


def _why(error: Exception) -> str:
    told = error.strerror if isinstance(error, OSError) else None
    return told or str(error)
