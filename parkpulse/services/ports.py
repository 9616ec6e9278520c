"""Ports on loopback."""

from __future__ import annotations

import socket

from parkpulse.errors import ServiceError

LOOPBACK = "127.0.0.1"


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
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        message = (
            f"{user} cannot listen on port {port} ({error.strerror}): stop the program"
            f" that uses it, or set {setting} to another port"
        )
        raise ServiceError(message) from error


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
