"""What becomes of a search and its trials: when the next one begins, which is the best, how it ends. Pure.

Choosing the values of a trial is left to a handler; the number of the trial for which they are being chosen is part of
the state, so that a crash at any point adds none twice and leaves none out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kpl.orchestrator.state import ChooseFailed, Chosen, FellBehind
from kpl.orchestrator.work import Work
from kpl.sentence import Sentence, in_chinese
from kpl.task import ArtifactInput, SearchProgress, SearchSpec, Task, TaskInput, TaskKind, TaskState
from kpl.task.ids import TaskId

FIRST_FAILURES = 5
"""So many trials that failed, and none that did not, are taken for a fault of the function: no more begin."""

UNNUMBERED = TaskId(0)
"""The id of a new trial until the store gives it one."""

BEHIND = Sentence("stopped early: others were better at the same point", "提前停止：在同一阶段落后于其他试验")


def begin_search(work: Work, task: Task) -> None:
    """Let a task whose inputs are known search."""
    work.move(replace(task, search=SearchProgress(), started_at_s=work.now_s), TaskState.SEARCHING)


def take_choice(work: Work, event: Chosen | ChooseFailed) -> None:
    """Add the trial whose values were chosen, unless nobody waits for it any more."""
    search = work.tasks.get(event.task_id)
    if search is None or search.search is None or search.search.choosing != event.number:
        return
    if search.cancel_requested:
        return
    if isinstance(event, ChooseFailed) or event.parameters is None:
        reason = event.reason if isinstance(event, ChooseFailed) else search.reason
        progress = replace(search.search, choosing=0, is_exhausted=True)
        work.put(replace(search, search=progress, reason=reason))
        return
    work.add_trial(_trial(search, event, work.now_s))
    work.put(replace(search, search=replace(search.search, choosing=0, num_trials=event.number)))


def _trial(search: Task, chosen: Chosen, now_s: float) -> Task:
    spec = search.spec
    assert spec.search is not None
    return Task(
        UNNUMBERED,
        search.project_id,
        f"{search.name}/{chosen.number}",
        TaskKind.BATCH,
        replace(
            spec,
            parameters={**spec.parameters, **(chosen.parameters or {})},
            inputs=tuple(_inputs(search)),
            outputs=tuple(replace(output, publish="") for output in spec.outputs),
            search=None,
            objective=spec.search.objective,
        ),
        run_id=search.run_id,
        parent_id=search.id,
        trial=chosen.number,
        priority=search.priority,
        created_at_s=now_s,
    )


def _inputs(search: Task) -> Iterable[TaskInput]:
    """What the search was given, which is in the store by now; an optional input may have been left out."""
    for wanted in search.spec.inputs:
        if wanted.name in search.inputs:
            yield ArtifactInput(wanted.name, wanted.type, wanted.kind, search.inputs[wanted.name])


def behind(work: Work, event: FellBehind) -> Iterable[Task]:
    """The trials that are to be stopped because they fell behind, with what they had reached."""
    for task_id, value in event.values.items():
        trial = work.tasks.get(task_id)
        if trial is not None and trial.state.holds_resources and not trial.cancel_requested:
            yield replace(trial, value=value, fell_behind=True)


def stranded(work: Work) -> list[tuple[Task, str]]:
    """Trials that go on though their search is to end, each with the reason."""
    ended = {task.id: task for task in _searches(work) if task.cancel_requested}
    return [
        (task, ended[task.parent_id].reason)
        for task in (work.tasks.values() if ended else ())
        if task.parent_id in ended and not task.state.is_final
    ]


def advance_searches(work: Work) -> None:
    """Count the trials of each search, ask for the next one, and end what has come to its end."""
    searches = _searches(work)
    trials: dict[TaskId, list[Task]] = {search.id: [] for search in searches}
    for task in work.tasks.values() if searches else ():
        if task.parent_id in trials:
            trials[task.parent_id].append(task)
    for search in searches:
        _advance(work, search, sorted(trials[search.id], key=lambda trial: trial.trial or 0))


def _searches(work: Work) -> list[Task]:
    return [task for task in work.tasks.values() if task.state is TaskState.SEARCHING]


def _advance(work: Work, search: Task, trials: Sequence[Task]) -> None:
    assert search.spec.search is not None
    progress = _counted(search, trials)
    may_begin = _may_begin(search, progress, work.now_s)
    if not may_begin:
        progress = replace(progress, choosing=0)
    elif not progress.choosing and progress.running < search.spec.search.parallel:
        progress = replace(progress, choosing=progress.num_trials + 1)
    search = replace(search, search=progress) if progress != search.search else search
    if not may_begin and not progress.running:
        _end(work, search, trials)
    elif search is not work.tasks[search.id]:
        work.put(search)


def _counted(search: Task, trials: Sequence[Task]) -> SearchProgress:
    assert search.spec.search is not None
    assert search.search is not None
    objective, best = search.spec.search.objective, None
    for trial in trials:  # by number, so that of equal ones the earlier is the best
        if (
            trial.is_done
            and trial.value is not None
            and (best is None or best.value is None or objective.is_better(trial.value, best.value))
        ):
            best = trial
    states = [trial.state for trial in trials]
    return replace(
        search.search,
        done=sum(trial.is_done for trial in trials),
        # One that the store has, but that did not come in yet, goes on too.
        running=search.search.num_trials - sum(state.is_final for state in states),
        failed=states.count(TaskState.FAILED),
        stopped_early=sum(t.fell_behind and t.state is TaskState.CANCELLED for t in trials),
        best_task_id=None if best is None else best.id,
        best_trial=None if best is None else best.trial,
        best_value=None if best is None else best.value,
    )


def _may_begin(search: Task, progress: SearchProgress, now_s: float) -> bool:
    """Whether another trial may begin, now or as soon as one of those that run has ended."""
    spec = search.spec.search
    assert spec is not None
    return (
        not search.cancel_requested
        and not progress.is_exhausted
        and progress.num_trials < spec.num_trials
        and (progress.done > 0 or progress.failed < FIRST_FAILURES)
        and (progress.num_trials == 0 or not _is_over_budget(search, spec, now_s))
    )


def _is_over_budget(search: Task, spec: SearchSpec, now_s: float) -> bool:
    return spec.budget_s is not None and now_s >= (search.started_at_s or now_s) + spec.budget_s


def _end(work: Work, search: Task, trials: Sequence[Task]) -> None:
    assert search.search is not None
    if search.cancel_requested:
        work.move(search, TaskState.CANCELLED, reason=search.reason)
        return
    best = next((trial for trial in trials if trial.id == search.search.best_task_id), None)
    if best is None:
        work.move(search, TaskState.FAILED, reason=_why_nothing(search, trials))
    else:
        work.move(
            replace(search, outputs=dict(best.outputs)), TaskState.SUCCEEDED, reason=_verdict(search, best)
        )


def _verdict(search: Task, best: Task) -> Sentence:
    assert search.spec.search is not None
    assert search.search is not None
    metric, number = search.spec.search.objective.metric, search.search.num_trials
    return Sentence(
        f"trial {best.trial} of {number} is the best: {metric} {best.value:.6g}",
        f"{number} 次试验中第 {best.trial} 次最好：{metric} {best.value:.6g}",
    )


def _why_nothing(search: Task, trials: Sequence[Task]) -> Sentence:
    assert search.spec.search is not None
    failed = [trial for trial in trials if trial.state is TaskState.FAILED]
    if any(trial.is_done for trial in trials):
        metric = search.spec.search.objective.metric
        return Sentence(
            f"no trial reported '{metric}', so none is the best",
            f"没有试验上报“{metric}”，无法选出最好的一次",
        )
    if failed:
        first, count = failed[0], len(failed)
        which = f"all {count} trials" if count == len(trials) else f"{count} of {len(trials)} trials"
        zh = f"全部 {count} 次试验" if count == len(trials) else f"{len(trials)} 次试验中有 {count} 次"
        return Sentence(
            f"{which} failed, the first: {first.reason}", f"{zh}失败，第一次失败：{in_chinese(first.reason)}"
        )
    if search.reason:
        return Sentence(search.reason, in_chinese(search.reason))
    return Sentence("no trial came to its end", "没有试验完成")
