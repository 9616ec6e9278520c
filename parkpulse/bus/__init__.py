"""The one MQTT publisher: QoS 1, a bounded window, and what the broker said to each.

MQTT 5 is spoken because only there the broker says that nobody is subscribed. A lost
connection is taken up again; what has no answer yet is sent once more, and its receipt
stays the same, so that a caller knows exactly which messages the broker has taken over.
"""

from __future__ import annotations

import enum
import logging
import secrets
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from parkpulse import tls
from parkpulse.errors import BrokerError, ConfigError
from parkpulse.tls import Pair

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from paho.mqtt.reasoncodes import ReasonCode

log = logging.getLogger(__name__)

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
DEFAULT_WINDOW = 500
CONNECT_WITHIN_S = 10.0
KEEPALIVE_S = 30
LONGEST_PAUSE_S = 5
_NO_SUBSCRIBER = 0x10
_LARGEST_WINDOW = 65000
# Without a connection paho keeps the message and sends it on the next one.
_ACCEPTED = (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)
_WRONG_URL = (
    "the broker's address must look like mqtt://user:password@host:port, or mqtts://"
)
_WRONG_QUERY = "the broker's address may name only ca, and cert with key"


class State(enum.Enum):
    """What has become of a message."""

    PENDING = "pending"
    """Sent or waiting for the connection; no answer yet."""
    TAKEN = "taken"
    """The broker has taken it over for at least one subscriber."""
    UNMATCHED = "unmatched"
    """The broker has acknowledged it, but nobody is subscribed: nobody will get it."""
    REFUSED = "refused"
    """The broker has refused it."""


class Receipt:
    """The state of one message."""

    __slots__ = ("reason", "state", "topic")

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.state = State.PENDING
        self.reason = ""


class Sealed(NamedTuple):
    """How a connection is encrypted; the broker's name and certificate are checked."""

    ca: Path | None = None
    """File of the authorities to trust; None: those of this machine."""
    pair: Pair | None = None
    """Our own certificate, if the broker asks for one."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is, taken from `mqtt://user:password@host:port`."""

    host: str
    port: int
    user: str | None
    password: str | None
    sealed: Sealed | None = None
    """None: in the clear."""

    def context(self) -> ssl.SSLContext | None:
        """Make what encrypts connections to it; None: nothing does.

        Raises
        ------
        ConfigError
            A file cannot be used.
        """
        if self.sealed is None:
            return None
        return tls.client_context(self.sealed.ca, self.sealed.pair)


