"""The tree of queues with its guarantees and limits, and the books of who uses how much of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from kpl.resources import Amounts, Machine, Placement, ResourceRequest
from kpl.scheduler.snapshot import MIN_RUN_S, ROOT, Policy, Queue, RunningTask, WaitingTask

MIB_UNKNOWN = (
    1  # a share by memory takes at least a thousandth of a device; exactly how much shows when it is placed
)


@dataclass(frozen=True, slots=True)
class Node:
    """A queue in the tree.

    Args:
        path: numbers of the nodes from the root to this one.
        deserved: its guarantee, or those of the queues below together where they are more.
        policy: its rules, with those that it takes over from the queues above.
    """

    number: int
    queue: Queue
    path: tuple[int, ...]
    deserved: Mapping[str, int]
    policy: Policy


class Tree:
    """The queues of a snapshot; a queue that is named by a task alone hangs under the root and has no quota."""

    def __init__(self, queues: Iterable[Queue], also: Iterable[str] = ()) -> None:
        known = {queue.name: queue for queue in queues}
        for name in also:
            if name not in known:
                known[name] = Queue(name)
        known[ROOT] = replace(known.get(ROOT, Queue(ROOT)), parent="")
        deserved = _deserved(known)
        self.nodes: list[Node] = []
        self._by_name: dict[str, Node] = {}
        for name in known:
            self._add(name, known, deserved)

    def __getitem__(self, name: str) -> Node:
        return self._by_name[name]

    def policy_of(self, name: str) -> Policy:
        """The rules for the tasks of a queue; one that is not known hangs under the root."""
        return (self._by_name.get(name) or self._by_name[ROOT]).policy

    def _add(self, name: str, known: Mapping[str, Queue], deserved: Mapping[str, Mapping[str, int]]) -> Node:
        if name in self._by_name:
            return self._by_name[name]
        queue = known[name]
        if name == ROOT:
            node = Node(len(self.nodes), queue, (len(self.nodes),), {}, queue.policy)
        else:
            above = self._add(_parent(queue, known), known, deserved)
            number = len(self.nodes)
            policy = _inherit(queue.policy, above.policy)
            node = Node(number, queue, (*above.path, number), deserved[name], policy)
        self.nodes.append(node)
        self._by_name[name] = node
        return node


def _parent(queue: Queue, known: Mapping[str, Queue]) -> str:
    """The queue above, or the root where the tree is broken: one that is missing, or a circle."""
    seen = {queue.name}
    above = queue.parent
    while above != ROOT:
        if above not in known or above in seen:
            return ROOT
        seen.add(above)
        above = known[above].parent
    return queue.parent


def _deserved(known: Mapping[str, Queue]) -> dict[str, dict[str, int]]:
    below: dict[str, list[str]] = {name: [] for name in known}
    for queue in known.values():
        if queue.name != ROOT:
            below[_parent(queue, known)].append(queue.name)
    found: dict[str, dict[str, int]] = {}

    def of(name: str) -> dict[str, int]:
        if name not in found:
            total: dict[str, int] = {}
            for child in below[name]:
                for resource, amount in of(child).items():
                    total[resource] = total.get(resource, 0) + amount
            for resource, amount in known[name].guaranteed.items():
                total[resource] = max(total.get(resource, 0), amount)
            found[name] = total
        return found[name]

    for name in known:
        of(name)
    return found


def _inherit(policy: Policy, above: Policy) -> Policy:
    unset = {f.name: getattr(above, f.name) for f in fields(Policy) if getattr(policy, f.name) is None}
    return replace(policy, **unset)


def min_run_s(node: Node) -> float:
    """How long a task of the queue runs at least before it is preempted for fairness."""
    return MIN_RUN_S if node.policy.min_run_s is None else node.policy.min_run_s


def asked(task: WaitingTask) -> dict[str, int]:
    """What one worker will take at least, by its preferred devices; models count when only one is allowed."""
    return _asked_by(task.request)


def _asked_by(request: ResourceRequest) -> dict[str, int]:
    amounts = {"cpu": request.cpu_milli, "memory": request.memory_mib}
    for wanted in request.devices:
        milli = MIB_UNKNOWN if wanted.share_mib else wanted.share_milli
        names = [wanted.kind]
        if len(wanted.models) == 1:
            names.append(f"{wanted.kind}:{wanted.models[0]}")
        for name in names:
            amounts[name] = amounts.get(name, 0) + wanted.count * milli
    return amounts


def whole(task: WaitingTask, per_worker: Mapping[str, int], num_workers: int) -> dict[str, int]:
    """What the task takes with so many workers, itself and what it stores included."""
    amounts = {resource: amount * num_workers for resource, amount in per_worker.items()}
    amounts["tasks"] = 1
    if task.storage_mib:
        amounts["storage"] = task.storage_mib
    return amounts


def devices_in(amounts: Iterable[str]) -> list[str]:
    """The kinds of devices, and their models, among resources."""
    return [name for name in amounts if name not in ("cpu", "memory", "storage", "tasks")]


def fits_guarantee(deserved: Amounts, used: Amounts, more: Amounts) -> bool:
    """Whether a guarantee speaks of what is asked for, and holds it on top of what is used.

    It speaks of it when it names every kind of device asked for, by kind or by model; for what asks for no device,
    when it names CPU or memory. What it does not name does not count.
    """
    if not deserved:
        return False
    devices = devices_in(more)
    kinds = {name.partition(":")[0] for name in devices}
    named = {name.partition(":")[0] for name in devices if name in deserved}
    if kinds != named or (not devices and "cpu" not in deserved and "memory" not in deserved):
        return False
    return all(
        used.get(resource, 0) + amount <= deserved[resource]
        for resource, amount in more.items()
        if resource in deserved
    )


@dataclass(slots=True)
class _Use:
    held: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that stands in the way."""

    queue: str
    resource: str
    used: int
    limit: int
    is_of_user: bool = False


