"""How commands are carried out: the work behind each of them.

Handlers run on threads, take a task as it was when the command was given, and answer with an event. Each may
be carried out again after a crash and does no harm then. `Unavailable` means that a later try may succeed;
what any other error means for the task is told by `give_up`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from kpl.algorithm.protocol import Metric, output_variable, read_events
from kpl.errors import Invalid, NotFound
from kpl.orchestrator.conditions import DECISION, decide, measured_task
from kpl.orchestrator.state import (
    AttemptReported,
    Choose,
    ChooseFailed,
    Chosen,
    Collect,
    Collected,
    CollectFailed,
    Command,
    Compare,
    Decided,
    Event,
    FellBehind,
    Resolve,
    Resolved,
    ResolveFailed,
    StartAttempt,
    StopAttempt,
)
from kpl.orchestrator.store import Earlier, Finished, Store
from kpl.pipeline.reuse import explain, first_time, no_longer_stored, reused, step_digest
from kpl.runtime.executor import AttemptReport, Executor, Launch, LaunchInput
from kpl.runtime.metrics import Series, events_of
from kpl.sentence import Sentence
from kpl.storage.artifacts import ArtifactStore
from kpl.task import AttemptState, Condition, Objective, Outcome, OutputSpec, Task, TaskState
from kpl.task.ids import AttemptId, Digest, TaskId, attempt_id

MOST_COMPARED = 100
"""Trials that are over with which those that run are compared; all of a long search would be read anew each time."""

NO_RECORD = Sentence("the executor has no record of it any more", "执行器中已没有它的记录")


@dataclass(frozen=True, slots=True)
class Handlers:
    """Carries out commands with the parts that they need; all of these may be called from any thread."""

    store: Store
    executor: Executor
    artifacts: ArtifactStore

    def carry_out(self, command: Command, task: Task) -> Event | None:
        """Do what a command says; `task` is the task that it is about."""
        match command:
            case Resolve():
                return self.resolve(task)
            case StartAttempt():
                self.start(task)
                return None
            case StopAttempt():
                return self.stop(task, command.attempt_id, grace_s=command.grace_s)
            case Collect():
                return self.collect(task, command.attempt_id)
            case Choose():
                return self.choose(task, command.number)
            case Compare():
                return self.compare(task)

    def resolve(self, task: Task) -> Resolved | Decided:
        """Compute the digest and look for a finished task whose outputs are all still there; decide a condition."""
        if task.spec.condition is not None:
            return self._decide(task, task.spec.condition)
        digest = step_digest(task.spec, task.inputs)
        finished = None if task.spec.must_run else self.store.find_finished(task, digest)
        return self._to_run(task, digest) if finished is None else self._to_reuse(task, digest, finished)

    def _to_reuse(self, task: Task, digest: Digest, finished: Finished) -> Resolved:
        """A finished task stands in if its outputs are still there, and for a trial what it reported."""
        if (gone := self._gone(finished)) is not None:
            return Resolved(task.id, digest, no_longer_stored(gone, finished.task_id))
        objective, value = task.spec.objective, None
        if objective is not None:
            value = self._best_of(finished.task_id, objective)
            if value is None:
                return Resolved(task.id, digest, reports_gone(finished.task_id))
        return Resolved(
            task.id,
            digest,
            reused(finished.task_id),
            finished.task_id,
            finished.outputs,
            value=value,
            search=finished.search,
        )

    def _to_run(self, task: Task, digest: Digest) -> Resolved:
        earlier = self.store.find_earlier(task)
        expected_s = None if earlier is None else earlier.run_time_s
        if task.parent_id is not None and task.trial is not None:
            why: str = of_search(task.trial, task.parent_id)
        else:
            why = first_time() if earlier is None else self._explain(earlier, task)
        return Resolved(task.id, digest, why, expected_run_s=expected_s)

    def _best_of(self, task_id: TaskId, objective: Objective) -> float | None:
        """What a finished task reported of a metric; None when it did not, or that is no longer stored."""
        attempt = self.store.find_reported(task_id)
        return None if attempt is None else _best(self._curve([attempt], objective, is_final=True))

    def choose(self, search: Task, number: int) -> Chosen:
        """Choose the values of the next trial of a search."""
        from kpl.orchestrator.proposals import Tried, propose

        assert search.spec.search is not None
        trials = self.store.trials(search.id)
        tried = [Tried(trial.spec.parameters, _standing(trial), trial.value) for trial in trials]
        return Chosen(search.id, number, propose(search.spec.search, number, tried))

    def compare(self, search: Task) -> FellBehind | None:
        """See which trials of a search others are ahead of, by what they have reported up to now."""
        from kpl.orchestrator.proposals import Curve, fallen_behind

        assert search.spec.search is not None
        objective, trials = search.spec.search.objective, self.store.trials(search.id)
        over = [trial for trial in trials if trial.state.is_final]
        trials = [*over[-MOST_COMPARED:], *(trial for trial in trials if trial.state is TaskState.RUNNING)]
        curves = [
            Curve(
                self._curve(self._attempts(trial), objective, is_final=trial.state.is_final),
                is_open=trial.state is TaskState.RUNNING,
                is_done=trial.is_done,
            )
            for trial in trials
        ]
        behind = {trials[place].id: curves[place].values[-1] for place in fallen_behind(objective, curves)}
        return FellBehind(behind) if behind else None

    def _attempts(self, task: Task) -> list[AttemptId]:
        """The attempts whose reports hold for a task: all of them where each went on from the one before."""
        if task.reused_from is not None:
            found = self.store.find_reported(task.reused_from)
            return [] if found is None else [found]
        last = 0 if task.attempt is None else task.attempt.number
        first = 1 if task.spec.saves_checkpoints else max(1, last)
        return [attempt_id(task.id, number) for number in range(first, last + 1)]

    def _curve(self, attempts: Iterable[AttemptId], objective: Objective, *, is_final: bool) -> list[float]:
        """The best values that had been reported with each report of the metric."""
        curve: list[float] = []
        for attempt in attempts:
            series = self._reported(attempt, is_final=is_final).get(objective.metric)
            for value in () if series is None else list(series.values):
                if isfinite(value):
                    is_better = not curve or objective.is_better(value, curve[-1])
                    curve.append(value if is_better else curve[-1])
        return curve

    def _decide(self, task: Task, condition: Condition) -> Decided:
        source = measured_task(task)
        attempt = self.store.find_reported(source)
        reported = {} if attempt is None else self._reported(attempt)
        verdict = decide(task.name, condition, source=source, reported=reported)
        with TemporaryDirectory(prefix="kpl-condition-") as folder:
            (Path(folder) / DECISION).write_text(verdict.record, encoding="utf-8")
            artifact = Digest(self.artifacts.put_tree(Path(folder)).digest)
        return Decided(task.id, {verdict.branch: artifact}, verdict.why, verdict.compared)

    def _reported(self, attempt: AttemptId, *, is_final: bool = True) -> Mapping[str, Series]:
        return events_of(self.executor.files(attempt).events, is_final=is_final).series

    def _gone(self, finished: Finished) -> str | None:
        """Name an output that the artifact store does not have any more."""
        return next((name for name, digest in finished.outputs.items() if digest not in self.artifacts), None)

    def _explain(self, earlier: Earlier, task: Task) -> str:
        before, now = earlier.spec.program.tree, task.spec.program.tree
        changed = self._changed_files(before, now) if before != now else None
        return explain(
            earlier.spec,
            earlier.inputs,
            task.spec,
            task.inputs,
            changed_files=changed,
            earlier_digest=earlier.digest,
        )

    def _changed_files(self, before: Digest, now: Digest) -> list[str] | None:
        """Files of an algorithm that differ between two versions; None when the earlier one is gone."""
        try:
            old, new = (
                {entry.path: entry for entry in self.artifacts.get_tree(d).entries} for d in (before, now)
            )
        except NotFound:
            return None
        return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))

    def start(self, task: Task) -> None:
        """Lay out the inputs and tell the executor to start the latest attempt."""
        attempt, program = task.attempt, task.spec.program
        assert attempt is not None
        project = self.store.project_name(task.project_id)
        base_path = f"/serve/{project}/{task.spec.endpoint}" if task.spec.endpoint else ""
        self.executor.start(
            Launch(
                attempt_id=attempt.id,
                task_id=task.id,
                number=attempt.number,
                kind=task.kind,
                project=project,
                run_id=task.run_id,
                command=program.command,
                algorithm=self.artifacts.materialize(program.tree),
                environment=program.environment,
                placement=attempt.placement,
                parameters=task.spec.parameters,
                inputs=self._lay_out(task),
                outputs=tuple(output.name for output in task.spec.outputs),
                timeout_s=task.timeout_s,
                grace_s=task.spec.grace_s,
                base_path=base_path,
            )
        )

    def _lay_out(self, task: Task) -> tuple[LaunchInput, ...]:
        return tuple(
            LaunchInput(
                wanted.name,
                wanted.type,
                wanted.kind,
                self.artifacts.materialize(task.inputs[wanted.name]),
                task.inputs[wanted.name],
            )
            for wanted in task.spec.inputs
            if wanted.name in task.inputs
        )

    def stop(self, task: Task, attempt_id: AttemptId, *, grace_s: float) -> AttemptReported | None:
        """Ask an attempt to end. One that the executor never heard of will not start any more, so it has."""
        was_known = self._is_known(attempt_id)
        self.executor.stop(attempt_id, grace_s=grace_s)
        if task.state is not TaskState.STOPPING and not was_known:
            return _ended(attempt_id, Outcome.LOST, NO_RECORD)
        return None if self._is_known(attempt_id) else _ended(attempt_id, Outcome.STOPPED)

    def _is_known(self, attempt_id: AttemptId) -> bool:
        return any(report.state is not None for report in self.executor.observe([attempt_id]))

    def collect(self, task: Task, attempt_id: AttemptId) -> Collected:
        """Store the outputs. The files stay where they are until the result is remembered."""
        files = self.executor.files(attempt_id)
        empty = [
            o for o in task.spec.outputs if o.type != "endpoint" and _is_empty(files.outputs.get(o.name))
        ]
        required = [output for output in empty if not output.is_optional]
        if required:
            raise Invalid(_tell_empty(required[0]))
        outputs = {
            output.name: Digest(self.artifacts.put_tree(files.outputs[output.name]).digest)
            for output in task.spec.outputs
            if output.type != "endpoint" and output not in empty
        }
        remarks = [
            Sentence(f"optional output '{output.name}' was left empty", f"可选输出“{output.name}”为空")
            for output in empty
        ]
        remarks += [
            Sentence(f"metric '{name}' was promised but not reported", f"指标“{name}”已声明但未上报")
            for name in _missing_metrics(files.events, task.spec.metrics)
        ]
        objective, value = task.spec.objective, None
        if objective is not None:
            value = _best(self._curve(self._attempts(task), objective, is_final=True))
        told = Sentence("; ".join(remarks), "；".join(r.zh for r in remarks))
        return Collected(attempt_id, outputs, told, value)

    def give_up(self, command: Command, reason: str) -> Event | None:
        """What it means for the task that a command cannot be carried out."""
        match command:
            case Resolve():
                return ResolveFailed(command.task_id, reason)
            case StartAttempt():
                # Whatever was begun, it must not become a second process beside the next attempt.
                self.executor.stop(command.attempt_id, grace_s=0.0)
                return _ended(command.attempt_id, Outcome.NOT_STARTED, reason)
            case StopAttempt():
                return None
            case Collect():
                return CollectFailed(command.attempt_id, reason)
            case Choose():
                return ChooseFailed(command.task_id, command.number, reason)
            case Compare():
                return None


def of_search(trial: int, search: TaskId) -> Sentence:
    """Why a trial ran."""
    return Sentence(
        f"ran: trial {trial} of search {search}", f"已执行：自动调参 {search} 的第 {trial} 次试验"
    )


def reports_gone(task_id: TaskId) -> Sentence:
    """Why a finished task cannot stand in for a trial, whose values are compared."""
    return Sentence(
        f"ran: what task {task_id} reported is no longer stored",
        f"已执行：任务 {task_id} 上报的数据已不再保存",
    )


def _standing(trial: Task) -> Literal["open", "done", "stopped_early", "failed"]:
    if trial.is_done:
        return "done"
    if not trial.state.is_final:
        return "open"
    return "stopped_early" if trial.fell_behind else "failed"


def _best(curve: Sequence[float]) -> float | None:
    return curve[-1] if curve else None


def _ended(attempt_id: AttemptId, outcome: Outcome, message: str = "") -> AttemptReported:
    return AttemptReported(AttemptReport(attempt_id, AttemptState.ENDED, outcome=outcome, message=message))


def _is_empty(folder: Path | None) -> bool:
    return folder is None or not folder.is_dir() or next(folder.iterdir(), None) is None


def _missing_metrics(events: Path, promised: Sequence[str]) -> list[str]:
    """The promised metrics that an ended process never reported, in their order."""
    missing = set(promised)
    offset, before = 0, -1
    while missing and offset != before:
        before = offset
        found, _, offset = read_events(events, offset, is_final=True)
        missing -= {event.name for event in found if isinstance(event, Metric)}
    return [name for name in promised if name in missing]


def _tell_empty(output: OutputSpec) -> Sentence:
    variable = output_variable(output.name)
    return Sentence(
        f"the process ended with exit code 0 but left output '{output.name}' empty: "
        f"it has to write into the folder named by {variable}",
        f"进程以退出码 0 结束，但输出“{output.name}”为空：应写入环境变量 {variable} 所指的文件夹",
    )
