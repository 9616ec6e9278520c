"""A TCP proxy in front of a server that a test can cut and heal.

proxy    Callable[[int], Proxy]: starts a proxy in front of a port of loopback. A Proxy
         has `port`, `cut()` (closes what is open, refuses what is new), `heal()`, and
         `freeze()` (keeps connections open, lets nothing through, until `heal()`).
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOOPBACK = "127.0.0.1"
_TICK_S = 0.02
_CHUNK = 65536


class Proxy:
    """Passes bytes between its own port and a server's, in one thread."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server((_LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        self._peers: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._is_cut = False
        self._is_frozen = False
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            self._drop_all()

    def freeze(self) -> None:
        with self._lock:
            self._is_frozen = True

    def heal(self) -> None:
        with self._lock:
            self._is_cut = self._is_frozen = False

    def close(self) -> None:
        self._is_closing = True
        self._thread.join()
        self._drop_all()
        self._selector.close()
        self._listener.close()

    def _run(self) -> None:
        while not self._is_closing:
            for key, _ in self._selector.select(_TICK_S):
                with self._lock:
                    self._serve(key.fileobj)
            if self._is_frozen:
                threading.Event().wait(_TICK_S)

    def _serve(self, ready: object) -> None:
        assert isinstance(ready, socket.socket)
        if self._is_frozen:
            return
        if ready is self._listener:
            self._accept()
        elif ready in self._peers:
            self._pass_on(ready)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._is_cut:
            client.close()
            return
        try:
            server = socket.create_connection((_LOOPBACK, self._server_port), 5.0)
        except OSError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            one.settimeout(5.0)
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, source: socket.socket) -> None:
        data = b""
        with contextlib.suppress(OSError):
            data = source.recv(_CHUNK)
            self._peers[source].sendall(data)
        if not data:
            self._drop(source)

    def _drop(self, one: socket.socket) -> None:
        for each in (one, self._peers[one]):
            del self._peers[each]
            self._selector.unregister(each)
            each.close()

    def _drop_all(self) -> None:
        while self._peers:
            self._drop(next(iter(self._peers)))


@pytest.fixture
def proxy() -> Iterator[Callable[[int], Proxy]]:
    made: list[Proxy] = []

    def make(server_port: int) -> Proxy:
        made.append(Proxy(server_port))
        return made[-1]

    yield make
    for each in made:
        each.close()
