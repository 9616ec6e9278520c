"""The envelope of China Mobile OneNET: signature, and AES of both generations.

New platform: documentation "HTTP data push" (MD5 of token, nonce and message in Base64;
AES-128-CBC with PKCS7, the key is also the vector). Legacy: data-push SDK (AES-256-CBC,
the vector is the first half of the key, the text stands behind 16 random bytes and its
length).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.wire import documents

_BLOCK = 16
_LENGTH = 4
_LEGACY_KEY = 43
"""Characters of a legacy key: 32 bytes in Base64 without the last `=`."""
_RAW_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])


def signature(token: str, nonce: str, signed: bytes) -> str:
    """Sign a message as the platform does: base64(md5(token + nonce + message))."""
    whole = token.encode() + nonce.encode() + signed
    digest = hashlib.md5(whole, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def is_signed(token: str, nonce: str, signed: bytes, found: str) -> bool:
    """Whether a signature is right, compared in constant time.

    A `+` that came as a blank through a form or URL counts as `+`.
    """
    expected = signature(token, nonce, signed)
    return hmac.compare_digest(expected.encode(), found.replace(" ", "+").encode())


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope whose message is still as it came."""

    signed: bytes
    """What the signature is made of."""
    content: bytes
    """The message: JSON, or Base64 of its cipher."""
    nonce: str
    signature: str
    time_ms: Any = None
    id: Any = None
    is_encrypted: bool = False

    def is_signed(self, token: str) -> bool:
        """Whether it was signed with this token."""
        return is_signed(token, self.nonce, self.signed, self.signature)

    def opened(self, key: str | None) -> bytes:
        """Return the message as JSON text.

        Raises
        ------
        DecodeError
            `bad_cipher`: it is encrypted, and not with this key.
        """
        if not self.is_encrypted and self.content.lstrip()[:1] in {b"{", b"["}:
            return self.content
        if key is None:
            detail = "the message is encrypted; its AES key is not known here"
            raise DecodeError(reasons.BAD_CIPHER, detail)
        try:
            return _decrypted(base64.b64decode(self.content), key)
        except (ValueError, binascii.Error) as error:
            detail = f"the message is not encrypted with this key: {error}"
            raise DecodeError(reasons.BAD_CIPHER, detail) from error


def read(payload: bytes) -> Envelope | None:
    """Take an envelope apart; None if the payload is a message without one.

    Raises
    ------
    DecodeError
        It is no JSON object, too large, or its parts have the wrong type.
    """
    documents.mapping(documents.read(payload), "the message")
    parts = _RAW_DECODER.decode(payload)
    is_encrypted = "enc_msg" in parts
    raw = parts.get("enc_msg", parts.get("msg"))
    if raw is None:
        return None
    signed = bytes(raw)
    if signed.startswith(b'"'):
        signed = msgspec.json.decode(signed, type=str).encode()
    return Envelope(
        signed=signed,
        content=signed,
        nonce=_text(parts, "nonce"),
        signature=_text(parts, "signature") or _text(parts, "msg_signature"),
        time_ms=_any(parts, "time"),
        id=_any(parts, "id"),
        is_encrypted=is_encrypted,
    )


def _text(parts: dict[str, msgspec.Raw], name: str) -> str:
    found = _any(parts, name)
    return found if isinstance(found, str) else ""


def _any(parts: dict[str, msgspec.Raw], name: str) -> Any:  # noqa: ANN401 - any JSON
    return msgspec.json.decode(parts[name]) if name in parts else None


def _decrypted(cipher: bytes, key: str) -> bytes:
    if len(key) == _LEGACY_KEY:
        plain = _cbc(cipher, base64.b64decode(f"{key}="))
        start = _BLOCK + _LENGTH
        size = int.from_bytes(plain[_BLOCK:start])
        return plain[start : start + size]
    return _cbc(cipher, key.encode())


def _cbc(cipher: bytes, key: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:_BLOCK])).decryptor()
    padded = decryptor.update(cipher) + decryptor.finalize()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def is_key(key: str) -> bool:
    """Whether this can be a key: 16 characters, or 43 of Base64 (legacy)."""
    try:
        return len(base64.b64decode(f"{key}=")) == 2 * _BLOCK or (
            len(key.encode()) == _BLOCK
        )
    except (ValueError, binascii.Error):
        return len(key.encode()) == _BLOCK


def seal(content: bytes, *, token: str, nonce: str, time_ms: int, number: str) -> bytes:
    """Put a message into the new platform's envelope, signed."""
    return msgspec.json.encode(
        {
            "msg": content.decode(),
            "nonce": nonce,
            "signature": signature(token, nonce, content),
            "time": time_ms,
            "id": number,
        }
    )


def encrypted(content: bytes, key: str) -> bytes:
    """Encrypt a message as the new platform does in secure mode, in Base64."""
    raw = key.encode()
    padder = PKCS7(_BLOCK * 8).padder()
    padded = padder.update(content) + padder.finalize()
    encryptor = Cipher(algorithms.AES(raw), modes.CBC(raw)).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize())
