"""Drafts: what each person has drawn since the last revision, saved over and over while they draw.

A draft belongs to one person and is seen by nobody else. It is one row, however often it is saved; only saving
the pipeline makes a revision. The audit log tells of revisions, not of drafts.
"""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kpl.errors import Invalid
from kpl.schemas.draft import PipelineDraftOut, PipelineDraftPut, PipelineDraftSaved
from kpl.sentence import Sentence
from kpl.server.db.tables.drafts import PipelineDraftRow
from kpl.server.db.tables.pipelines import PipelineRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.clock import utc
from kpl.server.services.errors import Stale
from kpl.server.services.pipelines import canonical, pipeline_row, require_developer
from kpl.server.services.platform import Platform

NO_DRAFT = "0"
"""The tag of a draft that is not there."""


def get_draft(platform: Platform, caller: Caller, project: str, name: str) -> PipelineDraftOut | None:
    """Show the caller's own draft of a pipeline; None when there is none."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        row = _find(session, pipeline_row(session, owner, name), caller)
        if row is None:
            return None
        return PipelineDraftOut(**_saved(row).model_dump(), document=row.document)


def put_draft(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    asked: PipelineDraftPut,
    *,
    expected_tag: str | None = None,
) -> PipelineDraftSaved:
    """Write over the caller's draft; refused when another of their windows did so since the expected save."""
    require_developer(platform, caller, project)
    document = canonical(asked.document, name=name)
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        pipeline = pipeline_row(session, owner, name)
        if asked.base_revision > pipeline.revision:
            raise Invalid(
                Sentence(
                    f"Pipeline '{name}' has no revision {asked.base_revision}; it has {pipeline.revision}.",
                    f"流水线“{name}”没有修订 {asked.base_revision}；当前修订是 {pipeline.revision}。",
                )
            )
        row = _find(session, pipeline, caller)
        _check_tag(row, expected_tag)
        if row is None:
            row = PipelineDraftRow(pipeline_id=pipeline.id, username=caller.username, number=0)
            session.add(row)
        row.number += 1
        row.base_revision = asked.base_revision
        row.document = document
        row.saved_at_s = platform.now_s()
        session.flush()
        return _saved(row)


def delete_draft(
    platform: Platform, caller: Caller, project: str, name: str, *, expected_tag: str | None = None
) -> None:
    """Throw the caller's draft away; nothing happens when there is none."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = _find(session, pipeline_row(session, owner, name), caller)
        if row is not None:
            _check_tag(row, expected_tag)
            session.execute(delete(PipelineDraftRow).where(PipelineDraftRow.id == row.id))


def _find(session: Session, pipeline: PipelineRow, caller: Caller) -> PipelineDraftRow | None:
    return session.scalar(
        select(PipelineDraftRow).where(
            PipelineDraftRow.pipeline_id == pipeline.id, PipelineDraftRow.username == caller.username
        )
    )


def _tag(row: PipelineDraftRow | None) -> str:
    return NO_DRAFT if row is None else f"{row.id}-{row.number}"


def _check_tag(row: PipelineDraftRow | None, expected: str | None) -> None:
    if expected is not None and expected != _tag(row):
        raise Stale(
            Sentence(
                f"Your draft is at save {_tag(row)}; this change follows save {expected}.",
                f"您的草稿已是第 {_tag(row)} 次保存；此修改基于第 {expected} 次保存。",
            ),
            hint=Sentence(
                "Another window of yours saved or ended it. Read it again, or save without If-Match.",
                "您的另一个窗口保存或结束了草稿。请重新读取，或不带 If-Match 保存。",
            ),
        )


def _saved(row: PipelineDraftRow) -> PipelineDraftSaved:
    return PipelineDraftSaved(tag=_tag(row), base_revision=row.base_revision, saved_at=utc(row.saved_at_s))
