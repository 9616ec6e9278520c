"""Takes a renewed certificate of the page up while connections go on."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from parkpulse import tls
from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    import ssl

    from parkpulse.tls import Pair

EVERY_S = 30.0
_log = logging.getLogger(__name__)


class Renewal:
    """Looks now and then whether the files are others.

    Parameters
    ----------
    context
        Serves with them; new connections get what it holds then.
    pair
        The files.
    """

    def __init__(self, context: ssl.SSLContext, pair: Pair) -> None:
        self._context = context
        self._pair = pair
        self._seen = self._present()

    def start(self) -> None:
        """Look for as long as the process lives."""
        threading.Thread(target=self._run, name="renewal", daemon=True).start()

    def look(self) -> bool:
        """Take the files up if they are others; whether that was so and they fit."""
        present = self._present()
        if present == self._seen:
            return False
        try:
            tls.load(self._context, self._pair)
        except ConfigError as error:
            # Perhaps only one of both is there yet.
            _log.warning("the former certificate goes on: %s", error)
            return False
        self._seen = present
        _log.info("a renewed certificate is served")
        return True

    def _run(self) -> None:
        while not threading.Event().wait(EVERY_S):
            self.look()

    def _present(self) -> tuple[bytes, ...]:
        try:
            return tuple(each.read_bytes() for each in self._pair)
        except OSError:
            return ()
