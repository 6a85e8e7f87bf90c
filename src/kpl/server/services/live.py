"""Live updates: what happened, told to whoever listens, with no gap and no double across restarts.

A service that changes something publishes an event in the same transaction; it is kept in the table `events`
under a number, its `seq`, given in the order of commits. A listener is a place in that log: it names the last
number it saw and gets what comes after. So a restarted server goes on where the old one stopped, and several
servers on one PostgreSQL tell the same story. The newest `events_kept` events are kept; whoever is further
behind is told to `resync`: read the state anew by REST and go on from there. A slow listener costs no memory,
for nothing is queued for it.

Things that change many times a second (a log that grows) are signals instead: not kept, only the newest of
each kind counts, at most four a second.
"""

import asyncio
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from kpl.errors import KPLError
from kpl.server.db import Database, after_commit, before_commit
from kpl.server.db.tables.events import CounterRow, EventRow

KEEP_ALIVE_S = 15.0
SIGNAL_INTERVAL_S = 0.25
_POLL_S = 1.0  # for what other servers of the same database publish
_RING = 1000  # newest events that are in memory
_PAGE = 200
_MAX_BEHIND = 5000  # reading everything anew is cheaper than replaying more than this
_MAX_SIGNALS = 500
_COUNTER = "events"
_PENDING = "kpl.live.pending"

# Made once: they are part of every change of a task.
_RAISE_COUNTER = (
    update(CounterRow)
    .where(CounterRow.name == _COUNTER)
    .values(value=CounterRow.value + bindparam("count"))
    .returning(CounterRow.value)
)
_ADD_EVENT = insert(EventRow)


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that happened.

    Args:
        seq: its number; None for a signal.
        project_id: its members may see it; None for everybody who is signed in.
        topics: where it belongs, as in `("project:default", "run:12", "task:41")`.
    """

    seq: int | None
    project_id: int | None
    topics: tuple[str, ...]
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """Which projects a listener may see; None stands for all."""

    project_ids: frozenset[int] | None

    def shows(self, event: LiveEvent) -> bool:
        return self.project_ids is None or event.project_id is None or event.project_id in self.project_ids


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to a listener; after it, `seq` is the number to resume from.

    `hello` begins a stream, `alive` says that nothing happened, `resync` that events were left out.
    """

    kind: Literal["hello", "event", "alive", "resync"]
    seq: int
    event: LiveEvent | None = None


@dataclass(eq=False, slots=True)
class _Listener:
    topics: frozenset[str]
    woken: asyncio.Event
    signals: dict[tuple[str, tuple[str, ...]], LiveEvent] = field(default_factory=dict)


class _Sight:
    """What a listener may see, looked up again when access changed and at least every `interval_s`."""

    def __init__(self, look: Callable[[], View], interval_s: float) -> None:
        self._look, self._interval_s = look, interval_s
        self._view: View | None = None
        self._version, self._due_s = 0, 0.0

    async def view(self, version: int) -> View:
        now_s = asyncio.get_running_loop().time()
        if self._view is None or version != self._version or now_s >= self._due_s:
            self._version, self._due_s = version, now_s + self._interval_s
            self._view = await anyio.to_thread.run_sync(self._look)
        return self._view


