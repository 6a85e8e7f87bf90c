"""When a finished task may stand in for a new one, and the sentence that says why it did or did not.

The rule is one digest over all that decides what a step produces. What only decides where and how often it is
tried (resources, retries, time limits) and what its result is called afterwards (published names) stays out
of it. Looking up finished tasks is left to the caller.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from typing import Any, Literal

from kpl.errors import NotFound, nearest
from kpl.pipeline.graph import downstream
from kpl.pipeline.plan import Plan, Step, to_task_spec
from kpl.sentence import Sentence
from kpl.task import THEN, ArtifactInput, SearchSpec, TaskSpec
from kpl.task.ids import Digest, TaskId

CONTRACT_VERSION = 1
"""Counts changes of the task contract after which equal tasks may produce different outputs."""


def step_digest(spec: TaskSpec, inputs: Mapping[str, Digest]) -> Digest:
    """Digest all that decides what a task produces: equal digests, equal outputs.

    Args:
        inputs: artifact digest of each input, by name.
    """
    program = spec.program
    content: dict[str, Any] = {
        "contract": CONTRACT_VERSION,
        "algorithm": program.tree,
        "function": program.function,
        "command": program.command,
        "environment": _environment(spec),
        "parameters": spec.parameters,
        "inputs": inputs,
        "outputs": _outputs(spec),
        "endpoint": spec.endpoint,
    }
    if spec.search is not None:
        content["search"] = asdict(spec.search)
    return Digest(sha256(_canonical(content).encode()).hexdigest())


FIRST_TIME = Sentence("first time", "首次执行")
FROM_HERE = Sentence("asked to run from here", "要求从此处重新执行")
NOTHING_TO_REUSE = Sentence("nothing finished to reuse", "没有可复用的已完成结果")


def reused(task_id: TaskId) -> Sentence:
    return Sentence(f"reused from task {task_id}", f"复用任务 {task_id} 的结果")


def first_time() -> Sentence:
    return _ran(FIRST_TIME)


def no_longer_stored(output: str, task_id: TaskId) -> Sentence:
    """Why what a finished task made cannot stand in."""
    return _ran(
        Sentence(
            f"output '{output}' of task {task_id} is no longer stored",
            f"任务 {task_id} 的输出“{output}”已不再保存",
        )
    )


def _ran(why: Sentence) -> Sentence:
    return Sentence(f"ran: {why}", f"已执行：{why.zh}")


def explain(
    earlier: TaskSpec,
    earlier_inputs: Mapping[str, Digest],
    spec: TaskSpec,
    inputs: Mapping[str, Digest],
    *,
    changed_files: Sequence[str] | None = None,
    earlier_digest: Digest | None = None,
) -> Sentence:
    """Say what differs from an earlier task of the same node, as in "ran: parameter epochs 5 -> 8".

    Args:
        changed_files: files that differ between the two algorithm trees; None when nobody compared them.
        earlier_digest: the earlier task's `step_digest` when it ran, to notice a new contract version.
    """
    return _ran(
        _differences(
            earlier,
            earlier_inputs,
            spec,
            inputs,
            changed_files=changed_files,
            earlier_digest=earlier_digest,
        )
    )


def _differences(
    earlier: TaskSpec,
    earlier_inputs: Mapping[str, Digest],
    spec: TaskSpec,
    inputs: Mapping[str, Digest],
    *,
    changed_files: Sequence[str] | None = None,
    earlier_digest: Digest | None,
) -> Sentence:
    differences = [
        *_program_differences(earlier, spec, changed_files),
        *_parameter_differences(earlier.parameters, spec.parameters, ""),
        *_input_differences(earlier_inputs, inputs),
        *_search_differences(earlier.search, spec.search),
    ]
    if _canonical(_contract(earlier)) != _canonical(_contract(spec)) or (
        not differences
        and earlier_digest is not None
        and earlier_digest != step_digest(earlier, earlier_inputs)
    ):
        differences.append(Sentence("function contract changed", "功能接口已变"))
    if earlier.endpoint != spec.endpoint:
        differences.append(
            _became(Sentence("endpoint", "服务"), earlier.endpoint or "none", spec.endpoint or "none")
        )
    if not differences:
        differences.append(FROM_HERE if spec.must_run else NOTHING_TO_REUSE)
    return Sentence("; ".join(differences), "；".join(each.zh for each in differences))


@dataclass(frozen=True, slots=True)
class Reusable:
    """A finished task whose outputs can stand in."""

    task_id: TaskId
    outputs: Mapping[str, Digest]


@dataclass(frozen=True, slots=True)
class EarlierTask:
    """The last task that ran for the same node, to say what differs now."""

    spec: TaskSpec
    inputs: Mapping[str, Digest]
    digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class StepPreview:
    """What would happen to one step.

    Args:
        action: a condition is decided; what stands behind the branch that is not taken is skipped.
        why: as in "reused from task 41", "parameter epochs 5 -> 8" or "depends on train that runs".
        digest: None when it hangs on the outputs of a step that must run first.
    """

    node: str
    action: Literal["reuse", "run", "decide", "skip"]
    why: Sentence
    digest: Digest | None = None
    reused_from: TaskId | None = None

    @property
    def sentence(self) -> str:
        """As in "reuse from task 41" or "run: depends on train that runs"."""
        return (
            f"reuse from task {self.reused_from}" if self.action == "reuse" else f"{self.action}: {self.why}"
        )


Decide = Callable[[Step, TaskId], tuple[str, Sentence]]
"""Tells of a condition and a finished task that it would measure: the branch and why; no branch when it cannot."""


def preview(
    plan: Plan,
    lookup: Callable[[Digest], Reusable | None],
    earlier: Callable[[Step], EarlierTask | None] = lambda _: None,
    *,
    decide: Decide = lambda step, _: ("", _decided_after(step.sources)),
    must_run: Collection[str] = (),
) -> tuple[StepPreview, ...]:
    """Say for each step of a plan whether it would run, without running anything.

    Digests are chained through steps that would be reused, because their outputs are known, and so is what a condition
    decides that measures one of them.

    Args:
        lookup: finds the finished task that has a digest.
        earlier: finds the last task of the same node, for the reason.
        decide: compares what a finished task reported.
        must_run: nodes that shall run in any case, as `restart_from` names them.
    """
    outputs: dict[str, Mapping[str, Digest]] = {}
    previews: dict[str, StepPreview] = {}
    taken: dict[str, str] = {}
    numbers = {step.node: TaskId(number) for number, step in enumerate(plan.steps)}
    for step in plan.steps:
        skipped = _reason_to_skip(step, previews, taken)
        if skipped is not None:
            previews[step.node] = StepPreview(step.node, "skip", skipped)
            continue
        if step.condition is not None:
            (source,) = step.sources
            measured = previews[source].reused_from
            branch, why = ("", _decided_after(step.sources)) if measured is None else decide(step, measured)
            taken[step.node] = branch
            previews[step.node] = StepPreview(step.node, "decide", why)
            continue
        only_if = _undecided(step, taken)
        running = [source for source in step.sources if source not in outputs]
        if running:
            depends = Sentence(
                f"depends on {_listed(running)} that {'runs' if len(running) == 1 else 'run'}",
                f"依赖需要执行的 {_listed(running).zh}",
            )
            why = _with(only_if, _with_trials(depends, step.search))
            previews[step.node] = StepPreview(step.node, "run", why)
            continue
        spec = to_task_spec(step, numbers, must_run=step.node in must_run)
        inputs = _input_digests(step, outputs)
        digest = step_digest(spec, inputs)
        found = None if spec.must_run else lookup(digest)
        if found is not None:
            outputs[step.node] = found.outputs
            why = _with(only_if, reused(found.task_id))
            previews[step.node] = StepPreview(step.node, "reuse", why, digest, found.task_id)
        else:
            why = _with_trials(_reason_to_run(spec, inputs, earlier(step)), spec.search)
            previews[step.node] = StepPreview(step.node, "run", _with(only_if, why), digest)
    return tuple(previews.values())


def _reason_to_skip(
    step: Step, previews: Mapping[str, StepPreview], taken: Mapping[str, str]
) -> Sentence | None:
    for condition, output in step.branches:
        if taken.get(condition) and taken[condition] != output:
            return previews[condition].why
    for name in step.depends_on:
        if previews[name].action == "skip":
            return Sentence(f"depends on {name} that is skipped", f"依赖被跳过的 {name}")
    return None


def _undecided(step: Step, taken: Mapping[str, str]) -> Sentence | None:
    """On what it hangs whether the step runs at all, as far as that is open."""
    is_open = [(condition, output) for condition, output in step.branches if not taken.get(condition)]
    if not is_open:
        return None
    en = " and ".join(
        f"'{name}' {'holds' if output == THEN else 'does not hold'}" for name, output in is_open
    )
    zh = "且".join(f"“{name}”{'成立' if output == THEN else '不成立'}" for name, output in is_open)
    return Sentence(f"only if {en}", f"仅当{zh}")


def _with(only_if: Sentence | None, why: Sentence) -> Sentence:
    return why if only_if is None else Sentence(f"{only_if}; {why}", f"{only_if.zh}；{why.zh}")


def _decided_after(sources: Sequence[str]) -> Sentence:
    names = _listed(sources)
    return Sentence(f"decided when {names} is done", f"待 {names.zh} 完成后判断")


def restart_from(plan: Plan, node: str) -> tuple[str, ...]:
    """Name the steps that run anew when a run begins again at `node`: itself and all after it, in plan order.

    Raises:
        NotFound: the pipeline has no such node.
    """
    document = plan.document
    if document.node(node) is None:
        known = nearest(node, (known.id for known in document.nodes))
        raise NotFound(
            Sentence(
                f"Pipeline '{document.name}' has no node '{node}'.",
                f"流水线“{document.name}”没有节点“{node}”。",
            ),
            hint=known,
        )
    after = downstream(node, document.predecessors)
    return tuple(step.node for step in plan.steps if step.node in after)


def _input_digests(step: Step, outputs: Mapping[str, Mapping[str, Digest]]) -> dict[str, Digest]:
    digests: dict[str, Digest] = {}
    for each in step.inputs:
        if isinstance(each, ArtifactInput):
            digests[each.name] = each.artifact
        elif each.output in outputs[each.node]:  # an optional output may have been left empty
            digests[each.name] = outputs[each.node][each.output]
    return digests


def _reason_to_run(spec: TaskSpec, inputs: Mapping[str, Digest], earlier: EarlierTask | None) -> Sentence:
    if earlier is None:
        return FROM_HERE if spec.must_run else FIRST_TIME
    return _differences(earlier.spec, earlier.inputs, spec, inputs, earlier_digest=earlier.digest)


def _canonical(value: Any) -> str:
    """The one JSON text of a value; floats keep their shortest exact form, so 1 and 1.0 stay apart."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=dict
    )


