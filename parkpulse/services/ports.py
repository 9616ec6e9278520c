"""Ports on loopback."""

from __future__ import annotations

import errno
import socket

from parkpulse.errors import ServiceError

LOOPBACK = "127.0.0.1"
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
        remedy = _REMEDIES.get(error.errno or 0, _WRONG_HOST).format(setting=setting)
        message = f"{user} cannot listen on {host} port {port} ({error.strerror}): "
        raise ServiceError(message + remedy) from error


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def free() -> int:
    """Return a port that nobody listens on right now."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])
