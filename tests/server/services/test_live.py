"""Live events: no gap, no double, nothing that others may not see."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from kpl.errors import Denied
from kpl.server.db import Database
from kpl.server.db.schema import migrate
from kpl.server.services.live import LiveHub, Message, View

ALL = View(None)
TOPIC = frozenset({"project:default"})


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'kpl.db'}")
    migrate(database)
    yield database
    database.close()


def publish(hub: LiveHub, *numbers: int, topic: str = "project:default", project_id: int | None = 1) -> None:
    with hub._db.write() as session:
        for number in numbers:
            hub.publish(
                session, "count", topics=[topic], data={"number": number}, project_id=project_id, at_s=0.0
            )


def run_with(hub: LiveHub, body: Coroutine[Any, Any, None]) -> None:
    async def main() -> None:
        task = asyncio.create_task(hub.run())
        try:
            async with asyncio.timeout(30):
                await body
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())


async def numbers_of(stream: AsyncGenerator[Message, None], count: int) -> list[int]:
    """The numbers of the next events, whatever else comes between."""
    numbers: list[int] = []
    while len(numbers) < count:
        message = await anext(stream)
        if message.event is not None:
            numbers.append(message.event.data["number"])
    return numbers


def test_a_listener_gets_what_happens_from_now_on(db: Database) -> None:
    hub = LiveHub(db)
    publish(hub, 1, 2)

    async def body() -> None:
        stream = hub.follow(TOPIC, lambda: ALL, after=None)
        assert (await anext(stream)).kind == "hello"
        await asyncio.to_thread(publish, hub, 3)
        await asyncio.to_thread(publish, hub, 4, 5)
        assert await numbers_of(stream, 3) == [3, 4, 5]
        await stream.aclose()

    run_with(hub, body())


def test_nothing_is_told_of_a_transaction_that_was_undone(db: Database) -> None:
    hub = LiveHub(db)

    def fail() -> None:
        with db.write() as session:
            hub.publish(session, "count", topics=TOPIC, data={"number": 1}, project_id=1, at_s=0.0)
            raise ValueError("no")

    async def body() -> None:
        stream = hub.follow(TOPIC, lambda: ALL, after=0)
        with pytest.raises(ValueError, match="no"):
            fail()
        await asyncio.to_thread(publish, hub, 2)
        assert await numbers_of(stream, 1) == [2]
        await stream.aclose()

    run_with(hub, body())


def test_a_restarted_server_goes_on_with_no_gap_and_no_double(db: Database) -> None:
    """Events are written by several threads while the listener loses its server again and again."""
    total, seen, last = 300, list[int](), 0
    current = [LiveHub(db)]

    def write(first: int) -> None:
        for number in range(first, total, 3):
            publish(current[0], number)

    writers = [threading.Thread(target=write, args=(first,)) for first in range(3)]
    for writer in writers:
        writer.start()

    async def listen(hub: LiveHub) -> None:
        nonlocal last
        stream = hub.follow(TOPIC, lambda: ALL, after=last)
        budget = 40
        async for message in stream:
            assert message.kind != "resync"
            if message.event is not None:
                seen.append(message.event.data["number"])
                last = message.seq
                budget -= 1
            if budget == 0 or len(seen) == total:
                break
        await stream.aclose()

    while len(seen) < total:
        run_with(current[0], listen(current[0]))
        current[0] = LiveHub(db)
    for writer in writers:
        writer.join(timeout=30)
    assert sorted(seen) == list(range(total))
    for first in range(3):
        own = [number for number in seen if number % 3 == first]
        assert own == sorted(own), "each writer's events come in its order"


def test_whoever_is_too_far_behind_reads_anew(db: Database) -> None:
    hub = LiveHub(db, kept=200)
    publish(hub, *range(150))
    publish(hub, *range(150, 900))

    async def body() -> None:
        stream = hub.follow(TOPIC, lambda: ALL, after=10)
        kinds = [(await anext(stream)).kind for _ in range(2)]
        assert kinds == ["hello", "resync"]
        await asyncio.to_thread(publish, hub, 1000)
        assert await numbers_of(stream, 1) == [1000]
        await stream.aclose()

    run_with(hub, body())


def test_a_number_from_the_future_means_another_history(db: Database) -> None:
    hub = LiveHub(db)
    publish(hub, 1)

    async def body() -> None:
        stream = hub.follow(TOPIC, lambda: ALL, after=500)
        messages = [await anext(stream) for _ in range(2)]
        assert (messages[1].kind, messages[1].seq) == ("resync", 1)
        await stream.aclose()

    run_with(hub, body())


def test_only_the_newest_events_are_kept(db: Database) -> None:
    hub = LiveHub(db, kept=300)
    for start in range(0, 2000, 50):
        publish(hub, *range(start, start + 50))
    with db.read() as session:
        kept = session.connection().exec_driver_sql("SELECT count(*), max(seq) FROM events").one()
    assert kept[1] == 2000
    assert 300 <= kept[0] <= 300 + 250


def test_other_topics_and_projects_stay_unseen(db: Database) -> None:
    hub = LiveHub(db)

    async def body() -> None:
        stream = hub.follow(frozenset({"run:1"}), lambda: View(frozenset({1})), after=0)
        await asyncio.to_thread(publish, hub, 1, topic="run:2")
        await asyncio.to_thread(publish, hub, 2, topic="run:1", project_id=2)
        await asyncio.to_thread(publish, hub, 3, topic="run:1", project_id=1)
        await asyncio.to_thread(publish, hub, 4, topic="run:1", project_id=None)
        assert await numbers_of(stream, 2) == [3, 4]
        await stream.aclose()

    run_with(hub, body())


def test_a_listener_that_loses_access_hears_nothing_more(db: Database) -> None:
    hub = LiveHub(db)
    views = [View(frozenset({1})), View(frozenset())]

    def leave() -> None:
        views.pop(0)
        with db.write() as session:
            hub.refresh_access(session)

    async def body() -> None:
        stream = hub.follow(TOPIC, lambda: views[0], after=0)
        await asyncio.to_thread(publish, hub, 1)
        assert await numbers_of(stream, 1) == [1]
        await asyncio.to_thread(leave)
        await asyncio.to_thread(publish, hub, 2)
        await asyncio.to_thread(publish, hub, 3, project_id=None)
        assert await numbers_of(stream, 1) == [3]
        await stream.aclose()

    run_with(hub, body())


def test_the_stream_ends_with_the_sign_in(db: Database) -> None:
    hub = LiveHub(db, keep_alive_s=0.02)
    is_signed_in = [True]

    def look() -> View:
        if not is_signed_in[0]:
            raise Denied("The session has ended.")
        return ALL

    async def body() -> None:
        stream = hub.follow(TOPIC, look, after=None)
        assert [(await anext(stream)).kind for _ in range(2)] == ["hello", "alive"]
        is_signed_in[0] = False
        assert all([message.kind == "alive" async for message in stream])

    run_with(hub, body())


def test_closing_the_hub_ends_all_streams(db: Database) -> None:
    hub = LiveHub(db)

    async def body() -> None:
        streams = [hub.follow(TOPIC, lambda: ALL, after=None) for _ in range(3)]
        for stream in streams:
            await anext(stream)
        readers = [asyncio.create_task(_drain(stream)) for stream in streams]
        await asyncio.sleep(0)
        hub.close()
        await asyncio.gather(*readers)

    run_with(hub, body())


async def _drain(stream: AsyncGenerator[Message, None]) -> None:
    async for _ in stream:
        pass


def test_a_quiet_stream_says_that_it_lives_and_where_it_stands(db: Database) -> None:
    hub = LiveHub(db, keep_alive_s=0.02)
    publish(hub, 1, 2, 3)

    async def body() -> None:
        stream = hub.follow(frozenset({"run:9"}), lambda: ALL, after=1)
        await anext(stream)
        message = await anext(stream)
        assert (message.kind, message.seq) == ("alive", 3)
        await stream.aclose()

    run_with(hub, body())


def test_signals_are_merged_and_not_kept(db: Database) -> None:
    hub = LiveHub(db)

    async def body() -> None:
        stream = hub.follow(TOPIC, lambda: ALL, after=None)
        await anext(stream)
        waiting = asyncio.create_task(numbers_of(stream, 1))
        await asyncio.sleep(0)
        for number in range(100):
            hub.signal("log", topics=TOPIC, data={"number": number}, project_id=1)
        assert await waiting == [99]
        await stream.aclose()

    run_with(hub, body())
    with db.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM events").scalar_one() == 0


def test_signals_without_listeners_cost_nothing(db: Database) -> None:
    hub = LiveHub(db)
    hub.signal("log", topics=TOPIC, data={"number": 1}, project_id=1)
    assert not hub._signals


def test_a_snapshot_knows_its_place(db: Database) -> None:
    hub = LiveHub(db)
    with db.read() as session:
        assert hub.last_seq(session) == 0
    publish(hub, 1, 2)
    with db.read() as session:
        assert hub.last_seq(session) == 2


def test_a_slow_listener_is_served_from_the_log(db: Database) -> None:
    """It reads nothing while far more happens than is held in memory, and misses nothing."""
    hub = LiveHub(db)

    async def body() -> None:
        slow = hub.follow(TOPIC, lambda: ALL, after=0)
        quick = hub.follow(TOPIC, lambda: ALL, after=0)
        await anext(slow)
        for start in range(0, 1600, 400):
            await asyncio.to_thread(publish, hub, *range(start, start + 400))
            await numbers_of(quick, 400)
        assert await numbers_of(slow, 1600) == list(range(1600))
        await slow.aclose()
        await quick.aclose()

    run_with(hub, body())
