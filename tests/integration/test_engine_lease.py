"""Slots by lease on a real database, and the loop that must hold them."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest
from typing_extensions import override

from parkpulse.engine.lease import LeaseKeeper, fair_share
from parkpulse.engine.loop import Loop
from parkpulse.engine.process import Engine
from parkpulse.errors import StoreDataError, StoreUnavailableError
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


def _slots(keeper: LeaseKeeper) -> frozenset[int]:
    return frozenset(keeper.held)


@pytest.mark.parametrize("processes", [1, 2, 3, 5, 64, 65])
@pytest.mark.parametrize("slots", [0, 1, 4, 63, 64])
def test_shares_are_even_and_whole(slots: int, processes: int) -> None:
    shares = [
        fair_share(slots, store.Rank(place, processes)) for place in range(processes)
    ]
    assert sum(shares) == slots
    assert max(shares) - min(shares) <= 1


def test_slots_are_shared_out_and_given_back(free: Lab) -> None:
    one, two, three = (_keeper(free, owner) for owner in ("one", "two", "three"))
    one.renew()
    assert _slots(one) == EVERY
    for _ in range(3):
        for keeper in (one, two, three):
            keeper.renew()
    held = [_slots(keeper) for keeper in (one, two, three)]
    assert frozenset.union(*held) == EVERY
    assert sum(map(len, held)) == SLOTS
    assert max(map(len, held)) == 22
    two.depart()
    for _ in range(2):
        one.renew()
        three.renew()
    assert _slots(one) | _slots(three) == EVERY
    assert not _slots(one) & _slots(three)


def test_slots_of_the_dead_are_taken_within_the_lease(free: Lab) -> None:
    dead = _keeper(free, "dead", ttl_s=0.5)
    dead.renew()
    heir = _keeper(free, "heir", ttl_s=0.5)
    heir.renew()
    assert not heir.held

    def taken() -> bool:
        heir.renew()
        return _slots(heir) == EVERY

    wait_until(taken, 10.0)


def test_a_lease_is_not_taken_while_its_owner_writes(free: Lab) -> None:
    slow = _keeper(free, "slow", ttl_s=0.2)
    slow.renew()
    other = _keeper(free, "other")
    with free.database.transaction() as conn:
        assert store.confirm(conn, "slow", slow.held)
        time.sleep(0.3)
        other.renew()
        assert not other.held
        slow.renew()
        assert _slots(slow) == EVERY, "its own renewal keeps what is at work"
        time.sleep(0.3)
    other.renew()
    assert len(other.held) == SLOTS
    with free.database.transaction() as conn:
        assert not store.confirm(conn, "slow", slow.held)


def test_sessions_of_a_silent_owner_are_ended(free: Lab) -> None:
    silent = _keeper(free, "silent", ttl_s=0.2)
    silent.renew()
    heir = _keeper(free, "heir")

    def taken() -> bool:
        time.sleep(0.2)
        heir.renew()
        return _slots(heir) == EVERY

    def write_late() -> None:
        with free.database.transaction() as conn:
            assert store.confirm(conn, "silent", silent.held)
            batchlog.advance(conn, "x", {(1, "ingest-1"): 7})
            wait_until(taken, 20.0)

    with pytest.raises(StoreUnavailableError):
        write_late()
    with free.database.transaction() as conn:
        assert not batchlog.positions(conn, "x")
        assert not store.confirm(conn, "silent", silent.held)


def test_a_lease_lost_and_won_again_is_another(free: Lab) -> None:
    keeper = _keeper(free, "one")
    keeper.renew()
    recorder = Recorder()
    loop = Loop(free.database, keeper, recorder)
    loop.step()
    before = keeper.held
    with free.database.transaction() as conn:
        conn.execute("update lease set owner = null where slot = 3")
    keeper.renew()
    assert _slots(keeper) == EVERY
    with free.database.transaction() as conn:
        assert not store.confirm(conn, "one", before)
        assert store.confirm(conn, "one", keeper.held)
    loop.step()
    loop.step()
    assert recorder.starts == [sorted(EVERY)] * 2


def test_roles_hold_the_same_slots_side_by_side(free: Lab) -> None:
    keepers = [
        LeaseKeeper(free.database, f"one/{role}", role) for role in ("alerts", "rest")
    ]
    for keeper in keepers:
        keeper.renew()
    assert [_slots(keeper) for keeper in keepers] == [EVERY, EVERY]


def test_few_parks_do_not_all_come_to_one_process(free: Lab) -> None:
    one, two = _keeper(free, "one"), _keeper(free, "two")
    one.renew()
    for n in range(4):
        free.register(msgspec.structs.replace(plant_spec(), code=f"park{n}"))
    parks = frozenset(park_id % SLOTS for park_id in free.parks.values())
    for _ in range(2):
        one.renew()
        two.renew()
    assert len(_slots(one) & parks) == len(_slots(two) & parks) == 2
    assert len(one.held) == len(two.held) == 32


def test_a_loop_without_its_lease_does_nothing(free: Lab) -> None:
    keeper = _keeper(free, "one")
    keeper.renew()
    recorder = Recorder()
    loop = Loop(free.database, keeper, recorder)
    loop.step()
    assert recorder.starts == [sorted(EVERY)]
    with free.database.transaction() as conn:
        conn.execute("update lease set owner = 'thief' where slot = 3")
        conn.execute(
            "insert into engine (owner, until)"
            " values ('thief', now() + interval '1 hour')"
        )
    plant = Plant(free, plant_spec(), START)
    free.put(plant.points(START, START))
    loop.step()
    assert (recorder.seen, recorder.ticks) == ([], 1)
    keeper.renew()
    loop.step()
    assert recorder.starts[1:] == [sorted(EVERY - {3})[:33]], "the park, half the rest"
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