class LiveHub:
    """The events of one server.

    Threads: `publish`, `signal`, `refresh_access` and `last_seq` from any; `run` and `follow` in the event
        loop.
    """

    def __init__(self, db: Database, *, kept: int = 20_000, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        self._db = db
        self._kept = kept
        self._keep_alive_s = keep_alive_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[_Listener] = set()
        self._ring: deque[LiveEvent] = deque(maxlen=_RING)
        self._tail = 0
        self._woken = asyncio.Event()
        self._reading = asyncio.Lock()
        self._is_closed = False
        self._access_version = 0
        self._lock = threading.Lock()
        self._signals: dict[tuple[str, tuple[str, ...]], LiveEvent] = {}
        self._signals_are_due = False

    # Telling ---------------------------------------------------------------------------------------------

    def publish(
        self,
        session: Session,
        type: str,
        *,
        topics: Iterable[str],
        data: Mapping[str, Any],
        project_id: int | None,
        at_s: float,
    ) -> None:
        """Tell of a change, in its own transaction: listeners hear of it once it is committed, or never."""
        pending: list[dict[str, Any]] | None = session.info.get(_PENDING)
        if pending is None:
            pending = session.info[_PENDING] = []
            before_commit(session, lambda: self._number(session))
            after_commit(session, self._wake)
        pending.append(
            {"project_id": project_id, "topics": list(topics), "type": type, "data": dict(data), "at_s": at_s}
        )

    def signal(
        self, type: str, *, topics: Iterable[str], data: Mapping[str, Any], project_id: int | None
    ) -> None:
        """Tell of something fleeting.

        A newer signal of the same type and topics replaces one not yet sent.
        """
        loop = self._loop
        if loop is None or not self._listeners:
            return
        event = LiveEvent(None, project_id, tuple(topics), type, dict(data))
        with self._lock:
            self._signals[(event.type, event.topics)] = event
            if self._signals_are_due:
                return
            self._signals_are_due = True
        _call_in(loop, lambda: loop.call_later(SIGNAL_INTERVAL_S, self._send_signals))

    def refresh_access(self, session: Session) -> None:
        """Look again what each listener may see, after this commit: members, users or sign-ins changed."""
        after_commit(session, self._access_changed)

    def last_seq(self, session: Session) -> int:
        """The number of the newest event that this transaction sees: follow what it reads from there."""
        return session.scalar(select(CounterRow.value).where(CounterRow.name == _COUNTER)) or 0

    # Listening -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Pass events on until cancelled; runs beside the server."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    async with asyncio.timeout(None if self._db.is_sqlite else _POLL_S):
                        await self._woken.wait()
                except TimeoutError:
                    pass
                self._woken.clear()
                if self._listeners:
                    await self._read_tail()
        finally:
            self._loop = None

    async def follow(
        self, topics: frozenset[str], look: Callable[[], View], *, after: int | None
    ) -> AsyncGenerator[Message, None]:
        """Yield what happens on these topics after the event numbered `after`, or from now on.

        Args:
            look: says what the listener may see now; asked again from time to time, in another thread. It
                raises a KPLError when the listener may not listen any more, which ends the stream.
        """
        listener = _Listener(topics, asyncio.Event())
        self._listeners.add(listener)
        try:
            await self._read_tail()
            seq = self._tail if after is None else after
            sight = _Sight(look, self._keep_alive_s)
            yield Message("hello", seq)
            while not self._is_closed:
                view = await sight.view(self._access_version)
                events, upto, is_cut = await self._after(seq)
                for event in events:
                    if view.shows(event) and not topics.isdisjoint(event.topics):
                        yield Message("event", event.seq or seq, event)
                seq = upto
                if is_cut:
                    yield Message("resync", seq)
                for signal in _take(listener.signals):
                    if view.shows(signal):
                        yield Message("event", seq, signal)
                if not events and not is_cut and not await self._something_new(listener):
                    yield Message("alive", seq)
        except KPLError:
            return
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams, in the event loop; listeners come back to the next server."""
        self._is_closed = True
        self._wake_listeners()

    # Inside ----------------------------------------------------------------------------------------------

    def _number(self, session: Session) -> None:
        rows: list[dict[str, Any]] = session.info.pop(_PENDING)
        last = session.connection().scalar(_RAISE_COUNTER, {"count": len(rows)})
        if last is None:
            last = len(rows)
            session.add(CounterRow(name=_COUNTER, value=last))
        first = last - len(rows) + 1
        session.connection().execute(_ADD_EVENT, [{"seq": seq, **row} for seq, row in enumerate(rows, first)])
        if first // _PAGE != (last + 1) // _PAGE:
            session.execute(delete(EventRow).where(EventRow.seq <= last - self._kept))

    def _wake(self) -> None:
        if self._loop is not None:
            _call_in(self._loop, self._woken.set)

    def _access_changed(self) -> None:
        self._access_version += 1
        if self._loop is not None:
            _call_in(self._loop, self._wake_listeners)

    def _wake_listeners(self) -> None:
        for listener in self._listeners:
            listener.woken.set()

    def _send_signals(self) -> None:
        with self._lock:
            signals, self._signals, self._signals_are_due = self._signals, {}, False
        for listener in self._listeners:
            for key, signal in signals.items():
                fits = key in listener.signals or len(listener.signals) < _MAX_SIGNALS
                if fits and not listener.topics.isdisjoint(signal.topics):
                    listener.signals[key] = signal
                    listener.woken.set()

    async def _something_new(self, listener: _Listener) -> bool:
        try:
            async with asyncio.timeout(self._keep_alive_s):
                await listener.woken.wait()
        except TimeoutError:
            return False
        listener.woken.clear()
        return True

    async def _read_tail(self) -> None:
        """Bring the ring up to the newest event."""
        async with self._reading:
            last = await anyio.to_thread.run_sync(self._read_last_seq)
            if last - self._tail > _RING or last < self._tail:
                self._ring.clear()
                self._tail = last
            while self._tail < last:
                events = await anyio.to_thread.run_sync(self._read_events, self._tail)
                self._ring.extend(events)
                self._tail = events[-1].seq or last if events else last
        self._wake_listeners()

    async def _after(self, seq: int) -> tuple[list[LiveEvent], int, bool]:
        """The next events after `seq`, the number reached with them, and whether some are lost."""
        if seq == self._tail:
            return [], seq, False
        if self._ring and (self._ring[0].seq or 0) <= seq + 1 <= self._tail:
            numbers = [event.seq or 0 for event in self._ring]
            events = list(self._ring)[bisect_right(numbers, seq) :][:_PAGE]
            return events, events[-1].seq or seq, False
        oldest, last = await anyio.to_thread.run_sync(self._read_range)
        if seq > last or last - seq > _MAX_BEHIND or oldest > seq + 1:
            return [], last, True
        events = await anyio.to_thread.run_sync(self._read_events, seq)
        return events, (events[-1].seq or seq) if events else seq, False

    def _read_events(self, after: int) -> list[LiveEvent]:
        with self._db.read() as session:
            rows = session.scalars(
                select(EventRow).where(EventRow.seq > after).order_by(EventRow.seq).limit(_PAGE)
            )
            return [LiveEvent(r.seq, r.project_id, tuple(r.topics), r.type, r.data) for r in rows]

    def _read_last_seq(self) -> int:
        with self._db.read() as session:
            return self.last_seq(session)

    def _read_range(self) -> tuple[int, int]:
        with self._db.read() as session:
            last = self.last_seq(session)
            oldest = session.scalar(select(EventRow.seq).order_by(EventRow.seq).limit(1))
            return (last + 1 if oldest is None else oldest), last


def _take(signals: dict[Any, LiveEvent]) -> list[LiveEvent]:
    taken = list(signals.values())
    signals.clear()
    return taken


def _call_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:  # the loop was closed meanwhile: nobody listens any more
        return
