"""Asks a broker, as a stranger, whether it would let anybody in."""

from __future__ import annotations

import secrets
import socket
from typing import TYPE_CHECKING

from parkpulse import bus
from parkpulse.errors import BrokerError

if TYPE_CHECKING:
    from parkpulse.bus import Address

_WITHIN_S = 5.0
_CONNACK, _CONNACK_BYTES, _ACCEPTED = 0x20, 4, 0


def admits_anybody(to: Address) -> bool:
    """Whether a broker accepts a connection without user and password.

    Raises
    ------
    BrokerError
        It cannot be reached, or its certificate is not to be trusted.
    ConfigError
        A file of the encryption cannot be used.
    """
    context = to.context()
    try:
        with socket.create_connection((to.host, to.port), _WITHIN_S) as plain:
            network = plain
            if context is not None:
                network = context.wrap_socket(plain, server_hostname=to.host)
            network.sendall(_hello())
            answer = network.recv(_CONNACK_BYTES)
            network.close()
    except ConnectionResetError:
        return False
    except OSError as error:
        raise bus.unreached(to, error) from error
    if answer and answer[0] != _CONNACK:
        message = f"{to.host}:{to.port} is no MQTT broker"
        raise BrokerError(message)
    return len(answer) == _CONNACK_BYTES and answer[3] == _ACCEPTED


def _hello() -> bytes:
    """Write a CONNECT of MQTT 3.1.1 with a clean session and no user."""
    name = f"probe-{secrets.token_hex(4)}".encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x0a" + len(name).to_bytes(2, "big") + name
    return bytes((0x10, len(body))) + body
