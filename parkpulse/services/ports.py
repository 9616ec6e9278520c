"""Ports on loopback."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import socket

from parkpulse.errors import ServiceError

LOOPBACK = "127.0.0.1"
# Below what the system gives to outgoing connections, so that none takes it meanwhile.
_FIRST_FREE = 12000
_FREE_PORTS = 20000
_REMEDIES = {
    errno.EADDRINUSE: (
        "stop the program that uses it, or set {setting} to another port"
    ),
    errno.EACCES: "set {setting} to a port above 1023",
}
_WRONG_HOST = "set PARKPULSE_HOST to an address of this machine"


def require_free(port: int, setting: str, user: str, host: str = LOOPBACK) -> None:
    """Make sure that a port can be listened on.

    Parameters
    ----------
    port
        The port.
    setting
        Environment variable that chooses it.
    user
        What wants to listen there.
    host
        Address to listen on.

    Raises
    ------
    ServiceError
        Another program listens there, or it may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family):
            pass
    except OSError as error:
        number = error.errno or 0
        remedy = _REMEDIES.get(number, _WRONG_HOST).format(setting=setting)
        reason = os.strerror(number)
        message = f"{user} cannot listen on {host} port {port} ({reason}): {remedy}"
        raise ServiceError(message) from error


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def free() -> int:
    """Return a port that nobody uses right now, for tests and measurements."""
    while True:
        port = _FIRST_FREE + secrets.randbelow(_FREE_PORTS)
        with contextlib.suppress(OSError), socket.create_server((LOOPBACK, port)):
            return port