class Books:
    """Who uses how much, at every queue of the tree.

    `held` is what tasks hold, those that are being stopped included, together with what is promised to others: limits
    are checked against it. `kept` leaves out what is being given back: guarantees and shares are judged by it.
    """

    def __init__(self, tree: Tree, machines: Sequence[Machine]) -> None:
        self.tree = tree
        self._use = [_Use() for _ in tree.nodes]
        self._user_held: dict[tuple[int, str], dict[str, int]] = {}
        self._user_kept: dict[tuple[int, str], dict[str, int]] = {}
        self._has_user_limit = [bool(node.queue.user_limit) for node in tree.nodes]
        self._machines = machines
        self._models: dict[tuple[str, str, int], str] | None = None

    def amounts(self, task: WaitingTask, placements: Sequence[Placement]) -> dict[str, int]:
        """What the task takes on these places, exactly."""
        total: dict[str, int] = {}
        self._count(task, placements, total)
        return total

    def _count(self, task: WaitingTask, placements: Sequence[Placement], total: dict[str, int]) -> None:
        """As `amounts_of` of each placement, into one sum: this is done for every running task in every decision."""
        get = total.get
        total["tasks"] = get("tasks", 0) + 1
        if task.storage_mib:
            total["storage"] = get("storage", 0) + task.storage_mib
        for placement in placements:
            total["cpu"] = get("cpu", 0) + placement.cpu_milli
            total["memory"] = get("memory", 0) + placement.memory_mib
            for share in placement.devices:
                kind, milli = share.kind, share.share_milli
                total[kind] = get(kind, 0) + milli
                model = share.model or self._model(placement.machine, kind, share.index)
                if model:
                    named = f"{kind}:{model}"
                    total[named] = get(named, 0) + milli

    def _model(self, machine: str, kind: str, index: int) -> str:
        if self._models is None:
            self._models = {
                (one.name, device.kind, device.index): device.model
                for one in self._machines
                for device in one.devices
            }
        return self._models.get((machine, kind, index), "")

    def hold_all(self, running: Iterable[RunningTask]) -> None:
        """Write down all that run."""
        groups: dict[tuple[str, str, bool], tuple[WaitingTask, dict[str, int]]] = {}
        for one in running:
            key = (one.task.queue, one.task.user, one.is_stopping)
            group = groups.get(key)
            if group is None:
                group = groups[key] = (one.task, {})
            self._count(one.task, one.placements, group[1])
        by_queue: dict[tuple[str, bool], dict[str, int]] = {}
        for (queue, _, is_stopping), (task, amounts) in groups.items():
            _add(by_queue.setdefault((queue, is_stopping), {}), amounts, 1)
            self._hold_of_user(task, amounts, is_stopping=is_stopping)
        for (queue, is_stopping), amounts in by_queue.items():
            self._hold_of_queue(queue, amounts, is_stopping=is_stopping)

    def kept(self, node: int) -> Mapping[str, int]:
        return self._use[node].kept

    def hold(self, task: WaitingTask, amounts: Amounts) -> None:
        """The task holds these amounts, or is promised them."""
        self._hold_of_queue(task.queue, amounts, is_stopping=False)
        self._hold_of_user(task, amounts, is_stopping=False)

    def _hold_of_queue(self, queue: str, amounts: Amounts, *, is_stopping: bool) -> None:
        for number in self.tree[queue].path:
            use = self._use[number]
            _add(use.held, amounts, 1)
            if not is_stopping:
                _add(use.kept, amounts, 1)

    def _hold_of_user(self, task: WaitingTask, amounts: Amounts, *, is_stopping: bool) -> None:
        for number in self.tree[task.queue].path:
            if self._has_user_limit[number]:
                _add(self._user_held.setdefault((number, task.user), {}), amounts, 1)
                if not is_stopping:
                    _add(self._user_kept.setdefault((number, task.user), {}), amounts, 1)

    def give_back(self, task: WaitingTask, amounts: Amounts, sign: int = 1) -> None:
        """The task will be stopped: it still holds, but does not keep; with `sign` -1, it keeps it after all."""
        for number in self.tree[task.queue].path:
            _add(self._use[number].kept, amounts, -sign)
            if self._has_user_limit[number]:
                _add(self._user_kept.setdefault((number, task.user), {}), amounts, -sign)

    def excess(self, task: WaitingTask, more: Amounts, *, soon: bool = False) -> Excess | None:
        """The first limit that would be exceeded, from the task's queue upwards.

        Args:
            soon: as it will be when those that are being stopped are gone.
        """
        for number in reversed(self.tree[task.queue].path):
            queue, use = self.tree.nodes[number].queue, self._use[number]
            if queue.limit:
                over = _over(queue.limit, use.kept if soon else use.held, more)
                if over is not None:
                    return Excess(queue.name, *over)
            if queue.user_limit:
                of_user = (self._user_kept if soon else self._user_held).get((number, task.user), {})
                over = _over(queue.user_limit, of_user, more)
                if over is not None:
                    return Excess(queue.name, *over, is_of_user=True)
        return None

    def most_workers(self, task: WaitingTask, *, soon: bool = False) -> int:
        """With how many workers the task stays within all limits, up to those it asks for; 0 when with too few."""
        per_worker = asked(task)
        for number in range(task.max_workers, task.min_workers - 1, -1):
            over = self.excess(task, whole(task, per_worker, number), soon=soon)
            if over is None:
                return number
        return 0

    def is_covered(self, task: WaitingTask, more: Amounts) -> bool:
        """Whether some queue on the task's path would stay within its guarantee with it."""
        return any(self.covers(number, more) for number in self.tree[task.queue].path[1:])

    def covers(self, number: int, more: Amounts) -> bool:
        return fits_guarantee(self.tree.nodes[number].deserved, self._use[number].kept, more)


def _add(to: dict[str, int], amounts: Amounts, sign: int) -> None:
    for resource, amount in amounts.items():
        to[resource] = to.get(resource, 0) + sign * amount


def _over(limit: Amounts, used: Amounts, more: Amounts) -> tuple[str, int, int] | None:
    for resource, most in limit.items():
        if more.get(resource, 0) and used.get(resource, 0) + more[resource] > most:
            return resource, used.get(resource, 0), most
    return None