def _environment(spec: TaskSpec) -> list[str]:
    environment = spec.program.environment
    if environment.lock:
        return [environment.lock]
    return [environment.type, environment.requirements, environment.image]


def _outputs(spec: TaskSpec) -> list[list[str | bool]]:
    return sorted([output.name, output.type, output.kind, output.is_optional] for output in spec.outputs)


def _contract(spec: TaskSpec) -> list[Any]:
    return [spec.program.command, _outputs(spec)]


def _program_differences(
    earlier: TaskSpec, spec: TaskSpec, changed_files: Sequence[str] | None
) -> Iterator[Sentence]:
    before, now = earlier.program, spec.program
    algorithm = Sentence("algorithm", "算法")
    if before.algorithm != now.algorithm:
        yield _became(algorithm, before.algorithm, now.algorithm)
    elif before.tree != now.tree:
        if changed_files:
            files = _listed(changed_files)
            yield Sentence(f"{files} changed", f"{files.zh} 已变")
        elif before.version != now.version:
            name = Sentence(f"algorithm {now.algorithm}", f"算法 {now.algorithm}")
            yield _became(name, before.version, now.version)
        else:
            yield Sentence(f"algorithm {now.algorithm} changed", f"算法 {now.algorithm} 已变")
    if before.function != now.function:
        yield _became(Sentence("function", "功能"), before.function, now.function)
    if _environment(earlier) != _environment(spec):
        yield Sentence("environment changed", "环境已变")


