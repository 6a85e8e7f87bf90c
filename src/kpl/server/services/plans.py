"""From what somebody names (a pipeline, a template, a document) to steps, and what a run of them would do."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from kpl.pipeline.document import Document
from kpl.pipeline.parsing import parse
from kpl.pipeline.plan import Step, make_plan
from kpl.pipeline.reuse import EarlierTask, Reusable, StepPreview, preview
from kpl.schemas.pipeline import PipelineSource, PlanOut, PlanRequest, PlanStepOut
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow, TaskSpecRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.catalog import catalog_of
from kpl.server.services.pipelines import document_of, pipeline_row
from kpl.server.services.platform import Platform
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.templates import template_document
from kpl.task import TaskKind, TaskState
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
        )
    steps = [_answer(planned[each.node], each) for each in previews]
    num_reused = sum(not step.will_run for step in steps)
    return PlanOut(steps=steps, num_reused=num_reused, num_to_run=len(steps) - num_reused)


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
        document = template_document(session, project, asked.template)
        return Source(document, lineage=f"template:{asked.template}", template=asked.template)
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


def _answer(step: Step, previewed: StepPreview) -> PlanStepOut:
    return PlanStepOut(
        node=step.node,
        algorithm=f"{step.program.algorithm}@{step.program.version}",
        function=step.program.function,
        depends_on=list(step.depends_on),
        digest=previewed.digest,
        will_run=previewed.action == "run",
        reused_from=previewed.reused_from,
        why=previewed.why,
        why_zh=previewed.why.zh,
    )
