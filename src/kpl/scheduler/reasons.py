"""Why tasks wait, in words, English and Chinese, with numbers. Worded when somebody reads them.

A decision over a hundred thousand waiting tasks names the obstacle of each; the sentence, the account of machines and
the estimate are made from the same values when they are asked for, and are the same whenever that is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kpl.resources import Device, DeviceRequest, Machine, ResourceRequest
from kpl.resources.amounts import WHOLE_DEVICE_MILLI
from kpl.scheduler.estimate import Forecast, Sort, sums_ahead
from kpl.scheduler.fit import (
    Free,
    cores,
    describe,
    fit,
    is_or_are,
    memory,
    needed_milli,
    percent,
    reduce_to_fit,
    shortages,
)
from kpl.scheduler.order import Rank
from kpl.scheduler.quota import Excess
from kpl.scheduler.share import level_of, service_of
from kpl.scheduler.snapshot import ROOT, Obstacle, Rejection, RunningTask, Snapshot, Text, Wait, WaitingTask
from kpl.task.ids import TaskId


@dataclass(frozen=True, slots=True)
class Block:
    """What stands against a task, with what is needed to say so.

    Args:
        is_of_one_task: the limit is on what one task may ask for.
        kept_for: the task for which the room is kept.
        at_s: when hours begin, or when the other task starts.
        by: number of tasks that are being stopped.
    """

    obstacle: Obstacle
    excess: Excess | None = None
    is_of_one_task: bool = False
    kept_for: TaskId | None = None
    at_s: float | None = None
    by: int = 0


class Waits(Mapping[TaskId, Wait]):
    """The waits of a decision, each made when it is first asked for."""

    def __init__(
        self,
        snapshot: Snapshot,
        blocks: Iterable[tuple[Sequence[WaitingTask], Block]],
        starts: Sequence[RunningTask],
    ) -> None:
        self._snapshot, self._starts = snapshot, starts
        self._blocks = tuple(blocks)
        self._by_task: dict[TaskId, tuple[WaitingTask, Block]] | None = None
        self._made: dict[TaskId, Wait] = {}
        self._writer: _Writer | None = None

    @property
    def _blocked(self) -> dict[TaskId, tuple[WaitingTask, Block]]:
        if self._by_task is None:
            self._by_task = {task.id: (task, block) for tasks, block in self._blocks for task in tasks}
        return self._by_task

    def __getitem__(self, task_id: TaskId) -> Wait:
        if task_id not in self._made:
            task, block = self._blocked[task_id]
            if self._writer is None:
                waiting = [waiting for waiting, _ in self._blocked.values()]
                self._writer = _Writer(self._snapshot, waiting, self._starts)
            self._made[task_id] = self._writer.wait(task, block)
        return self._made[task_id]

    def __iter__(self) -> Iterator[TaskId]:
        return iter(self._blocked)

    def __len__(self) -> int:
        return sum(len(tasks) for tasks, _ in self._blocks)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._blocked

    def obstacle(self, task_id: TaskId) -> Obstacle:
        """What the task waits for, without the cost of saying it in words."""
        return self._blocked[task_id][1].obstacle

    def __repr__(self) -> str:
        return f"Waits({dict(self)!r})"


class _Writer:
    """Words for all waits of one decision."""

    def __init__(
        self,
        snapshot: Snapshot,
        waiting: Sequence[WaitingTask],
        starts: Sequence[RunningTask],
    ) -> None:
        self._snapshot = snapshot
        self._free = [Free(machine) for machine in snapshot.machines]
        by_name = {free.machine.name: free for free in self._free}
        running = (*snapshot.running, *starts)
        for one in running:
            for placement in one.placements:
                if placement.machine in by_name:
                    by_name[placement.machine].take(placement)
        self._positions = _positions(waiting, snapshot)
        self._accounts: dict[object, _Account] = {}
        in_order = sorted(waiting, key=lambda task: self._positions[task.id])
        self._ahead = sums_ahead(in_order)
        self._free_of: dict[Sort, int] = {}
        self._forecast = Forecast(snapshot.machines, running, self._all_free, snapshot.now_s)

    def _all_free(self, sort: Sort) -> int:
        if sort not in self._free_of:
            kind, models = sort
            self._free_of[sort] = sum(
                max(0, one.cpu_milli)
                if kind == "cpu"
                else sum(
                    max(0, one.share_milli[d.kind, d.index])
                    for d in one.machine.devices
                    if d.kind == kind and (not models or d.model in models)
                )
                for one in self._free
                if _is_open(one.machine)
            )
        return self._free_of[sort]

    def wait(self, task: WaitingTask, block: Block) -> Wait:
        position = self._positions[task.id]
        account = self._account(task)
        obstacle = block.obstacle
        if obstacle is Obstacle.ROOM and not account.is_possible:
            obstacle = Obstacle.NOTHING_FITS
        start_s = self._expected_start_s(task, block)
        cause = self._cause(task, replace(block, obstacle=obstacle), account)
        reason = _joined(
            cause, _place_in_line(position, task.queue), _in_about(start_s, self._snapshot.now_s)
        )
        return Wait(reason, obstacle, task.queue, position, start_s, account.rejections)

    def _account(self, task: WaitingTask) -> "_Account":
        key = (task.request, task.min_workers, task.on_one_machine)
        if key not in self._accounts:
            self._accounts[key] = _account(task, self._free)
        return self._accounts[key]

    def _expected_start_s(self, task: WaitingTask, block: Block) -> float | None:
        if block.obstacle is Obstacle.HOURS:
            return block.at_s
        if block.obstacle in (Obstacle.ROOM, Obstacle.BORROWING):
            start = self._forecast.start_s(task, self._ahead[task.id])
            # Counting alone may find room where no single machine has it.
            return None if start is None or start <= self._snapshot.now_s else start
        if block.obstacle is Obstacle.RESERVED:
            return block.at_s
        return None

    def _cause(self, task: WaitingTask, block: Block, account: "_Account") -> Text:  # noqa: PLR0911 - one a case
        wanted = _wanted(task)
        match block.obstacle:
            case Obstacle.LIMIT | Obstacle.USER_LIMIT:
                assert block.excess is not None
                return _limited(wanted, block.excess, is_of_one_task=block.is_of_one_task, user=task.user)
            case Obstacle.HOURS:
                return Text(
                    "waits for the hours in which its queue starts work", "等待队列允许启动任务的时段"
                )
            case Obstacle.PREEMPTING:
                return Text(
                    f"waits for {wanted.en}: room is being made, {_count(block.by, 'task')} being stopped",
                    f"等待 {wanted.zh}：正在腾出资源，{block.by} 个任务正在停止",
                )
            case Obstacle.RESERVED:
                return Text(
                    f"waits for {wanted.en}: there is room, but it is kept for task {block.kept_for}",
                    f"等待 {wanted.zh}：有空闲资源，但已为任务 {block.kept_for} 保留",
                )
            case Obstacle.BORROWING:
                return Text(
                    f"waits for {wanted.en}: queue {task.queue} is over its guarantee, and task {block.kept_for} "
                    "of another queue that is not goes first",
                    f"等待 {wanted.zh}：队列 {task.queue} 已超出保障配额，须先满足未超配额队列的任务 {block.kept_for}",
                )
            case _:
                if not self._free:
                    return Text(
                        f"waits for {wanted.en}: no machine is known yet", f"等待 {wanted.zh}：尚无可用机器"
                    )
                return Text(
                    f"waits for {wanted.en}: {account.headline.en}",
                    f"等待 {wanted.zh}：{account.headline.zh}",
                )


def _positions(waiting: Sequence[WaitingTask], snapshot: Snapshot) -> dict[TaskId, int]:
    ranks: dict[str, list[tuple[Rank, TaskId]]] = {}
    for task in waiting:
        level = level_of(task, service_of(task), snapshot.now_s, snapshot.discipline)
        ranks.setdefault(task.queue, []).append(((-task.priority, level, task.since_s, task.id), task.id))
    return {
        task_id: position
        for of_queue in ranks.values()
        for position, (_, task_id) in enumerate(sorted(of_queue), start=1)
    }


# The account of machines. -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Account:
    """Why no machine takes a request now: the headline for its user, the filters for an administrator."""

    headline: Text
    rejections: tuple[Rejection, ...]
    is_possible: bool


@dataclass(slots=True)
class _Tally:
    numbers: dict[Text, int]

    def add(self, why: Text) -> None:
        self.numbers[why] = self.numbers.get(why, 0) + 1


def _is_open(machine: Machine) -> bool:
    return machine.is_healthy and not machine.is_cordoned


def _fitting(wanted: DeviceRequest, machine: Machine) -> list[tuple[Device, int]]:
    """The devices of a machine that would do when they are free, with the share that is asked of each."""
    return [
        (device, milli)
        for device in machine.devices
        if device.is_healthy and (milli := needed_milli(wanted, device)) is not None
    ]


def _account(task: WaitingTask, machines: Sequence[Free]) -> _Account:
    request = task.request
    workers = task.min_workers if task.on_one_machine else 1
    tally = _Tally({})
    able: list[Free] = []
    for free in machines:
        why = _unable(request, free.machine, workers)
        if why is None:
            able.append(free)
        else:
            tally.add(why)
    if not able:
        return _Account(_nothing_fits(task, machines), _rejections(tally), is_possible=False)
    for free in able:
        tally.add(_lacking(request, free, workers))
    is_possible = _num_workers(request, [free.machine for free in able], task.min_workers) >= task.min_workers
    if not is_possible:
        return _Account(_nothing_fits(task, machines), _rejections(tally), is_possible=False)
    return _Account(_headline(task, able), _rejections(tally), is_possible=True)


def _rejections(tally: _Tally) -> tuple[Rejection, ...]:
    return tuple(
        Rejection(why, number)
        for why, number in sorted(tally.numbers.items(), key=lambda item: (-item[1], item[0].en))
    )


def _unable(request: ResourceRequest, machine: Machine, workers: int) -> Text | None:
    """Why a machine would not do even if it were empty; None when it would."""
    if not machine.is_healthy:
        return Text("does not answer", "无响应")
    if machine.is_cordoned:
        return Text("is cordoned", "已被隔离，不接新任务")
    if machine.cpu_milli < request.cpu_milli * workers:
        return Text("has too few cores in all", "CPU 总量不足")
    if machine.memory_mib < request.memory_mib * workers:
        return Text("has too little memory in all", "内存总量不足")
    reasons = [
        _unable_devices(devices, machine, workers) for devices in (request.devices, *request.alternatives)
    ]
    return None if None in reasons else reasons[0]


def _unable_devices(requests: Sequence[DeviceRequest], machine: Machine, workers: int) -> Text | None:
    for wanted in requests:
        of_kind = [device for device in machine.devices if device.kind == wanted.kind]
        if not of_kind:
            return Text(f"has no {_kind(wanted.kind)}", f"没有 {_kind(wanted.kind)}")
        if wanted.models and all(device.model not in wanted.models for device in of_kind):
            models = " or ".join(wanted.models)
            return Text(
                f"has no {_kind(wanted.kind)} of model {models}",
                f"没有型号为 {models} 的 {_kind(wanted.kind)}",
            )
        fitting = _fitting(wanted, machine)
        slots = sum(
            max(1, WHOLE_DEVICE_MILLI // milli) if milli < WHOLE_DEVICE_MILLI else 1 for _, milli in fitting
        )
        if len(fitting) < wanted.count or slots < wanted.count * workers:
            return Text(
                f"has too few {_kind(wanted.kind)}s that would do", f"可用的 {_kind(wanted.kind)} 总数不足"
            )
    return None


def _lacking(request: ResourceRequest, free: Free, workers: int) -> Text:
    """What a machine that would do has too little of now."""
    for wanted in request.devices:
        fitting = _fitting(wanted, free.machine)
        roomy = [d for d, milli in fitting if free.share_milli[d.kind, d.index] >= milli]
        if len(roomy) < wanted.count * (workers if wanted.share_milli == WHOLE_DEVICE_MILLI else 1):
            return Text(f"has too few free {_kind(wanted.kind)}s", f"空闲的 {_kind(wanted.kind)} 不足")
    if free.cpu_milli < request.cpu_milli * workers:
        return Text("has too few free cores", "空闲 CPU 不足")
    if free.memory_mib < request.memory_mib * workers:
        return Text("has too little free memory", "空闲内存不足")
    return Text("has room, but not for all that is asked for at once", "有空闲资源，但不足以同时满足全部请求")


def _headline(task: WaitingTask, able: Sequence[Free]) -> Text:
    """What is missing, in numbers, over the machines that would do."""
    request = task.request
    for wanted in request.devices:
        need = task.min_workers * wanted.count
        total = num_free = most = 0
        freest = 0
        for free in able:
            fitting = _fitting(wanted, free.machine)
            here = 0
            for device, milli in fitting:
                left = free.share_milli[device.kind, device.index]
                here += left >= milli
                freest = max(freest, left)
            total += len(fitting)
            num_free += here
            most = max(most, here)
        on = ("", "")
        if wanted.models:
            models = " or ".join(model.upper() for model in wanted.models)
            on = (f" on machines that allow model {models}", f"（允许型号 {models} 的机器）")
        is_share = bool(wanted.share_mib) or wanted.share_milli < WHOLE_DEVICE_MILLI
        if num_free < need and is_share:
            return Text(
                f"the freest of {total} has {percent(freest)} left{on[0]}",
                f"{total} 个中最空闲的还剩 {percent(freest)}{on[1]}",
            )
        if num_free < need:
            return Text(
                f"{num_free} of {total} {is_or_are(num_free)} free{on[0]}",
                f"{total} 个中 {num_free} 个空闲{on[1]}",
            )
        if most < wanted.count:
            return Text(
                f"{num_free} of {total} are free, but at most {most} on one machine{on[0]}",
                f"{total} 个中 {num_free} 个空闲，但单台机器最多 {most} 个{on[1]}",
            )
    return _headline_of_cores(request, able)


def _headline_of_cores(request: ResourceRequest, able: Sequence[Free]) -> Text:
    best = max(
        able, key=lambda free: (free.cpu_milli >= request.cpu_milli, free.memory_mib, free.machine.name)
    )
    if all(free.cpu_milli < request.cpu_milli for free in able):
        best = max(able, key=lambda free: (free.cpu_milli, free.machine.name))
        left, total = cores(best.cpu_milli), cores(best.machine.cpu_milli)
        return Text(
            f"{left} of {total} {is_or_are(best.cpu_milli / 1000)} free{_nearest(best, able)[0]}",
            f"{total} 核中 {left} 核空闲{_nearest(best, able)[1]}",
        )
    if all(free.memory_mib < request.memory_mib for free in able):
        left, total = memory(best.memory_mib), memory(best.machine.memory_mib)
        return Text(
            f"{left} of {total} of memory is free{_nearest(best, able)[0]}",
            f"{total} 内存中 {left} 空闲{_nearest(best, able)[1]}",
        )
    return Text(
        "each is free, but not all of it together where it is needed",
        "各项均有空闲，但无法在所需位置同时满足",
    )


def _nearest(best: Free, able: Sequence[Free]) -> tuple[str, str]:
    if len(able) == 1:
        return "", ""
    return (
        f" on '{best.machine.name}', the nearest of {len(able)} machines",
        f"（{len(able)} 台机器中最接近的 '{best.machine.name}'）",
    )


# What can never fit. ----------------------------------------------------------------------------------------


def refusal(
    request: ResourceRequest,
    machines: Sequence[Machine],
    *,
    min_workers: int = 1,
    on_one_machine: bool = False,
) -> Text | None:
    """Why a request fits on none of the machines even when they are empty, with the nearest thing that does.

    Returns:
        None when it fits, or when no machine is known, since one may still appear.
    """
    if not machines:
        return None
    able = [machine for machine in machines if _num_on_one(request, machine, min_workers) > 0]
    if able:
        counts = [_num_on_one(request, machine, min_workers) for machine in able]
        possible = max(counts) if on_one_machine else sum(counts)
        if possible >= min_workers:
            return None
        where = (
            ("on one machine", "单台机器") if on_one_machine else ("on all machines together", "所有机器合计")
        )
        return Text(
            f"does not fit: asks for {min_workers} workers with {describe(request)} each, but {where[0]} there is room "
            f"for {possible} even when nothing else runs. {_count(possible, 'worker')} would fit.",
            f"无法满足：请求 {min_workers} 个工作进程，每个 {describe_zh(request)}，但{where[1]}即使空闲也只能容纳 "
            f"{possible} 个。可改为 {possible} 个工作进程。",
        )
    nearest = _nearest_empty(request, [Free(machine) for machine in machines])
    name = nearest.machine.name
    short = shortages(request, nearest)
    fits = reduce_to_fit(request, nearest)
    lacks = "; ".join(f"asks for {s.wanted}, but '{name}' has {s.total}" for s in short)
    if not lacks:
        lacks = f"asks for {describe(request)}, which '{name}' does not have in this way"
    return Text(
        f"does not fit on any machine: {lacks}. {describe(fits)} would fit.",
        f"没有任何机器能满足：请求 {describe_zh(request)}，最接近的机器 '{name}' 最多可提供 {describe_zh(fits)}。",
    )


def never_fits(
    request: ResourceRequest,
    machines: Sequence[Machine],
    *,
    min_workers: int = 1,
    on_one_machine: bool = False,
) -> str | None:
    """As `refusal`, to be kept with the task."""
    text = refusal(request, machines, min_workers=min_workers, on_one_machine=on_one_machine)
    return None if text is None else text.sentence


def _nothing_fits(task: WaitingTask, machines: Sequence[Free]) -> Text:
    open_machines = [free.machine for free in machines if _is_open(free.machine)]
    told = refusal(
        task.request, open_machines, min_workers=task.min_workers, on_one_machine=task.on_one_machine
    )
    if told is not None:
        return told
    return Text(
        f"none of {_count(len(machines), 'machine')} takes new tasks", f"{len(machines)} 台机器均不接受新任务"
    )


def _num_workers(request: ResourceRequest, machines: Sequence[Machine], enough: int) -> int:
    number = 0
    for machine in machines:
        number += _num_on_one(request, machine, enough - number)
        if number >= enough:
            break
    return number


def _num_on_one(request: ResourceRequest, machine: Machine, most: int) -> int:
    """How many workers an empty machine holds."""
    free, number = Free(machine), 0
    while number < most:
        placement = next(
            (
                found
                for devices in (request.devices, *request.alternatives)
                if (found := fit(replace(request, devices=devices, alternatives=()), free)) is not None
            ),
            None,
        )
        if placement is None:
            break
        free.take(placement)
        number += 1
    return number


def _nearest_empty(request: ResourceRequest, machines: Sequence[Free]) -> Free:
    """The machine where least is missing: the fewest sorts of things, then the most of what was asked for."""

    def rank(free: Free) -> tuple[int, int, int, int]:
        fits = reduce_to_fit(request, free)
        num_devices = sum(wanted.count for wanted in fits.devices)
        return (len(shortages(request, free)), -num_devices, -fits.cpu_milli, -fits.memory_mib)

    return min(machines, key=rank)


# Words. -----------------------------------------------------------------------------------------------------


def preempted_for(gone: WaitingTask, favoured: WaitingTask) -> Text:
    """What the owner of a preempted task is told."""
    if gone.queue == favoured.queue and favoured.priority > gone.priority:
        return Text(
            f"stopped for task {favoured.id}, whose priority {favoured.priority} is above {gone.priority}; "
            "queued again",
            f"为任务 {favoured.id} 让出资源：其优先级 {favoured.priority} 高于 {gone.priority}；已重新排队",
        )
    if gone.queue == favoured.queue:
        return Text(
            f"stopped for task {favoured.id}, which has had less of the devices; queued again",
            f"为任务 {favoured.id} 让出资源：后者已获得的设备时间更少；已重新排队",
        )
    return Text(
        f"stopped for task {favoured.id} of queue {favoured.queue}: what queue {gone.queue} had borrowed is taken "
        "back; queued again",
        f"为队列 {favoured.queue} 的任务 {favoured.id} 让出资源：收回队列 {gone.queue} 借用的部分；已重新排队",
    )


def _limited(wanted: Text, excess: Excess, *, is_of_one_task: bool, user: str) -> Text:
    limit, used = _amount(excess.resource, excess.limit), _amount(excess.resource, excess.used)
    if is_of_one_task and excess.limit == 0:
        kind = _kind(excess.resource)
        return Text(
            f"waits: queue {excess.queue} allows no {kind}", f"等待：队列 {excess.queue} 不允许使用 {kind}"
        )
    if is_of_one_task:
        return Text(
            f"waits for {wanted.en}: queue {excess.queue} allows one task at most {limit.en}",
            f"等待 {wanted.zh}：队列 {excess.queue} 每个任务最多 {limit.zh}",
        )
    if excess.is_of_user:
        return Text(
            f"waits for {wanted.en}: {user or 'its user'} uses {used.en} of {limit.en} that queue {excess.queue} "
            "allows each user",
            f"等待 {wanted.zh}：队列 {excess.queue} 每个用户最多 {limit.zh}，{user or '该用户'} 已用 {used.zh}",
        )
    return Text(
        f"waits for {wanted.en}: queue {excess.queue} uses {used.en} of at most {limit.en}",
        f"等待 {wanted.zh}：队列 {excess.queue} 上限 {limit.zh}，已用 {used.zh}",
    )


def _amount(resource: str, amount: int) -> Text:
    if resource in ("memory", "storage"):
        return Text(memory(amount), memory(amount))
    if resource == "tasks":
        return Text(_count(amount, "task"), f"{amount} 个任务")
    if resource == "cpu":
        return Text(f"{cores(amount)} cpu", f"{cores(amount)} 核 CPU")
    kind, _, model = resource.partition(":")
    name = f"{model.upper()} {_kind(kind)}" if model else _kind(kind)
    number = f"{amount / WHOLE_DEVICE_MILLI:g}"
    return Text(f"{number} {name}{'' if amount == WHOLE_DEVICE_MILLI else 's'}", f"{number} 个 {name}")


def _wanted(task: WaitingTask) -> Text:
    """What a task asks for, by what is scarcest of it."""
    request = task.request
    if request.devices:
        parts = [_devices(wanted) for wanted in request.devices]
        en, zh = " and ".join(part.en for part in parts), "、".join(part.zh for part in parts)
    elif request.memory_mib > 4 * request.cpu_milli:  # more than 4 GiB a core
        en = f"{memory(request.memory_mib)} of memory and {cores(request.cpu_milli)} cpu"
        zh = f"{memory(request.memory_mib)} 内存、{cores(request.cpu_milli)} 核 CPU"
    else:
        en, zh = f"{cores(request.cpu_milli)} cpu", f"{cores(request.cpu_milli)} 核 CPU"
    if task.min_workers > 1:
        where = (" on one machine", "，且在同一台机器上") if task.on_one_machine else ("", "")
        return Text(
            f"{task.min_workers} workers with {en} each{where[0]}",
            f"{task.min_workers} 个工作进程各 {zh}{where[1]}",
        )
    return Text(en, zh)


def _devices(wanted: DeviceRequest) -> Text:
    kind = _kind(wanted.kind)
    models = f" ({' or '.join(model.upper() for model in wanted.models)})" if wanted.models else ""
    if wanted.share_mib:
        return Text(
            f"{memory(wanted.share_mib)} of a {kind}{models}", f"{kind}{models} 的 {memory(wanted.share_mib)}"
        )
    if wanted.share_milli < WHOLE_DEVICE_MILLI:
        return Text(
            f"{percent(wanted.share_milli)} of a {kind}{models}",
            f"{kind}{models} 的 {percent(wanted.share_milli)}",
        )
    return Text(_count(wanted.count, kind) + models, f"{wanted.count} 个 {kind}{models}")


def describe_zh(request: ResourceRequest) -> str:
    """A request in Chinese: "2 核 CPU、4 GiB 内存、1 个 GPU"."""
    parts = [f"{cores(request.cpu_milli)} 核 CPU", f"{memory(request.memory_mib)} 内存"]
    return "、".join(parts + [_devices(wanted).zh for wanted in request.devices])


def _place_in_line(position: int, queue: str) -> Text:
    if queue == ROOT:
        return Text(f"{_ordinal(position)} in line", f"排在第 {position} 位")
    return Text(f"{_ordinal(position)} in queue {queue}", f"在队列 {queue} 中排第 {position} 位")


def _in_about(at_s: float | None, now_s: float) -> Text | None:
    if at_s is None:
        return None
    minutes = max(1, round((at_s - now_s) / 60))
    if minutes < 120:
        return Text(f"about {minutes} min", f"约 {minutes} 分钟")
    if minutes < 48 * 60:
        return Text(f"about {round(minutes / 60)} h", f"约 {round(minutes / 60)} 小时")
    return Text(f"about {round(minutes / 1440)} days", f"约 {round(minutes / 1440)} 天")


def _joined(*parts: Text | None) -> Text:
    known = [part for part in parts if part is not None]
    return Text("; ".join(part.en for part in known), "；".join(part.zh for part in known))


def _kind(kind: str) -> str:
    """As people write it: short names of devices are abbreviations."""
    return kind.upper() if len(kind) <= 4 else kind


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
