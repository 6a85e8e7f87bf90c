"""From what somebody names (a pipeline, a template, a document) to steps, and what a run of them would do."""

from dataclasses import dataclass
from math import ceil

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from kpl.errors import Invalid
from kpl.orchestrator.conditions import decide
from kpl.pipeline.document import Document
from kpl.pipeline.parsing import parse
from kpl.pipeline.plan import Step, make_plan
from kpl.pipeline.reuse import EarlierTask, Reusable, StepPreview, preview
from kpl.runtime.metrics import events_of
from kpl.scheduler import describe
from kpl.scheduler.reasons import describe_zh
from kpl.schemas.pipeline import PipelineSource, PlanOut, PlanRequest, PlanStepOut
from kpl.sentence import Sentence, chinese_of, in_chinese
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow, TaskSpecRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.admission import Admission, admission_for, admission_refusal
from kpl.server.services.catalog import catalog_of
from kpl.server.services.pipelines import document_of, pipeline_row
from kpl.server.services.platform import Platform
from kpl.server.services.queues import quota_of
from kpl.server.services.scheduling import outlook
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.store import reported_attempt
from kpl.server.services.template_store import find_template
from kpl.task import SearchSpec, TaskKind, TaskState
from kpl.task.ids import Digest, TaskId


@dataclass(frozen=True, slots=True)
class Source:
    """A document and where it came from.

    Args:
        lineage: what its runs have in common, as in `pipeline:digits`.
    """

    document: Document
    lineage: str
    pipeline: str | None = None
    revision: int | None = None
    template: str | None = None


