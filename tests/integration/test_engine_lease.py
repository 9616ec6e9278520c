"""Slots by lease on a real database, and the loop that must hold them."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from typing_extensions import override

from parkpulse.engine.lease import LeaseKeeper, fair_share
from parkpulse.engine.loop import Loop
from parkpulse.engine.process import Engine
from parkpulse.errors import StoreDataError
from parkpulse.model import instants
from parkpulse.model.registry import SLOTS
from parkpulse.store import batchlog
from parkpulse.store import engine as store
from parkpulse.store.pool import Database
from tests.plugins.fix_engine import NOW
from tests.plugins.fix_services import wait_until
from tests.plugins.plant import START, Plant, plant_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from parkpulse.model.packed import LoggedBatch
    from parkpulse.store.pool import Connection
    from tests.plugins.fix_engine import Lab
    from tests.plugins.fix_proxy import Proxy

EVERY = frozenset(range(SLOTS))


class Recorder:
    """A consumer that remembers what it was given."""

    name = "recorder"

    def __init__(self) -> None:
        self.starts: list[list[int]] = []
        self.seen: list[int] = []
        self.ticks = 0
        self.fails = 0

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        del conn
        self.starts.append(list(slots))

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: object
    ) -> None:
        del conn, now
        self.seen += [batch.n for batch in batches]
        if self.fails:
            self.fails -= 1
            message = "refused"
            raise StoreDataError(message)

    def tick(self, conn: Connection, now: object) -> None:
        del conn, now
        self.ticks += 1


@pytest.fixture
def free(lab: Lab) -> Lab:
    """A lab whose own keeper has gone."""
    lab.keeper.depart()
    return lab


def _keeper(lab: Lab, owner: str, ttl_s: float = 600.0) -> LeaseKeeper:
    return LeaseKeeper(lab.database, owner, ttl_s=ttl_s)


def test_shares_are_even_and_whole() -> None:
    assert [fair_share(n) for n in (1, 2, 3, 64, 65)] == [64, 32, 22, 1, 1]


def test_slots_are_shared_out_and_given_back(free: Lab) -> None:
    one, two, three = (_keeper(free, owner) for owner in ("one", "two", "three"))
    one.renew()
    assert one.held == EVERY
    for _ in range(3):
        for keeper in (one, two, three):
            keeper.renew()
    held = [keeper.held for keeper in (one, two, three)]
    assert frozenset.union(*held) == EVERY
    assert sum(map(len, held)) == SLOTS
    assert max(map(len, held)) == 22
    two.depart()
    for _ in range(2):
        one.renew()
        three.renew()
    assert one.held | three.held == EVERY
    assert not one.held & three.held


def test_slots_of_the_dead_are_taken_within_the_lease(free: Lab) -> None:
    dead = _keeper(free, "dead", ttl_s=0.5)
    dead.renew()
    heir = _keeper(free, "heir", ttl_s=0.5)
    heir.renew()
    assert heir.held == frozenset()

    def taken() -> bool:
        heir.renew()
        return heir.held == EVERY

    wait_until(taken, 10.0)


def test_a_lease_is_not_taken_while_its_owner_writes(free: Lab) -> None:
    slow = _keeper(free, "slow", ttl_s=0.2)
    slow.renew()
    other = _keeper(free, "other")
    with free.database.transaction() as conn:
        assert store.confirm(conn, "slow", slow.held)
        time.sleep(0.3)
        other.renew()
        assert other.held == frozenset()
        slow.renew()
        assert slow.held == EVERY, "its own renewal does not wait for it"
        time.sleep(0.3)
    other.renew()
    assert len(other.held) == SLOTS
    with free.database.transaction() as conn:
        assert not store.confirm(conn, "slow", slow.held)


def test_a_loop_without_its_lease_does_nothing(free: Lab) -> None:
    keeper = _keeper(free, "one")
    keeper.renew()
    recorder = Recorder()
    loop = Loop(free.database, keeper, recorder)
    loop.step()
    assert recorder.starts == [sorted(EVERY)]
    with free.database.transaction() as conn:
        conn.execute("update lease set owner = 'thief' where slot = 3")
        conn.execute("insert into engine values ('thief', now() + interval '1 hour')")
    plant = Plant(free, plant_spec(), START)
    free.put(plant.points(START, START))
    loop.step()
    assert (recorder.seen, recorder.ticks) == ([], 1)
    keeper.renew()
    loop.step()
    assert recorder.starts[1:] == [sorted(EVERY - {3})[:32]]
    assert recorder.seen == [1]


def test_a_refused_batch_comes_again_after_a_new_start(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    lab.put(plant.points(START, START))
    recorder = Recorder()
    recorder.fails = 1
    loop = lab.loop(recorder)
    with pytest.raises(StoreDataError):
        loop.step()
    loop.step()
    assert recorder.seen == [1, 1]
    with lab.database.transaction() as conn:
        assert list(batchlog.positions(conn, "recorder").values()) == [1]
    loop.step()
    assert recorder.seen == [1, 1]


def test_batches_come_in_order_and_once(lab: Lab) -> None:
    plant = Plant(lab, plant_spec(), START)
    for i in range(7):
        lab.put([plant.point("grid", instants.to_us(START) + i)])
    recorder = Recorder()
    lab.step(recorder)
    lab.put([plant.point("grid", instants.to_us(NOW))])
    lab.step(recorder)
    assert recorder.seen == list(range(1, 9))


@contextlib.contextmanager
def _running(engine: Engine) -> Iterator[None]:
    thread = threading.Thread(target=engine.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        engine.stop()
        thread.join(30.0)
    assert not thread.is_alive()


def test_an_engine_runs_until_it_is_stopped(free: Lab) -> None:
    plant = Plant(free, plant_spec(), START)
    keeper = _keeper(free, "engine", ttl_s=1.0)
    recorder = Recorder()
    loop = Loop(free.database, keeper, recorder, pause_s=30.0, wake=threading.Event())
    engine = Engine(free.database, keeper, [loop])
    with _running(engine):
        wait_until(lambda: recorder.ticks > 0, 20.0)
        free.put(plant.points(START, START))
        # A notification cuts the long pause short.
        wait_until(lambda: recorder.seen == [1], 20.0)
    with free.database.transaction() as conn:
        owned = conn.execute("select count(*) from lease where owner is not null")
        assert owned.fetchone() == (0,)


class _Breaks(Recorder):
    @override
    def tick(self, conn: Any, now: object) -> None:
        message = "a mistake of ours"
        raise ZeroDivisionError(message)


def test_a_mistake_ends_the_process(free: Lab) -> None:
    keeper = _keeper(free, "engine")
    engine = Engine(
        free.database,
        keeper,
        [
            Loop(free.database, keeper, _Breaks()),
            Loop(free.database, keeper, Recorder()),
        ],
    )
    with pytest.raises(ZeroDivisionError):
        engine.run()


def test_an_engine_outlives_an_outage_of_the_database(
    free: Lab, database_url: str, proxy: Callable[[int], Proxy]
) -> None:
    plant = Plant(free, plant_spec(), START)
    parts = urlsplit(database_url)
    way = proxy(parts.port or 0)
    netloc = f"{parts.username}:{parts.password}@127.0.0.1:{way.port}"
    database = Database(parts._replace(netloc=netloc).geturl())
    database.open()
    keeper = LeaseKeeper(database, "engine", ttl_s=1.0)
    recorder = Recorder()
    engine = Engine(database, keeper, [Loop(database, keeper, recorder, pause_s=0.1)])
    with _running(engine):
        free.put(plant.points(START, START))
        wait_until(lambda: 1 in recorder.seen, 20.0)
        way.cut()
        free.put([plant.point("grid", instants.to_us(NOW))])
        time.sleep(1.5)
        assert 2 not in recorder.seen
        way.heal()
        # Whoever loses a lease in the middle is given the batch again.
        wait_until(lambda: 2 in recorder.seen, 60.0)
    database.close()
