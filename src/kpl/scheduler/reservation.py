"""Room kept for the oldest blocked gang, so that small work does not take it away bit by bit for ever."""

from collections.abc import Sequence
from dataclasses import dataclass

from kpl.resources import Placement
from kpl.scheduler.cluster import Cluster
from kpl.scheduler.estimate import expected_end_s, latest_end_s
from kpl.scheduler.snapshot import RunningTask, WaitingTask


@dataclass(frozen=True, slots=True)
class Reserved:
    """Where a gang will start, and when at the latest as far as that is known."""

    task: WaitingTask
    placements: tuple[Placement, ...]
    at_s: float | None


def is_large(task: WaitingTask) -> bool:
    """Whether smaller work can take the room away under a task's eyes: more than one device, or several workers."""
    return task.min_workers > 1 or sum(wanted.count for wanted in task.request.devices) > 1


def reserve(
    task: WaitingTask, running: Sequence[RunningTask], cluster: Cluster, now_s: float
) -> Reserved | None:
    """The earliest room for a blocked task: running work is thought away in the order of its ends.

    Work of which nobody knows the end comes last, the oldest first, and leaves the time open. None when there is no
    room even on empty machines. The cluster is left as it was.
    """
    ends = sorted(
        ((now_s if one.is_stopping else expected_end_s(one, now_s), one) for one in running),
        key=lambda pair: (pair[0] is None, pair[0] or 0.0, pair[1].started_at_s, pair[1].task.id),
    )

    def room() -> tuple[Placement, ...] | None:
        return cluster.place(
            task.request,
            min_workers=task.min_workers,
            max_workers=task.min_workers,
            on_one_machine=task.on_one_machine,
        )

    # Few ends are enough as a rule, so steps are small at first; more room never hurts, so the fewest that are enough
    # lie between the last two steps.
    start = cluster.mark()
    too_few, enough, step = 0, 0, 1
    found: tuple[Placement, ...] | None = None
    while found is None and enough < len(ends):
        too_few, mark = enough, cluster.mark()
        enough, step = min(len(ends), enough + step), 2 * step
        for _, one in ends[too_few:enough]:
            cluster.release(one.task.id)
        found = room()
    if found is not None:
        cluster.rollback(mark)
        base = too_few
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            for _, one in ends[base:middle]:
                cluster.release(one.task.id)
            placements = room()
            cluster.rollback(mark)
            if placements is None:
                too_few = middle
            else:
                enough, found = middle, placements
    cluster.rollback(start)
    if found is None:
        return None
    return Reserved(task, found, ends[enough - 1][0])


def may_backfill(
    task: WaitingTask, reserved: Reserved, now_s: float, *, min_run_s: float, is_overdue: bool
) -> bool:
    """Whether a task may use the reserved room meanwhile: it ends earlier for sure, or can be stopped without loss.

    Args:
        min_run_s: how long the task is left alone once it runs.
        is_overdue: the room is for a task that has waited beyond patience; it is not lent out for an unknown time then.
    """
    end = latest_end_s(task, now_s)
    if task.is_preemptible and task.saves_checkpoints:
        end = now_s + min_run_s if end is None else min(end, now_s + min_run_s)
        if reserved.at_s is None:
            return not is_overdue
    return end is not None and reserved.at_s is not None and end <= reserved.at_s
