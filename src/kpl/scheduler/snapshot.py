"""What the scheduler sees and what it answers. Values only.

A snapshot is one moment: the machines, who holds what on them, who waits, and the queues with their quotas.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kpl.resources import Amounts, Machine, Placement, ResourceRequest
from kpl.scheduler.mix import Mix
from kpl.sentence import Sentence
from kpl.task.ids import TaskId

ROOT = "root"


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the week, in which work may start: from one minute of the day to another, on some weekdays.

    Args:
        weekdays: 0 is Monday.
        until_minute: exclusive; up to 1440. A window over midnight is two of these.
        utc_offset_minutes: of the clock that the minutes are read from.
    """

    weekdays: frozenset[int]
    from_minute: int
    until_minute: int
    utc_offset_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules of a queue for each of its tasks; a rule that is not set is taken from the queue above.

    Args:
        max_run_time_s: a task that runs longer is stopped.
        max_request: the most that one task may ask for, all of its workers together.
        idle_stop_s: a notebook or service whose devices were idle for this long is stopped.
        allowed_kinds: kinds of devices that may be asked for; None means all.
        hours: when tasks may start; None means always.
        min_run_s: how long a task runs at least before it is preempted for fairness.
    """

    max_run_time_s: float | None = None
    max_request: Amounts | None = None
    idle_stop_s: float | None = None
    allowed_kinds: tuple[str, ...] | None = None
    hours: tuple[Hours, ...] | None = None
    min_run_s: float | None = None


MIN_RUN_S = 600.0
"""How long a task runs at least before it is preempted, unless a policy says otherwise."""


@dataclass(frozen=True, slots=True)
class Queue:
    """One node of the tree of queues: an organisation, a project, a user.

    Args:
        name: unique in the tree.
        parent: the queue above, `ROOT` for those at the top, empty for the root itself.
        weight: what lies idle is lent in proportion to this, and at last the rest of the machines.
        guaranteed: what its tasks, and those of the queues below, get before anybody borrows.
        limit: what they never hold more of, idle or not.
        user_limit: the same for each user among them.
    """

    name: str
    parent: str = ROOT
    weight: float = 1.0
    guaranteed: Amounts = field(default_factory=dict)
    limit: Amounts = field(default_factory=dict)
    user_limit: Amounts = field(default_factory=dict)
    policy: Policy = Policy()


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task that may start as soon as there is room for it.

    Args:
        request: of each worker.
        queue: name of its queue; one that is not in the snapshot has no quota and no limit.
        priority: inside its queue, higher goes first.
        since_s: when it was submitted; among equals who came first goes first, the smaller id settles ties.
        min_workers: it starts with at least so many at once, or not at all.
        max_workers: and with as many as there is room for, up to this.
        on_one_machine: all workers must sit on one machine.
        is_preemptible: may be stopped and queued again for the sake of others.
        saves_checkpoints: goes on where it was stopped. Tasks that do not are given borrowed capacity last and are
            never preempted for fairness.
        attained_s: device-seconds that earlier attempts have had (core-seconds where it asks for no device).
        max_run_time_s: it will be stopped after that time.
        expected_run_s: how long it will probably run, by history; None when nothing is known.
        storage_mib: how much it will keep in the store.
        is_favoured: others were preempted in its favour since it waits; it is served before anybody else is.
    """

    id: TaskId
    request: ResourceRequest
    queue: str = ROOT
    user: str = ""
    priority: int = 0
    since_s: float = 0.0
    min_workers: int = 1
    max_workers: int = 1
    on_one_machine: bool = False
    is_preemptible: bool = False
    saves_checkpoints: bool = False
    attained_s: float = 0.0
    max_run_time_s: float | None = None
    expected_run_s: float | None = None
    storage_mib: int = 0
    is_favoured: bool = False


@dataclass(frozen=True, slots=True)
class RunningTask:
    """A task that holds resources, with one placement a worker; `is_stopping` when it was asked to end already."""

    task: WaitingTask
    placements: tuple[Placement, ...]
    started_at_s: float = 0.0
    is_stopping: bool = False


@dataclass(frozen=True, slots=True)
class Discipline:
    """How the order is made; the defaults are what the server uses, others are for comparison in simulations.

    Args:
        service_levels_s: device-seconds at which a task drops to the next level of service; none means that only
            priority and age count inside a queue.
        patience_s: a task that waited so long is at the first level again, whatever it has had.
        patience_by_run: so many times as long as it has run is added to that.
        has_shares: guarantees first, then shares; otherwise all queues are one line.
        reclaims: a queue within its guarantee takes back what others borrowed.
        reserves: room is kept for the oldest blocked gang.
        passes_over: a task that cannot start does not hold up those behind it.
    """

    service_levels_s: tuple[float, ...] = (3600.0, 36000.0)
    patience_s: float = 86400.0
    patience_by_run: float = 5.0
    has_shares: bool = True
    reclaims: bool = True
    reserves: bool = True
    passes_over: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment. `mix` is the demand of late, from which placement learns what room to keep whole."""

    machines: tuple[Machine, ...] = ()
    running: tuple[RunningTask, ...] = ()
    waiting: tuple[WaitingTask, ...] = ()
    queues: tuple[Queue, ...] = ()
    now_s: float = 0.0
    mix: Mix = field(default_factory=Mix)
    discipline: Discipline = Discipline()


# The answer. ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in the languages of KPL."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    @property
    def sentence(self) -> Sentence:
        """The same to be kept with a task."""
        return Sentence(self.en, self.zh)


class Obstacle(StrEnum):
    """What a task waits for, first of all: take it away and the task starts, unless another obstacle is behind it."""

    ROOM = "room"  # free devices, CPU or memory on machines that would do
    LIMIT = "limit"  # a limit of its queue or of one above
    USER_LIMIT = "user_limit"
    BORROWING = "borrowing"  # over its queue's guarantee, and others are to be served before
    RESERVED = "reserved"  # there is room, but it is kept for an older gang
    HOURS = "hours"
    PREEMPTING = "preempting"  # room is being made for it
    NOTHING_FITS = "nothing_fits"  # no machine of now, even an empty one, would do


@dataclass(frozen=True, slots=True)
class Rejection:
    """So many machines were passed over for this reason; for administrators."""

    why: Text
    num_machines: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a task waits.

    Args:
        reason: one sentence with numbers, for its user.
        position: its place in its queue, from 1.
        expected_start_s: when it will probably start; None when that cannot be told.
        rejections: the full account of which filter rejected how many machines.
    """

    reason: Text
    obstacle: Obstacle
    queue: str
    position: int
    expected_start_s: float | None = None
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Preemption:
    """A running task that is to be stopped and queued again so that `in_favour_of` can start."""

    task: TaskId
    in_favour_of: TaskId
    reason: Text


@dataclass(frozen=True, slots=True)
class Reservation:
    """Room that is kept for the oldest blocked gang: nothing may start there that ends later, unless it can be
    preempted."""

    task: TaskId
    placements: tuple[Placement, ...]
    at_s: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who starts where, who has to go, and why everybody else waits.

    Args:
        starts: one placement a worker.
        waits: every waiting task that does not start has one.
        wake_at_s: when the answer may be another one although nothing happens; None when only an event can change it.
    """

    starts: Mapping[TaskId, tuple[Placement, ...]] = field(default_factory=dict)
    preemptions: tuple[Preemption, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    waits: Mapping[TaskId, Wait] = field(default_factory=dict)
    wake_at_s: float | None = None