def _parameter_differences(
    earlier: Mapping[str, Any], now: Mapping[str, Any], prefix: str
) -> Iterator[Sentence]:
    for name in sorted({*earlier, *now}):
        label = Sentence(f"parameter {prefix}{name}", f"参数 {prefix}{name}")
        if name not in earlier:
            yield Sentence(f"{label} set to {_shown(now[name])}", f"{label.zh} 设为 {_shown(now[name])}")
        elif name not in now:
            yield Sentence(f"{label} no longer set", f"{label.zh} 不再设置")
        elif isinstance(earlier[name], Mapping) and isinstance(now[name], Mapping):
            yield from _parameter_differences(earlier[name], now[name], f"{prefix}{name}.")
        elif _canonical(earlier[name]) != _canonical(now[name]):
            before, after = _shown(earlier[name]), _shown(now[name])
            if before == after:  # the text "5" and the number 5, or two long values that begin alike
                before, after = _canonical(earlier[name]), _canonical(now[name])
            is_short = len(before) + len(after) < 120
            changed = Sentence(f"{label} changed", f"{label.zh} 已变")
            yield _became(label, before, after) if is_short else changed


def _became(what: Sentence, before: str, after: str) -> Sentence:
    return Sentence(f"{what} {before} -> {after}", f"{what.zh} {before} -> {after}")


