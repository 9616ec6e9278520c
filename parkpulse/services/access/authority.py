"""A private certificate authority, and the certificate of this machine's servers."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from parkpulse import tls
from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AUTHORITY_DAYS = 3650
SERVER_DAYS = 825
"""More is refused by some devices and browsers."""
HERE = ("localhost", "127.0.0.1", "::1")
_BACK = timedelta(hours=1)  # clocks of devices may be late
_PRIVATE, _PUBLIC = 0o600, 0o644


class _Issuer(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make(folder: Path, names: Sequence[str]) -> datetime:
    """Issue a server's certificate, by the folder's authority; return when it ends.

    Writes `ca.crt`, `ca.key` unless they are there, `server.crt` and `server.key`.

    Parameters
    ----------
    folder
        Made if it is not there, for its owner only.
    names
        Host names and addresses that clients reach this machine by.

    Raises
    ------
    ConfigError
        A name is none, or the authority's files cannot be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    issuer = _authority(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(issuer, key, list(dict.fromkeys([*names, *HERE])))
    # The authority's own comes too: who trusts it by its print finds it there.
    chain = _pem(certificate) + _pem(issuer.certificate)
    _write(folder / "server.key", _key_pem(key), _PRIVATE)
    _write(folder / "server.crt", chain, _PUBLIC)
    return certificate.not_valid_after_utc


def _authority(folder: Path) -> _Issuer:
    pair = tls.Pair(folder / "ca.crt", folder / "ca.key")
    if not pair.key.exists():
        made = _new_authority()
        _write(pair.key, _key_pem(made.key), _PRIVATE)
        _write(pair.certificate, _pem(made.certificate), _PUBLIC)
        return made
    tls.require_private(pair.key)
    try:
        key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
        found = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        message = f"the authority in {folder} cannot be used: {error}"
        raise ConfigError(message) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        message = f"the authority in {folder} is not one that this command has made"
        raise ConfigError(message)
    return _Issuer(found, key)


def _new_authority() -> _Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Parkpulse private CA")])
    made = (
        _begun(name, key.public_key(), AUTHORITY_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Issuer(made, key)


def _signed(
    issuer: _Issuer, key: ec.EllipticCurvePrivateKey, names: Sequence[str]
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        issuer.key.public_key()
    )
    return (
        _begun(name, key.public_key(), SERVER_DAYS)
        .issuer_name(issuer.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .add_extension(
            x509.SubjectAlternativeName([_alternative(each) for each in names]),
            critical=False,
        )
        .add_extension(authority, critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


def _begun(
    name: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACK)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError as error:
        message = f"{name!r:.200} is no host name: write it in ASCII (punycode)"
        raise ConfigError(message) from error


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Put a file in the place of an old one, never open to others meanwhile."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
