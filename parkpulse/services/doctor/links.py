"""Checks of what protects the links: certificates, and who may use the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parkpulse import bus, tls
from parkpulse.bus import probe
from parkpulse.errors import BrokerError, ConfigError
from parkpulse.services.doctor.finding import fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from parkpulse.services.doctor.finding import Finding
    from parkpulse.tls import Pair

_SOON_DAYS = 21
_HERE = {"localhost", "127.0.0.1", "::1"}
_RENEW = "renew it, for a private authority's with 'parkpulse services tls NAME...'"


def certificates(pairs: Mapping[str, Pair]) -> Iterator[Finding]:
    """Tell how long certificates hold, and whether their keys are kept.

    Parameters
    ----------
    pairs
        Files by what they are for.
    """
    for name, pair in pairs.items():
        try:
            tls.server_context(pair)
            left = tls.days_left(pair.certificate)
        except ConfigError as error:
            yield fail("certificate", f"{name}: {error}", "see the message")
        else:
            yield _lasting(name, left, pair.certificate)


def _lasting(name: str, left: float, path: Path) -> Finding:
    text = f"{name}: {path} holds for {left:.0f} days"
    if left < 0:
        return fail("certificate", f"{name}: {path} has ended", _RENEW)
    if left < _SOON_DAYS:
        return warn("certificate", text, _RENEW)
    return ok("certificate", text)


def _login(url: str) -> Finding:
    try:
        with bus.Publisher(url):
            return ok("broker", "answers, and lets us in")
    except BrokerError as error:
        remedy = "correct user and password in PARKPULSE_MQTT_URL"
        return fail("broker", str(error), remedy)


def broker(url: str) -> Iterator[Finding]:
    """Tell whether the broker lets us in, and whether strangers may use it."""
    try:
        is_open = probe.admits_anybody(bus.address(url))
    except (BrokerError, ConfigError) as error:
        remedy = "start it, or correct PARKPULSE_MQTT_URL or PARKPULSE_MQTT_CA"
        yield fail("broker", str(error), remedy)
        return
    yield _login(url)
    if not is_open:
        yield ok("broker access", "nobody is let in without a password")
        return
    remedy = "set allow_anonymous false; see docs/security.md"
    text = "anybody may connect, and publish for every device"
    is_here = urlsplit(url).hostname in _HERE
    yield (warn if is_here else fail)("broker access", text, remedy)
