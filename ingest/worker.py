"""The committing side of an ingest worker: inbox to database to acknowledgement."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Protocol

from ingest import (
    assembly,
    keeping,
    outcomes,
    pipeline,
    placing,
    plain,
    topics,
    writer,
)
from parkpulse.errors import (
    ConfigError,
    ParkpulseError,
    StoreDataError,
    StoreError,
)
from parkpulse.model import instants, reasons
from parkpulse.model.message import Refusal
from parkpulse.store import ledger, pool, quarantine, registry, wire_states, workers
from parkpulse.store.ledger import Counts
from parkpulse.store.workers import Advance

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from ingest.arrivals import Arrival, Inbox
    from ingest.pipeline import Letter
    from ingest.placing import Values
    from ingest.plain import Messages
    from ingest.registrar import Registrar
    from ingest.replies import Reply
    from parkpulse.store.disk import Guard
    from parkpulse.store.pool import Connection, Database

TAKE_S = 1.0
REPORT_S = 1.0
DRAIN_S = 10.0
"""How long a worker that was told to stop goes on with what it has received. [s]"""
_SHORTEST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_BROKER_SOURCE = "?/broker"
_SPARKPLUG = "sparkplug"
_SAVED_EVERY_S = 5.0
"""What decoders remember is kept so often; what is lost is asked for again. [s]"""
_log = logging.getLogger(__name__)


class Receiver(Protocol):
    """What the worker needs of the network side."""

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the broker."""

    @property
    def dropped_by_broker(self) -> int | None:
        """Messages that the broker says it has dropped since it began."""

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Tell the broker that these are committed, in order of arrival."""

    def pause(self) -> None:
        """Take in nothing more; acknowledgements still go out."""

    def follow(self, filters: Sequence[str]) -> None:
        """Receive what is published on exactly these foreign topics."""


class Replies(Protocol):
    """What devices are told."""

    def send(self, letters: Sequence[Letter]) -> None:
        """Reply to messages that are committed."""

    def ask(self, requests: Sequence[Reply]) -> None:
        """Ask devices for what is missing."""

    def be_host(self) -> None:
        """Say that a Sparkplug host application is here."""


class _FaultError(Exception):
    """The program failed on these messages."""


class _StoppedError(Exception):
    """The worker was told to stop while the database was away."""


class Worker:
    """Commits what is in the inbox, in order of arrival, and has it acknowledged.

    Parameters
    ----------
    database
        Where everything goes.
    inbox
        What was received.
    receiver
        Acknowledges what is committed.
    registrar
        Knows the devices.
    name
        Name of the writer, `ingest-<n>`.
    run
        This process.
    retention_s
        How long single readings are kept. [s]
    stop
        Set when the worker shall end.
    replies
        Sends what devices are told; None: they are told nothing.
    guard
        Watches the database's disk; None: nobody does.
    """

    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        receiver: Receiver,
        registrar: Registrar,
        name: str,
        run: UUID,
        retention_s: float,
        stop: threading.Event,
        replies: Replies | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._receiver = receiver
        self._registrar = registrar
        self._name = name
        self._run = run
        self._retention_us = round(retention_s * instants.SECOND)
        self._stop = stop
        self._replies = replies
        self._guard = guard
        self._is_holding = False
        self._foreign: list[Letter] = []
        self._has_parts = True
        self._next_save = 0.0
        self._newest = writer.Newest()
        self._committed = 0
        self._dropped: int | None = None
        self._next_report = 0.0

    def run(self) -> None:
        """Work until told to stop, then commit what is left unless that takes long.

        Raises
        ------
        ConfigError
            Another process has become this worker.
        """
        try:
            while not self._stop.is_set():
                self._step(TAKE_S)
            self._receiver.pause()
            until = time.monotonic() + DRAIN_S
            while len(self._inbox) and time.monotonic() < until:
                if self._must_hold():
                    break  # what is not committed stays with the broker
                self._step(0.0)
        except _StoppedError:
            _log.warning("stopped without database uncommitted=%d", len(self._inbox))

    def _step(self, timeout_s: float) -> None:
        # New topics must be followed although nothing else arrives.
        with contextlib.suppress(StoreError):
            self._registrar.refresh()
        rules = self._registrar.directory.routes.rules
        self._receiver.follow([rule.filter for rule in rules])
        if self._replies is not None and any(
            rule.format == _SPARKPLUG for rule in rules
        ):
            self._replies.be_host()
        if self._must_hold():
            self._stop.wait(timeout_s)
        elif arrivals := self._inbox.take(timeout_s):
            self.commit(arrivals)
        self._report()

    def _must_hold(self) -> bool:
        """Whether the disk is too full to take messages; they wait unacknowledged."""
        if self._guard is None:
            return False
        is_full = self._guard.check() == "full"
        if is_full and not self._is_holding:
            _log.error(
                "the disk is full: taking no messages free_mb=%d",
                self._guard.free_bytes // 1_000_000,
            )
        if self._is_holding and not is_full:
            _log.warning("the disk has room again: taking messages")
        self._is_holding = is_full
        return is_full

    def commit(self, arrivals: Sequence[Arrival]) -> None:
        """Commit messages, whatever it takes, and acknowledge them.

        Messages that the database refuses for their data, or on which the program
        fails, are found by bisection and quarantined. While the database is away it is
        tried again and again.
        """
        counted = [each for each in arrivals if not topics.is_ours(each.topic)]
        try:
            if counted:
                self._persist(counted, None)
        except (StoreDataError, _FaultError) as error:
            if len(counted) > 1:
                middle = len(arrivals) // 2
                self.commit(arrivals[:middle])
                self.commit(arrivals[middle:])
                return
            is_fault = isinstance(error, _FaultError)
            reason = reasons.INTERNAL_ERROR if is_fault else reasons.REFUSED_BY_DATABASE
            _log.warning("%s topic=%s: %s", reason, counted[0].topic, error)
            self._persist(counted, Refusal(reason, str(error)))
        self._committed = arrivals[-1].number
        self._receiver.acknowledge(arrivals)
        if self._foreign:
            self._finish()

    def _finish(self) -> None:
        """Do what follows the commit of messages in other formats."""
        self._registrar.reader.forget(self._committed)
        if self._replies is not None:
            self._replies.send(self._foreign)
        self._foreign = []
        if self._has_parts:
            self._assemble()

    def _assemble(self) -> None:
        """Put together messages whose parts are all there; the rest waits."""
        try:
            made = assembly.assemble(
                self._database, self._registrar, self._name, self._retention_us
            )
        except StoreError as error:
            _log.warning("parts are not put together yet: %s", error)
            return
        self._has_parts = made.are_waiting
        if self._replies is not None:
            self._replies.send(made.letters)
            self._replies.ask(made.requests)

    def _persist(self, arrivals: Sequence[Arrival], refusal: Refusal | None) -> None:
        pause_s = _SHORTEST_PAUSE_S
        while True:
            try:
                return self._attempt(arrivals, refusal)
            except StoreDataError:
                if refusal is None:
                    raise
                _log.exception("the database refuses even the quarantine")
            except StoreError as error:
                _log.warning(
                    "database failed retry_in_s=%.1f waiting=%d: %s",
                    pause_s,
                    len(self._inbox) + len(arrivals),
                    " ".join(str(error).split()),
                )
            if self._stop.wait(pause_s):
                raise _StoppedError
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _attempt(self, arrivals: Sequence[Arrival], refusal: Refusal | None) -> None:
        """Try once; what is in memory may be ahead of the database after an error."""
        try:
            self._commit_once(arrivals, refusal)
        except ParkpulseError:
            self._registrar.forget()
            raise
        except Exception as error:
            # A fault that one message brings out must not keep all others from us.
            self._registrar.forget()
            _log.exception("the program failed messages=%d", len(arrivals))
            if refusal is not None:
                raise StoreError(repr(error)) from error
            raise _FaultError(repr(error)) from error

    def _plain(self, arrivals: Sequence[Arrival]) -> Messages:
        self._registrar.refresh()
        directory = self._registrar.directory
        return plain.sort_out(arrivals, directory, self._retention_us)

    def _letters(
        self, arrivals: Sequence[Arrival], refusal: Refusal | None
    ) -> list[Letter]:
        if refusal is not None and refusal.reason == reasons.INTERNAL_ERROR:
            self._registrar.refresh()
            directory = self._registrar.directory
            return [pipeline.unread(each, directory, refusal) for each in arrivals]
        letters = self._registrar.read(arrivals)
        if refusal is not None:
            for letter in letters:
                letter.refuse(*refusal)
        return letters

    def _commit_once(
        self, arrivals: Sequence[Arrival], refusal: Refusal | None
    ) -> None:
        messages = self._plain(arrivals) if refusal is None else plain.leave(arrivals)
        rest = [arrivals[position] for position in messages.rest]
        letters = self._letters(rest, refusal)
        directory = self._registrar.directory
        receipts = self._registrar.complete(letters)
        placed, clocks = placing.place(
            letters, directory, self._registrar.clocks(), receipts, self._retention_us
        )
        values = messages.joined(placed)
        with self._database.transaction() as connection:
            if self._go_on(connection, arrivals[-1].number):
                keeping.note_numbers(connection, self._name, letters, messages)
                self._keep(connection, letters, receipts)
                self._write(connection, arrivals, letters, messages, values, clocks)
        self._registrar.note_clocks(clocks)
        self._newest.note(values.series, values.ts)
        self._foreign = [each for each in letters if each.telegram is not None]

    def _keep(
        self,
        connection: Connection,
        letters: Sequence[Letter],
        receipts: Mapping[int, int],
    ) -> None:
        """Store what is no value; notes in the letters whether it was new."""
        if all(letter.telegram is None for letter in letters):
            return
        keeping.keep_events(connection, letters, receipts)
        directory = self._registrar.directory
        if keeping.keep_fragments(connection, self._name, letters, directory):
            self._has_parts = True
        if time.monotonic() >= self._next_save:
            self._next_save = time.monotonic() + _SAVED_EVERY_S
            for name, state in self._registrar.reader.states().items():
                wire_states.save(connection, name, state)

    def _go_on(self, connection: Connection, after: int) -> bool:
        """Whether this batch is still to be written."""
        advance = workers.advance(
            connection, self._name, self._run, self._committed, after
        )
        if advance is Advance.SUPERSEDED:
            raise self._superseded()
        return advance is Advance.MOVED

    def _superseded(self) -> ConfigError:
        return ConfigError(
            f"another process has become {self._name}:"
            " give each ingest process its own --worker number"
        )

    def _write(
        self,
        connection: Connection,
        arrivals: Sequence[Arrival],
        letters: Sequence[Letter],
        messages: Messages,
        values: Values,
        clocks: dict[int, int],
    ) -> None:
        written = writer.write(connection, values, self._newest)
        directory = self._registrar.directory
        counts = outcomes.add(
            outcomes.received(arrivals, self._committed, directory),
            outcomes.count(letters, values.letter, written.kind),
            outcomes.count_plain(
                messages, len(letters), values.letter, written.kind, directory
            ),
        )
        before = self._registrar.clocks()
        moved = {
            park: instants.from_us(moment)
            for park, moment in clocks.items()
            if moment != before.get(park)
        }
        with pool.pipelined(connection):
            ledger.add(connection, self._name, counts)
            quarantine.put(connection, outcomes.quarantined(self._name, letters))
            writer.log(connection, self._name, written)
            if moved:  # last, for other workers wait for the row of the park
                registry.move_clocks(connection, moved)

    def _report(self) -> None:
        """Give a sign of life, and enter what the broker says it has dropped."""
        now = time.monotonic()
        if now < self._next_report:
            return
        self._next_report = now + REPORT_S
        if self._has_parts:
            self._assemble()
        try:
            with self._database.transaction() as connection:
                is_ours = workers.report(
                    connection,
                    self._name,
                    self._run,
                    len(self._inbox),
                    is_connected=self._receiver.is_connected,
                )
                if not is_ours:
                    raise self._superseded()
                if self._guard is not None:
                    workers.note_disk(
                        connection,
                        self._name,
                        self._guard.check(),
                        self._guard.free_bytes,
                    )
                self._enter_dropped(connection)
        except StoreError as error:
            _log.debug("no sign of life: %s", error)

    def _enter_dropped(self, connection: Connection) -> None:
        total = self._receiver.dropped_by_broker
        if total is None or total == self._dropped:
            return
        dropped = workers.note_dropped(connection, self._name, total)
        self._dropped = total
        if dropped:
            _log.error("the broker has dropped messages count=%d", dropped)
            hour = instants.from_us(
                time.time_ns() // 1000 // instants.HOUR * instants.HOUR
            )
            counts = {(hour, _BROKER_SOURCE): Counts(dropped_by_broker=dropped)}
            ledger.add(connection, self._name, counts)
