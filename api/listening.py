"""The socket that the page and the API are served on."""

from __future__ import annotations

import errno
import socket

from parkpulse.errors import ConfigError

_BACKLOG = 512


def bind(host: str, port: int) -> socket.socket:
    """Listen at an address of this machine.

    Raises
    ------
    ConfigError
        The port is taken, or this machine has no such address.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(_explain(host, port, error)) from error
    # Connections inherit it; without it each answer waits 40 ms for the client's ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _explain(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken: set PARKPULSE_PORT to another one"
    return f"cannot listen at {host}:{port}: {error.strerror}"
