"""The network side of an ingest worker: paho, persistent session, manual QoS 1.

A single thread reads, writes, reconnects and sends acknowledgements. So none can go out
on another connection than the one its message came on. paho keeps the connection;
messages are taken from what is read before it sees them, and acknowledged in bulk.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import select
import socket
import ssl
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MessageType
from typing_extensions import override

from ingest import packets, topics
from ingest.arrivals import Arrival
from parkpulse import bus
from parkpulse.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from ingest.arrivals import Inbox
    from parkpulse.bus import Address

_PLAIN = topics.FILTER
_SHARED = f"$share/parkpulse/{topics.FILTER}"
KEEPALIVE_S = 240
LONGEST_FULL_S = 150.0
"""Reading may rest so long, less than the keep-alive: paho closes a connection on which
no answer to its ping was read for that time. Then the worker disconnects, so that the
queue limits of the broker hold, and comes back when half of its inbox is free."""
_TICK_S = 1.0
_READ_BYTES = 256 * 1024
_LITTLE_BYTES = _READ_BYTES // 4
_GATHER_S = 0.005
"""So long it waits after it has read little: the broker writes each message alone, and
to wake up for each of them would cost more than to read it. [s]"""
_ROOM_TICK_S = 0.1
_CONNECT_WITHIN_S = 10.0
_LEAVE_WITHIN_S = 2.0
_SHORTEST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_DROPPED = "$SYS/broker/publish/messages/dropped"
_Socket = Any
_log = logging.getLogger(__name__)


class Role(enum.Enum):
    """Which subscription a worker has, by its filter; it leaves those of other roles.

    Mosquitto forgets shared subscriptions when it restarts (tried with 2.0.21) and lets
    go of what is published until the members are back. So a worker that is alone has a
    plain one, which Mosquitto keeps.
    """

    ALONE = _PLAIN
    MEMBER = _SHARED
    """One of several that share the messages."""
    RETIRING = ""
    """Only takes what the broker still holds for it."""


def client_id(worker: int) -> str:
    """Name a worker: under this id the broker keeps what it has not acknowledged."""
    return f"parkpulse-ingest-{worker}"


class MqttReceiver:
    """Receives messages into the inbox and acknowledges what is committed.

    Parameters
    ----------
    address
        Where the broker is.
    worker
        Number of the worker, from 1; the first also follows the broker's own counts.
    role
        Which messages it shall get.
    inbox
        Gets what arrives; while it is full, nothing is read.
    longest_full_s
        After so long with a full inbox the connection is given up. [s]
    """

    def __init__(
        self,
        address: Address,
        worker: int,
        role: Role,
        inbox: Inbox,
        longest_full_s: float = LONGEST_FULL_S,
    ) -> None:
        self._address = address
        self._inbox = inbox
        self._longest_full_s = longest_full_s
        self._subscriptions = [(role.value, 1)] if role is not Role.RETIRING else []
        self._takes_foreign = worker == 1 and role is not Role.RETIRING
        if worker == 1:
            self._subscriptions.append((_DROPPED, 0))
        self._foreign: tuple[str, ...] = ()
        self._wanted: tuple[str, ...] = ()
        self._asked: dict[int | None, Sequence[str]] = {}
        self._left = [each for each in (_PLAIN, _SHARED) if each != role.value]
        self._number = 0
        self._epoch = 0
        self._acknowledgements: deque[tuple[int, int]] = deque()
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._waker.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._closing = threading.Event()
        self._was_connected = False
        self._is_paused = False
        self._full_since: float | None = None
        self._quiet_since = time.monotonic()
        self.is_connected = False
        self.dropped_by_broker: int | None = None
        self._client = self._make_client(client_id(worker))
        self._stream = packets.Stream()
        self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)

    def _make_client(self, name: str) -> _Client:
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            clean_session=False,
            protocol=paho.MQTTv311,
        )
        client.connect_timeout = _CONNECT_WITHIN_S
        bus.identify(client, self._address)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_socket_open = _keep_alive
        return client

    def start(self) -> None:
        """Begin to receive; connects by itself, now and after every loss."""
        self._thread.start()

    @property
    def quiet_s(self) -> float:
        """How long nothing has arrived on this connection; 0 without one. [s]."""
        return time.monotonic() - self._quiet_since if self.is_connected else 0.0

    def pause(self) -> None:
        """Take in nothing more; acknowledgements still go out."""
        self._is_paused = True

    def close(self) -> None:
        """Send what acknowledgements there are, disconnect, end."""
        self._closing.set()
        self._wake_up()
        self._thread.join()
        self._wake.close()
        self._waker.close()

    def follow(self, filters: Sequence[str]) -> None:
        """Receive what is published on exactly these foreign topics.

        Only the first worker does, for their formats may need to be read in order.
        """
        if self._takes_foreign and tuple(filters) != self._wanted:
            self._wanted = tuple(filters)
            self._wake_up()

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Have committed messages acknowledged, in order of arrival."""
        self._acknowledgements.extend(
            (arrival.epoch, arrival.mid) for arrival in arrivals if arrival.qos
        )
        self._wake_up()

    def _wake_up(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._waker.send(b"w")

    def _run(self) -> None:
        pause_s = _SHORTEST_PAUSE_S
        while not self._closing.is_set():
            self._was_connected = False
            try:
                self._serve()
            except OSError as error:
                _log.warning("broker unreachable retry_in_s=%.1f: %s", pause_s, error)
            except Exception:  # noqa: BLE001 - a thread that ends is a silent outage
                _log.exception("receiving failed retry_in_s=%.1f", pause_s)
            pause_s = _SHORTEST_PAUSE_S if self._was_connected else 2 * pause_s
            pause_s = min(pause_s, _LONGEST_PAUSE_S)
            self._closing.wait(pause_s)
            self._wait_for_room()

    def _serve(self) -> None:
        """Hold one connection until it is lost, refused, or given up."""
        self._stream = packets.Stream()
        self._client.connect(self._address.host, self._address.port, KEEPALIVE_S)
        give_up = time.monotonic() + _CONNECT_WITHIN_S
        try:
            while (network := self._client.socket()) is not None:
                self._tick(network)
                if self._must_leave(give_up):
                    self._leave()
                    return
        finally:
            self.is_connected = False

    def _must_leave(self, give_up: float) -> bool:
        if not self._was_connected and time.monotonic() > give_up:
            _log.warning("the broker does not answer")
            return True
        if self._has_long_been_full():
            _log.warning("inbox full: leaving messages to the broker")
            return True
        return self._closing.is_set()

    def _leave(self) -> None:
        self._send_acknowledgements()
        self._client.disconnect()
        until = time.monotonic() + _LEAVE_WITHIN_S
        while (network := self._client.socket()) is not None:
            if time.monotonic() > until:
                return
            _, writable, _ = select.select([], [network], [], _LEAVE_WITHIN_S)
            if writable:
                self._client.loop_write()

    def _wait_for_room(self) -> None:
        while self._full_since is not None and not self._closing.wait(_ROOM_TICK_S):
            if self._inbox.is_roomy:
                self._full_since = None

    def _has_long_been_full(self) -> bool:
        if not self._inbox.is_full:
            self._full_since = None
            return False
        now = time.monotonic()
        if self._full_since is None:
            self._full_since = now
        return now - self._full_since >= self._longest_full_s

    def _tick(self, network: _Socket) -> None:
        reading: list[_Socket] = [self._wake]
        if not self._inbox.is_full:
            reading.append(network)
        writing = [network] if self._client.want_write() else []
        readable, writable, _ = select.select(reading, writing, [], _TICK_S)
        if self._wake in readable:
            with contextlib.suppress(BlockingIOError):
                self._wake.recv(4096)
        if network in readable:
            self._read(network)
        self._send_acknowledgements()
        if network in writable:
            self._client.loop_write()
        if self.is_connected and self._wanted != self._foreign:
            self._follow_wanted()
        self._client.loop_misc()

    def _follow_wanted(self) -> None:
        gone = [each for each in self._foreign if each not in self._wanted]
        more = [(each, 1) for each in self._wanted if each not in self._foreign]
        self._foreign = self._wanted
        if gone:
            self._client.unsubscribe(gone)
        if more:
            self._subscribe(more)

    def _subscribe(self, subscriptions: Sequence[tuple[str, int]]) -> None:
        _, mid = self._client.subscribe(list(subscriptions))
        self._asked[mid] = [topic for topic, _ in subscriptions]

    def _read(self, network: _Socket) -> None:
        try:
            data = received(network)
            found = self._stream.feed(data)
        except BlockingIOError:
            return
        except (OSError, BrokerError) as error:
            _log.warning("connection lost: %s", error)
            data, found = b"", packets.Packets([], b"")
        if found.others or not data:
            self._client.take(found.others)
        if found.published:
            self._receive(found.published)
            if len(data) < _LITTLE_BYTES:
                time.sleep(_GATHER_S)

    def _receive(self, published: Sequence[packets.Published]) -> None:
        received_us = time.time_ns() // 1000
        self._quiet_since = time.monotonic()
        arrivals = []
        for name, payload, mid, qos in published:
            topic = name.decode(errors="replace")
            if topic == _DROPPED:
                with contextlib.suppress(ValueError):
                    self.dropped_by_broker = int(payload)
                continue
            if self._is_paused:
                continue
            if not topics.is_ours(topic):
                self._number += 1
            arrivals.append(
                Arrival(
                    self._number, received_us, topic, payload, self._epoch, mid, qos
                )
            )
        self._inbox.put(arrivals)

    def _send_acknowledgements(self) -> None:
        mids = []
        while self._acknowledgements and self.is_connected:
            epoch, mid = self._acknowledgements.popleft()
            if epoch == self._epoch:
                mids.append(mid)
        if mids:
            self._client.acknowledge(mids)

    def _on_connect(
        self,
        client: paho.Client,
        userdata: object,  # noqa: ARG002 - paho's signature
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,  # noqa: ARG002 - paho's signature
    ) -> None:
        if reason.is_failure:
            _log.error("the broker refuses the connection: %s", reason)
            return
        self._epoch += 1
        self._was_connected = self.is_connected = True
        self._quiet_since = time.monotonic()
        self._asked.clear()
        self._foreign = ()
        if self._subscriptions:
            self._subscribe(self._subscriptions)
        client.unsubscribe(self._left)
        _log.info("connected epoch=%d session=%s", self._epoch, flags.session_present)

    def _on_subscribe(
        self,
        client: paho.Client,  # noqa: ARG002 - paho's signature
        userdata: object,  # noqa: ARG002 - paho's signature
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,  # noqa: ARG002 - paho's signature
    ) -> None:
        for topic, reason in zip(self._asked.pop(mid, ()), reasons, strict=False):
            if reason.is_failure:
                _log.error("the broker refuses to send topic=%s: %s", topic, reason)

    def _on_disconnect(
        self,
        client: paho.Client,  # noqa: ARG002 - paho's signature
        userdata: object,  # noqa: ARG002 - paho's signature
        flags: paho.DisconnectFlags,  # noqa: ARG002 - paho's signature
        reason: ReasonCode,
        properties: Properties | None,  # noqa: ARG002 - paho's signature
    ) -> None:
        self.is_connected = False
        _log.info("disconnected epoch=%d: %s", self._epoch, reason)


def received(network: _Socket) -> bytes:
    """Read what has come; of an encrypted connection record by record.

    Raises
    ------
    BlockingIOError
        Nothing is complete yet.
    """
    if not isinstance(network, ssl.SSLSocket):
        data: bytes = network.recv(_READ_BYTES)
        return data
    parts: list[bytes] = []
    while sum(map(len, parts)) < _READ_BYTES:
        try:
            part = network.recv(_READ_BYTES)
        except ssl.SSLWantReadError as error:
            if not parts:
                raise BlockingIOError from error
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


class _Client(paho.Client):
    """paho, given what was read instead of reading itself."""

    _given = b""

    def take(self, data: bytes) -> None:
        """Handle packets; without any, the end of the connection."""
        self._given = data
        self.loop_read()
        while self._given and self.socket() is not None:
            self.loop_read()

    @override
    def _sock_recv(self, bufsize: int) -> bytes:
        part, self._given = self._given[:bufsize], self._given[bufsize:]
        return part

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Acknowledge messages by one write."""
        together = packets.acknowledgements(mids)
        self._packet_queue(MessageType.PUBACK, together, 0, 1)


def _keep_alive(_client: paho.Client, _userdata: object, network: Any) -> None:  # noqa: ANN401 - paho's own type is not public
    """Notice within a minute that the broker's machine has gone.

    The keep-alive of MQTT is longer, so that reading can rest while the database is
    away.
    """
    network.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    network.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 30),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
    ):
        option = getattr(socket, name, None)  # not every system has all three
        if option is not None:
            network.setsockopt(socket.IPPROTO_TCP, option, value)


def forget_session(address: Address, worker: int) -> None:
    """Make the broker forget the session of a worker with all that it holds for it.

    Raises
    ------
    BrokerError
        The broker cannot be reached.
    """
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id(worker),
        clean_session=True,
        protocol=paho.MQTTv311,
    )
    bus.identify(client, address)
    answered = threading.Event()
    client.on_connect = lambda *_: answered.set()
    try:
        client.connect(address.host, address.port)
    except OSError as error:
        message = f"the broker cannot be reached: {error}"
        raise BrokerError(message) from error
    client.loop_start()
    answered.wait(_CONNECT_WITHIN_S)
    client.disconnect()
    client.loop_stop()