def address(url: str) -> Address:
    """Take a broker's URL apart.

    With `mqtts:` the query may name files: `ca`, and `cert` and `key` of our own.

    Raises
    ------
    ConfigError
        It is no such URL with a host; the message does not repeat the URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        named = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except (ValueError, KeyError) as error:
        raise ConfigError(_WRONG_URL) from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ConfigError(_WRONG_URL)
    user, password = parts.username, parts.password
    return Address(
        parts.hostname,
        port,
        None if user is None else unquote(user),
        None if password is None else unquote(password),
        _sealed(named) if parts.scheme == "mqtts" else None,
    )


def _sealed(named: Mapping[str, str]) -> Sealed:
    if set(named) - {"ca", "cert", "key"} or ("cert" in named) != ("key" in named):
        raise ConfigError(_WRONG_QUERY)
    pair = Pair(Path(named["cert"]), Path(named["key"])) if "cert" in named else None
    return Sealed(Path(named["ca"]) if "ca" in named else None, pair)


def identify(client: paho.Client, to: Address) -> None:
    """Give a client user, password and encryption.

    Raises
    ------
    ConfigError
        A file of the encryption cannot be used.
    """
    if to.user is not None:
        client.username_pw_set(to.user, to.password)
    context = to.context()
    if context is not None:
        client.tls_set_context(context)


def unreached(to: Address, error: OSError) -> BrokerError:
    """Say why a broker cannot be reached."""
    where = f"the MQTT broker at {to.host}:{to.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return BrokerError(f"{where} is not trusted: {error.verify_message}")
    return BrokerError(f"{where} cannot be reached: {error}")


@dataclass(frozen=True, slots=True)
class Presence:
    """Retained messages that say whether a connection stands.

    Parameters
    ----------
    topic
        Where they are published.
    present
        As soon as the connection stands, now and after every loss.
    absent
        By the broker, when the connection was lost (MQTT's Will).
    """

    topic: str
    present: bytes
    absent: bytes


class Publisher:
    """A connection that publishes; use it as a context manager or open and close it.

    Parameters
    ----------
    url
        `mqtt://user:password@host:port` or `mqtts://`; never logged.
    window
        Most messages without an answer; `publish` waits while so many are out.
    patience_s
        How long `publish` waits for room before it gives up. [s]
    presence
        What tells others whether we are here; None: nothing does.
    """

    def __init__(
        self,
        url: str,
        *,
        window: int = DEFAULT_WINDOW,
        patience_s: float = 60.0,
        presence: Presence | None = None,
    ) -> None:
        self._address = address(url)
        self._presence = presence
        self._greetings: set[int] = set()
        self._wanted_window = min(window, _LARGEST_WINDOW)
        self._window = self._wanted_window
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._pending: dict[int, Receipt] = {}
        self._early: dict[int, ReasonCode] = {}
        self._reserved = 0
        self._answer: ReasonCode | None = None
        self._connected = False
        self._client = self._make_client()

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"parkpulse-bus-{secrets.token_hex(8)}",
            protocol=paho.MQTTv5,
        )
        identify(client, self._address)
        # The window is ours: paho's own would queue without telling.
        client.max_inflight_messages = 0
        client.reconnect_delay_set(min_delay=1, max_delay=LONGEST_PAUSE_S)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        if self._presence is not None:
            there = self._presence
            client.will_set(there.topic, there.absent, qos=1, retain=True)
        return client

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connect.

        Raises
        ------
        BrokerError
            The broker cannot be reached or refuses.
        """
        where = f"{self._address.host}:{self._address.port}"
        try:
            self._client.connect(
                self._address.host,
                self._address.port,
                keepalive=KEEPALIVE_S,
                clean_start=True,
            )
        except OSError as error:
            raise unreached(self._address, error) from error
        self._client.loop_start()
        with self._changed:
            self._changed.wait_for(lambda: self._answer is not None, CONNECT_WITHIN_S)
        if not self._connected:
            self._client.loop_stop()
            message = f"the MQTT broker at {where} refuses: {self._answer or 'silent'}"
            raise BrokerError(message)

    def close(self) -> None:
        """Disconnect; messages without an answer stay pending for ever."""
        if self._presence is not None and self._connected:
            there = self._presence
            said = self._client.publish(there.topic, there.absent, qos=1, retain=True)
            self._greetings.add(said.mid)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def connected(self) -> bool:
        """Whether the broker is there at this moment."""
        return self._connected

    @property
    def pending(self) -> int:
        """Messages that the broker has not answered yet."""
        with self._changed:
            return len(self._pending)

    def publish(
        self, topic: str, payload: bytes, *, expires_s: int | None = None
    ) -> Receipt:
        """Hand a message over; waits while the window is full.

        Parameters
        ----------
        topic, payload
            The message.
        expires_s
            The broker keeps it for so long for a subscriber that is away; None: for as
            long as it keeps messages. [s]

        Raises
        ------
        BrokerError
            No room came up within `patience_s`, or the client cannot send this.
        """
        self._reserve()
        receipt = Receipt(topic)
        try:
            mid = self._hand_over(topic, payload, expires_s)
        except BrokerError:
            self._release()
            raise
        with self._changed:
            self._reserved -= 1
            reason = self._early.pop(mid, None)
            if reason is None:
                self._pending[mid] = receipt
            else:
                self._settle(receipt, reason)
        return receipt

    def _hand_over(self, topic: str, payload: bytes, expires_s: int | None) -> int:
        # Not under our lock: paho calls `_on_publish` while it holds its own.
        try:
            info = self._client.publish(
                topic, payload, qos=1, properties=_expiring(expires_s)
            )
        except ValueError as error:
            message = f"this cannot be published: {error}"
            raise BrokerError(message) from error
        if info.rc not in _ACCEPTED:
            message = f"this cannot be published: {paho.error_string(info.rc)}"
            raise BrokerError(message)
        return info.mid

    def wait(self, receipt: Receipt, timeout_s: float) -> State:
        """Wait until the broker has answered this message; PENDING if it does not."""
        with self._changed:
            self._changed.wait_for(
                lambda: receipt.state is not State.PENDING, timeout_s
            )
        return receipt.state

    def wait_acknowledged(self, timeout_s: float) -> None:
        """Wait until the broker has answered everything.

        Raises
        ------
        BrokerError
            Some messages have no answer after `timeout_s`.
        """
        with self._changed:
            done = self._changed.wait_for(lambda: not self._pending, timeout_s)
            if not done:
                message = (
                    "the MQTT broker has not acknowledged"
                    f" {len(self._pending)} messages within {timeout_s:.0f} s"
                )
                raise BrokerError(message)

    def _reserve(self) -> None:
        deadline = time.monotonic() + self._patience_s
        with self._changed:
            while len(self._pending) + self._reserved >= self._window:
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    message = (
                        "the MQTT broker has acknowledged nothing for"
                        f" {self._patience_s:.0f} s"
                    )
                    raise BrokerError(message)
            self._reserved += 1

    def _release(self) -> None:
        with self._changed:
            self._reserved -= 1
            self._changed.notify_all()

    def _settle(self, receipt: Receipt, reason: ReasonCode) -> None:
        receipt.state = _state(reason)
        receipt.reason = str(reason)
        self._changed.notify_all()

    def _on_publish(
        self,
        client: paho.Client,
        userdata: Any,  # noqa: ANN401 - paho's signature
        mid: int,
        reason: ReasonCode,
        properties: Properties,
    ) -> None:
        del client, userdata, properties
        with self._changed:
            if mid in self._greetings:
                self._greetings.remove(mid)
                return
            receipt = self._pending.pop(mid, None)
            if receipt is None:
                self._early[mid] = reason
            else:
                self._settle(receipt, reason)

    def _on_connect(
        self,
        client: paho.Client,
        userdata: Any,  # noqa: ANN401 - paho's signature
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        del userdata, flags
        if self._presence is not None and not reason.is_failure:
            there = self._presence
            said = client.publish(there.topic, there.present, qos=1, retain=True)
            self._greetings.add(said.mid)
        with self._changed:
            self._answer = reason
            self._connected = not reason.is_failure
            # Who has more in flight than the broker allows is disconnected by it.
            allowed = getattr(properties, "ReceiveMaximum", _LARGEST_WINDOW)
            self._window = min(self._wanted_window, allowed)
            self._changed.notify_all()

    def _on_disconnect(
        self,
        client: paho.Client,
        userdata: Any,  # noqa: ANN401 - paho's signature
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        del client, userdata, flags, properties
        with self._changed:
            was_connected, self._connected = self._connected, False
        if was_connected and reason.is_failure:
            log.warning("the MQTT broker is away (%s); trying again", reason)


def _expiring(expires_s: int | None) -> Properties | None:
    if expires_s is None:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = expires_s
    return properties


def _state(reason: ReasonCode) -> State:
    if reason.is_failure:
        return State.REFUSED
    return State.UNMATCHED if reason.value == _NO_SUBSCRIBER else State.TAKEN