def _input_differences(earlier: Mapping[str, Digest], now: Mapping[str, Digest]) -> Iterator[Sentence]:
    for name in sorted({*earlier, *now}):
        if name not in earlier:
            yield Sentence(f"input {name} added", f"新增输入 {name}")
        elif name not in now:
            yield Sentence(f"input {name} removed", f"不再有输入 {name}")
        elif earlier[name] != now[name]:
            yield Sentence(f"input {name} changed", f"输入 {name} 已变")


def _search_differences(earlier: SearchSpec | None, now: SearchSpec | None) -> Iterator[Sentence]:
    if earlier is None or now is None:
        if earlier is not now:
            yield _NOW_SEARCHED if earlier is None else _NO_LONGER_SEARCHED
        return
    before, after = ({each.name: each for each in search.parameters} for search in (earlier, now))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Sentence(f"search of {name} changed", f"{name} 的调参范围已变")
    for each in fields(SearchSpec):
        old, new = getattr(earlier, each.name), getattr(now, each.name)
        if each.name == "objective":
            old, new = (f"{one.direction} {one.metric}" for one in (old, new))
        if each.name != "parameters" and old != new:
            name = each.name
            yield _became(Sentence(f"search {name}", f"调参设置 {name}"), _shown(old), _shown(new))


_NOW_SEARCHED = Sentence("parameters are searched now", "现改为自动调参")
_NO_LONGER_SEARCHED = Sentence("parameters are no longer searched", "不再自动调参")


def _with_trials(why: Sentence, search: SearchSpec | None) -> Sentence:
    """Why a step runs, and for a search how many trials that may take."""
    if search is None:
        return why
    trials = search.num_trials
    at_once = min(search.parallel, trials)
    return Sentence(
        f"{why}; search of up to {trials} {'trial' if trials == 1 else 'trials'}, {at_once} at once",
        f"{why.zh}；自动调参，最多 {trials} 次试验，同时 {at_once} 次",
    )


def _shown(value: Any) -> str:
    plain = isinstance(value, str) and value.isprintable() and value == value.strip() != ""
    text = value if plain else _canonical(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _listed(names: Sequence[str]) -> Sentence:
    en, zh, more = ", ".join(names[:3]), "、".join(names[:3]), len(names) - 3
    return Sentence(en, zh) if more <= 0 else Sentence(f"{en} and {more} more", f"{zh} 等 {len(names)} 个")