def plan_run(platform: Platform, caller: Caller, project: str, asked: PlanRequest) -> PlanOut:
    """Say for each step whether a run would execute it or reuse what is there, and why."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        source = source_of(session, owner, asked)
        plan = make_plan(source.document, catalog_of(platform, session, owner.id), asked.parameters)
        planned = {step.node: step for step in plan.steps}
        previews = preview(
            plan,
            lambda digest: _reusable(platform, session, owner, digest),
            lambda step: _earlier(session, owner, source.lineage, step),
            decide=lambda step, task_id: _decide(platform, session, step, task_id),
        )
        admission = admission_for(platform, session, caller, owner)
        steps = [
            _answer(step, each, _expected_s(session, owner, source.lineage, step), admission)
            for each in previews
            for step in [planned[each.node]]
        ]
        quota = quota_of(session, outlook(platform, session), admission.queue)
    return PlanOut(
        steps=steps,
        num_reused=sum(step.action == "reuse" for step in steps),
        num_to_run=sum(step.will_run for step in steps),
        expected_s=_longest_s(steps, {step.node for step in plan.steps if step.kind == TaskKind.BATCH}),
        queue=admission.queue,
        quota=quota,
    )


def source_of(session: Session, project: ProjectRow, asked: PipelineSource) -> Source:
    """Find the document that a request names."""
    if asked.pipeline is not None:
        row = pipeline_row(session, project, asked.pipeline)
        plain = document_of(session, row, asked.revision)
        return Source(
            document=parse(plain, source=f"pipeline '{row.name}'"),
            lineage=f"pipeline:{row.name}",
            pipeline=row.name,
            revision=asked.revision or row.revision,
        )
    if asked.template is not None:
        found = find_template(session, project, asked.template, asked.revision)
        return Source(
            found.document, lineage=f"template:{found.name}", template=found.name, revision=found.revision
        )
    assert asked.document is not None, "the schema lets exactly one source through"
    document = parse(asked.document)
    return Source(document, lineage=f"document:{document.name}")


def _reusable(platform: Platform, session: Session, project: ProjectRow, digest: Digest) -> Reusable | None:
    found = session.scalar(
        select(TaskRow)
        .where(
            TaskRow.project_id == project.id,
            TaskRow.digest == digest,
            TaskRow.state.in_([TaskState.SUCCEEDED, TaskState.READY]),
        )
        .order_by(TaskRow.id.desc())
        .limit(1)
    )
    if found is None or (found.kind == TaskKind.BATCH) != (found.state == TaskState.SUCCEEDED):
        return None
    rows = session.scalars(select(TaskOutputRow).where(TaskOutputRow.task_id == found.id))
    outputs = {row.name: Digest(row.artifact) for row in rows}
    if any(artifact not in platform.artifacts for artifact in outputs.values()):
        return None
    return Reusable(TaskId(found.id), outputs)


def _decide(platform: Platform, session: Session, step: Step, task_id: TaskId) -> tuple[str, Sentence]:
    """What a condition decides of a task that would be reused; no branch, and the reason, where it would fail."""
    assert step.condition is not None, "only conditions are decided"
    attempt = reported_attempt(session, task_id)
    path = None if attempt is None else platform.executor.files(attempt).events
    reported = {} if path is None else events_of(path, is_final=True).series
    try:
        verdict = decide(step.node, step.condition, source=task_id, reported=reported)
    except Invalid as err:
        return "", Sentence(str(err), in_chinese(err.sentence))
    return verdict.branch, verdict.why


def _earlier(session: Session, project: ProjectRow, lineage: str, step: Step) -> EarlierTask | None:
    found = session.execute(
        select(TaskRow.id, TaskRow.digest, TaskSpecRow.spec)
        .join(TaskSpecRow, TaskSpecRow.task_id == TaskRow.id)
        .where(
            TaskRow.project_id == project.id,
            TaskRow.lineage == lineage,
            TaskRow.name == step.node,
            TaskRow.digest.is_not(None),
        )
        .order_by(TaskRow.id.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    taken = session.scalars(select(TaskInputRow).where(TaskInputRow.task_id == found.id))
    inputs = {row.name: Digest(row.artifact) for row in taken if row.artifact is not None}
    digest = None if found.digest is None else Digest(found.digest)
    return EarlierTask(decode_spec(found.spec), inputs, digest)


def _expected_s(session: Session, project: ProjectRow, lineage: str, step: Step) -> float | None:
    """How long the latest task of the same step ran, else the latest of the same function; None where none did.

    A search takes as long as its trials, in turns of so many at once, and no longer than its budget and a last turn.
    """
    search = step.search
    same_step = (TaskRow.lineage == lineage, TaskRow.name == step.node)
    same_trial = (TaskRow.lineage == lineage, TaskRow.name == f"{step.node}/1")
    same_function = (
        TaskRow.algorithm == step.program.algorithm,
        TaskRow.function == step.program.function,
    )
    for alike in (
        (same_step if search is None else same_trial, same_function) if step.condition is None else ()
    ):
        found = session.execute(
            select(TaskRow.started_at_s, TaskRow.finished_at_s)
            .where(
                TaskRow.project_id == project.id,
                *alike,
                TaskRow.search.is_(null()),
                TaskRow.state == TaskState.SUCCEEDED,
                TaskRow.started_at_s.is_not(None),
                TaskRow.finished_at_s.is_not(None),
            )
            .order_by(TaskRow.id.desc())
            .limit(1)
        ).first()
        if found is not None:
            one_s = float(found.finished_at_s - found.started_at_s)
            return round(one_s if search is None else _search_s(search, one_s), 3)
    return None


def _search_s(search: SearchSpec, trial_s: float) -> float:
    all_s = trial_s * ceil(search.num_trials / search.parallel)
    return all_s if search.budget_s is None else min(all_s, search.budget_s + trial_s)


def _longest_s(steps: list[PlanStepOut], ending: set[str]) -> float | None:
    """The time along the longest path through what will run and ends; None when a part of it is not known."""
    ends_s: dict[str, float] = {}
    for step in steps:
        begin_s = max((ends_s[node] for node in step.depends_on), default=0.0)
        if not step.will_run or step.node not in ending:
            ends_s[step.node] = begin_s
        elif step.expected_s is None:
            return None
        else:
            ends_s[step.node] = begin_s + step.expected_s
    return round(max(ends_s.values(), default=0.0), 3)


def _answer(
    step: Step, previewed: StepPreview, expected_s: float | None, admission: Admission
) -> PlanStepOut:
    will_run = previewed.action == "run"
    refusal = admission_refusal(admission, step.resources) if will_run else None
    return PlanStepOut(
        node=step.node,
        action=previewed.action,
        algorithm=f"{step.program.algorithm}@{step.program.version}" if step.condition is None else "",
        function=step.program.function,
        depends_on=list(step.depends_on),
        digest=previewed.digest,
        will_run=will_run,
        reused_from=previewed.reused_from,
        why=previewed.why,
        why_zh=previewed.why.zh,
        resources=describe(step.resources) if step.condition is None else "",
        resources_zh=describe_zh(step.resources) if step.condition is None else "",
        expected_s=expected_s,
        refusal=refusal or "",
        refusal_zh=chinese_of(refusal or ""),
    )
